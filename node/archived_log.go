package node

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/archive"
	"redoubt/backup/lease"
	"redoubt/backup/path"
	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/segments"
)

// RepositoryLog says what of a repository's log is looked into.
type RepositoryLog struct {
	Repository  *repository.Repository
	Incarnation scn.Incarnation // whose history; 0: the newest
	From, To    scn.SCN         // both included; 0: where the log begins, without a gap, and ends
	// Note hears what is odd, and Progress of what takes long, how much of it is done; both may be nil.
	Note     func(string)
	Progress func(step string, done, of uint64)
}

// archivedLog is the log of a repository, from an SCN to another without a gap. A piece is fetched when a scan comes to it, and
// removed when the scan has passed it. Safe for concurrent use.
type archivedLog struct {
	RepositoryLog
	using   context.Context // ends when others may delete from the repository
	dir     string          // for pieces, while they are read
	fetched string          // has pieces that stay; empty: there are none

	mu     sync.Mutex
	end    scn.SCN     // 0: load has not found it
	island path.Island // has end
}

var _ redolog.Log = (*archivedLog)(nil)

// load lists what there is. Where the log ends stays as it was found first.
func (a *archivedLog) load(ctx context.Context) error {
	pieces, err := archive.Pieces(ctx, a.Repository)
	if err != nil {
		return err
	}
	branches, damaged, err := archive.Branches(ctx, a.Repository)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	ways := path.NewMap(path.Contents{Pieces: pieces, Branches: branches})
	tip, ok := ways.Newest(a.Incarnation)
	switch {
	case !ok && a.Incarnation != 0:
		return fmt.Errorf("the repository has no log of incarnation %d: it has %v", a.Incarnation, ways.Incarnations())
	case !ok:
		return errors.New("the repository has no log")
	}
	if a.end == 0 {
		for _, d := range damaged {
			a.Note(d.Error())
		}
		a.Incarnation, a.end = tip.Incarnation, tip.SCN
		if a.To > 0 {
			a.end = min(a.end, a.To)
		}
	}
	return a.find(ways.Islands(a.Incarnation))
}

// find finds the part of the log that has its end, and tells what is missing of what is wanted.
func (a *archivedLog) find(islands []path.Island) error {
	gaps := gapsOf(islands)
	for i, island := range islands {
		if a.end <= island.SCNs.After {
			continue
		}
		if a.end > island.SCNs.To {
			return gaps[i-1].err()
		}
		if a.From > 0 && a.From <= island.SCNs.After {
			return gaps[i].err()
		}
		a.island = island
		return nil
	}
	return gaps[len(gaps)-1].err()
}

// logGap is what is missing before an island. It is empty if all is there, but the pieces do not follow one another.
type logGap struct {
	missing scn.Range
	before  archive.Piece // the first one behind it
}

// gapsOf gives the gap before each island; the last one is empty if the log begins with the first commit.
func gapsOf(islands []path.Island) []logGap {
	out := make([]logGap, len(islands))
	for i := range islands {
		out[i] = logGap{scn.Range{To: islands[i].SCNs.After}, islands[i].Pieces[0]}
		if i+1 < len(islands) {
			out[i].missing.After = islands[i+1].SCNs.To
		}
	}
	return out
}

// none tells whether nothing is missing.
func (g *logGap) none() bool { return g.missing.To == 0 }

func (g *logGap) reason() string {
	if g.missing.Empty() {
		return fmt.Sprintf("piece %s follows one of hash %s, which is not there: what there is up to SCN %d is another history", g.before.Name, g.before.Before, g.missing.To)
	}
	return fmt.Sprintf("the log of SCN %d to %d is missing, before piece %s", g.missing.After+1, g.missing.To, g.before.Name)
}

func (g *logGap) err() error {
	return fmt.Errorf("%s: ask for SCNs on one side of that: %w", g.reason(), redolog.ErrGone)
}

// Kept implements redolog.Log.
func (a *archivedLog) Kept() scn.SCN {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.island.SCNs.After
}

// piece finds the one that has an SCN.
func (a *archivedLog) piece(at scn.SCN) (archive.Piece, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := a.island.Pieces
	i := sort.Search(len(list), func(i int) bool { return list[i].Last >= at })
	if i == len(list) || list[i].First > at {
		return archive.Piece{}, fmt.Errorf("SCN %d: %w: the repository has SCN %d to %d", at, redolog.ErrGone, a.island.SCNs.After+1, a.island.SCNs.To)
	}
	return list[i], nil
}

// overlapping counts the pieces that have something of a range, and all.
func (a *archivedLog) overlapping(r scn.Range) (some, all int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.island.Pieces {
		if p := &a.island.Pieces[i]; p.First <= r.To && p.Last > r.After {
			some++
		}
	}
	return some, len(a.island.Pieces)
}

// Scan implements redolog.Log.
func (a *archivedLog) Scan(ctx context.Context, f redolog.Filter) iter.Seq2[redolog.Record, error] {
	return func(yield func(redolog.Record, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(a.using, func() { cancel(context.Cause(a.using)) })()
		s := &archivedScan{log: a, ctx: ctx, tables: tablesOf(f.Tables), at: f.SCNs.After, to: f.SCNs.To, cost: f.Cost, yield: yield}
		err := s.run()
		if cause := context.Cause(ctx); err != nil && errors.Is(cause, lease.ErrLost) {
			err = errors.Join(err, cause)
		}
		if err != nil && !s.stopped {
			yield(redolog.Record{}, err)
		}
	}
}

// tablesOf gives spaces as segments name them.
func tablesOf(spaces []scn.Space) []uint64 {
	out := make([]uint64, len(spaces))
	for i, s := range spaces {
		out[i] = uint64(s)
	}
	return out
}

// archivedScan is one scan: everything up to at was given.
type archivedScan struct {
	log     *archivedLog
	ctx     context.Context
	tables  []uint64
	at, to  scn.SCN
	dir     string
	cost    *redolog.Cost // nil: nobody asks
	yield   func(redolog.Record, error) bool
	stopped bool // the caller wants no more
}

func (s *archivedScan) run() (err error) {
	if s.at >= s.to {
		return nil
	}
	if s.dir, err = os.MkdirTemp(s.log.dir, "scan-"); err != nil {
		return fmt.Errorf("make a place for pieces of the log: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	if s.cost != nil {
		some, all := s.log.overlapping(scn.Range{After: s.at, To: s.to})
		s.cost.SegmentsSkipped += all - some
	}
	for s.at < s.to && !s.stopped {
		if err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

// next reads the next piece.
func (s *archivedScan) next() error {
	p, err := s.log.piece(s.at + 1)
	if err != nil {
		return err
	}
	dir := s.dir
	if s.log.fetched != "" {
		if _, err := os.Stat(filepath.Join(s.log.fetched, p.FileName())); err == nil {
			dir = s.log.fetched
		}
	}
	_, err = archive.Fetch(s.ctx, s.log.Repository, &p, dir)
	if errors.Is(err, store.ErrNotFound) {
		return s.again(&p, err)
	}
	if err != nil {
		return err
	}
	path := filepath.Join(dir, p.FileName())
	if err := s.read(path, min(p.Last, s.to)); err != nil || dir == s.log.fetched {
		return err
	}
	return os.Remove(path)
}

// again looks what there is instead of a piece that is gone: the archiver puts sealed ones in the place of those of the tail.
func (s *archivedScan) again(p *archive.Piece, gone error) error {
	if err := s.log.load(s.ctx); err != nil {
		return errors.Join(gone, err)
	}
	if now, err := s.log.piece(s.at + 1); err != nil || now.Name == p.Name {
		return errors.Join(gone, err)
	}
	return nil
}

// read gives what a piece has up to an SCN.
func (s *archivedScan) read(path string, to scn.SCN) error {
	r, err := segments.Open(vfs.Default, path)
	if err != nil {
		return err
	}
	it := r.Scan(segments.Filter{SCNs: scn.Range{After: s.at, To: to}, Tables: s.tables})
	for !s.stopped && s.ctx.Err() == nil && it.Next() {
		record := it.Record()
		s.stopped = !s.yield(redolog.Record{SCN: record.SCN, TimeMicros: record.TimeMicros, Body: record.Payload}, nil)
	}
	if c := it.Stats(); s.cost != nil {
		s.cost.BlocksSkipped += c.BlocksSkipped
		s.cost.BlocksRead += c.BlocksRead
		s.cost.BytesRead += c.BytesRead
	}
	s.at = to
	return errors.Join(it.Err(), s.ctx.Err(), r.Close())
}
