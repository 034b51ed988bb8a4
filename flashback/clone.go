package flashback

import (
	"context"
	"errors"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// Clone is one clone to be made: of a table or, without Table in its names, of a schema.
type Clone struct {
	Of, As Name
	At     scn.SCN
	By     Author
}

func isConflict(err error) bool { return errors.Is(err, txn.ErrConflict) }

// Clone makes a new table, or a new schema, with the content that another had at an SCN. No row is copied: both share what
// they have in common.
func (m *Manager) Clone(ctx context.Context, c Clone) (Result, error) {
	for attempt := 1; ; attempt++ {
		result, err := m.cloneOnce(ctx, c)
		if !isConflict(err) || attempt == attemptsMax || ctx.Err() != nil {
			return result, err
		}
	}
}

func (m *Manager) cloneOnce(ctx context.Context, c Clone) (Result, error) {
	t := m.begin(c.By)
	defer t.Rollback()
	then, err := m.engine.CatalogAt(c.At)
	if err != nil {
		return Result{}, err
	}
	var made []*catalog.Table
	scope := catalog.Scope{Schema: c.As.Schema, Table: c.As.Table}
	if c.Of.Table == "" {
		made, scope.ID, err = m.cloneSchema(t, then, c)
	} else {
		made, err = m.cloneOne(t, then, c)
	}
	if err != nil {
		return Result{}, err
	}
	if scope.Table != "" {
		scope.ID = made[0].ID
	}
	if err := t.PutFlashback(catalog.Flashback{Kind: catalog.FlashbackClone, Scope: []catalog.Scope{scope}, To: c.At}); err != nil {
		return Result{}, err
	}
	all, err := m.Flashbacks()
	if err != nil {
		return Result{}, err
	}
	at, err := t.Commit(ctx)
	if err != nil {
		return Result{}, err
	}
	return m.cloneResult(c, scope, made, at, Current(all))
}

func (m *Manager) cloneResult(c Clone, scope catalog.Scope, made []*catalog.Table, at scn.SCN, incarnation uint64) (Result, error) {
	micros, err := m.engine.SCNToTime(c.At)
	r := Result{
		Operation: "CREATE TABLE … CLONE", Object: scope.String(), At: at, To: c.At, ToMicros: micros, Tables: len(made),
		Incarnation: incarnation, Undo: "DROP TABLE " + scope.String(),
	}
	if scope.Table == "" {
		r.Operation, r.Undo = "CREATE DATABASE … CLONE", "DROP DATABASE "+scope.String()
	}
	for _, table := range made {
		s, sumErr := m.engine.TableStateAt(table.ID, at)
		err = errors.Join(err, sumErr)
		r.RowsAfter += s.Rows
	}
	r.Taken = Taken{Known: true}
	return r, err
}

func (m *Manager) cloneOne(t *txn.Txn, then *catalog.Snapshot, c Clone) ([]*catalog.Table, error) {
	source, ok := then.Table(c.Of.Schema, c.Of.Table)
	if now, exists := t.Catalog().Table(c.Of.Schema, c.Of.Table); !ok && exists {
		source, ok = then.TableByID(now.ID) // it had another name
	}
	if !ok {
		return nil, &Error{Kind: NoTable, Object: c.Of.String(), At: c.At}
	}
	owner, ok := t.Catalog().Schema(c.As.Schema)
	if !ok {
		return nil, &Error{Kind: Missing, Object: c.As.String()}
	}
	_, table := t.Catalog().Table(c.As.Schema, c.As.Table)
	if _, view := t.Catalog().Object(catalog.View, c.As.Schema, c.As.Table); table || view {
		return nil, &Error{Kind: NameTaken, Object: c.Of.String(), Other: c.As.String()}
	}
	clone, err := m.cloneTable(t, source, c.At, owner.ID, c.As.Table)
	if err != nil {
		return nil, err
	}
	// Foreign keys stay with the original, as with CREATE TABLE … LIKE: their names are unique in a schema.
	clone.ForeignKeys = nil
	return []*catalog.Table{clone}, t.PutTable(clone)
}

// cloneTable gives the definition of a clone, with ids of its own, and puts its rewinds and sequences into t.
func (m *Manager) cloneTable(t *txn.Txn, source *catalog.Table, at scn.SCN, schema scn.Space, name string) (*catalog.Table, error) {
	source = restored(source)
	clone := source.Clone()
	var err error
	if clone.ID, err = t.NewSpace(); err != nil {
		return nil, err
	}
	clone.Schema, clone.Name = schema, name
	for i := range clone.Indexes {
		if clone.Indexes[i].ID, err = t.NewSpace(); err != nil {
			return nil, err
		}
	}
	if err := rewindTable(t, clone, at, source); err != nil {
		return nil, err
	}
	return clone, copySequences(t, source.ID, clone.ID)
}

// copySequences lets a clone go on where its source stands, so that it gives no number that the source's rows have.
func copySequences(t *txn.Txn, source, clone scn.Space) error {
	auto, rows := engine.SequencesOf(source)
	ownAuto, ownRows := engine.SequencesOf(clone)
	for _, pair := range [][2]uint64{{auto, ownAuto}, {rows, ownRows}} {
		next, err := t.GetSequence(pair[0])
		if err != nil {
			return err
		}
		if next > 0 {
			if err := t.PutSequence(pair[1], next); err != nil {
				return err
			}
		}
	}
	return nil
}

// cloneSchema clones a schema with all that is in it. Texts of views, triggers and procedures that name the schema still
// name the original.
func (m *Manager) cloneSchema(t *txn.Txn, then *catalog.Snapshot, c Clone) ([]*catalog.Table, scn.Space, error) {
	source, ok := then.Schema(c.Of.Schema)
	if !ok {
		return nil, 0, &Error{Kind: NoSchema, Object: c.Of.String(), At: c.At}
	}
	if other, taken := t.Catalog().Schema(c.As.Schema); taken {
		return nil, 0, &Error{Kind: NameTaken, Object: c.Of.String(), Other: other.Name}
	}
	clone := *source
	var err error
	if clone.ID, err = t.NewSpace(); err != nil {
		return nil, 0, err
	}
	clone.Name = c.As.Schema
	if err := t.PutSchema(&clone); err != nil {
		return nil, 0, err
	}
	var made []*catalog.Table
	for _, of := range then.Tables(source.Name) {
		table, err := m.cloneTable(t, of, c.At, clone.ID, of.Name)
		if err != nil {
			return nil, 0, err
		}
		renameParents(table, source.Name, clone.Name)
		if err := t.PutTable(table); err != nil {
			return nil, 0, err
		}
		made = append(made, table)
	}
	for _, o := range objectsOf(then, source.Name) {
		put := *o
		put.Schema = clone.ID
		if err := t.PutObject(&put); err != nil {
			return nil, 0, err
		}
	}
	return made, clone.ID, nil
}

// Truncate empties a table in a transaction, in constant time.
func Truncate(t *txn.Txn, table *catalog.Table) error {
	owner, ok := t.Catalog().SchemaByID(table.Schema)
	if !ok {
		return &Error{Kind: NoSchema, Object: table.Name}
	}
	if err := t.PutRewind(table.ID, 0, table.ID); err != nil {
		return err
	}
	for i := range table.Indexes {
		if err := t.PutRewind(table.Indexes[i].ID, 0, table.Indexes[i].ID); err != nil {
			return err
		}
	}
	t.ClaimDefinition(table.ID)
	scope := []catalog.Scope{{Schema: owner.Name, Table: table.Name, ID: table.ID}}
	return t.PutFlashback(catalog.Flashback{Kind: catalog.FlashbackTruncate, Scope: scope})
}
