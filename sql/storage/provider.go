package storage

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/flashback"
)

// Provider gives the SQL engine the databases that its statement's snapshot holds.
type Provider struct {
	store     *Store
	functions gsql.FunctionProvider // stands before the SQL engine's own functions; nil if there is none
}

var (
	_ gsql.CollatedDatabaseProvider = (*Provider)(nil)
	_ gsql.TableFunctionProvider    = (*Provider)(nil)
	_ gsql.FunctionProvider         = (*Provider)(nil)
)

// NewProvider makes the provider of a store. Functions that it is given stand before the SQL engine's own; it may be nil.
func NewProvider(s *Store, functions gsql.FunctionProvider) *Provider {
	return &Provider{store: s, functions: functions}
}

// Function implements gsql.FunctionProvider.
func (p *Provider) Function(ctx *gsql.Context, name string) (gsql.Function, bool) {
	if p.functions == nil {
		return nil, false
	}
	return p.functions.Function(ctx, name)
}

// Database implements gsql.DatabaseProvider.
func (p *Provider) Database(ctx *gsql.Context, name string) (gsql.Database, error) {
	if session, err := sessionOf(ctx); err == nil {
		session.point = nil // the planner looks for another table now
	}
	snapshot, err := p.store.catalogOf(ctx)
	if err != nil {
		return nil, err
	}
	if schema, ok := snapshot.Schema(name); ok {
		return &Database{store: p.store, name: schema.Name}, nil
	}
	if strings.EqualFold(name, SystemSchema) {
		return &systemDatabase{store: p.store}, nil
	}
	return nil, gsql.ErrDatabaseNotFound.New(name)
}

// HasDatabase implements gsql.DatabaseProvider.
func (p *Provider) HasDatabase(ctx *gsql.Context, name string) bool {
	_, err := p.Database(ctx, name)
	return err == nil
}

// AllDatabases implements gsql.DatabaseProvider.
func (p *Provider) AllDatabases(ctx *gsql.Context) []gsql.Database {
	snapshot, err := p.store.catalogOf(ctx)
	if err != nil {
		return nil
	}
	var all []gsql.Database
	for _, schema := range snapshot.Schemas() {
		all = append(all, &Database{store: p.store, name: schema.Name})
	}
	return append(all, &systemDatabase{store: p.store})
}

// DefaultCollation is that of new databases and of connections, as in MySQL. The SQL engine's own compares bytes.
const DefaultCollation = gsql.Collation_utf8mb4_0900_ai_ci

// CreateDatabase implements gsql.MutableDatabaseProvider.
func (p *Provider) CreateDatabase(ctx *gsql.Context, name string) error {
	return p.CreateCollatedDatabase(ctx, name, DefaultCollation)
}

// CreateCollatedDatabase implements gsql.CollatedDatabaseProvider.
func (p *Provider) CreateCollatedDatabase(ctx *gsql.Context, name string, collation gsql.CollationID) error {
	if p.HasDatabase(ctx, name) {
		return gsql.ErrDatabaseExists.New(name)
	}
	session, err := sessionOf(ctx)
	if err != nil {
		return err
	}
	t, err := session.txn(ctx)
	if err != nil {
		return err
	}
	id, err := t.NewSpace()
	if err != nil {
		return engineError(err)
	}
	return engineError(t.PutSchema(&catalog.Schema{ID: id, Name: name, Collation: collation.Name()}))
}

// DropDatabase implements gsql.MutableDatabaseProvider. The tables and objects of the database go with it.
func (p *Provider) DropDatabase(ctx *gsql.Context, name string) error {
	session, err := sessionOf(ctx)
	if err != nil {
		return err
	}
	t, err := session.txn(ctx)
	if err != nil {
		return err
	}
	snapshot := t.Catalog()
	schema, ok := snapshot.Schema(name)
	if !ok {
		return gsql.ErrDatabaseNotFound.New(name)
	}
	if err := p.refuseReferenced(snapshot, schema); err != nil {
		return err
	}
	if !session.purge {
		if err := flashback.RecycleSchema(t, schema); err != nil {
			return engineError(err)
		}
	}
	for _, table := range snapshot.Tables(name) {
		if err := t.DropTable(table.ID); err != nil {
			return engineError(err)
		}
	}
	for _, kind := range []catalog.ObjectKind{catalog.View, catalog.Trigger, catalog.Procedure, catalog.Event} {
		for _, o := range snapshot.Objects(kind, name) {
			if err := t.DropObject(kind, schema.ID, o.Name); err != nil {
				return engineError(err)
			}
		}
	}
	return engineError(t.DropSchema(schema.ID))
}

// refuseReferenced refuses to drop a database whose tables are parents of tables elsewhere.
func (p *Provider) refuseReferenced(snapshot *catalog.Snapshot, schema *catalog.Schema) error {
	for _, child := range snapshot.AllTables() {
		if child.Schema == schema.ID {
			continue
		}
		for _, fk := range child.ForeignKeys {
			if strings.EqualFold(fk.ParentSchema, schema.Name) {
				return gsql.ErrForeignKeyDropTable.New(fk.ParentTable, fk.Name)
			}
		}
	}
	return nil
}

// TableFunction implements gsql.TableFunctionProvider.
func (p *Provider) TableFunction(*gsql.Context, string) (gsql.TableFunction, bool) { return nil, false }

// WithTableFunctions implements gsql.TableFunctionProvider.
func (p *Provider) WithTableFunctions(...gsql.TableFunction) (gsql.TableFunctionProvider, error) {
	return p, nil
}
