package storage

import (
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/flashback"
	"redoubt/sql/datatype"
	"redoubt/sql/sqlcode"
)

// Database is one schema, as the statement's snapshot has it.
type Database struct {
	store *Store
	name  string
}

var (
	_ gsql.VersionedDatabase       = (*Database)(nil)
	_ gsql.TableCreator            = (*Database)(nil)
	_ gsql.IndexedTableCreator     = (*Database)(nil)
	_ gsql.TableDropper            = (*Database)(nil)
	_ gsql.TableRenamer            = (*Database)(nil)
	_ gsql.CollatedDatabase        = (*Database)(nil)
	_ gsql.ViewDatabase            = (*Database)(nil)
	_ gsql.TriggerDatabase         = (*Database)(nil)
	_ gsql.StoredProcedureDatabase = (*Database)(nil)
	_ gsql.EventDatabase           = (*Database)(nil)
	_ gsql.TemporaryTableCreator   = (*Database)(nil)
	_ gsql.TemporaryTableDatabase  = (*Database)(nil)
	_ gsql.SchemaValidator         = (*Database)(nil)
)

// Name implements gsql.Database.
func (d *Database) Name() string { return d.name }

// GetTableInsensitive implements gsql.Database.
func (d *Database) GetTableInsensitive(ctx *gsql.Context, name string) (gsql.Table, bool, error) {
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, false, err
	}
	if t, ok := session.temporary.find(d.name, name); ok {
		return t, true, nil
	}
	if t, ok := d.store.systemTable(name); ok {
		return t, true, nil
	}
	snapshot, err := d.store.catalogOf(ctx)
	if err != nil {
		return nil, false, err
	}
	def, ok := snapshot.Table(d.name, name)
	if !ok {
		return nil, false, nil
	}
	if err := session.checkLocked(ctx, def); err != nil {
		return nil, false, err
	}
	t, err := d.table(def)
	return t, err == nil, err
}

// table makes the table of a definition, read and written by the session's transaction.
func (d *Database) table(def *catalog.Table) (*Table, error) {
	shape, err := d.store.shape(def)
	if err != nil {
		return nil, err
	}
	return newTable(d, shape), nil
}

// GetTableNames implements gsql.Database.
func (d *Database) GetTableNames(ctx *gsql.Context) ([]string, error) {
	snapshot, err := d.store.catalogOf(ctx)
	if err != nil {
		return nil, err
	}
	return tableNames(snapshot, d.name), nil
}

func tableNames(snapshot *catalog.Snapshot, database string) []string {
	tables := snapshot.Tables(database)
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.Name
	}
	return names
}

// GetCollation implements gsql.CollatedDatabase.
func (d *Database) GetCollation(ctx *gsql.Context) gsql.CollationID {
	snapshot, err := d.store.catalogOf(ctx)
	if err != nil {
		return gsql.Collation_Default
	}
	schema, ok := snapshot.Schema(d.name)
	if !ok {
		return gsql.Collation_Default
	}
	return collationOf(schema.Collation)
}

// SetCollation implements gsql.CollatedDatabase.
func (d *Database) SetCollation(ctx *gsql.Context, collation gsql.CollationID) error {
	t, schema, err := d.change(ctx)
	if err != nil {
		return err
	}
	changed := *schema
	changed.Collation = collation.Name()
	return engineError(t.PutSchema(&changed))
}

// change gives the transaction and the definition of the database that it changes.
func (d *Database) change(ctx *gsql.Context) (*txn.Txn, *catalog.Schema, error) {
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, nil, err
	}
	t, err := session.txn(ctx)
	if err != nil {
		return nil, nil, err
	}
	schema, ok := t.Catalog().Schema(d.name)
	if !ok {
		return nil, nil, gsql.ErrDatabaseNotFound.New(d.name)
	}
	return t, schema, nil
}

// CreateTable implements gsql.TableCreator.
func (d *Database) CreateTable(ctx *gsql.Context, name string, schema gsql.PrimaryKeySchema, collation gsql.CollationID, comment string) error {
	return d.createTable(ctx, name, schema, nil, collation, comment)
}

// CreateIndexedTable implements gsql.IndexedTableCreator: the primary key has prefix lengths.
func (d *Database) CreateIndexedTable(ctx *gsql.Context, name string, schema gsql.PrimaryKeySchema, primary gsql.IndexDef, collation gsql.CollationID) error {
	return d.createTable(ctx, name, schema, primary.Columns, collation, commentOf(ctx.Query(), name))
}

// commentOf finds the comment of the table that a statement creates: the SQL engine keeps it to itself if the table
// has a primary key.
func commentOf(query, name string) string {
	tree, err := gsql.GlobalParser.ParseSimple(query)
	if err != nil {
		return ""
	}
	ddl, ok := tree.(*sqlparser.DDL)
	if !ok || ddl.TableSpec == nil || !strings.EqualFold(ddl.Table.Name.String(), name) {
		return ""
	}
	for _, o := range ddl.TableSpec.TableOpts {
		if strings.EqualFold(o.Name, "comment") {
			return o.Value
		}
	}
	return ""
}

func (d *Database) createTable(ctx *gsql.Context, name string, schema gsql.PrimaryKeySchema, primary []gsql.IndexColumn, collation gsql.CollationID, comment string) error {
	t, owner, err := d.change(ctx)
	if err != nil {
		return err
	}
	if _, exists := t.Catalog().Table(d.name, name); exists {
		return gsql.ErrTableAlreadyExists.New(name)
	}
	if _, ok := d.store.systemTable(name); ok {
		return gsql.ErrTableAlreadyExists.New(name)
	}
	def, err := newDefinition(name, schema, collation, comment)
	if err != nil {
		return err
	}
	for i, c := range primary {
		if c.Length > 0 && i < len(def.PrimaryKey) {
			def.PrimaryKey[i].PrefixLength = int(c.Length)
		}
	}
	if err := checkKey(def, def.PrimaryKey); err != nil {
		return err
	}
	if def.ID, err = t.NewSpace(); err != nil {
		return engineError(err)
	}
	def.Schema = owner.ID
	return engineError(t.PutTable(def))
}

// DropTable implements gsql.TableDropper. The SQL engine has dropped the table's triggers before.
func (d *Database) DropTable(ctx *gsql.Context, name string) error {
	session, err := sessionOf(ctx)
	if err != nil {
		return err
	}
	if session.temporary.drop(d.name, name) {
		return nil
	}
	t, _, err := d.change(ctx)
	if err != nil {
		return err
	}
	def, ok := t.Catalog().Table(d.name, name)
	if !ok {
		return gsql.ErrTableNotFound.New(name)
	}
	if err := session.lockFor(ctx, t, def, lock.IntentUpdate); err != nil {
		return err
	}
	if !session.purge {
		if err := flashback.Recycle(t, def); err != nil {
			return engineError(err)
		}
	}
	return engineError(t.DropTable(def.ID))
}

// RenameTable implements gsql.TableRenamer. Foreign keys that name the table follow.
func (d *Database) RenameTable(ctx *gsql.Context, from, to string) error {
	session, err := sessionOf(ctx)
	if err != nil {
		return err
	}
	t, _, err := d.change(ctx)
	if err != nil {
		return err
	}
	def, ok := t.Catalog().Table(d.name, from)
	if !ok {
		return gsql.ErrTableNotFound.New(from)
	}
	if err := session.lockFor(ctx, t, def, lock.IntentUpdate); err != nil {
		return err
	}
	if other, exists := t.Catalog().Table(d.name, to); exists && other.ID != def.ID {
		return gsql.ErrTableAlreadyExists.New(to)
	}
	children := t.Catalog().AllTables()
	changed := def.Clone()
	changed.Name = to
	if err := t.PutTable(changed); err != nil {
		return engineError(err)
	}
	for _, child := range children {
		next := child.Clone()
		if child.ID == def.ID {
			next = changed.Clone()
		}
		if renameParent(next, d.name, from, to) {
			if err := t.PutTable(next); err != nil {
				return engineError(err)
			}
		}
	}
	return nil
}

func renameParent(t *catalog.Table, database, from, to string) (changed bool) {
	for i := range t.ForeignKeys {
		fk := &t.ForeignKeys[i]
		if strings.EqualFold(fk.ParentSchema, database) && strings.EqualFold(fk.ParentTable, from) {
			fk.ParentTable, changed = to, true
		}
	}
	return changed
}

// ValidateSchema implements gsql.SchemaValidator.
func (d *Database) ValidateSchema(schema gsql.Schema) error {
	for _, c := range schema {
		if _, err := datatype.KindOf(c.Type); err != nil {
			return sqlcode.Unsupported(fmt.Sprintf("column %s of type %s", c.Name, c.Type))
		}
	}
	return nil
}
