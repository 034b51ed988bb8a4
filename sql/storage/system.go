package storage

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/sqlcode"
)

// SystemSchema is the database that lists the tables which are not stored. They are found in every other one, too.
const SystemSchema = "redoubt"

// systemDatabase shows the system tables as a database of their own.
type systemDatabase struct{ store *Store }

var (
	_ gsql.ViewDatabase            = (*systemDatabase)(nil)
	_ gsql.TriggerDatabase         = (*systemDatabase)(nil)
	_ gsql.StoredProcedureDatabase = (*systemDatabase)(nil)
	_ gsql.EventDatabase           = (*systemDatabase)(nil)
)

// Name implements gsql.Database.
func (d *systemDatabase) Name() string { return SystemSchema }

// GetTableInsensitive implements gsql.Database.
func (d *systemDatabase) GetTableInsensitive(_ *gsql.Context, name string) (gsql.Table, bool, error) {
	t, ok := d.store.systemTable(name)
	return t, ok, nil
}

// GetTableNames implements gsql.Database.
func (d *systemDatabase) GetTableNames(*gsql.Context) ([]string, error) {
	if d.store.system == nil {
		return nil, nil
	}
	return d.store.system.Names(), nil
}

// CreateView implements gsql.ViewDatabase.
func (d *systemDatabase) CreateView(*gsql.Context, string, string, string) error {
	return errSystemSchema()
}

// DropView implements gsql.ViewDatabase.
func (d *systemDatabase) DropView(_ *gsql.Context, name string) error {
	return gsql.ErrViewDoesNotExist.New(SystemSchema, name)
}

// GetViewDefinition implements gsql.ViewDatabase.
func (d *systemDatabase) GetViewDefinition(*gsql.Context, string) (gsql.ViewDefinition, bool, error) {
	return gsql.ViewDefinition{}, false, nil
}

// AllViews implements gsql.ViewDatabase.
func (d *systemDatabase) AllViews(*gsql.Context) ([]gsql.ViewDefinition, error) { return nil, nil }

// GetTriggers implements gsql.TriggerDatabase.
func (d *systemDatabase) GetTriggers(*gsql.Context) ([]gsql.TriggerDefinition, error) {
	return nil, nil
}

// CreateTrigger implements gsql.TriggerDatabase.
func (d *systemDatabase) CreateTrigger(*gsql.Context, gsql.TriggerDefinition) error {
	return errSystemSchema()
}

// DropTrigger implements gsql.TriggerDatabase.
func (d *systemDatabase) DropTrigger(_ *gsql.Context, name string) error {
	return gsql.ErrTriggerDoesNotExist.New(name)
}

// GetStoredProcedure implements gsql.StoredProcedureDatabase.
func (d *systemDatabase) GetStoredProcedure(*gsql.Context, string) (gsql.StoredProcedureDetails, bool, error) {
	return gsql.StoredProcedureDetails{}, false, nil
}

// GetStoredProcedures implements gsql.StoredProcedureDatabase.
func (d *systemDatabase) GetStoredProcedures(*gsql.Context) ([]gsql.StoredProcedureDetails, error) {
	return nil, nil
}

// SaveStoredProcedure implements gsql.StoredProcedureDatabase.
func (d *systemDatabase) SaveStoredProcedure(*gsql.Context, gsql.StoredProcedureDetails) error {
	return errSystemSchema()
}

// DropStoredProcedure implements gsql.StoredProcedureDatabase.
func (d *systemDatabase) DropStoredProcedure(_ *gsql.Context, name string) error {
	return gsql.ErrStoredProcedureDoesNotExist.New(name)
}

// GetEvent implements gsql.EventDatabase.
func (d *systemDatabase) GetEvent(*gsql.Context, string) (gsql.EventDefinition, bool, error) {
	return gsql.EventDefinition{}, false, nil
}

// GetEvents implements gsql.EventDatabase.
func (d *systemDatabase) GetEvents(*gsql.Context) ([]gsql.EventDefinition, any, error) {
	return nil, nil, nil
}

// SaveEvent implements gsql.EventDatabase.
func (d *systemDatabase) SaveEvent(*gsql.Context, gsql.EventDefinition) (bool, error) {
	return false, errSystemSchema()
}

// DropEvent implements gsql.EventDatabase.
func (d *systemDatabase) DropEvent(_ *gsql.Context, name string) error {
	return gsql.ErrEventDoesNotExist.New(name)
}

// UpdateEvent implements gsql.EventDatabase.
func (d *systemDatabase) UpdateEvent(_ *gsql.Context, name string, _ gsql.EventDefinition) (bool, error) {
	return false, gsql.ErrEventDoesNotExist.New(name)
}

// UpdateLastExecuted implements gsql.EventDatabase.
func (d *systemDatabase) UpdateLastExecuted(_ *gsql.Context, name string, _ time.Time) error {
	return gsql.ErrEventDoesNotExist.New(name)
}

// NeedsToReloadEvents implements gsql.EventDatabase.
func (d *systemDatabase) NeedsToReloadEvents(*gsql.Context, any) (bool, error) { return false, nil }

func errSystemSchema() error { return sqlcode.Unsupported("objects in the database " + SystemSchema) }
