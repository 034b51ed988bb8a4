package storage

import (
	"fmt"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/sqlcode"
	"redoubt/wal/redo"
)

// change puts a changed definition of the table in place, as a part of the session's transaction, and goes on with it.
func (t *Table) change(ctx *gsql.Context, edit func(def *catalog.Table) error) error {
	transaction, err := t.writer(ctx)
	if err != nil {
		return err
	}
	return t.changeIn(transaction.inner, edit)
}

func (t *Table) changeIn(w *txn.Txn, edit func(def *catalog.Table) error) error {
	old, ok := w.Catalog().TableByID(t.def.ID)
	if !ok {
		return gsql.ErrTableNotFound.New(t.def.Name)
	}
	def := old.Clone()
	if err := edit(def); err != nil {
		return err
	}
	if err := w.PutTable(def); err != nil {
		return engineError(err)
	}
	return t.become(def)
}

// become makes the table one of another definition: statements go on with the same table after altering it.
func (t *Table) become(def *catalog.Table) error {
	next, err := t.db.table(def)
	if err != nil {
		return err
	}
	next.rewriting = t.rewriting
	*t = *next
	return nil
}

// checkKey refuses keys over columns that cannot be sorted.
func checkKey(def *catalog.Table, parts []catalog.IndexColumn) error {
	for _, p := range parts {
		c, ok := def.ColumnByID(p.Column)
		if !ok {
			return fmt.Errorf("table %s: key over column id %d, which it does not have", def.Name, p.Column)
		}
		if c.Kind == redo.JSON || c.Kind == redo.Geometry {
			return sqlcode.Unsupported(fmt.Sprintf("a key over column %s of type %s", c.Name, c.Type))
		}
	}
	return nil
}

// uses tells whether a key has a column.
func uses(parts []catalog.IndexColumn, id uint32) bool {
	return slices.ContainsFunc(parts, func(p catalog.IndexColumn) bool { return p.Column == id })
}

// renewIndexes gives the indexes over a column new ids: the keys of an index never change their form. They must be
// built before they can be read. It returns the new ids.
func renewIndexes(w *txn.Txn, def *catalog.Table, id uint32) (renewed []scn.Space, err error) {
	for i := range def.Indexes {
		if !uses(def.Indexes[i].Columns, id) {
			continue
		}
		if def.Indexes[i].ID, err = w.NewSpace(); err != nil {
			return nil, engineError(err)
		}
		def.Indexes[i].State = catalog.StateBuilding
		renewed = append(renewed, def.Indexes[i].ID)
	}
	return renewed, nil
}

// ModifyDefaultCollation implements gsql.CollationAlterableTable.
func (t *Table) ModifyDefaultCollation(ctx *gsql.Context, collation gsql.CollationID) error {
	return t.change(ctx, func(def *catalog.Table) error {
		def.Collation = collation.Name()
		return nil
	})
}

var _ gsql.CollationAlterableTable = (*Table)(nil)

// ModifyStoredCollation implements gsql.CollationAlterableTable: every column of text gets the collation. The text
// itself is stored as UTF-8 whatever its character set; only keys change.
func (t *Table) ModifyStoredCollation(ctx *gsql.Context, collation gsql.CollationID) error {
	schema := t.schema.Schema.Copy()
	for _, c := range schema {
		text, ok := c.Type.(gsql.TypeWithCollation)
		if !ok || text.Collation() == gsql.Collation_binary {
			continue
		}
		changed, err := text.WithNewCollation(collation)
		if err != nil {
			return err
		}
		c.Type = changed
	}
	next := gsql.NewPrimaryKeySchema(schema, t.schema.PkOrdinals...)
	if err := t.rewriteRows(ctx, next); err != nil {
		return err
	}
	return t.ModifyDefaultCollation(ctx, collation)
}
