package short

import (
	"context"
	"errors"

	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

// rowsMax and rowsBytesMax bound what a short statement reads: it holds all of it in memory.
const (
	rowsMax      = 10_000
	rowsBytesMax = 4 << 20
)

// visit is called with a row and its key, which are valid until it returns. It returns false when it has seen enough.
type visit func(row redo.Row, key []byte) (more bool, err error)

// errTooMany sends a statement the full way, which streams.
var errTooMany = errors.New("more rows than a short statement reads")

// each calls yield with each row that a search finds, in the order of the key.
func (s *search) each(ctx context.Context, t *txn.Txn, table *table, w *access, reverse bool, yield visit) error {
	if s.point != nil {
		row, _, found, err := t.Get(table.def, s.point)
		if err != nil || !found {
			return err
		}
		_, err = s.offer(row, s.point, yield)
		return err
	}
	for i := range s.ranges {
		r := s.ranges[i]
		r.Reverse = reverse
		more, err := s.scan(ctx, t, table, w, r, yield)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (s *search) offer(row redo.Row, key []byte, yield visit) (more bool, err error) {
	for i := range s.filters {
		ok, err := s.filters[i].accepts(row, s.scratch[:0])
		if err != nil || !ok {
			return true, err
		}
	}
	return yield(row, key)
}

// cancelEvery is the number of rows between two looks at whether the statement was killed.
const cancelEvery = 256

func (s *search) scan(ctx context.Context, t *txn.Txn, table *table, w *access, r txn.Range, yield visit) (more bool, err error) {
	var rows *txn.Rows
	switch {
	case w.keys:
		rows = t.ScanKeys(table.def, w.index, r)
	case w.index == nil:
		rows = t.Scan(table.def, r)
	default:
		rows = t.ScanIndex(table.def, w.index, r)
	}
	rows.Only(w.columns)
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	for n := 1; rows.Next(); n++ {
		if n > rowsMax {
			return false, errTooMany
		}
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if more, err := s.offer(rows.Row(), rows.Key(), yield); err != nil || !more {
			return false, err
		}
	}
	return true, rows.Err()
}
