package backout

import (
	"strings"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

func valuesOf(table *catalog.Table, columns []string, row redo.Row) ([]redo.Value, bool) {
	return txn.ValuesOf(table, columns, row)
}

// rowText names the row of a change by its primary key.
func rowText(table *catalog.Table, c *redo.Change) string {
	return keyText(table, identityOf(c), c.Key)
}

// identityOf gives a row that has the columns of the primary key.
func identityOf(c *redo.Change) redo.Row {
	switch c.Op {
	case redo.Insert:
		return c.After
	case redo.Delete:
		return c.Before
	}
	return c.Identity
}

// keyText names a row by its primary key, or by its row id.
func keyText(table *catalog.Table, row redo.Row, key []byte) string {
	if len(table.PrimaryKey) == 0 {
		return "(row id=" + redo.UintValue(catalog.RowIDOf(key)).String() + ")"
	}
	var parts []string
	for _, p := range table.PrimaryKey {
		if column, ok := table.ColumnByID(p.Column); ok {
			parts = append(parts, column.Name+"="+column.Of(row).String())
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
