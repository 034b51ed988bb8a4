package txn

import (
	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Moment is a table as the running statement saw it at one time: what the transaction changes afterwards does not show in what is read
// of it. A statement that looks up one range of keys after the other would else meet rows again that it has moved from one to the next.
// It is for the transaction's own goroutine, until the statement ends.
type Moment struct {
	txn   *Txn
	table *catalog.Table
	index *catalog.Index // nil: the table's key
	keys  *entries       // of the index
	rows  *entries
}

// Moment gives the table as it is now, to be read by an index, or by its key if there is none.
func (t *Txn) Moment(table *catalog.Table, index *catalog.Index) *Moment {
	m := &Moment{txn: t, table: table, index: index, rows: t.overlay.view(table.ID)}
	if index != nil {
		m.keys = t.overlay.view(index.ID)
	}
	return m
}

// Scan is Txn.Scan, or ScanIndex, as of the moment.
func (m *Moment) Scan(r Range) *Rows {
	if m.index == nil {
		return m.txn.scan(m.table, r, m.rows)
	}
	m.txn.claimRead(m.table, Range{}, false)
	return m.txn.scanIndexWith(m.table, m.index, r, m.keys, m.rows)
}

// Get is Txn.Get as of the moment.
func (m *Moment) Get(key []byte) (row redo.Row, at scn.SCN, found bool, err error) {
	now := m.txn.overlay.get(m.table.ID, key)
	var then *entry
	if m.rows != nil {
		then = m.rows.get(key)
	}
	if now == then {
		return m.txn.Get(m.table, key)
	}
	if then != nil {
		return then.row, 0, !then.deleted, nil
	}
	return now.before, now.replaced, now.before != nil, nil
}
