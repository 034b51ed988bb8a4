package flashback

import (
	"errors"
	"slices"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// controlChange is a change of a control value: nil for none.
type controlChange struct {
	table         *catalog.Table
	before, after redo.Row
}

// planControl plans that users, grants, persisted variables and restore points become what they were.
func (m *Manager) planControl(t *txn.Txn, p *plan) error {
	view, err := m.engine.View(p.to)
	if err != nil {
		return err
	}
	defer view.Rollback()
	for _, space := range []scn.Space{catalog.ControlSpace, catalog.RestorePointsSpace} {
		table, _ := catalog.SystemTable(space)
		was, err := rowsByKey(view, table)
		if err != nil {
			return err
		}
		is, err := rowsByKey(t, table)
		if err != nil {
			return err
		}
		for key, row := range is {
			if _, kept := was[key]; !kept {
				p.control = append(p.control, controlChange{table, row, nil})
			}
		}
		for key, row := range was {
			if now := is[key]; !equal(now, row) {
				p.control = append(p.control, controlChange{table, now, row})
			}
		}
	}
	return nil
}

func rowsByKey(t *txn.Txn, table *catalog.Table) (map[string]redo.Row, error) {
	rows := t.Scan(table, txn.Range{})
	defer rows.Close()
	out := map[string]redo.Row{}
	for rows.Next() {
		out[string(rows.Key())] = rows.Row().Clone()
	}
	return out, rows.Err()
}

func (p *plan) writeControl(t *txn.Txn) error {
	for _, c := range p.control {
		var err error
		switch {
		case c.after != nil && c.table.ID == catalog.RestorePointsSpace:
			err = putRestorePoint(t, catalog.RestorePointOf(c.after))
		case c.after == nil:
			err = t.Delete(c.table, c.before)
		case c.before == nil:
			err = t.Insert(c.table, c.after)
		default:
			err = t.Update(c.table, c.before, c.after)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// putRestorePoint puts a restore point as it was, without its guarantee if what that kept has gone since.
func putRestorePoint(t *txn.Txn, point catalog.RestorePoint) error {
	err := t.PutRestorePoint(point)
	var gone *txn.FloorError
	if errors.As(err, &gone) {
		point.Guarantee = false
		err = t.PutRestorePoint(point)
	}
	return err
}

// equal tells whether two rows are the same.
func equal(a, b redo.Row) bool {
	return slices.EqualFunc(a, b, func(a, b redo.Column) bool { return a.ID == b.ID && a.Value.Equal(b.Value) })
}
