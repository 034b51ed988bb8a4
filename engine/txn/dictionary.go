package txn

import (
	"context"
	"fmt"

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
	return t.putSystem(catalog.TablesSpace, row)
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

// PutRestorePoint creates a restore point, or replaces the one of its name.
func (t *Txn) PutRestorePoint(p catalog.RestorePoint) error {
	return t.putSystem(catalog.RestorePointsSpace, catalog.RestorePointRow(&p))
}

// DropRestorePoint removes a restore point.
func (t *Txn) DropRestorePoint(name string) error {
	return t.dropSystem(catalog.RestorePointsSpace, catalog.RestorePointRow(&catalog.RestorePoint{Name: name}))
}

// RestorePoints lists the restore points by name.
func (t *Txn) RestorePoints() ([]catalog.RestorePoint, error) {
	table, _ := catalog.SystemTable(catalog.RestorePointsSpace)
	rows := t.Scan(table, Range{})
	defer rows.Close()
	var out []catalog.RestorePoint
	for rows.Next() {
		out = append(out, catalog.RestorePointOf(rows.Row()))
	}
	return out, rows.Err()
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

// PutRewind records that space goes back, from this commit on, to what source was at an SCN.
func (t *Txn) PutRewind(space scn.Space, to scn.SCN, source scn.Space) error {
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
	next, err := t.catalog.With(t.catalog.SCN(), []catalog.RowChange{c})
	if err != nil {
		return err
	}
	t.catalog = next
	return nil
}
