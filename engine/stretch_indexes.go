package engine

import (
	"encoding/binary"
	"fmt"
	"slices"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// indexEntry is an entry of an index that comes or goes.
type indexEntry struct {
	place
	rowKey int // bytes of the row's key at its end
	gone   bool
}

// madeIndex collects the entries of one index.
type madeIndex struct {
	index    *catalog.Index
	entries  []indexEntry
	old, new []byte
}

// add notes what a change does to the index.
func (x *madeIndex) add(m *rowMaker, c *rowChange, before, after redo.Row) (err error) {
	if before != nil && after != nil && !x.touched(c.change) {
		return nil
	}
	collator := m.stretch.engine.options.Collator
	if before != nil {
		if x.old, err = m.table.IndexKey(x.old[:0], x.index, before, collator); err != nil {
			return err
		}
	}
	if after != nil {
		if x.new, err = m.table.IndexKey(x.new[:0], x.index, after, collator); err != nil {
			return err
		}
	}
	if before != nil && after != nil && string(x.old) == string(x.new) {
		return nil
	}
	if before != nil {
		x.put(x.old, c, true)
	}
	if after != nil {
		x.put(x.new, c, false)
	}
	return nil
}

// touched tells whether an update changes a column of the index.
func (x *madeIndex) touched(c *redo.Change) bool {
	for _, part := range x.index.Columns {
		for _, row := range []redo.Row{c.Before, c.After} {
			if _, changed := row.Get(part.Column); changed {
				return true
			}
		}
	}
	return false
}

func (x *madeIndex) put(key []byte, c *rowChange, gone bool) {
	entry := append(append(make([]byte, 0, len(key)+len(c.key)), key...), c.key...)
	x.entries = append(x.entries, indexEntry{placeOf(entry, c.at, int(c.order)), len(c.key), gone})
}

// indexes makes the versions of all index entries.
func (s *stretch) indexes() error {
	var jobs []func() error
	for space, entries := range s.entries {
		for i, own := range split(entries, s.FileFrom, func(e *indexEntry) *place { return &e.place }) {
			jobs = append(jobs, func() error {
				slices.SortFunc(own, func(a, b indexEntry) int { return a.compare(&b.place) })
				return s.write(fmt.Sprintf("index-%d-%d", space, i), len(entries), func(to sink) error { return writeEntries(space, own, to) })
			})
		}
	}
	return inParallel(len(jobs), func(i int) error { return jobs[i]() })
}

func writeEntries(space scn.Space, entries []indexEntry, to sink) error {
	var value []byte
	for i := range entries {
		e := &entries[i]
		if i > 0 && e.at == entries[i-1].at && string(e.key) == string(entries[i-1].key) {
			continue // a later change of the same commit has replaced it
		}
		var err error
		if e.gone {
			err = to.Delete(space, e.key, e.at)
		} else {
			value = binary.AppendUvarint(value[:0], uint64(e.rowKey))
			err = to.Put(space, e.key, e.at, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
