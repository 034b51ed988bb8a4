package txn

import (
	"bytes"
	"context"
	"fmt"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Insert adds a row. A table without primary key gives it a row id, unless it has one. The row is copied.
func (t *Txn) Insert(table *catalog.Table, row redo.Row) error {
	if err := t.mayWrite(); err != nil {
		return err
	}
	row = row.Clone()
	if _, ok := row.Get(catalog.HiddenRowID); !ok && len(table.PrimaryKey) == 0 {
		id, err := t.env.NewRowID(context.Background(), table.ID)
		if err != nil {
			return fmt.Errorf("row id for table %s: %w", table.Name, err)
		}
		row = append(redo.Row{{ID: catalog.HiddenRowID, Value: redo.UintValue(id)}}, row...)
	}
	key, err := t.RowKey(table, row)
	if err != nil {
		return err
	}
	return t.put(table, key, nil, row)
}

// Update replaces a row by another. before must be the row as this transaction reads it.
func (t *Txn) Update(table *catalog.Table, before, after redo.Row) error {
	if err := t.mayWrite(); err != nil {
		return err
	}
	after = after.Clone()
	oldKey, err := t.RowKey(table, before)
	if err != nil {
		return err
	}
	newKey, err := t.RowKey(table, after)
	if err != nil {
		return err
	}
	if bytes.Equal(oldKey, newKey) {
		return t.put(table, newKey, before, after)
	}
	// Another row's key is a duplicate before anything is changed.
	if err := t.checkKeyFree(table, newKey, after); err != nil {
		return err
	}
	mark := t.Savepoint()
	if err := t.remove(table, oldKey, before); err != nil {
		return err
	}
	if err := t.put(table, newKey, nil, after); err != nil {
		t.RollbackTo(mark)
		return err
	}
	return nil
}

// Delete removes a row. before must be the row as this transaction reads it.
func (t *Txn) Delete(table *catalog.Table, before redo.Row) error {
	if err := t.mayWrite(); err != nil {
		return err
	}
	key, err := t.RowKey(table, before)
	if err != nil {
		return err
	}
	return t.remove(table, key, before)
}

// ClaimShared says that the row with this key must stay, its key and unique columns as the snapshot sees them,
// until this transaction commits: the parent of a foreign key.
func (t *Txn) ClaimShared(table *catalog.Table, key []byte) {
	if e := t.overlay.get(table.ID, key); e != nil && e.before == nil {
		return // its own new row: nobody else can take it away
	}
	t.claim(redo.Claim{Mode: redo.KeyShare, Space: table.ID, Since: t.snapshot, Low: key})
}

// ClaimContent says that all of a table must stay as the snapshot sees it until this transaction commits, and that
// nobody who has read it on an older snapshot may write to it afterwards: what a new foreign key refers to.
func (t *Txn) ClaimContent(table *catalog.Table) {
	t.claim(redo.Claim{Mode: redo.Share, Space: table.ID, Since: t.snapshot})
}

func (t *Txn) mayWrite() error {
	switch {
	case t.finished:
		return ErrFinished
	case t.options.ReadOnly || t.options.At != 0:
		return ErrReadOnly
	}
	return t.mayGrow()
}

// mayGrow refuses what would make the transaction larger than one may be.
func (t *Txn) mayGrow() error {
	switch size := t.size(); {
	case size.bytes > t.options.BytesMax:
		return fmt.Errorf("%w: its changes and locks take more than %d MiB of memory; raise the setting transaction-size, or split it into several", ErrTooLarge, t.options.BytesMax>>20)
	case size.redo > RedoBytesMax:
		return tooMuchRedo()
	}
	return nil
}

// put makes after the row under key, which stays the same if there is a row before.
func (t *Txn) put(table *catalog.Table, key []byte, before, after redo.Row) error {
	old, err := t.lookup(table, key)
	if err != nil {
		return err
	}
	switch exists := old != nil && !old.deleted; {
	case before == nil && exists:
		return duplicate(table, "PRIMARY", table.PrimaryKey, after, old.row)
	case before != nil && !exists:
		return &ConflictError{What: "row", Table: table.Name}
	case exists:
		before = old.row
	}
	mark := t.Savepoint()
	for i := range table.Indexes {
		if err := t.moveIndexEntry(table, &table.Indexes[i], key, before, after); err != nil {
			t.RollbackTo(mark)
			return err
		}
	}
	t.store(table.ID, key, old, &entry{row: after})
	return nil
}

func (t *Txn) remove(table *catalog.Table, key []byte, before redo.Row) error {
	old, err := t.lookup(table, key)
	if err != nil {
		return err
	}
	if old == nil || old.deleted {
		return &ConflictError{What: "row", Table: table.Name}
	}
	for i := range table.Indexes {
		index := &table.Indexes[i]
		oldKey, err := table.IndexKey(nil, index, old.row, t.env.Collator)
		if err != nil {
			return err
		}
		t.dropIndexEntry(index, oldKey, key)
	}
	t.store(table.ID, key, old, &entry{deleted: true})
	return nil
}

// store puts a new entry of a table into the overlay; what was there before the transaction is kept from old.
func (t *Txn) store(table scn.Space, key []byte, old, e *entry) {
	if old != nil {
		e.replaced = old.replaced
		if old.before != nil {
			e.before = old.before
		}
	}
	if !t.recorded {
		t.recorded = true
		t.statements = append(t.statements, t.statement)
		t.changed = t.changed.plus(sizeOfStatement(&t.statement))
	}
	e.statement = uint32(len(t.statements) - 1)
	own := t.overlay.get(table, key)
	if own != nil {
		// The first statement that changed the row has read what it was before, on the oldest snapshot: it is certified from there.
		e.statement = own.statement
		t.changed.redo -= own.redo(key)
	}
	t.overlay.set(table, key, e)
	t.changed.redo += e.redo(key)
	t.changed.bytes += entryBytes + roundUp(len(key)) + memoryOf(e.row)
	if old != nil && old.before != nil && own == nil {
		t.changed.bytes += memoryOf(old.before) // it was read for this change
	}
	if table < catalog.FirstUserSpace && catalog.IsDictionary(table) {
		t.dictionary = true
	}
}

// redo is about how many bytes the change of a row takes in the log.
func (e *entry) redo(key []byte) int64 {
	n, before := int64(2*len(key))+24, e.before
	for i := range e.row {
		c := &e.row[i]
		for len(before) > 0 && before[0].ID < c.ID {
			n, before = n+redoOf(before[0].Value), before[1:]
		}
		if len(before) > 0 && before[0].ID == c.ID {
			if old := before[0].Value; !old.Equal(c.Value) {
				n += redoOf(old) + redoOf(c.Value)
			}
			before = before[1:]
			continue
		}
		n += redoOf(c.Value)
	}
	for i := range before {
		n += redoOf(before[i].Value)
	}
	return n
}

func redoOf(v redo.Value) int64 { return int64(len(v.Data())) + 8 }

// moveIndexEntry makes an index fit the change of a row under rowKey; before is nil for a new row. A unique key must
// be free, and is claimed so that it stays free until the commit.
func (t *Txn) moveIndexEntry(table *catalog.Table, index *catalog.Index, rowKey []byte, before, after redo.Row) error {
	newKey, err := table.IndexKey(nil, index, after, t.env.Collator)
	if err != nil {
		return err
	}
	if before != nil {
		oldKey, err := table.IndexKey(nil, index, before, t.env.Collator)
		if err != nil {
			return err
		}
		if bytes.Equal(oldKey, newKey) {
			return nil
		}
		t.dropIndexEntry(index, oldKey, rowKey)
	}
	if index.Enforced() && !table.HasNull(index, after) {
		if err := t.checkUnique(table, index, newKey, after); err != nil {
			return err
		}
		t.claim(redo.Claim{Mode: redo.Exclusive, Space: index.ID, Since: t.snapshot, Low: newKey})
	}
	t.storeIndexEntry(index, newKey, rowKey, false)
	return nil
}

func (t *Txn) dropIndexEntry(index *catalog.Index, indexKey, rowKey []byte) {
	t.storeIndexEntry(index, indexKey, rowKey, true)
}

func (t *Txn) storeIndexEntry(index *catalog.Index, indexKey, rowKey []byte, deleted bool) {
	key, _ := IndexEntry(indexKey, rowKey)
	t.overlay.set(index.ID, key, &entry{deleted: deleted, rowKey: key[len(indexKey):]})
	t.changed.bytes += entryBytes + roundUp(len(key))
}

func (t *Txn) checkKeyFree(table *catalog.Table, key []byte, row redo.Row) error {
	e, err := t.lookup(table, key)
	if err != nil || e == nil || e.deleted {
		return err
	}
	return duplicate(table, "PRIMARY", table.PrimaryKey, row, e.row)
}

func (t *Txn) checkUnique(table *catalog.Table, index *catalog.Index, key []byte, row redo.Row) error {
	// The key's own claim says all that is read here.
	rows := t.scanIndex(table, index, Range{Low: key, High: catalog.KeySuccessor(key)})
	defer rows.Close()
	if rows.Next() {
		return duplicate(table, index.Name, index.Columns, row, rows.Row().Clone())
	}
	return rows.Err()
}

func duplicate(table *catalog.Table, name string, parts []catalog.IndexColumn, row, existing redo.Row) error {
	e := &DuplicateKeyError{Table: table.Name, Index: name, Existing: existing}
	for _, p := range parts {
		if c, ok := table.ColumnByID(p.Column); ok {
			e.Key = append(e.Key, c.Of(row))
		}
	}
	return e
}

// FindDuplicate looks for a row whose key in a unique index another row has too.
func (t *Txn) FindDuplicate(table *catalog.Table, index *catalog.Index) (row redo.Row, found bool, err error) {
	rows := t.ScanIndex(table, index, Range{})
	defer rows.Close()
	var last []byte
	for rows.Next() {
		if table.HasNull(index, rows.Row()) {
			continue
		}
		key, err := table.IndexKey(nil, index, rows.Row(), t.env.Collator)
		if err != nil {
			return nil, false, err
		}
		if last != nil && bytes.Equal(last, key) {
			return rows.Row().Clone(), true, nil
		}
		last = key
	}
	return nil, false, rows.Err()
}

// claim records a claim once.
func (t *Txn) claim(c redo.Claim) {
	k := keyOf(c)
	if t.claimed[k] {
		return
	}
	if t.claimed == nil {
		t.claimed = map[claimKey]bool{}
	}
	t.claimed[k] = true
	t.claims = append(t.claims, c)
	t.kept = t.kept.plus(sizeOfClaim(&c))
}
