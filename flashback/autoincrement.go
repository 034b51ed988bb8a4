package flashback

import (
	"context"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// rewindAutoIncrement makes the next value of the tables' auto-increment columns the one behind the greatest they have.
func (m *Manager) rewindAutoIncrement(ctx context.Context, p *plan, at scn.SCN) error {
	view, err := m.engine.View(at)
	if err != nil {
		return err
	}
	defer view.Rollback()
	for _, c := range p.tables {
		if c.result == nil || !c.rewind {
			continue
		}
		next, err := nextAutoIncrement(view, c.result)
		if err != nil {
			return err
		}
		if next == 0 {
			continue // it has no such column
		}
		if err := m.engine.SetAutoIncrement(ctx, c.result.ID, next); err != nil {
			return err
		}
	}
	return nil
}

// nextAutoIncrement is the value behind the greatest in a table's auto-increment column; 0 if it has none. The column is
// the first of a key.
func nextAutoIncrement(view *txn.Txn, table *catalog.Table) (uint64, error) {
	for i := range table.Columns {
		column := &table.Columns[i]
		if !column.AutoIncrement {
			continue
		}
		rows := view.Scan(table, txn.Range{Reverse: true})
		if len(table.PrimaryKey) == 0 || table.PrimaryKey[0].Column != column.ID {
			for j := range table.Indexes {
				if index := &table.Indexes[j]; index.Columns[0].Column == column.ID {
					if err := rows.Close(); err != nil {
						return 0, err
					}
					rows = view.ScanIndex(table, index, txn.Range{Reverse: true})
					break
				}
			}
		}
		next := uint64(1)
		if rows.Next() {
			v := column.Of(rows.Row())
			if v.Kind() == redo.Uint {
				next = v.Uint() + 1
			} else if n := v.Int(); n > 0 {
				next = uint64(n) + 1
			}
		}
		return next, rows.Close()
	}
	return 0, nil
}
