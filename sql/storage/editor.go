package storage

import (
	"context"
	"errors"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/flashback"
	"redoubt/wal/redo"
)

// editor changes the rows of a table for one statement.
type editor struct {
	table       *Table
	transaction *Transaction
	mark        txn.Mark
	marked      bool
	failure     error // why the table cannot be changed at all
	auto        int   // position of the auto-increment column, or -1
	autoHighest uint64
}

var (
	_ gsql.TableEditor         = (*editor)(nil)
	_ gsql.ForeignKeyEditor    = (*editor)(nil)
	_ gsql.AutoIncrementSetter = (*editor)(nil)
)

func (t *Table) newEditor(ctx *gsql.Context) *editor {
	e := &editor{table: t, auto: -1}
	e.transaction, e.failure = t.writer(ctx)
	for i := range t.def.Columns {
		if t.def.Columns[i].AutoIncrement {
			e.auto = i
		}
	}
	return e
}

var (
	_ gsql.InsertableTable   = (*Table)(nil)
	_ gsql.UpdatableTable    = (*Table)(nil)
	_ gsql.DeletableTable    = (*Table)(nil)
	_ gsql.ReplaceableTable  = (*Table)(nil)
	_ gsql.TruncateableTable = (*Table)(nil)
)

// Inserter implements gsql.InsertableTable.
func (t *Table) Inserter(ctx *gsql.Context) gsql.RowInserter { return t.newEditor(ctx) }

// Updater implements gsql.UpdatableTable.
func (t *Table) Updater(ctx *gsql.Context) gsql.RowUpdater { return t.newEditor(ctx) }

// Deleter implements gsql.DeletableTable.
func (t *Table) Deleter(ctx *gsql.Context) gsql.RowDeleter { return t.newEditor(ctx) }

// Replacer implements gsql.ReplaceableTable.
func (t *Table) Replacer(ctx *gsql.Context) gsql.RowReplacer { return t.newEditor(ctx) }

// Truncate implements gsql.TruncateableTable. TRUNCATE touches no row, and a flashback brings the rows back. One in a procedure is
// part of the transaction of the CALL: it deletes what this sees, not what others commit meanwhile.
func (t *Table) Truncate(ctx *gsql.Context) (int, error) {
	transaction, err := t.writer(ctx)
	if err != nil {
		return 0, err
	}
	if err := t.unreferenced(ctx); err != nil {
		return 0, err
	}
	inner := transaction.inner
	if FirstWord(ctx.Query()) != "truncate" {
		transaction.forgetKeyless(t)
		count, err := deleteAll(ctx, inner, t.def)
		return count, engineError(err)
	}
	count := inner.EstimateRows(t.def)
	return int(count), engineError(flashback.Truncate(inner, t.def))
}

// unreferenced refuses what takes rows away without a look at those of other tables that refer to them.
func (t *Table) unreferenced(ctx *gsql.Context) error {
	checks, err := ctx.GetSessionVariable(ctx, "foreign_key_checks")
	if err != nil || checks == int8(0) {
		return err
	}
	keys, err := t.GetReferencedForeignKeys(ctx)
	if err != nil {
		return err
	}
	for _, fk := range keys {
		if !fk.IsSelfReferential() {
			return gsql.ErrTruncateReferencedFromForeignKey.New(t.def.Name, fk.Name, fk.Table)
		}
	}
	return nil
}

func deleteAll(ctx context.Context, t *txn.Txn, table *catalog.Table) (count int, err error) {
	rows := t.Scan(table, txn.Range{})
	for err == nil && rows.Next() {
		if count%cancelEvery == 0 && ctx.Err() != nil {
			err = context.Cause(ctx)
			break
		}
		row := rows.Row().Clone()
		if err = t.LockChange(ctx, table, row, nil); err == nil {
			err = t.Delete(table, row)
		}
		count++
	}
	if err == nil {
		err = rows.Err()
	}
	if closeErr := rows.Close(); err == nil {
		err = closeErr
	}
	return count, err
}

// StatementBegin implements gsql.EditOpenerCloser.
func (e *editor) StatementBegin(*gsql.Context) {
	if e.failure == nil {
		e.mark, e.marked = e.transaction.inner.Savepoint(), true
	}
}

// DiscardChanges implements gsql.EditOpenerCloser.
func (e *editor) DiscardChanges(_ *gsql.Context, cause error) error {
	if _, ignored := cause.(gsql.IgnorableError); ignored || !e.marked {
		return nil
	}
	e.transaction.rollbackTo(e.mark)
	return nil
}

// StatementComplete implements gsql.EditOpenerCloser.
func (e *editor) StatementComplete(*gsql.Context) error { return nil }

// Close implements gsql.Closer.
func (e *editor) Close(ctx *gsql.Context) error {
	if e.autoHighest == 0 {
		return nil
	}
	highest := e.autoHighest
	e.autoHighest = 0
	return engineError(e.table.db.store.engine.BumpAutoIncrement(background(ctx), e.table.def.ID, highest))
}

// Insert implements gsql.RowInserter.
func (e *editor) Insert(ctx *gsql.Context, row gsql.Row) error {
	if e.failure != nil {
		return e.failure
	}
	stored, err := e.table.shape.Encode(ctx, row)
	if err != nil {
		return err
	}
	if err := e.transaction.inner.LockChange(ctx, e.table.def, nil, stored); err != nil {
		return engineError(err)
	}
	if err := e.transaction.inner.Insert(e.table.def, stored); err != nil {
		return e.changeError(err)
	}
	e.noteAuto(row)
	e.noteRow(ctx, row, true)
	e.transaction.forgetKeyless(e.table)
	return nil
}

// noteAuto remembers the highest value of the auto-increment column, by which numbering must not fall behind.
func (e *editor) noteAuto(row gsql.Row) {
	if e.auto < 0 {
		return
	}
	if n, ok := positive(row[e.auto]); ok && n > e.autoHighest {
		e.autoHighest = n
	}
}

// Update implements gsql.RowUpdater.
func (e *editor) Update(ctx *gsql.Context, old, new gsql.Row) error {
	if e.failure != nil {
		return e.failure
	}
	before, err := e.stored(ctx, old)
	if err != nil {
		return err
	}
	after, err := e.table.shape.Encode(ctx, new)
	if err != nil {
		return err
	}
	if id, ok := before.Get(catalog.HiddenRowID); ok && len(e.table.def.PrimaryKey) == 0 {
		after = append(redo.Row{{ID: catalog.HiddenRowID, Value: id}}, after...)
	}
	if err := e.transaction.inner.LockChange(ctx, e.table.def, before, after); err != nil {
		return engineError(err)
	}
	if e.table.def.Same(before, after) {
		return nil
	}
	if err := e.transaction.inner.Update(e.table.def, before, after); err != nil {
		return e.changeError(err)
	}
	e.noteAuto(new)
	e.noteRow(ctx, new, false)
	e.transaction.moveKeyless(e.table, before, after)
	return nil
}

// Delete implements gsql.RowDeleter.
func (e *editor) Delete(ctx *gsql.Context, row gsql.Row) error {
	if e.failure != nil {
		return e.failure
	}
	before, err := e.stored(ctx, row)
	if errors.Is(err, errDeletedAlready) {
		return nil // by a cascade of the same statement, which deletes from parent and child
	}
	if gsql.ErrDeleteRowNotFound.Is(err) && (isAllNull(row) || len(e.table.def.PrimaryKey) == 0) {
		return nil // an outer join has no row of this table here; or a join has one without a key again
	}
	if err != nil {
		return err
	}
	if err := e.transaction.inner.LockChange(ctx, e.table.def, before, nil); err != nil {
		return engineError(err)
	}
	if err := e.transaction.inner.Delete(e.table.def, before); err != nil {
		return e.changeError(err)
	}
	e.transaction.moveKeyless(e.table, before, nil)
	return nil
}

// stored finds the row of the store that the SQL engine means. What the SQL engine hands over is not taken as the
// before-image: it may lack generated columns, or write a value in another form.
func (e *editor) stored(ctx *gsql.Context, row gsql.Row) (redo.Row, error) {
	encoded, err := e.table.shape.Encode(ctx, row)
	if err != nil {
		return nil, err
	}
	if len(e.table.def.PrimaryKey) == 0 {
		return e.transaction.findKeyless(e.table, encoded)
	}
	key, err := e.transaction.inner.RowKey(e.table.def, encoded)
	if err != nil {
		return nil, err
	}
	before, _, found, err := e.transaction.inner.Get(e.table.def, key)
	if err != nil {
		return nil, engineError(err)
	}
	if !found && e.transaction.inner.Deletes(e.table.def, key) {
		return nil, errDeletedAlready
	}
	if !found {
		return nil, gsql.ErrDeleteRowNotFound.New()
	}
	return before, nil
}

func isAllNull(row gsql.Row) bool {
	return !slices.ContainsFunc(row, func(v any) bool { return v != nil })
}

// errDeletedAlready is met by a change of a row that the transaction has deleted since the statement read it.
var errDeletedAlready = errors.New("the row was deleted by the same statement")

// GetIndexes implements gsql.IndexAddressable.
func (e *editor) GetIndexes(ctx *gsql.Context) ([]gsql.Index, error) { return e.table.GetIndexes(ctx) }

// PreciseMatch implements gsql.IndexAddressable.
func (e *editor) PreciseMatch() bool { return e.table.PreciseMatch() }

// IndexedAccess implements gsql.IndexAddressable.
func (e *editor) IndexedAccess(ctx *gsql.Context, lookup gsql.IndexLookup) gsql.IndexedTable {
	return e.table.IndexedAccess(ctx, lookup)
}
