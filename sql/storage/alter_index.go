package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/sqlcode"
)

var _ gsql.IndexAlterableTable = (*Table)(nil)

// CreateIndex implements gsql.IndexAlterableTable. On a table that has been there before, the index is built while
// others go on writing, in steps that are committed one by one.
func (t *Table) CreateIndex(ctx *gsql.Context, d gsql.IndexDef) error {
	if err := t.createIndex(ctx, d, nil); err != nil {
		return err
	}
	return t.dropSuperseded(ctx, d.Name)
}

func (t *Table) createIndex(ctx *gsql.Context, d gsql.IndexDef, extra map[string]string) error {
	if d.IsSpatial() || d.IsVector() || d.IsFullText() {
		return sqlcode.Unsupported("SPATIAL, VECTOR and FULLTEXT indexes")
	}
	transaction, err := t.writer(ctx)
	if err != nil {
		return err
	}
	id, err := transaction.inner.NewSpace()
	if err != nil {
		return engineError(err)
	}
	_, existed := t.db.store.engine.Catalog().TableByID(t.def.ID)
	err = t.change(ctx, func(def *catalog.Table) error {
		if _, taken := def.Index(d.Name); taken {
			return gsql.ErrDuplicateKey.New(d.Name)
		}
		columns, err := indexColumns(def, d.Columns)
		if err != nil {
			return err
		}
		if err := checkKey(def, columns); err != nil {
			return err
		}
		x := catalog.Index{ID: id, Name: d.Name, Unique: d.IsUnique(), Columns: columns, Comment: d.Comment, State: catalog.StatePublic, Extra: extra}
		if existed {
			x.State = catalog.StateBuilding
		}
		def.Indexes = append(def.Indexes, x)
		return nil
	})
	if err != nil || !existed {
		return err
	}
	return t.publish(ctx, []scn.Space{id})
}

// DropIndex implements gsql.IndexAlterableTable.
func (t *Table) DropIndex(ctx *gsql.Context, name string) error {
	return t.change(ctx, func(def *catalog.Table) error {
		i := indexOfIndex(def, name)
		if i < 0 {
			return gsql.ErrIndexNotFound.New(name)
		}
		def.Indexes = slices.Delete(def.Indexes, i, i+1)
		return nil
	})
}

// RenameIndex implements gsql.IndexAlterableTable.
func (t *Table) RenameIndex(ctx *gsql.Context, from, to string) error {
	return t.change(ctx, func(def *catalog.Table) error {
		if _, taken := def.Index(to); taken {
			return gsql.ErrDuplicateKey.New(to)
		}
		i := indexOfIndex(def, from)
		if i < 0 {
			return gsql.ErrIndexNotFound.New(from)
		}
		def.Indexes[i].Name = to
		return nil
	})
}

func indexOfIndex(def *catalog.Table, name string) int {
	return slices.IndexFunc(def.Indexes, func(x catalog.Index) bool { return strings.EqualFold(x.Name, name) })
}

// publish commits what the statement has done, builds indexes that were put in place as being built, and makes them
// public. A unique one becomes validating in between: from then on writers keep it unique, and what was there before
// is looked through for duplicates. If there is one, the index is removed.
func (t *Table) publish(ctx *gsql.Context, ids []scn.Space) error {
	if len(ids) == 0 {
		return nil
	}
	session, err := sessionOf(ctx)
	if err != nil {
		return err
	}
	_, err = session.current.commit(background(ctx))
	if err != nil {
		return errors.Join(err, session.current.renew())
	}
	for _, id := range ids {
		if err := t.publishOne(ctx, id); err != nil {
			dropErr := t.setIndex(ctx, id, func(def *catalog.Table, i int) { def.Indexes = slices.Delete(def.Indexes, i, i+1) })
			if rereadErr := t.reread(session); dropErr != nil || rereadErr != nil {
				err = errors.Join(err, dropErr, rereadErr)
			}
			return err
		}
	}
	return t.reread(session)
}

// reread goes on in a new transaction, which sees the steps that have been committed.
func (t *Table) reread(session *Session) error {
	if err := session.current.renew(); err != nil {
		return err
	}
	def, ok := session.current.inner.Catalog().TableByID(t.def.ID)
	if !ok {
		return gsql.ErrTableNotFound.New(t.def.Name)
	}
	return t.become(def)
}

func (t *Table) publishOne(ctx *gsql.Context, id scn.Space) error {
	e := t.db.store.engine
	if err := e.BuildIndex(background(ctx), id); err != nil {
		return err
	}
	unique := false
	err := t.setIndex(ctx, id, func(def *catalog.Table, i int) {
		unique = def.Indexes[i].Unique
		def.Indexes[i].State = catalog.StateValidating
	})
	if err != nil {
		return err
	}
	if unique {
		if err := t.refuseDuplicates(id); err != nil {
			return err
		}
	}
	return t.setIndex(ctx, id, func(def *catalog.Table, i int) { def.Indexes[i].State = catalog.StatePublic })
}

// setIndex changes the definition of one index in a transaction of its own.
func (t *Table) setIndex(ctx *gsql.Context, id scn.Space, edit func(def *catalog.Table, i int)) error {
	for {
		w := t.db.store.engine.Begin(txn.Options{User: ctx.Client().User, Host: ctx.Client().Address})
		w.StartStatement(0, "")
		def, ok := w.Catalog().TableByID(t.def.ID)
		if !ok {
			w.Rollback()
			return gsql.ErrTableNotFound.New(t.def.Name)
		}
		next := def.Clone()
		i := slices.IndexFunc(next.Indexes, func(x catalog.Index) bool { return x.ID == id })
		if i < 0 {
			w.Rollback()
			return nil // somebody else has dropped it
		}
		edit(next, i)
		if err := w.PutTable(next); err != nil {
			w.Rollback()
			return engineError(err)
		}
		_, err := w.Commit(background(ctx))
		if !errors.Is(err, txn.ErrConflict) {
			return engineError(err)
		}
	}
}

func (t *Table) refuseDuplicates(id scn.Space) error {
	r := t.db.store.engine.Begin(txn.Options{Isolation: txn.RepeatableRead, ReadOnly: true})
	defer r.Rollback()
	def, ok := r.Catalog().TableByID(t.def.ID)
	if !ok {
		return gsql.ErrTableNotFound.New(t.def.Name)
	}
	index, ok := def.IndexByID(id)
	if !ok {
		return nil
	}
	row, found, err := r.FindDuplicate(def, index)
	if err != nil {
		return fmt.Errorf("index %s: %w", index.Name, err)
	}
	if !found {
		return nil
	}
	shape, err := t.db.store.shape(def)
	if err != nil {
		return err
	}
	existing, err := shape.Decode(row)
	if err != nil {
		return err
	}
	return gsql.NewUniqueKeyErr(duplicateText(def, index.Name, index.Columns, nil, row), false, existing)
}

var _ gsql.PrimaryKeyAlterableTable = (*Table)(nil)

// CreatePrimaryKey implements gsql.PrimaryKeyAlterableTable.
func (t *Table) CreatePrimaryKey(ctx *gsql.Context, columns []gsql.IndexColumn) error {
	schema := t.schema.Schema.Copy()
	ordinals := make([]int, len(columns))
	for i, c := range columns {
		if ordinals[i] = schema.IndexOfColName(c.Name); ordinals[i] < 0 {
			return gsql.ErrKeyColumnDoesNotExist.New(c.Name)
		}
		schema[ordinals[i]].PrimaryKey, schema[ordinals[i]].Nullable = true, false
	}
	return t.rewriteRows(ctx, gsql.NewPrimaryKeySchema(schema, ordinals...))
}

// DropPrimaryKey implements gsql.PrimaryKeyAlterableTable.
func (t *Table) DropPrimaryKey(ctx *gsql.Context) error {
	schema := t.schema.Schema.Copy()
	for _, c := range schema {
		c.PrimaryKey = false
	}
	return t.rewriteRows(ctx, gsql.NewPrimaryKeySchema(schema))
}
