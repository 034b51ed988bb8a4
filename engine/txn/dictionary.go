package txn

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// NewSpace gives the id of a new schema, table or index, unique in the life of the database.
func (t *Txn) NewSpace() (scn.Space, error) {
	id, err := t.env.NewSpace(context.Background())
	if err != nil {
		return 0, fmt.Errorf("id for a new space: %w", err)
	}
	return id, nil
}

// PutSchema creates a schema, or changes the one with its id.
func (t *Txn) PutSchema(s *catalog.Schema) error {
	row, err := catalog.SchemaRow(s)
	if err != nil {
		return fmt.Errorf("definition of schema %s: %w", s.Name, err)
	}
	if old, ok := t.catalog.SchemaByID(s.ID); !ok || catalog.Fold(old.Name) != catalog.Fold(s.Name) {
		t.claimName("schema", 0, s.Name)
	}
	return t.putSystem(catalog.SchemasSpace, row)
}

// DropSchema removes a schema; its tables and objects must be gone.
func (t *Txn) DropSchema(id scn.Space) error {
	row, err := catalog.SchemaRow(&catalog.Schema{ID: id})
	if err != nil {
		return err
	}
	return t.dropSystem(catalog.SchemasSpace, row)
}

// PutTable creates a table, or changes the one with its id. If the transaction has also read or written the table's
// rows, the change holds only if nobody else writes to it meanwhile.
//
// The key columns of an id never change: another primary key needs a new table id, with its rows inserted in the same
// transaction; other columns in an index need a new index id, which starts as StateBuilding on a table that exists.
// Indexes of a new table may be public at once: they get entries for the rows that come with it.
func (t *Txn) PutTable(table *catalog.Table) error {
	row, err := catalog.TableRow(table)
	if err != nil {
		return fmt.Errorf("definition of table %s: %w", table.Name, err)
	}
	old, ok := t.catalog.TableByID(table.ID)
	if !ok || old.Schema != table.Schema || catalog.Fold(old.Name) != catalog.Fold(table.Name) {
		t.claimName("table", table.Schema, table.Name)
	}
	if !ok || old.Schema != table.Schema {
		t.claimSchema(table.Schema)
	}
	t.claimForeignKeyNames(table, old)
	t.claimParents(table, old)
	return t.putSystem(catalog.TablesSpace, row)
}

// claimForeignKeyNames claims the names that the foreign keys of a table have in its schema, and did not have before. old is nil for a new
// table.
func (t *Txn) claimForeignKeyNames(table, old *catalog.Table) {
	had := map[string]bool{}
	if old != nil && old.Schema == table.Schema {
		for i := range old.ForeignKeys {
			had[catalog.Fold(old.ForeignKeys[i].Name)] = true
		}
	}
	for i := range table.ForeignKeys {
		if name := table.ForeignKeys[i].Name; !had[catalog.Fold(name)] {
			t.claimName("foreign key", table.Schema, name)
		}
	}
}

// claimSchema says that a schema must stay until this transaction commits: what is in it would else stay behind.
func (t *Txn) claimSchema(id scn.Space) {
	schemas, _ := catalog.SystemTable(catalog.SchemasSpace)
	t.ClaimShared(schemas, catalog.SchemaKey(id))
}

// claimParents says that the tables that new foreign keys refer to must stay, defined as they are. old is nil for a new table.
func (t *Txn) claimParents(table, old *catalog.Table) {
	for i := range table.ForeignKeys {
		fk := &table.ForeignKeys[i]
		parent, ok := t.catalog.Table(fk.ParentSchema, fk.ParentTable)
		if !ok || parent.ID == table.ID || old != nil && slices.ContainsFunc(old.ForeignKeys, fk.RefersAlike) {
			continue
		}
		t.ClaimDefinition(parent.ID)
	}
}

// DropTable removes a table's definition. Its rows stay readable at older SCNs.
func (t *Txn) DropTable(id scn.Space) error {
	row, err := catalog.TableRow(&catalog.Table{ID: id})
	if err != nil {
		return err
	}
	return t.dropSystem(catalog.TablesSpace, row)
}

// PutObject creates or replaces a view, trigger, procedure or event.
func (t *Txn) PutObject(o *catalog.Object) error {
	kind := string(o.Kind)
	if o.Kind == catalog.View {
		kind = "table" // views and tables share their names
	}
	t.claimName(kind, o.Schema, o.Name)
	t.claimSchema(o.Schema)
	return t.putSystem(catalog.ObjectsSpace, catalog.ObjectRow(o))
}

// DropObject removes a view, trigger, procedure or event.
func (t *Txn) DropObject(kind catalog.ObjectKind, schema scn.Space, name string) error {
	return t.dropSystem(catalog.ObjectsSpace, catalog.ObjectRow(&catalog.Object{Kind: kind, Schema: schema, Name: name}))
}

// PutControl sets a named control value. Control values are not taken back by a flashback.
func (t *Txn) PutControl(name string, value []byte) error {
	return t.putSystem(catalog.ControlSpace, catalog.ControlRow(name, value))
}

// GetControl reads a named control value.
func (t *Txn) GetControl(name string) ([]byte, bool, error) {
	row, found, err := t.getSystem(catalog.ControlSpace, catalog.ControlRow(name, nil))
	return catalog.ControlValue(row), found, err
}

// DropControl takes a named value away.
func (t *Txn) DropControl(name string) error {
	return t.dropSystem(catalog.ControlSpace, catalog.ControlRow(name, nil))
}

// Controls gives the named values whose names begin with a prefix, in the order of names.
func (t *Txn) Controls(prefix string, each func(name string, value []byte) error) error {
	return t.scanSystem(catalog.ControlSpace, func(row redo.Row, _ scn.SCN) error {
		name := catalog.ControlName(row)
		if !strings.HasPrefix(name, prefix) {
			return nil
		}
		return each(name, catalog.ControlValue(row))
	})
}

// PutRestorePoint creates a restore point, or replaces the one of its name. The history that a guaranteed one keeps must
// still be there: of every table that there is.
func (t *Txn) PutRestorePoint(p catalog.RestorePoint) error {
	if p.Guarantee {
		t.claimFloors()
		for _, table := range t.catalog.AllTables() {
			if err := t.floorOf(table.ID, p.SCN); err != nil {
				return err
			}
		}
		if err := t.env.CheckFloor(0, p.SCN); err != nil {
			return err
		}
	}
	return t.putSystem(catalog.RestorePointsSpace, catalog.RestorePointRow(&p))
}

// DropRestorePoint removes a restore point.
func (t *Txn) DropRestorePoint(name string) error {
	return t.dropSystem(catalog.RestorePointsSpace, catalog.RestorePointRow(&catalog.RestorePoint{Name: name}))
}

// RestorePoints lists the restore points by name.
func (t *Txn) RestorePoints() (out []catalog.RestorePoint, err error) {
	err = t.scanSystem(catalog.RestorePointsSpace, func(row redo.Row, _ scn.SCN) error {
		out = append(out, catalog.RestorePointOf(row))
		return nil
	})
	return out, err
}

// GetSequence reads the next number of a sequence that nobody has been given; 0 if it was never used.
func (t *Txn) GetSequence(sequence uint64) (uint64, error) {
	row, found, err := t.getSystem(catalog.SequencesSpace, catalog.SequenceRow(sequence, 0))
	if err != nil || !found {
		return 0, err
	}
	return catalog.SequenceNext(row), nil
}

// PutSequence sets the next number of a sequence.
func (t *Txn) PutSequence(sequence, next uint64) error {
	return t.putSystem(catalog.SequencesSpace, catalog.SequenceRow(sequence, next))
}

// PutRewind records that space goes back, from this commit on, to what source was at an SCN: 0 is before it was there.
// The transaction must not have changed rows of the space. Others who read the space before this commit cannot write to
// it afterwards. What it goes back to must still be kept, and stays.
func (t *Txn) PutRewind(space scn.Space, to scn.SCN, source scn.Space) error {
	if own := t.overlay.of(space); own != nil && own.len() > 0 {
		return fmt.Errorf("rewind of space %d, which the same transaction has changed", space)
	}
	if to != 0 {
		t.claimFloors()
		if err := t.floorOf(source, to); err != nil {
			return err
		}
	}
	return t.putSystem(catalog.RewindsSpace, catalog.RewindRow(t.xid, space, to, source))
}

func (t *Txn) claimName(kind string, schema scn.Space, name string) {
	t.claim(redo.Claim{Mode: redo.Exclusive, Space: catalog.NamesSpace, Since: t.snapshot, Low: catalog.NameKey(kind, schema, name)})
}

func (t *Txn) getSystem(space scn.Space, like redo.Row) (redo.Row, bool, error) {
	table, _ := catalog.SystemTable(space)
	key, err := t.RowKey(table, like)
	if err != nil {
		return nil, false, err
	}
	row, _, found, err := t.Get(table, key)
	return row, found, err
}

// putSystem makes row the row of a system table under its key.
func (t *Txn) putSystem(space scn.Space, row redo.Row) error {
	if err := t.mayWrite(); err != nil {
		return err
	}
	table, _ := catalog.SystemTable(space)
	key, err := t.RowKey(table, row)
	if err != nil {
		return err
	}
	old, err := t.lookup(table, key)
	if err != nil {
		return err
	}
	var before redo.Row
	if old != nil && !old.deleted {
		before = old.row
	}
	t.store(space, key, old, &entry{row: row.Clone()})
	return t.changeCatalog(catalog.RowChange{Table: space, Before: before, After: row})
}

func (t *Txn) dropSystem(space scn.Space, like redo.Row) error {
	if err := t.mayWrite(); err != nil {
		return err
	}
	table, _ := catalog.SystemTable(space)
	key, err := t.RowKey(table, like)
	if err != nil {
		return err
	}
	old, err := t.lookup(table, key)
	if err != nil {
		return err
	}
	if old == nil || old.deleted {
		return &ConflictError{What: "definition", Table: table.Name}
	}
	t.store(space, key, old, &entry{deleted: true})
	return t.changeCatalog(catalog.RowChange{Table: space, Before: old.row})
}

func (t *Txn) changeCatalog(c catalog.RowChange) error {
	if !catalog.IsDictionary(c.Table) {
		return nil
	}
	if c.Table == catalog.RewindsSpace {
		c.At = t.snapshot // so that nothing of the present is seen
	}
	next, err := t.catalog.With(t.catalog.SCN(), []catalog.RowChange{c})
	if err != nil {
		return err
	}
	if c.Table == catalog.RewindsSpace { // its own rewind is not the folded one that was committed at the snapshot
		next = next.WithFolds(next.Folds().Before(catalog.RewoundSpace(c.After), t.snapshot))
	}
	t.catalog = next
	return nil
}
