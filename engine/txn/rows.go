package txn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/scn"
	"redoubt/telemetry"
	"redoubt/wal/redo"
)

// Range bounds a scan: keys in [Low, High); nil High is the end. Keys are made by KeyPrefix and IndexPrefix.
type Range = mvcc.Range

// Rows iterates over rows, in the order of a table's key or of an index. It sees the transaction's own changes as
// they were when it was opened, so that a statement that changes what it scans meets each row once.
type Rows struct {
	table *catalog.Table
	index *catalog.Index // nil: in the order of the table's key

	store   *mvcc.Iterator
	stored  bool // the store's iterator stands at a key that was not yet given
	cursor  *cursor
	started bool
	reverse bool
	// keysOnly: Row gives nothing, and Key the key of an index's entry.
	keysOnly bool
	only     []uint32 // the columns that are asked for; nil: all

	overlay *entries // of the table, for rows found through an index
	getter  *mvcc.Getter
	lineage scn.Lineage // of the table

	key []byte
	row redo.Row
	at  scn.SCN
	buf redo.Row
	err error

	txn   *Txn
	slot  *telemetry.Slot
	count int // rows that were read and are not yet shown
}

// Scan iterates over the rows of a table in the order of its key.
func (t *Txn) Scan(table *catalog.Table, r Range) *Rows {
	return t.scan(table, r, t.overlay.view(table.ID))
}

func (t *Txn) scan(table *catalog.Table, r Range, own *entries) *Rows {
	t.noteRead(table.ID)
	t.claimRead(table, r, false)
	return t.open(table, nil, table.ID, r, own)
}

// ScanIndex iterates over the rows of a table in the order of an index.
func (t *Txn) ScanIndex(table *catalog.Table, index *catalog.Index, r Range) *Rows {
	t.claimRead(table, Range{}, false)
	return t.scanIndex(table, index, r)
}

// ScanKeys is ScanIndex, or Scan for nil, for those who only count: it gives keys and no rows.
func (t *Txn) ScanKeys(table *catalog.Table, index *catalog.Index, r Range) *Rows {
	space := table.ID
	t.noteRead(table.ID)
	if index == nil {
		t.claimRead(table, r, false)
	} else {
		space = index.ID
		t.claimRead(table, Range{}, false)
	}
	rows := t.open(table, index, space, r, t.overlay.view(space))
	rows.keysOnly = true
	return rows
}

// Only says which columns are asked for, by their ids, ascending; nil: all. Row may give more.
func (r *Rows) Only(columns []uint32) { r.only = columns }

func (t *Txn) scanIndex(table *catalog.Table, index *catalog.Index, r Range) *Rows {
	return t.scanIndexWith(table, index, r, t.overlay.view(index.ID), t.overlay.view(table.ID))
}

// scanIndexWith shows the transaction's own changes as they are in keys, of the index, and in own, of the table.
func (t *Txn) scanIndexWith(table *catalog.Table, index *catalog.Index, r Range, keys, own *entries) *Rows {
	t.noteRead(table.ID)
	rows := t.open(table, index, index.ID, r, keys)
	if rows.err == nil {
		rows.overlay = own
		rows.lineage = t.catalog.Lineage(table.ID, t.snapshot)
		if rows.getter, rows.err = t.env.Store.NewGetter(t.snapshot, rows.lineage[0].Top >= t.snapshot); rows.err == nil {
			rows.err = t.checkFloor(table)
		}
	}
	return rows
}

func (t *Txn) open(table *catalog.Table, index *catalog.Index, space scn.Space, r Range, own *entries) *Rows {
	rows := &Rows{txn: t, table: table, index: index, reverse: r.Reverse, slot: t.options.Slot}
	rows.slot.Touch(uint64(space))
	if t.finished {
		rows.err = ErrFinished
		return rows
	}
	rows.cursor = newCursor(own, r)
	lineage := t.catalog.Lineage(space, t.snapshot)
	r.Pinned = lineage[0].Top >= t.snapshot // else it is what the transaction itself goes back to, which its pin does not hold
	if rows.store, rows.err = t.env.Store.NewIterator(lineage, r); rows.err == nil {
		t.scans.Add(1)
		rows.err = t.checkFloor(table)
	}
	return rows
}

// countEvery is how many rows are read between two times that they are shown.
const countEvery = 128

// Next moves to the next row.
func (r *Rows) Next() bool {
	if !r.next() {
		return false
	}
	if r.count++; r.count == countEvery {
		r.counted()
	}
	return true
}

// counted shows how many rows were read.
func (r *Rows) counted() {
	if r.count > 0 {
		r.slot.Read(uint64(r.count))
		r.count = 0
	}
}

func (r *Rows) next() bool {
	for r.err == nil {
		key, e, more := r.step()
		if !more {
			return false
		}
		if e != nil && e.deleted {
			continue
		}
		if r.keysOnly {
			r.key = key
			return true
		}
		if r.index != nil {
			if !r.fetch(e) {
				continue
			}
			return r.err == nil
		}
		r.key = key
		if e != nil {
			r.row, r.at = e.row, 0
			return true
		}
		v := r.store.Version()
		r.at = v.SCN
		r.decode(v.Value)
		return r.err == nil
	}
	return false
}

// step moves to the next key in store or overlay; the entry is nil if the key is the store's alone.
func (r *Rows) step() (key []byte, e *entry, more bool) {
	if !r.started {
		r.started = true
		r.stored = r.store.Next()
	} else if !r.stored {
		r.stored = r.store.Next()
	}
	if !r.stored {
		if r.err = r.store.Err(); r.err != nil {
			return nil, nil, false
		}
	}
	c := -1 // the store comes first
	switch {
	case r.cursor.entry == nil && !r.stored:
		return nil, nil, false
	case !r.stored:
		c = 1
	case r.cursor.entry != nil:
		if c = bytes.Compare(r.store.Key(), r.cursor.key); r.reverse {
			c = -c
		}
	}
	if c < 0 {
		r.stored = false
		return r.store.Key(), nil, true
	}
	if c == 0 {
		r.stored = false // the overlay hides it
	}
	key, e = r.cursor.key, r.cursor.entry
	r.cursor.next()
	return key, e, true
}

// fetch looks up the row of an index entry: e in the overlay, else where the store's iterator stands.
func (r *Rows) fetch(e *entry) bool {
	rowKey := []byte(nil)
	if e != nil {
		rowKey = e.rowKey
	} else if rowKey, r.err = SplitIndexEntry(r.store.Key(), r.store.Version().Value); r.err != nil {
		return false
	}
	if r.overlay != nil {
		if own := r.overlay.get(rowKey); own != nil {
			if own.deleted {
				return false
			}
			r.key, r.row, r.at = rowKey, own.row, 0
			return true
		}
	}
	v, found, err := r.getter.Get(r.lineage, rowKey)
	if err == nil && (!found || v.Deleted) {
		err = fmt.Errorf("index %s of table %s has an entry without a row: the index is damaged", r.index.Name, r.table.Name)
	}
	if err != nil {
		r.err = err
		return false
	}
	r.key, r.at = rowKey, v.SCN
	r.decode(v.Value)
	return true
}

func (r *Rows) decode(value []byte) {
	var row redo.Row
	var err error
	if r.only == nil {
		row, _, err = redo.DecodeRow(value, r.buf)
	} else {
		row, err = redo.DecodeColumns(value, r.only, r.buf)
	}
	if err != nil {
		r.err = fmt.Errorf("row of table %s at SCN %d: %w", r.table.Name, r.at, err)
	}
	r.buf, r.row = row, row
}

// Row is the current row, valid until Next.
func (r *Rows) Row() redo.Row { return r.row }

// Key is the key of the current row, valid until Next.
func (r *Rows) Key() []byte { return r.key }

// SCN is the commit that wrote the current row; 0 if this transaction did.
func (r *Rows) SCN() scn.SCN { return r.at }

// Err tells what ended the iteration, if it was not the end.
func (r *Rows) Err() error { return r.err }

// Close ends the iteration. It may be called more than once.
func (r *Rows) Close() error {
	r.counted()
	err := r.err
	if r.store != nil {
		err = errors.Join(err, r.store.Close())
		r.store = nil
		if r.txn.scans.Add(-1) == 0 && r.txn.finished {
			r.txn.pin.remove()
		}
	}
	if r.getter != nil {
		err = errors.Join(err, r.getter.Close())
		r.getter = nil
	}
	if r.err == nil {
		r.err = ErrFinished
	}
	return err
}

// IndexEntry gives key and value of a row's entry in an index: the index's key followed by the row's, and the
// length of the latter.
func IndexEntry(indexKey, rowKey []byte) (key, value []byte) {
	key = append(append(make([]byte, 0, len(indexKey)+len(rowKey)), indexKey...), rowKey...)
	return key, binary.AppendUvarint(nil, uint64(len(rowKey)))
}

// SplitIndexEntry gives the key of the row that an index's entry is of.
func SplitIndexEntry(key, value []byte) (rowKey []byte, err error) {
	n, size := binary.Uvarint(value)
	if size <= 0 || n > uint64(len(key)) {
		return nil, errors.New("damaged index entry")
	}
	return key[len(key)-int(n):], nil
}
