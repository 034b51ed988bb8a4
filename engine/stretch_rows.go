package engine

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sort"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// place is where a version stands in the tree.
type place struct {
	lead  uint64 // the first bytes of the key, by which most comparisons are decided
	key   []byte
	at    scn.SCN
	order uint32 // among the changes of one commit
}

func placeOf(key []byte, at scn.SCN, order int) place {
	var head [8]byte
	copy(head[:], key)
	return place{binary.BigEndian.Uint64(head[:]), key, at, uint32(order)}
}

// compare orders by key, then newest first.
func (p *place) compare(q *place) int {
	if p.lead != q.lead {
		return cmp.Compare(p.lead, q.lead)
	}
	if c := bytes.Compare(p.key, q.key); c != 0 {
		return c
	}
	if p.at != q.at {
		return cmp.Compare(q.at, p.at)
	}
	return cmp.Compare(q.order, p.order)
}

// rowChange is a change of a row on its way.
type rowChange struct {
	place
	change *redo.Change
}

// sink takes versions in the order of the tree.
type sink interface {
	Put(space scn.Space, key []byte, at scn.SCN, value []byte) error
	Delete(space scn.Space, key []byte, at scn.SCN) error
}

// write gives f a sink for n versions of a space, and keeps what it took.
func (s *stretch) write(name string, n int, f func(sink) error) error {
	if n < s.FileFrom {
		batch := s.engine.store.NewBatch()
		if err := f(batch); err != nil {
			_ = batch.Discard() // the error before it counts
			return err
		}
		return batch.Commit() // beyond the position: nobody reads it before that has moved
	}
	w := s.engine.store.NewTableWriter(s.engine.options.FS.PathJoin(s.dir, name))
	err := f(w)
	paths, closeErr := w.Finish()
	if err == nil {
		err = closeErr
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paths = append(s.paths, paths...)
	return err
}

// rows makes the versions of all rows.
func (s *stretch) rows() error {
	counts := map[scn.Space]int{}
	for i := range s.decoded {
		for k := range s.decoded[i] {
			for n := range s.decoded[i][k].record.Changes {
				counts[s.decoded[i][k].record.Changes[n].Table]++
			}
		}
	}
	spaces := map[scn.Space][]rowChange{}
	for space, n := range counts {
		spaces[space] = make([]rowChange, 0, n)
	}
	for i := range s.commits {
		for k, t := range s.decoded[i] {
			at := s.commits[i].Group.FirstSCN + scn.SCN(k)
			for n := range t.record.Changes {
				c := &t.record.Changes[n]
				spaces[c.Table] = append(spaces[c.Table], rowChange{place: placeOf(c.Key, at, n), change: c})
			}
		}
	}
	var jobs []func() error
	for space, changes := range spaces {
		for i, own := range split(changes, s.FileFrom, func(c *rowChange) *place { return &c.place }) {
			jobs = append(jobs, func() error {
				slices.SortFunc(own, func(a, b rowChange) int { return a.compare(&b.place) })
				return s.write(fmt.Sprintf("rows-%d-%d", space, i), len(changes), func(to sink) error { return s.rowsOf(space, own, to) })
			})
		}
	}
	return inParallel(len(jobs), func(i int) error { return jobs[i]() })
}

// split parts what is to be sorted into ranges of about one size, for several processors. Those of a space have no key in
// common. Fewer than from stay together.
func split[T any](all []T, from int, at func(*T) *place) [][]T {
	parts := 2 * runtime.GOMAXPROCS(0)
	if len(all) < from {
		return [][]T{all}
	}
	random := rand.New(rand.NewPCG(uint64(len(all)), 1)) // any sample will do
	sample := make([]place, 64*parts)
	for i := range sample {
		p := at(&all[random.IntN(len(all))])
		sample[i] = place{lead: p.lead, key: p.key, at: scn.Max}
	}
	slices.SortFunc(sample, func(a, b place) int { return a.compare(&b) })
	bounds := make([]place, 0, parts-1)
	for i := 1; i < parts; i++ {
		bounds = append(bounds, sample[i*64])
	}
	out := make([][]T, parts)
	for i := range all {
		p := at(&all[i])
		n := sort.Search(len(bounds), func(b int) bool { return p.compare(&bounds[b]) < 0 })
		out[n] = append(out[n], all[i])
	}
	return out
}

// rowMaker makes the versions of rows of one space.
type rowMaker struct {
	space   scn.Space
	table   *catalog.Table // nil: it has no indexes
	indexes []madeIndex
	lineage scn.Lineage
	getter  *mvcc.Getter
	stretch *stretch
	arena   []byte
	values  [][]byte // that changes of a key leave, newest first; nil for a deletion
	base    redo.Row
}

// rowsOf makes versions of sorted changes.
func (s *stretch) rowsOf(space scn.Space, changes []rowChange, to sink) (err error) {
	if len(changes) == 0 {
		return nil
	}
	m := &rowMaker{space: space, stretch: s, lineage: s.applier.catalog.Lineage(space, s.before)}
	if m.getter, err = s.engine.store.NewGetter(s.before, false); err != nil {
		return err
	}
	defer m.getter.Close()
	if table, ok := s.applier.catalog.TableByID(space); ok && space >= catalog.FirstUserSpace {
		m.table = table
		for i := range table.Indexes {
			m.indexes = append(m.indexes, madeIndex{index: &table.Indexes[i]})
		}
	}
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].lead == changes[0].lead && string(changes[n].key) == string(changes[0].key) {
			n++
		}
		if err := m.key(changes[:n], to); err != nil {
			return err
		}
		changes = changes[n:]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range m.indexes {
		id := m.indexes[i].index.ID
		s.entries[id] = append(s.entries[id], m.indexes[i].entries...)
	}
	return nil
}

// key makes the versions of one key, oldest first, and writes them, newest first.
func (m *rowMaker) key(changes []rowChange, to sink) error {
	var row redo.Row
	known := false
	m.arena, m.values = m.arena[:0], slices.Grow(m.values[:0], len(changes))[:len(changes)]
	for i := len(changes) - 1; i >= 0; i-- {
		c := &changes[i]
		before, after := redo.Row(nil), redo.Row(nil)
		switch c.change.Op {
		case redo.Insert:
			after = c.change.After
		case redo.Delete:
			before = c.change.Before
		default:
			if !known {
				var err error
				if row, err = m.stored(c); err != nil {
					return err
				}
			}
			if before = row; before == nil {
				return noSuchRow(m.space, c.key)
			}
			after = redo.Merge(before, c.change.After)
		}
		for k := range m.indexes {
			if err := m.indexes[k].add(m, c, before, after); err != nil {
				return err
			}
		}
		m.values[i] = nil
		if after != nil {
			from := len(m.arena)
			m.arena = redo.AppendRow(m.arena, after)
			m.values[i] = m.arena[from:len(m.arena):len(m.arena)]
		}
		row, known = after, true
	}
	last := scn.SCN(0)
	for i := range changes {
		c := &changes[i]
		if c.at == last {
			continue // a later change of the same commit has replaced it
		}
		last = c.at
		var err error
		if m.values[i] == nil {
			err = to.Delete(m.space, c.key, c.at)
		} else {
			err = to.Put(m.space, c.key, c.at, m.values[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func noSuchRow(table scn.Space, key []byte) error {
	return fmt.Errorf("update of table %d, key 0x%x: there is no such row; state and log do not fit", table, key)
}

// stored is a row as it was before the stretch.
func (m *rowMaker) stored(c *rowChange) (redo.Row, error) {
	v, found, err := m.getter.Get(m.lineage, c.key)
	if err != nil {
		return nil, err
	}
	if !found || v.Deleted {
		return nil, noSuchRow(m.space, c.key)
	}
	row, _, err := redo.DecodeRow(v.Value, m.base)
	m.base = row
	return row, err
}
