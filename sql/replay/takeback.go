package replay

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/sql/redosql"
	"redoubt/wal/redo"
)

// Differ tells what a commit that took a table back did to its rows: the log has none of them.
type Differ interface {
	// Differences gives each row that differs between an SCN and the one before, as it was and as it is; nil for none.
	Differences(table *catalog.Table, at scn.SCN, give func(key []byte, before, after redo.Row) error) error
}

func isFlashback(words []string) bool {
	return len(words) > 0 && (words[0] == "FLASHBACK" || words[0] == "UNFLASHBACK")
}

// takenBack lists the tables that a transaction took back, if it changed no definition.
func takenBack(l *redosql.Line) (list []*redosql.Table, err error) {
	for i := range l.Transaction.Changes {
		c := &l.Transaction.Changes[i]
		if c.Table != catalog.RewindsSpace {
			if catalog.IsDictionary(c.Table) {
				return nil, nil
			}
			continue
		}
		def, ok := l.Dictionary.TableByID(catalog.RewoundSpace(c.After))
		if !ok || def.ID < catalog.FirstUserSpace {
			continue // an index
		}
		owner, ok := l.Dictionary.SchemaByID(def.Schema)
		if !ok {
			continue
		}
		table, err := redosql.NewTable(owner.Name, def)
		if err != nil {
			return nil, err
		}
		list = append(list, table)
	}
	return list, nil
}

// takeBack does to the rows of tables what taking them back did.
func (r *replayer) takeBack(ctx context.Context, t *transaction) error {
	for _, table := range t.define.taken {
		if !r.wanted(Name{table.Schema, table.Shape.Table.Name}) {
			continue
		}
		err := r.Differ.Differences(table.Shape.Table, t.at, func(key []byte, before, after redo.Row) error {
			return t.addChange(table, difference(table, before, after), key)
		})
		if err != nil {
			return fmt.Errorf("SCN %d: table %s: %w", t.at, table.Name(), err)
		}
	}
	if len(t.steps) == 0 {
		return nil
	}
	return r.change(ctx, t)
}

// difference is the change that makes one row of another; nil is none.
func difference(table *redosql.Table, before, after redo.Row) redosql.Change {
	switch {
	case before == nil:
		return redosql.Change{Op: redo.Insert, After: after}
	case after == nil:
		return redosql.Change{Op: redo.Delete, Before: before}
	}
	c := redosql.Change{Op: redo.Update, Identity: before, Whole: after}
	for i := range table.Shape.Table.Columns {
		column := &table.Shape.Table.Columns[i]
		if was, is := column.Of(before), column.Of(after); !was.Equal(is) {
			c.Before, c.After = append(c.Before, redo.Column{ID: column.ID, Value: was}), append(c.After, redo.Column{ID: column.ID, Value: is})
		}
	}
	for _, row := range []redo.Row{c.Before, c.After} {
		slices.SortFunc(row, func(a, b redo.Column) int { return cmp.Compare(a.ID, b.ID) })
	}
	return c
}
