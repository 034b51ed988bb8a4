package storage

import (
	"strings"

	"github.com/dolthub/go-mysql-server/memory"
	gsql "github.com/dolthub/go-mysql-server/sql"
)

// temporaryTables are a session's own tables, by database and name, folded. They live in memory, leave no redo and
// end with the session; transactions do not take them back.
type temporaryTables map[[2]string]*temporaryTable

// temporaryTable is a table of the SQL engine's own.
type temporaryTable struct{ *memory.Table }

var _ gsql.TemporaryTable = (*temporaryTable)(nil)

// IsTemporary implements gsql.TemporaryTable.
func (t *temporaryTable) IsTemporary() bool { return true }

func temporaryKey(database, name string) [2]string {
	return [2]string{strings.ToLower(database), strings.ToLower(name)}
}

func (m temporaryTables) find(database, name string) (*temporaryTable, bool) {
	t, ok := m[temporaryKey(database, name)]
	return t, ok
}

func (m temporaryTables) drop(database, name string) bool {
	key := temporaryKey(database, name)
	_, ok := m[key]
	delete(m, key)
	return ok
}

// CreateTemporaryTable implements gsql.TemporaryTableCreator.
func (d *Database) CreateTemporaryTable(ctx *gsql.Context, name string, schema gsql.PrimaryKeySchema, collation gsql.CollationID) error {
	session, err := sessionOf(ctx)
	if err != nil {
		return err
	}
	if _, exists := session.temporary.find(d.name, name); exists {
		return gsql.ErrTableAlreadyExists.New(name)
	}
	if session.temporary == nil {
		session.temporary = temporaryTables{}
	}
	base := memory.NewDatabase(d.name)
	base.EnablePrimaryKeyIndexes()
	t := memory.NewLocalTable(base.BaseDatabase, name, schema, base.GetForeignKeyCollection())
	t.EnablePrimaryKeyIndexes()
	session.temporary[temporaryKey(d.name, name)] = &temporaryTable{t}
	return nil
}

// GetAllTemporaryTables implements gsql.TemporaryTableDatabase.
func (d *Database) GetAllTemporaryTables(ctx *gsql.Context) ([]gsql.Table, error) {
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, err
	}
	var all []gsql.Table
	for key, t := range session.temporary {
		if key[0] == strings.ToLower(d.name) {
			all = append(all, t)
		}
	}
	return all, nil
}
