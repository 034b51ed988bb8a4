package versions

import (
	"redoubt/engine/catalog"
	"redoubt/wal/redo"
)

// Source is where the value of a column of the newest definition is found in a row of an older one.
type Source struct {
	// Column is the column of the row's own definition: of the same id, or of the same name and perhaps another type. nil
	// means that the row is older than the column.
	Column *catalog.Column
	// Own says that the value has the type of the newest definition.
	Own bool
}

// Sources tells for each column of the newest definition where a row of a generation has its value, if the row was last
// so under the definition then.
//
// A column is known by its id through all changes by ALTER TABLE. If the table had no column of that id then, it is one of
// the same name: the column had another type, or the table was another one, which was dropped or renamed.
func (l *Life) Sources(g *Generation, then *catalog.Table) []Source {
	out := make([]Source, len(l.Table.Columns))
	for i := range l.Table.Columns {
		out[i] = l.source(g, then, &l.Table.Columns[i])
	}
	return out
}

func (l *Life) source(g *Generation, then *catalog.Table, c *catalog.Column) Source {
	if g.byID {
		if own, ok := then.ColumnByID(c.ID); ok {
			return Source{own, own.Kind == c.Kind && own.Type == c.Type}
		}
	}
	if o, ok := then.Column(c.Name); ok {
		_, elsewhere := l.Table.ColumnByID(o.ID)
		if !g.byID || !elsewhere {
			return Source{o, o.Kind == c.Kind && o.Type == c.Type}
		}
	}
	if g.byID {
		return Source{c, true} // rows may still have the value of a column that was dropped and came back
	}
	return Source{nil, true}
}

// Of is the value of column c, of the newest definition, in a row.
func (s Source) Of(c *catalog.Column, row redo.Row) redo.Value {
	if s.Column == nil {
		return c.Of(nil)
	}
	return s.Column.Of(row)
}

// sameKey tells whether keys of two definitions are the same bytes for the same values.
func sameKey(a, b *catalog.Table) bool {
	if len(a.PrimaryKey) != len(b.PrimaryKey) || len(a.PrimaryKey) == 0 {
		return false
	}
	for i := range a.PrimaryKey {
		x, okX := a.ColumnByID(a.PrimaryKey[i].Column)
		y, okY := b.ColumnByID(b.PrimaryKey[i].Column)
		if !okX || !okY || catalog.Fold(x.Name) != catalog.Fold(y.Name) || x.Kind != y.Kind || x.Collation != y.Collation ||
			a.PrimaryKey[i].PrefixLength != b.PrimaryKey[i].PrefixLength {
			return false
		}
	}
	return true
}
