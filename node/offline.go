package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/engine"
	"redoubt/flashback/redolog"
	"redoubt/internal/overlay"
	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql"
	"redoubt/sql/logmine"
	"redoubt/wal"
	"redoubt/wal/redo"
)

// How much is applied at once.
const (
	offlineGroup = 256 // transactions
	offlineBytes = 8 << 20
)

// lockToRead locks a data directory that is there, so that no node changes it meanwhile.
func lockToRead(dir string) (*Identity, io.Closer, error) {
	identity, err := readIdentity(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s is not a data directory: it has no %s; choose another with --data", dir, identityFile)
	}
	if err == nil {
		err = identity.check(dir, "")
	}
	if err != nil {
		return nil, nil, err
	}
	lock, err := vfs.Default.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, nil, fmt.Errorf("data directory %s is in use by another process (%w): stop it, or ask the running node with --addr", dir, err)
	}
	if _, err := os.Stat(filepath.Join(dir, recoveringFile)); err == nil {
		return nil, nil, errors.Join(fmt.Errorf("a recovery into %s is not finished: run it again first", dir), lock.Close())
	}
	return identity, lock, nil
}

// Offline is a log that is read without its node: that of a data directory that no node runs on, in which nothing changes, or that
// of a repository.
//
// What the log means depends on the dictionary of then. The state has it, but only up to where it was last flushed; so that of a
// directory is opened under a directory for what is new, and the rest of the log applied there, as a node does at its start.
type Offline struct {
	engine   *engine.Engine    // nil for its log alone
	end      scn.SCN           // of the committed log
	segments *segments.Catalog // of a directory
	history  redolog.Log
	closers  []func() error
}

// OpenOffline opens a data directory. It locks it until Close.
func OpenOffline(ctx context.Context, dir string) (*Offline, error) {
	return openOffline(ctx, dir, (*Offline).openState)
}

// OpenOfflineLog opens the log of a data directory alone, without the state: it can be dumped, but not mined.
func OpenOfflineLog(ctx context.Context, dir string) (*Offline, error) {
	return openOffline(ctx, dir, nil)
}

// openState opens what says what the log means.
type openState func(o *Offline, ctx context.Context, dir string, identity *Identity, last uint64) error

func openOffline(ctx context.Context, dir string, state openState) (*Offline, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	identity, lock, err := lockToRead(dir)
	if err != nil {
		return nil, err
	}
	o := &Offline{closers: []func() error{lock.Close}}
	if err := o.open(ctx, dir, identity, state); err != nil {
		return nil, errors.Join(fmt.Errorf("read the log of %s: %w", dir, err), o.Close())
	}
	return o, nil
}

func (o *Offline) open(ctx context.Context, dir string, identity *Identity, state openState) error {
	id, err := identity.Database()
	if err != nil {
		return err
	}
	file, err := wal.Open(wal.Options{Dir: filepath.Join(dir, logDir), DatabaseID: id, ReadOnly: true})
	if err != nil {
		return err
	}
	o.closers = append(o.closers, file.Close)
	o.segments, err = segments.OpenCatalog(segments.CatalogOptions{Dir: filepath.Join(dir, segmentsDir), DatabaseID: id, ReadOnly: true})
	if err != nil {
		return err
	}
	o.closers = append(o.closers, o.segments.Close)
	log := replication.ReadOffline(file)
	history := bridge.NewHistory(o.segments, log)
	o.history = history
	sealed, err := readMark(dir)
	if err != nil {
		return err
	}
	if sealed != (bridge.Mark{}) {
		history.Sealed(sealed)
	}
	end, err := lastCommit(ctx, log, sealed)
	if err != nil {
		return err
	}
	o.end = end.SCN
	if state == nil {
		return nil
	}
	return state(o, ctx, dir, identity, log.Last())
}

// openState opens the state under a temporary directory, and applies the rest of the log, whose last entry is given.
func (o *Offline) openState(ctx context.Context, dir string, identity *Identity, last uint64) error {
	dir = filepath.Join(dir, stateDir)
	upper, err := os.MkdirTemp("", "redoubt-log-")
	if err != nil {
		return fmt.Errorf("make a place for the state: %w", err)
	}
	o.closers = append(o.closers, func() error { return os.RemoveAll(upper) })
	o.engine, err = engine.Open(engine.Options{
		FS: overlay.New(vfs.Default, dir, upper), Dir: dir, StoreLogger: quietStore{}, Collator: sql.Collator(), NodeOrdinal: identity.Ordinal, Scratch: true,
	})
	if err != nil {
		return err
	}
	o.closers = append(o.closers, o.engine.Close)
	if at := o.engine.Position(); last < at.Index {
		return fmt.Errorf("the log ends with entry %d, the state has entry %d: commits are lost; restore the folder %s from a copy", last, at.Index, logDir)
	}
	return o.apply(ctx)
}

// apply brings the state to the end of the log.
func (o *Offline) apply(ctx context.Context) error {
	at := o.engine.Position()
	commit := engine.Commit{Index: at.Index, Term: at.Term}
	bytes := 0
	for r, err := range o.history.Scan(ctx, redolog.Filter{SCNs: scn.Range{After: at.SCN, To: o.end}}) {
		if err != nil {
			return err
		}
		if len(commit.Group.Txns) == 0 {
			commit.Group.FirstSCN = r.SCN
		}
		commit.Group.Txns = append(commit.Group.Txns, redo.GroupTxn{TimeMicros: r.TimeMicros, Body: slices.Clone(r.Body)})
		if bytes += len(r.Body); r.SCN == o.end || len(commit.Group.Txns) == offlineGroup || bytes >= offlineBytes {
			if err := o.engine.Apply([]engine.Commit{commit}); err != nil {
				return err
			}
			commit.Group, bytes = redo.Group{}, 0
		}
	}
	return nil
}

// lastCommit finds where the committed log ends.
func lastCommit(ctx context.Context, log bridge.Log, sealed bridge.Mark) (replication.Position, error) {
	at := sealed.Position
	reader := log.CommittedFrom(at, math.MaxUint64)
	for {
		g, err := reader.Next(ctx)
		if errors.Is(err, replication.ErrLogEnd) {
			return at, nil
		}
		if err != nil {
			return at, err
		}
		if g.Part == nil {
			at = g.Position()
		}
	}
}

// readMark reads up to where the log is sealed; the zero Mark if nothing is.
func readMark(dir string) (bridge.Mark, error) {
	mark, err := os.ReadFile(filepath.Join(dir, sealedFile))
	if errors.Is(err, os.ErrNotExist) {
		return bridge.Mark{}, nil
	}
	if err != nil {
		return bridge.Mark{}, fmt.Errorf("read what is sealed: %w", err)
	}
	return bridge.DecodeMark(mark)
}

// Miner reads what is in the log.
func (o *Offline) Miner() logmine.Miner { return logmine.Miner{Engine: o.engine, Log: o.history} }

// Records gives the transactions of a range of SCNs, both included, as they are in the log; 0 for where it begins and ends.
func (o *Offline) Records(ctx context.Context, from, to uint64) iter.Seq2[*logmine.Record, error] {
	r := scn.Range{After: o.history.Kept(), To: o.end}
	if from > 0 {
		r.After = scn.SCN(from - 1)
	}
	if to > 0 {
		r.To = min(r.To, scn.SCN(to))
	}
	return func(yield func(*logmine.Record, error) bool) {
		for record, err := range o.history.Scan(ctx, redolog.Filter{SCNs: r}) {
			var out *logmine.Record
			if err == nil {
				out, err = logmine.RecordOf(&record)
			}
			if !yield(out, err) || err != nil {
				return
			}
		}
	}
}

// Close lets the directory go.
func (o *Offline) Close() error {
	var errs []error
	for _, c := range slices.Backward(o.closers) {
		errs = append(errs, c())
	}
	o.closers = nil
	return errors.Join(errs...)
}

// quietStore keeps what the state store says of its upkeep to itself: what matters comes as errors.
type quietStore struct{}

func (quietStore) Infof(string, ...any)  {}
func (quietStore) Errorf(string, ...any) {}
func (quietStore) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("state store: "+format, args...))
}

var _ pebble.Logger = quietStore{}
