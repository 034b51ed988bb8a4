package versions

import (
	"bytes"
	"cmp"
	"context"
	"iter"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// Indexed tells whether IndexRows can use an index: it has an entry for every version of the range.
func (l *Life) Indexed(index scn.Space) bool {
	if len(l.Generations) != 1 {
		return false
	}
	for _, def := range l.Generations[0].Definitions() {
		if x, ok := def.IndexByID(index); !ok || x.State != catalog.StatePublic {
			return false
		}
	}
	return true
}

// IndexRows gives the versions of rows whose entry in an index lies in a range: by entry, those of one entry in the order of
// SCN. Each version has one entry; a deletion has that of the version which it ended.
func (r *Reader) IndexRows(ctx context.Context, index scn.Space, entries mvcc.Range) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		l := line{&r.life.Generations[0]}
		spaces := r.spaces(line{{Table: index}})
		low := entries.Low
		for {
			entry, err := r.firstKey(spaces, low, entries.High)
			if err = cmp.Or(err, r.cancelled(ctx)); err != nil {
				yield(nil, err)
				return
			}
			if entry == nil || !r.entry(l, index, entry, yield) {
				return
			}
			low = append(bytes.Clone(entry), 0)
		}
	}
}

// entry gives the versions that one entry of an index stands for: those of its row while a reader sees the entry.
func (r *Reader) entry(l line, index scn.Space, entry []byte, yield func(*Row, error) bool) bool {
	g, all := l[0], r.life.Range
	goesOn := true
	seen, from := false, scn.SCN(0) // the entry, and since when; 0: since before the range
	var rowKey []byte
	span := func(end scn.SCN) {
		within := all
		if from != 0 {
			within.From, within.Before = from, false
		}
		if end != 0 {
			within.To = end
		}
		goesOn = r.key(l, rowKey, within, func(row *Row, err error) bool {
			if err == nil && end != 0 && row.Start == end && row.Operation != Delete {
				return true // has another entry
			}
			return yield(row, err)
		})
	}
	err := states(r.keys, r.catalog, index, entry, max(g.First, all.base()), g.Last, func(at scn.SCN, s state) error {
		switch {
		case s.live && !seen:
			key, err := txn.SplitIndexEntry(entry, s.value)
			if err != nil {
				return err
			}
			seen, from, rowKey = true, at, bytes.Clone(key)
			if at < all.From {
				from = 0
			}
		case !s.live && seen:
			seen = false
			span(at)
			if !goesOn {
				return errStopped
			}
		}
		return nil
	})
	switch {
	case !goesOn:
		return false
	case err != nil:
		yield(nil, err)
		return false
	case seen:
		span(0)
	}
	return goesOn
}
