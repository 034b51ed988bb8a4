package storage

import (
	"cmp"
	"fmt"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// keylessRows finds the rows of a table without a primary key by their content: equal rows are the same to SQL.
type keylessRows map[string][]redo.Value // hidden row ids by encoded content

func content(row redo.Row) string {
	if len(row) > 0 && row[0].ID == catalog.HiddenRowID {
		row = row[1:]
	}
	return string(redo.AppendRow(nil, row))
}

// keylessOf gives the rows of a table by content, reading the table once in a statement.
func (t *Transaction) keylessOf(table *Table) (keylessRows, error) {
	if found, ok := t.keyless[table.def.ID]; ok {
		return *found, nil
	}
	all := keylessRows{}
	rows := t.inner.Scan(table.def, txn.Range{})
	for rows.Next() {
		id, _ := rows.Row().Get(catalog.HiddenRowID)
		key := content(current(table.def, rows.Row()))
		all[key] = append(all[key], id)
	}
	err := rows.Err()
	if closeErr := rows.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", table.def.Name, engineError(err))
	}
	if t.keyless == nil {
		t.keyless = map[scn.Space]*keylessRows{}
	}
	t.keyless[table.def.ID] = &all
	return all, nil
}

// current gives the row with exactly the columns of the definition, in the order of their ids.
func current(def *catalog.Table, row redo.Row) redo.Row {
	out := make(redo.Row, 0, len(def.Columns))
	for i := range def.Columns {
		c := &def.Columns[i]
		out = append(out, redo.Column{ID: c.ID, Value: c.Of(row)})
	}
	slices.SortFunc(out, func(a, b redo.Column) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (t *Transaction) findKeyless(table *Table, encoded redo.Row) (redo.Row, error) {
	all, err := t.keylessOf(table)
	if err != nil {
		return nil, err
	}
	ids := all[content(encoded)]
	if len(ids) == 0 {
		return nil, gsql.ErrDeleteRowNotFound.New()
	}
	probe := append(redo.Row{{ID: catalog.HiddenRowID, Value: ids[0]}}, encoded...)
	key, err := t.inner.RowKey(table.def, probe)
	if err != nil {
		return nil, err
	}
	row, _, found, err := t.inner.Get(table.def, key)
	if err == nil && !found {
		err = gsql.ErrDeleteRowNotFound.New()
	}
	return row, engineError(err)
}

// forgetKeyless drops what is known of a table's rows when one is added: its row id is the engine's affair.
func (t *Transaction) forgetKeyless(table *Table) {
	if len(table.def.PrimaryKey) == 0 {
		delete(t.keyless, table.def.ID)
	}
}

// moveKeyless keeps the rows by content up to date; after is nil for a deleted row.
func (t *Transaction) moveKeyless(table *Table, before, after redo.Row) {
	known, ok := t.keyless[table.def.ID]
	if !ok || len(table.def.PrimaryKey) > 0 {
		return
	}
	id, _ := before.Get(catalog.HiddenRowID)
	old := content(current(table.def, before))
	ids := (*known)[old]
	for i := range ids {
		if ids[i].Equal(id) {
			ids = append(ids[:i:i], ids[i+1:]...)
			break
		}
	}
	(*known)[old] = ids
	if len(ids) == 0 {
		delete(*known, old)
	}
	if after != nil {
		key := content(current(table.def, after))
		(*known)[key] = append((*known)[key], id)
	}
}
