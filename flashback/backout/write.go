package backout

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

// writer brings rows to what they are to be, in one transaction.
type writer struct {
	g       *graph
	ctx     context.Context
	rules   Rules
	preview bool // takes no locks
	targets []*target
	locked  map[*catalog.Table]bool
	highest map[*catalog.Table]uint64 // of the auto-increment columns of rows that come back
}

// write makes all changes that have no conflict. A row that would break a constraint becomes a conflict, and everything is
// made anew without it, until nothing breaks.
func (w *writer) write() error {
	mark := w.g.t.Savepoint()
	for {
		w.highest = map[*catalog.Table]uint64{}
		broken, err := w.once()
		if err != nil || !broken {
			return err
		}
		w.g.t.RollbackTo(mark)
	}
}

func (w *writer) once() (broken bool, err error) {
	steps := []func() (bool, error){w.complete, w.lock, w.remove, w.update, w.insert, w.checkReferences}
	for _, step := range steps {
		found, err := step()
		if err != nil {
			return false, err
		}
		if broken = broken || found; broken {
			return true, nil
		}
	}
	return false, nil
}

// each calls f for the rows that change; f gives why one cannot.
func (w *writer) each(f func(t *target) (conflict string, err error)) (broken bool, err error) {
	for i, t := range w.targets {
		if !t.Changes() {
			continue
		}
		if i%256 == 0 && w.ctx.Err() != nil {
			return false, context.Cause(w.ctx)
		}
		conflict, err := f(t)
		if err != nil {
			return false, err
		}
		if conflict != "" {
			t.Conflict, t.After, broken = conflict, t.Before, true
		}
	}
	return broken, nil
}

// complete computes generated columns and looks at CHECKs.
func (w *writer) complete() (bool, error) {
	return w.each(func(t *target) (string, error) {
		if t.After == nil {
			return "", nil
		}
		row, name, err := w.rules.Complete(w.ctx, t.Table, t.After)
		if err != nil {
			return "", err
		}
		t.After = row
		if name != "" {
			return fmt.Sprintf("CHECK %s would be broken", name), nil
		}
		return "", nil
	})
}

// lock takes the locks of tables and rows.
func (w *writer) lock() (bool, error) {
	if w.preview {
		return false, nil
	}
	return w.each(func(t *target) (string, error) {
		if w.g.request.Lock != nil && !w.locked[t.Table] {
			w.locked[t.Table] = true
			if err := w.g.request.Lock(w.g.t, t.Table); err != nil {
				return "", err
			}
		}
		return "", w.g.t.LockChange(w.ctx, t.Table, t.Before, t.After)
	})
}

// remove takes away the rows that go, and for the moment those that change a unique key: so rows can change theirs with each
// other. To the log such a row is one update.
func (w *writer) remove() (bool, error) {
	return w.each(func(t *target) (string, error) {
		if t.Before == nil || t.After != nil && !w.moves(t) {
			return "", nil
		}
		return "", w.g.t.Delete(t.Table, t.Before)
	})
}

// moves tells whether a row changes a unique key.
func (w *writer) moves(t *target) bool {
	for i := range t.Table.Indexes {
		index := &t.Table.Indexes[i]
		if !index.Enforced() {
			continue
		}
		for _, p := range index.Columns {
			if c, ok := t.Table.ColumnByID(p.Column); ok && !c.Of(t.Before).Equal(c.Of(t.After)) {
				return true
			}
		}
	}
	return false
}

func (w *writer) update() (bool, error) {
	return w.each(func(t *target) (string, error) {
		if t.Before == nil || t.After == nil || w.moves(t) {
			return "", nil
		}
		return duplicate(w.g.t.Update(t.Table, t.Before, t.After))
	})
}

func (w *writer) insert() (bool, error) {
	return w.each(func(t *target) (string, error) {
		if t.After == nil || t.Before != nil && !w.moves(t) {
			return "", nil
		}
		key, err := w.g.t.RowKey(t.Table, t.After)
		if err != nil {
			return "", err
		}
		if !bytes.Equal(key, t.Key) {
			return "the row would have another key under the table's definition now", nil
		}
		w.noteAuto(t)
		return duplicate(w.g.t.Insert(t.Table, t.After))
	})
}

// duplicate makes a conflict of a key that another row has.
func duplicate(err error) (string, error) {
	var taken *txn.DuplicateKeyError
	if errors.As(err, &taken) {
		return fmt.Sprintf("another row has its key %v in %s", taken.Key, taken.Index), nil
	}
	return "", err
}

// noteAuto remembers the value of a row's auto-increment column, by which numbering must not fall behind.
func (w *writer) noteAuto(t *target) {
	for i := range t.Table.Columns {
		c := &t.Table.Columns[i]
		if !c.AutoIncrement {
			continue
		}
		v := c.Of(t.After)
		switch {
		case v.Kind() == redo.Uint:
			w.highest[t.Table] = max(w.highest[t.Table], v.Uint())
		case v.Kind() == redo.Int && v.Int() > 0:
			w.highest[t.Table] = max(w.highest[t.Table], uint64(v.Int()))
		}
	}
}
