package storage

import (
	"fmt"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// rewrite changes a table's definition together with its rows, in the session's transaction. It works in one of
// three ways:
//
//   - the definition alone: rows need not be read;
//   - in place: each row is read, and written again if it changes; indexes over changed columns are built anew;
//   - by copy: the rows go into a new table of the same name, because their keys change.
//
// Past versions stay readable in each way.
type rewrite struct {
	table     *Table
	old, new  *catalog.Table
	shape     *datatype.Shape // of new
	w         *txn.Txn
	mark      txn.Mark
	readsRows bool
	copies    bool
	rebuild   []scn.Space
	current   redo.Row // the row of the old table that is being rewritten
	labels    []label
	discarded bool
	closed    bool
}

var _ gsql.RowInserter = (*rewrite)(nil)

// RewriteInserter implements gsql.RewritableTable.
func (t *Table) RewriteInserter(ctx *gsql.Context, oldSchema, newSchema gsql.PrimaryKeySchema, oldColumn, newColumn *gsql.Column, keyColumns []gsql.IndexColumn) (gsql.RowInserter, error) {
	if len(oldSchema.PkOrdinals) > 0 && len(newSchema.PkOrdinals) == 0 {
		if err := gsql.ValidatePrimaryKeyDrop(ctx, t, oldSchema); err != nil {
			return nil, err
		}
	}
	if oldColumn != nil && newColumn == nil {
		if err := t.droppable(ctx, oldColumn.Name); err != nil {
			return nil, err
		}
	}
	return t.newRewrite(ctx, newSchema, oldColumn, newColumn, keyColumns)
}

func (t *Table) newRewrite(ctx *gsql.Context, newSchema gsql.PrimaryKeySchema, oldColumn, newColumn *gsql.Column, keyColumns []gsql.IndexColumn) (*rewrite, error) {
	transaction, err := t.writer(ctx)
	if err != nil {
		return nil, err
	}
	w := transaction.inner
	old, ok := w.Catalog().TableByID(t.def.ID)
	if !ok {
		return nil, gsql.ErrTableNotFound.New(t.def.Name)
	}
	r := &rewrite{table: t, old: old, w: w, mark: w.Savepoint()}
	changed, err := r.define(ctx, newSchema, oldColumn, newColumn)
	if err != nil {
		return nil, err
	}
	if r.new.PrimaryKey, err = primaryKey(r.new, old, newSchema, keyColumns); err != nil {
		return nil, err
	}
	if err := r.choose(changed); err != nil {
		return nil, err
	}
	if err := checkKey(r.new, r.new.PrimaryKey); err != nil {
		return nil, err
	}
	if err := w.PutTable(r.new); err != nil {
		return nil, engineError(err)
	}
	if r.shape, err = t.db.store.shape(r.new); err != nil {
		return nil, err
	}
	t.rewriting = r
	return r, nil
}

// define makes the new definition's columns. It returns the ids of those whose stored values or keys may change, as
// they were in the old definition.
func (r *rewrite) define(ctx *gsql.Context, schema gsql.PrimaryKeySchema, oldColumn, newColumn *gsql.Column) (changed []uint32, err error) {
	r.new = r.old.Clone()
	r.new.Columns = r.new.Columns[:0]
	renamed := oldColumn != nil && newColumn != nil && oldColumn.Name != newColumn.Name
	kept := map[uint32]bool{}
	for position, c := range schema.Schema {
		name := c.Name
		if newColumn != nil && oldColumn != nil && strings.EqualFold(c.Name, newColumn.Name) {
			name = oldColumn.Name
		}
		before, existed := r.old.Column(name)
		if !existed {
			if err := r.defineAdded(ctx, c); err != nil {
				return nil, err
			}
			continue
		}
		next, err := catalogColumn(c, before.ID)
		if err != nil {
			return nil, err
		}
		kept[before.ID] = true
		if name == c.Name && !renamed && next.Type == before.Type && (newColumn == nil || !strings.EqualFold(c.Name, newColumn.Name)) {
			next = *before // its texts stay as they are
		}
		next.HasAdded, next.Added, next.Extra = before.HasAdded, before.Added, before.Extra
		if !keepsValues(before, &next, c.Type) || before.Collation != next.Collation {
			if err := r.noteLabels(position, before, c.Type); err != nil {
				return nil, err
			}
			changed = append(changed, before.ID)
			if next.Kind != before.Kind { // values of another kind get a place of their own
				next.ID, next.HasAdded, next.Added = r.new.NextColumnID, false, redo.Value{}
				r.new.NextColumnID++
				renumber(r.new, before.ID, next.ID)
			}
			r.readsRows = r.readsRows || !keepsValues(before, &next, c.Type)
		} else if before.Nullable && !next.Nullable {
			r.readsRows = true // the SQL engine looks for NULLs as it passes the rows
		}
		r.new.Columns = append(r.new.Columns, next)
	}
	for i := range r.old.Columns {
		if id := r.old.Columns[i].ID; !kept[id] {
			if err := r.dropKeyColumn(id); err != nil {
				return nil, err
			}
		}
	}
	return changed, nil
}

// renumber makes indexes follow a column that got a new id.
func renumber(def *catalog.Table, from, to uint32) {
	for i := range def.Indexes {
		for k := range def.Indexes[i].Columns {
			if def.Indexes[i].Columns[k].Column == from {
				def.Indexes[i].Columns[k].Column = to
			}
		}
	}
}

// defineAdded adds a column that the table did not have.
func (r *rewrite) defineAdded(ctx *gsql.Context, column *gsql.Column) error {
	c, err := catalogColumn(column, r.new.NextColumnID)
	if err != nil {
		return err
	}
	r.new.NextColumnID++
	switch {
	case column.AutoIncrement, column.Generated != nil, column.Default != nil && !column.Default.IsLiteral():
		r.readsRows = true
	default:
		if err := setAdded(ctx, &c, column); err != nil {
			return err
		}
	}
	r.new.Columns = append(r.new.Columns, c)
	return nil
}

// setAdded notes what rows have that are older than the column: its literal default, or the zero of its type.
func setAdded(ctx *gsql.Context, c *catalog.Column, column *gsql.Column) error {
	var v any
	var err error
	switch {
	case column.Virtual || column.Generated != nil:
		return nil
	case column.Default != nil && column.Default.IsLiteral():
		v, err = column.Default.Eval(ctx, nil)
	case column.Default == nil && !column.Nullable:
		v = column.Type.Zero()
	}
	if err != nil || v == nil {
		return err
	}
	if v, _, err = column.Type.Convert(ctx, v); err != nil {
		return err
	}
	field, err := datatype.NewField(c)
	if err != nil {
		return err
	}
	c.HasAdded = true
	c.Added, err = field.Encode(ctx, v)
	return err
}

// dropKeyColumn takes a dropped column out of the indexes.
func (r *rewrite) dropKeyColumn(id uint32) error {
	kept := r.new.Indexes[:0]
	for _, x := range r.new.Indexes {
		if uses(x.Columns, id) {
			x.Columns = slices.DeleteFunc(slices.Clone(x.Columns), func(p catalog.IndexColumn) bool { return p.Column == id })
			if len(x.Columns) == 0 {
				continue
			}
			var err error
			if x.ID, err = r.w.NewSpace(); err != nil {
				return engineError(err)
			}
			x.State = catalog.StateBuilding
			r.rebuild = append(r.rebuild, x.ID)
		}
		kept = append(kept, x)
	}
	r.new.Indexes = kept
	return nil
}

// primaryKey makes the primary key of the new definition; prefix lengths come from the statement or stay.
func primaryKey(def, old *catalog.Table, schema gsql.PrimaryKeySchema, keyColumns []gsql.IndexColumn) ([]catalog.IndexColumn, error) {
	var key []catalog.IndexColumn
	for _, ordinal := range schema.PkOrdinals {
		if ordinal < 0 { // of a column that is dropped
			continue
		}
		c, ok := def.Column(schema.Schema[ordinal].Name)
		if !ok {
			return nil, fmt.Errorf("table %s: primary key over column %s, which it does not have", def.Name, schema.Schema[ordinal].Name)
		}
		c.Nullable = false
		part := catalog.IndexColumn{Column: c.ID}
		for _, p := range old.PrimaryKey {
			if p.Column == c.ID {
				part.PrefixLength = p.PrefixLength
			}
		}
		for _, p := range keyColumns {
			if strings.EqualFold(p.Name, c.Name) {
				part.PrefixLength = int(p.Length)
			}
		}
		key = append(key, part)
	}
	return key, nil
}

// choose decides how the rows are changed.
func (r *rewrite) choose(changed []uint32) error {
	r.copies = !slices.Equal(r.old.PrimaryKey, r.new.PrimaryKey)
	for _, id := range changed {
		r.copies = r.copies || keyNeedsCopy(r.old, id)
	}
	if r.copies {
		return r.startCopy()
	}
	for _, id := range changed {
		for i := range r.old.Indexes {
			if !uses(r.old.Indexes[i].Columns, id) {
				continue
			}
			k := indexOfIndex(r.new, r.old.Indexes[i].Name)
			if k < 0 || slices.Contains(r.rebuild, r.new.Indexes[k].ID) {
				continue
			}
			space, err := r.w.NewSpace()
			if err != nil {
				return engineError(err)
			}
			r.new.Indexes[k].ID, r.new.Indexes[k].State = space, catalog.StateBuilding
			r.rebuild = append(r.rebuild, space)
		}
	}
	return nil
}

// startCopy gives the new definition and its indexes ids of their own. Its indexes are complete from the start.
func (r *rewrite) startCopy() (err error) {
	r.readsRows, r.rebuild = true, nil
	if r.new.ID, err = r.w.NewSpace(); err != nil {
		return engineError(err)
	}
	for i := range r.new.Indexes {
		if r.new.Indexes[i].ID, err = r.w.NewSpace(); err != nil {
			return engineError(err)
		}
		r.new.Indexes[i].State = catalog.StatePublic
	}
	return nil
}

// note remembers the row that the SQL engine is about to convert.
func (r *rewrite) note(rows *txn.Rows) {
	if !r.copies || len(r.labels) > 0 {
		r.current = rows.Row().Clone()
	}
}

// StatementBegin implements gsql.EditOpenerCloser.
func (r *rewrite) StatementBegin(*gsql.Context) {}

// StatementComplete implements gsql.EditOpenerCloser.
func (r *rewrite) StatementComplete(*gsql.Context) error { return nil }

// DiscardChanges implements gsql.EditOpenerCloser.
func (r *rewrite) DiscardChanges(ctx *gsql.Context, _ error) error {
	session, err := sessionOf(ctx)
	if err != nil || r.discarded {
		return err
	}
	r.discarded = true
	session.current.rollbackTo(r.mark)
	return nil
}

// Insert implements gsql.RowInserter: row is the current row of the table in its new form.
func (r *rewrite) Insert(ctx *gsql.Context, row gsql.Row) error {
	row, err := r.relabel(ctx, row)
	if err != nil {
		return err
	}
	stored, err := r.shape.Encode(ctx, row)
	if err != nil {
		return err
	}
	e := &editor{table: r.table}
	if r.copies {
		e.table = &Table{db: r.table.db, def: r.new, shape: r.shape}
		return e.changeError(r.w.Insert(r.new, stored))
	}
	before := r.current
	if id, ok := before.Get(catalog.HiddenRowID); ok && len(r.new.PrimaryKey) == 0 {
		stored = append(redo.Row{{ID: catalog.HiddenRowID, Value: id}}, stored...)
	}
	if r.new.Same(before, stored) {
		return nil
	}
	return e.changeError(r.w.Update(r.new, before, stored))
}

// Close implements gsql.RowInserter: the table goes on with its new definition.
func (r *rewrite) Close(ctx *gsql.Context) error {
	if r.closed {
		return nil
	}
	r.closed, r.table.rewriting = true, nil
	if r.discarded {
		return nil
	}
	if r.copies {
		if err := r.finishCopy(ctx); err != nil {
			return err
		}
	}
	if err := r.table.become(r.new); err != nil {
		return err
	}
	if err := r.table.publish(ctx, r.rebuild); err != nil {
		return err
	}
	return r.table.startNumbering(ctx)
}

func (r *rewrite) finishCopy(ctx *gsql.Context) error {
	if err := r.w.DropTable(r.old.ID); err != nil {
		return engineError(err)
	}
	e := r.table.db.store.engine
	next, err := e.PeekAutoIncrement(r.old.ID)
	if err == nil && next > 1 {
		err = e.SetAutoIncrement(background(ctx), r.new.ID, next)
	}
	return engineError(err)
}

// rewriteRows rewrites the table for a schema with the same columns, converting each value by its column's type.
func (t *Table) rewriteRows(ctx *gsql.Context, schema gsql.PrimaryKeySchema) error {
	r, err := t.newRewrite(ctx, schema, nil, nil, nil)
	if err != nil {
		return err
	}
	iter, err := t.newRowIter(ctx, r.w, &partition{ranges: []keyRange{{}}})
	if err != nil {
		return err
	}
	for r.readsRows {
		row, err := iter.Next(ctx)
		if err == errEOF {
			break
		}
		if err == nil {
			err = r.Insert(ctx, row)
		}
		if err != nil {
			_ = iter.Close(ctx)
			_ = r.DiscardChanges(ctx, err)
			_ = r.Close(ctx)
			return err
		}
	}
	return r.Close(ctx)
}
