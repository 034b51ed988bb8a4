package node

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"

	"redoubt/backup/repository"
	"redoubt/engine"
	"redoubt/node/bridge"
	"redoubt/pitr"
	"redoubt/replication"
	"redoubt/replication/peer"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql"
	"redoubt/wal"
)

// catchUpDir, in the data directory, has the log of another node while this one comes up to it.
const catchUpDir = "catch-up"

// catchUp brings a node that the others' log begins too late for to where theirs goes on: what it lacks of the log comes from a repository
// that it archives to, what is behind that from another node, and its own state is brought up by both. nil: that is not possible, the log says
// why, and the node needs a copy.
//
// A segment has transactions by SCN, not the entries they came in. So the log becomes what it becomes by a copy, that of the other node; what
// this one has said to have is in that (replication.BeginCopy). And nothing that came from the repository is believed: the state must have, at
// the other node's place in the log, the hash that is there. Until then only files of this directory have changed that a copy takes the place of.
//
// A node that is being reinstated comes up from where it was rewound to, as whom it is in the cluster; nil: it was not.
func (j *joining) catchUp(ctx context.Context, config *Config, rewound *Identity, hello peer.Hello, security *peer.Security, logger zerolog.Logger) *copyNote {
	identity := rewound
	if rewound == nil {
		var err error
		if identity, err = readIdentity(config.Data); len(config.Archive) == 0 || err != nil || j.Quarantine || j.Left || j.Copying {
			return nil
		}
	}
	c := &catchingUp{config: config, logger: logger, identity: identity, dir: filepath.Join(config.Data, catchUpDir), last: j.Last}
	if rewound != nil {
		c.after = &rewound.Branch
	}
	defer func() {
		if err := os.RemoveAll(c.dir); err != nil {
			logger.Warn().Err(err).Msg("remove the log that was come up by")
		}
	}()
	err := askPeers(ctx, j.Peers, readyTimeout, logger, func(addr string) (bool, error) { return false, c.receive(ctx, addr, hello, security) })
	if err == nil {
		defer c.conn.Close()
		err = c.run(ctx)
	}
	if err != nil {
		logger.Warn().Err(err).Msg("the log does not bring this node up to the others: it takes a copy")
		return nil
	}
	logger.Info().Uint64("scn", uint64(c.note.State.At.SCN)).Str("state_hash", c.note.StateHash).Msg("came up to the others by the log")
	return &c.note
}

// catchingUp is a node that comes up by the archived log.
type catchingUp struct {
	config   *Config
	logger   zerolog.Logger
	identity *Identity
	id       [16]byte
	dir      string
	last     *uint64  // where its log ended
	after    *scn.SCN // where it was rewound to: the other node has a segment that begins there, or its log does; nil: it was not
	conn     net.Conn // to the other node, which keeps its log as long as it is open
	note     copyNote // of the other node
	mark     bridge.Mark
	came     []string          // segments of the other node, in order
	segments *segments.Catalog // this node's
}

// receive asks another node where it is, and for its log.
func (c *catchingUp) receive(ctx context.Context, addr string, hello peer.Hello, security *peer.Security) (err error) {
	hello.Service = peer.Copy
	if c.conn, err = peer.Dial(ctx, addr, hello, security); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	defer stop()
	if err = (&copyRequest{Log: true, Last: c.last, After: c.after}).write(c.conn); err == nil {
		err = c.takeLog(tar.NewReader(bufio.NewReaderSize(patiently{c.conn}, copyBuffer)))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("receive the log from the node at %s: %w", addr, err), c.conn.Close())
	}
	return nil
}

func (c *catchingUp) takeLog(from *tar.Reader) (err error) {
	if c.id, err = c.identity.Database(); err != nil {
		return err
	}
	h, err := from.Next()
	if err != nil {
		return err
	}
	if c.note, err = readCopyNote(from); err != nil {
		return err
	}
	if !c.note.Log || h.Name != copyNoteFile {
		return errors.New("that node sends no log alone")
	}
	if c.mark, err = bridge.DecodeMark(c.note.Mark); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(c.dir), os.MkdirAll(filepath.Join(c.dir, segmentsDir), 0o700)); err != nil {
		return err
	}
	h, err = from.Next()
	for ; err == nil && c.after != nil && strings.HasPrefix(h.Name, segmentsDir+"/"); h, err = from.Next() {
		if err := c.takeSegment(filepath.Base(h.Name), from); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if h.Name != copyEntriesFile {
		return fmt.Errorf("it has a file %q", h.Name)
	}
	log, err := wal.Open(copiedLog(filepath.Join(c.dir, logDir), c.id))
	if err != nil {
		return err
	}
	if err := errors.Join(storeEntries(from, log), log.Close()); err != nil {
		return err
	}
	if _, err := from.Next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the log has come, and not its end: %w", err)
	}
	return nil
}

// takeSegment puts one that comes where the log is that has come.
func (c *catchingUp) takeSegment(name string, from io.Reader) error {
	f, err := os.OpenFile(filepath.Join(c.dir, segmentsDir, name), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		c.came = append(c.came, name)
	}
	return err
}

// useSegments makes those that came this node's, once all of each was verified.
func (c *catchingUp) useSegments() error {
	for _, name := range c.came {
		path := filepath.Join(c.config.Data, segmentsDir, name)
		if err := os.Rename(filepath.Join(c.dir, segmentsDir, name), path); err != nil {
			return err
		}
		if err := addVerified(c.segments, path); err != nil {
			return err
		}
	}
	return nil
}

func (c *catchingUp) run(ctx context.Context) (err error) {
	same := Identity{Incarnation: c.note.Incarnation}
	if c.note.DatabaseID != c.identity.DatabaseID || c.note.Cluster != c.identity.Cluster || same.incarnation() != c.identity.incarnation() {
		return fmt.Errorf("the other node has incarnation %d of database %s in cluster %q, this one %d of %s in %q",
			same.incarnation(), c.note.DatabaseID, c.note.Cluster, c.identity.incarnation(), c.identity.DatabaseID, c.identity.Cluster)
	}
	c.segments, err = segments.OpenCatalog(segments.CatalogOptions{Dir: filepath.Join(c.config.Data, segmentsDir), DatabaseID: c.id})
	if err != nil {
		return err
	}
	if err = c.useSegments(); err == nil {
		err = c.extend(ctx)
	}
	if err == nil {
		err = c.bringState(ctx)
	}
	if err := errors.Join(err, c.segments.Close()); err != nil {
		return err
	}
	return c.swapLog()
}

// extend gives the node what it lacks of the sealed log, from the first repository that has it.
func (c *catchingUp) extend(ctx context.Context) error {
	errs := []error{fmt.Errorf("the other node's log begins behind SCN %d, this one has sealed segments up to SCN %d", c.mark.SCN, c.segments.Range().To)}
	for _, address := range c.config.Archive {
		if c.segments.Range().To >= c.mark.SCN {
			return nil
		}
		if err := c.extendFrom(ctx, address); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", address, err))
		}
	}
	if c.segments.Range().To >= c.mark.SCN {
		return nil
	}
	return errors.Join(errs...)
}

func (c *catchingUp) extendFrom(ctx context.Context, address string) (err error) {
	options, err := c.config.repository("")
	if err != nil {
		return err
	}
	options.Who = "node " + c.identity.NodeID
	storage, _, err := openStorage(address, options)
	if err != nil {
		return err
	}
	u, err := useRepository(ctx, repository.In(storage, options), "coming up to the other nodes")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.release()) }()
	if u.id != c.id {
		return fmt.Errorf("it is of database %x, this one is %x", u.id, c.id)
	}
	end := c.segments.Range().To
	if end < c.identity.Branch {
		return fmt.Errorf("this node's sealed log ends at SCN %d, in the incarnation before this one, which begins behind SCN %d", end, c.identity.Branch)
	}
	log := &archivedLog{
		RepositoryLog: RepositoryLog{Repository: repository.In(storage, options), Incarnation: c.identity.incarnation(), From: end + 1},
		using:         u.ctx, dir: c.dir,
	}
	log.complete()
	if err := log.load(u.ctx); err != nil {
		return err
	}
	if log.end < c.mark.SCN {
		return fmt.Errorf("the archived log ends at SCN %d, and the other node's begins behind SCN %d", log.end, c.mark.SCN)
	}
	c.logger.Info().Str("from", address).Uint64("first_scn", uint64(end+1)).Uint64("last_scn", uint64(c.mark.SCN)).Msg("taking archived log that the others keep no more")
	return c.seal(u.ctx, log)
}

// seal makes sealed segments of what is archived, up to where the other node's are.
func (c *catchingUp) seal(ctx context.Context, log *archivedLog) error {
	var w *segments.Writer
	var bytes int64
	finish := func() error {
		info, err := w.Finish()
		if err != nil {
			return errors.Join(err, w.Close())
		}
		w, bytes = nil, 0
		return c.segments.Add(info)
	}
	err := unsealed(ctx, log, c.segments.Range().To, c.mark.SCN, func(r segments.Record) (err error) {
		if w == nil {
			header, _ := c.segments.Next(c.identity.incarnation(), 0)
			if w, err = segments.Create(vfs.Default, filepath.Join(c.config.Data, segmentsDir), header, c.config.SegmentPacking); err != nil {
				return err
			}
		}
		if err := w.Append(r); err != nil {
			return err
		}
		if bytes += int64(len(r.Payload)); bytes < c.config.SegmentBytes {
			return nil
		}
		return finish()
	})
	if w == nil {
		return err
	}
	if err != nil {
		return errors.Join(err, w.Close())
	}
	return finish()
}

// bringState brings this node's state to where the other one's is, and compares them.
func (c *catchingUp) bringState(ctx context.Context) (err error) {
	e, err := engine.Open(engine.Options{
		FS: vfs.Default, Dir: filepath.Join(c.config.Data, stateDir), Collator: sql.Collator(), NodeOrdinal: c.identity.Ordinal, StoreLogger: quietLogger{pebble.DefaultLogger},
		CacheBytes: c.config.CacheBytes, MemtableBytes: uint64(c.config.MemtableBytes),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if e.Applied() < c.mark.SCN {
		if _, err := pitr.Replay(ctx, e, c.segments, c.mark.SCN, c.mark.Index, c.mark.Term, nil); err != nil {
			return err
		}
	}
	if err := c.apply(ctx, e); err != nil {
		return err
	}
	if _, err := e.Persist(ctx); err != nil {
		return err
	}
	at, hash := replication.Position(e.Position()), fmt.Sprintf("%016x", e.StateHash().Hash)
	if at != c.note.State.At || hash != c.note.StateHash {
		return fmt.Errorf("the archived log gives a state at %v with hash %s, the other node's is at %v with %s: it is of another history", at, hash, c.note.State.At, c.note.StateHash)
	}
	return nil
}

// appliedAtOnce is how many log entries are applied at once.
const appliedAtOnce = 64

// apply applies the other node's log up to where its state is.
func (c *catchingUp) apply(ctx context.Context, e *engine.Engine) (err error) {
	options := copiedLog(filepath.Join(c.dir, logDir), c.id)
	options.ReadOnly = true
	file, err := wal.Open(options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	machine := bridge.StateMachine{Engine: e}
	reader := replication.ReadOffline(file).CommittedFrom(machine.Position(), c.mark.Retain())
	for at := machine.Position().Index; at < c.note.State.At.Index; {
		var groups []replication.AppliedGroup
		for ; len(groups) < appliedAtOnce && at < c.note.State.At.Index; at = groups[len(groups)-1].Index {
			g, err := reader.Next(ctx)
			if err != nil {
				return err
			}
			groups = append(groups, g)
		}
		if err := machine.Apply(groups); err != nil {
			return err
		}
	}
	return nil
}

// swapLog puts the other node's log in the place of this one's.
func (c *catchingUp) swapLog() (err error) {
	data := c.config.Data
	for _, name := range []string{logDir, sealedFile, filepath.Join(raftDir, replication.SnapshotFile)} {
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(filepath.Join(c.dir, logDir), filepath.Join(data, logDir)); err != nil {
		return err
	}
	if c.note.Mark != nil {
		if err := writeFileSync(filepath.Join(data, sealedFile), c.note.Mark); err != nil {
			return err
		}
	}
	log, err := wal.Open(copiedLog(filepath.Join(data, logDir), c.id))
	if err != nil {
		return err
	}
	return errors.Join(beginCopy(data, log, c.last, c.note.State), log.Close())
}
