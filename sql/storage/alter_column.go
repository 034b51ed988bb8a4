package storage

import (
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
)

var (
	_ gsql.AlterableTable  = (*Table)(nil)
	_ gsql.RewritableTable = (*Table)(nil)
)

// AddColumn implements gsql.AlterableTable. Generated columns and those with a default come by RewriteInserter. Rows are not touched: those that are there have the column's default.
func (t *Table) AddColumn(ctx *gsql.Context, column *gsql.Column, order *gsql.ColumnOrder) error {
	return t.change(ctx, func(def *catalog.Table) error {
		c, err := catalogColumn(column, def.NextColumnID)
		if err != nil {
			return err
		}
		if err := setAdded(ctx, &c, column); err != nil {
			return err
		}
		def.NextColumnID++
		return place(def, c, order, len(def.Columns))
	})
}

// place puts a column where a statement wants it, or at a position.
func place(def *catalog.Table, c catalog.Column, order *gsql.ColumnOrder, position int) error {
	if order != nil && order.First {
		position = 0
	} else if order != nil && order.AfterColumn != "" {
		i := slices.IndexFunc(def.Columns, func(c catalog.Column) bool { return strings.EqualFold(c.Name, order.AfterColumn) })
		if i < 0 {
			return gsql.ErrTableColumnNotFound.New(def.Name, order.AfterColumn)
		}
		position = i + 1
	}
	def.Columns = slices.Insert(def.Columns, position, c)
	return nil
}

// DropColumn implements gsql.AlterableTable. Rows keep the column's values, unseen; indexes lose the column.
func (t *Table) DropColumn(ctx *gsql.Context, name string) error {
	transaction, err := t.writer(ctx)
	if err != nil {
		return err
	}
	if err := t.droppable(ctx, name); err != nil {
		return err
	}
	var rebuild []scn.Space
	err = t.change(ctx, func(def *catalog.Table) error {
		rebuild, err = dropColumn(transaction.inner, def, name)
		return err
	})
	if err != nil {
		return err
	}
	return t.publish(ctx, rebuild)
}

// droppable refuses to drop the only column, and one that foreign keys refer to. The SQL engine looks at those of the table itself.
func (t *Table) droppable(ctx *gsql.Context, column string) error {
	if len(t.def.Columns) == 1 {
		return mysql.NewSQLError(mysql.ERCantRemoveAllFields, "42000", "You can't delete all columns with ALTER TABLE; use DROP TABLE instead")
	}
	if checks, err := ctx.GetSessionVariable(ctx, "foreign_key_checks"); err != nil || checks == int8(0) {
		return err
	}
	keys, err := t.GetReferencedForeignKeys(ctx)
	if err != nil {
		return err
	}
	for i := range keys {
		if slices.ContainsFunc(keys[i].ParentColumns, func(name string) bool { return strings.EqualFold(name, column) }) {
			return gsql.ErrForeignKeyDropColumn.New(column, keys[i].Name)
		}
	}
	return nil
}

func dropColumn(w *txn.Txn, def *catalog.Table, name string) (rebuild []scn.Space, err error) {
	c, ok := def.Column(name)
	if !ok {
		return nil, gsql.ErrTableColumnNotFound.New(def.Name, name)
	}
	id := c.ID
	if rebuild, err = renewIndexes(w, def, id); err != nil {
		return nil, err
	}
	kept := def.Indexes[:0]
	for _, index := range def.Indexes {
		index.Columns = slices.DeleteFunc(index.Columns, func(p catalog.IndexColumn) bool { return p.Column == id })
		if len(index.Columns) > 0 {
			kept = append(kept, index)
			continue
		}
		rebuild = slices.DeleteFunc(rebuild, func(space scn.Space) bool { return space == index.ID })
	}
	def.Indexes = kept
	def.Columns = slices.DeleteFunc(def.Columns, func(c catalog.Column) bool { return c.ID == id })
	return rebuild, nil
}

// ModifyColumn implements gsql.AlterableTable: the values of the column stay as they are.
func (t *Table) ModifyColumn(ctx *gsql.Context, name string, column *gsql.Column, order *gsql.ColumnOrder) error {
	transaction, err := t.writer(ctx)
	if err != nil {
		return err
	}
	var rebuild []scn.Space
	err = t.change(ctx, func(def *catalog.Table) error {
		position := slices.IndexFunc(def.Columns, func(c catalog.Column) bool { return strings.EqualFold(c.Name, name) })
		if position < 0 {
			return gsql.ErrTableColumnNotFound.New(def.Name, name)
		}
		old := def.Columns[position]
		c, err := catalogColumn(column, old.ID)
		if err != nil {
			return err
		}
		c.HasAdded, c.Added, c.Extra = old.HasAdded, old.Added, old.Extra
		if uses(def.PrimaryKey, c.ID) {
			c.Nullable = false
		}
		def.Columns = slices.Delete(def.Columns, position, position+1)
		if err := place(def, c, order, position); err != nil {
			return err
		}
		if c.Collation != old.Collation {
			rebuild, err = renewIndexes(transaction.inner, def, c.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := t.publish(ctx, rebuild); err != nil {
		return err
	}
	return t.startNumbering(ctx)
}

// startNumbering lets auto-increment values begin behind those that rows have.
func (t *Table) startNumbering(ctx *gsql.Context) error {
	if !t.schema.Schema.HasAutoIncrement() {
		return nil
	}
	e := t.newEditor(ctx)
	highest, err := e.highestAuto(ctx)
	if err != nil || highest == 0 {
		return err
	}
	return engineError(t.db.store.engine.BumpAutoIncrement(background(ctx), t.def.ID, highest))
}

// ShouldRewriteTable implements gsql.RewritableTable: only if values, or the keys of rows, may change.
func (t *Table) ShouldRewriteTable(_ *gsql.Context, oldSchema, newSchema gsql.PrimaryKeySchema, oldColumn, newColumn *gsql.Column) bool {
	switch {
	case oldColumn == nil:
		return len(oldSchema.PkOrdinals) != len(newSchema.PkOrdinals)
	case newColumn == nil:
		return oldColumn.PrimaryKey
	}
	old, ok := t.def.Column(oldColumn.Name)
	if !ok {
		return false
	}
	c, err := catalogColumn(newColumn, old.ID)
	if err != nil {
		return true // the rewrite will say so
	}
	return !keepsValues(old, &c, newColumn.Type) || c.Collation != old.Collation && keyNeedsCopy(t.def, old.ID)
}

// keyNeedsCopy tells whether a change of a column's keys must be made on a copy of the table: its primary key
// changes, or uniqueness must be checked before the change can be seen.
func keyNeedsCopy(def *catalog.Table, id uint32) bool {
	return uses(def.PrimaryKey, id) || slices.ContainsFunc(def.Indexes, func(x catalog.Index) bool {
		return x.Unique && uses(x.Columns, id)
	})
}
