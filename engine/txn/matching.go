package txn

import (
	"slices"

	"redoubt/engine/catalog"
	"redoubt/wal/redo"
)

// ValuesOf reads columns of a row by name; false if one is NULL, or not there.
func ValuesOf(table *catalog.Table, columns []string, row redo.Row) ([]redo.Value, bool) {
	values := make([]redo.Value, len(columns))
	for i, name := range columns {
		column, ok := table.Column(name)
		if !ok {
			return nil, false
		}
		if values[i] = column.Of(row); values[i].IsNull() {
			return nil, false
		}
	}
	return values, true
}

// Matching gives the rows of a table that have values in some columns, as a foreign key looks for them: by a key that begins
// with these columns, in any order, if there is one, else by reading the table. yield gets the row with its key, and tells
// whether to go on; both are valid until it returns.
func (t *Txn) Matching(table *catalog.Table, columns []string, values []redo.Value, yield func(key []byte, row redo.Row) bool) error {
	rows, exact, err := t.openMatching(table, columns, values)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if !exact {
			own, ok := ValuesOf(table, columns, rows.Row())
			if !ok || !slices.EqualFunc(own, values, redo.Value.Equal) {
				continue
			}
		}
		if !yield(rows.Key(), rows.Row()) {
			break
		}
	}
	return rows.Err()
}

func (t *Txn) openMatching(table *catalog.Table, columns []string, values []redo.Value) (rows *Rows, exact bool, err error) {
	if order, ok := leading(table, table.PrimaryKey, columns, values); ok {
		key, err := t.KeyPrefix(table, order)
		if err != nil {
			return nil, false, err
		}
		return t.Scan(table, Range{Low: key, High: catalog.KeySuccessor(key)}), true, nil
	}
	for i := range table.Indexes {
		index := &table.Indexes[i]
		if index.State != catalog.StatePublic {
			continue
		}
		if order, ok := leading(table, index.Columns, columns, values); ok {
			key, err := t.IndexPrefix(table, index, order)
			if err != nil {
				return nil, false, err
			}
			return t.ScanIndex(table, index, Range{Low: key, High: catalog.KeySuccessor(key)}), true, nil
		}
	}
	return t.Scan(table, Range{}), false, nil
}

// leading gives the values in the order of a key whose first parts are the columns, in any order.
func leading(table *catalog.Table, key []catalog.IndexColumn, columns []string, values []redo.Value) ([]redo.Value, bool) {
	if len(key) < len(columns) {
		return nil, false
	}
	out := make([]redo.Value, len(columns))
	for i := range columns {
		if key[i].PrefixLength != 0 {
			return nil, false
		}
		at := slices.IndexFunc(columns, func(name string) bool {
			column, ok := table.Column(name)
			return ok && column.ID == key[i].Column
		})
		if at < 0 {
			return nil, false
		}
		out[i] = values[at]
	}
	return out, true
}

// ValuesKey gives bytes that are equal for equal values of columns, as the columns' collations compare them.
func (t *Txn) ValuesKey(table *catalog.Table, columns []string, values []redo.Value) (key []byte, err error) {
	for i, name := range columns {
		column, ok := table.Column(name)
		if !ok {
			return nil, nil
		}
		if key, err = catalog.AppendKeyPart(key, column, 0, values[i], t.env.Collator); err != nil {
			return nil, err
		}
	}
	return key, nil
}

// UniqueKey is the value of a row in an index; nil if there is no row, or if it is one that many rows may have.
func (t *Txn) UniqueKey(table *catalog.Table, index *catalog.Index, row redo.Row) ([]byte, error) {
	return t.uniqueKey(table, index, row)
}
