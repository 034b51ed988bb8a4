package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// A stretch of the log is many groups that are applied at once. What their transactions change is sorted by table and key, so that
// the versions of a key are made one after the other, from one look at what was there before, and written in the order of
// the tree, into files that become part of it as they are. Several processors work, each on keys of its own.

// StretchOptions of ApplyStretch.
type StretchOptions struct {
	FileFrom int // changes of a table from which on they go into files of their own, parted among processors; 0 is 4096
}

// ApplyStretch is Apply for a long stretch of the log: it leaves the same state, in less time and with more memory. Nobody may
// certify or read the newest state meanwhile. What comes from no more than a few hundred megabytes of redo is a good size.
func (e *Engine) ApplyStretch(ctx context.Context, commits []Commit, o StretchOptions) (err error) {
	o.FileFrom = cmp.Or(o.FileFrom, 4096)
	e.applying.Lock()
	defer e.applying.Unlock()
	defer e.certifier.Abandon() // it was told nothing of them
	fs, dir := e.options.FS, e.options.Dir+"-ingest"
	if err := errors.Join(fs.RemoveAll(dir), fs.MkdirAll(dir, 0o700)); err != nil {
		return fmt.Errorf("make a directory for the state store: %w", err)
	}
	defer func() { err = errors.Join(err, fs.RemoveAll(dir)) }()
	decoded, err := decodeStretch(commits)
	if err != nil {
		return err
	}
	for len(commits) > 0 {
		n := 0
		for n < len(commits) && e.sortable(&commits[n], decoded[n]) {
			n++
		}
		if n > 0 {
			s := stretch{StretchOptions: o, engine: e, ctx: ctx, dir: dir, commits: commits[:n], decoded: decoded[:n]}
			err = s.apply()
		} else {
			n = 1
			err = e.apply(commits[:1])
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		commits, decoded = commits[n:], decoded[n:]
	}
	return nil
}

// decodedTxn is a transaction with what it adds to the sums of tables.
type decodedTxn struct {
	record *redo.Transaction
	added  []tableSum
	alone  bool // what it means depends on what is before it, or the other way round
}

// tableSum is what is added to the sums of a table.
type tableSum struct {
	table scn.Space
	sum   TableState
}

// decodeStretch reads the transactions of groups. A part has none.
func decodeStretch(commits []Commit) ([][]decodedTxn, error) {
	out := make([][]decodedTxn, len(commits))
	return out, inParallel(len(commits), func(i int) error {
		c, h := &commits[i], &hasher{}
		for k := range c.Group.Txns {
			t, err := h.decode(c.Group.Txns[k].Body)
			if err != nil {
				return fmt.Errorf("SCN %d from log entry %d: %w", c.Group.FirstSCN+scn.SCN(k), c.Index, err)
			}
			out[i] = append(out[i], t)
		}
		return nil
	})
}

func (h *hasher) decode(body []byte) (t decodedTxn, err error) {
	if t.alone = len(body) > batchBytesMax; t.alone {
		return t, nil
	}
	if t.record, err = redo.DecodeTransaction(body); err != nil {
		return t, err
	}
	t.alone = t.record.Parts > 0
	for i := range t.record.Changes {
		c := &t.record.Changes[i]
		t.alone = t.alone || catalog.IsDictionary(c.Table) || c.Table == catalog.FloorsSpace
		at := slices.IndexFunc(t.added, func(s tableSum) bool { return s.table == c.Table })
		if at < 0 {
			at = len(t.added)
			t.added = append(t.added, tableSum{table: c.Table})
		}
		h.change(&t.added[at].sum, c)
	}
	return t, nil
}

// sortable tells whether a group can be applied together with others.
func (e *Engine) sortable(c *Commit, txns []decodedTxn) bool {
	if c.Part != nil || slices.ContainsFunc(txns, func(t decodedTxn) bool { return t.alone }) {
		return false
	}
	for _, u := range e.underway {
		if u.term < c.Term {
			return false // parts are to be dropped before it
		}
	}
	return true
}

// stretch is what is applied at once: groups that change rows and nothing else.
type stretch struct {
	StretchOptions
	engine  *Engine
	ctx     context.Context
	dir     string // for files in the making
	commits []Commit
	decoded [][]decodedTxn
	applier *applier // of sums, times and the position
	before  scn.SCN  // the last one before it

	mu      sync.Mutex
	paths   []string
	entries map[scn.Space][]indexEntry // of indexes
}

func (s *stretch) apply() error {
	s.applier = s.engine.newApplier()
	s.before = s.applier.position.SCN
	s.entries = map[scn.Space][]indexEntry{}
	err := s.sumUp()
	if err == nil {
		err = s.rows()
	}
	if err == nil {
		err = s.indexes()
	}
	if err == nil {
		err = s.engine.store.Ingest(s.ctx, s.paths)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("apply SCN %d and on: %w", s.before+1, err), s.applier.batch.Discard())
	}
	return s.applier.publish()
}

// sumUp keeps sums, times and authors, group by group, as applying them one by one does.
func (s *stretch) sumUp() error {
	a := s.applier
	for i := range s.commits {
		c := &s.commits[i]
		if c.Group.FirstSCN != a.position.SCN+1 {
			return fmt.Errorf("log entry %d starts at SCN %d, but the state is at %d", c.Index, c.Group.FirstSCN, a.position.SCN)
		}
		a.authors = a.authors[:0]
		for k, t := range s.decoded[i] {
			a.authors = append(a.authors, author{t.record.XID, t.record.User})
			for _, add := range t.added {
				sum, ok := a.tables[add.table]
				if !ok {
					sum = s.engine.tableState(add.table)
				}
				sum.Rows, sum.Hash = sum.Rows+add.sum.Rows, sum.Hash+add.sum.Hash
				a.setSum(c.Group.FirstSCN+scn.SCN(k), add.table, sum)
			}
		}
		if err := errors.Join(a.times(&c.Group), a.putSums()); err != nil {
			return err
		}
		a.position = Position{Index: c.Index, Term: c.Term, SCN: c.Group.LastSCN(), TimeMicros: c.Group.Txns[len(c.Group.Txns)-1].TimeMicros}
	}
	return nil
}

// inParallel does n jobs on all processors, and gives the first error.
func inParallel(n int, job func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := job(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
