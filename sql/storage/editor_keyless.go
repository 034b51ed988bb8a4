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
type keylessRows struct {
	ids  map[string][]redo.Value // hidden row ids by encoded content
	held int64                   // bytes, counted as what the statement holds
}

// keylessBytes is about what a row takes beside its content.
const keylessBytes = 140

func content(row redo.Row) string {
	if len(row) > 0 && row[0].ID == catalog.HiddenRowID {
		row = row[1:]
	}
	return string(redo.AppendRow(nil, row))
}

// keylessOf gives the rows of a table by content, reading the table once in a statement.
func (t *Transaction) keylessOf(table *Table) (*keylessRows, error) {
	if found, ok := t.keyless[table.def.ID]; ok {
		return found, nil
	}
	all := &keylessRows{ids: map[string][]redo.Value{}}
	err := t.readKeyless(table, all)
	if err != nil {
		t.release(all)
		return nil, fmt.Errorf("table %s: %w", table.def.Name, err)
	}
	if t.keyless == nil {
		t.keyless = map[scn.Space]*keylessRows{}
	}
	t.keyless[table.def.ID] = all
	return all, nil
}

func (t *Transaction) readKeyless(table *Table, into *keylessRows) (err error) {
	rows := t.inner.Scan(table.def, txn.Range{})
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = engineError(closeErr)
		}
	}()
	for rows.Next() {
		id, _ := rows.Row().Get(catalog.HiddenRowID)
		key := content(current(table.def, rows.Row()))
		into.ids[key] = append(into.ids[key], id)
		n := int64(len(key)) + keylessBytes
		into.held += n
		if err := t.session.Hold(n); err != nil {
			return err
		}
	}
	return engineError(rows.Err())
}

func (t *Transaction) release(rows *keylessRows) { _ = t.session.Hold(-rows.held) } // less is never too much

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
	ids := all.ids[content(encoded)]
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
	if known, ok := t.keyless[table.def.ID]; ok {
		t.release(known)
		delete(t.keyless, table.def.ID)
	}
}

// forgetAllKeyless does so with all tables, when a statement begins or ends or is taken back.
func (t *Transaction) forgetAllKeyless() {
	for _, known := range t.keyless {
		t.release(known)
	}
	t.keyless = nil
}

// moveKeyless keeps the rows by content up to date; after is nil for a deleted row.
func (t *Transaction) moveKeyless(table *Table, before, after redo.Row) {
	known, ok := t.keyless[table.def.ID]
	if !ok || len(table.def.PrimaryKey) > 0 {
		return
	}
	id, _ := before.Get(catalog.HiddenRowID)
	old := content(current(table.def, before))
	ids := known.ids[old]
	for i := range ids {
		if ids[i].Equal(id) {
			ids = append(ids[:i:i], ids[i+1:]...)
			break
		}
	}
	known.ids[old] = ids
	if len(ids) == 0 {
		delete(known.ids, old)
	}
	if after != nil {
		key := content(current(table.def, after))
		known.ids[key] = append(known.ids[key], id)
	}
}
