package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// RunIn is a statement that is to be run with another current database: the engine passes over the databases that a
// renaming of tables names, and looks in the current one.
type RunIn struct{ Database, Query string }

// CommandName implements Statement.
func (*RunIn) CommandName() string { return "RENAME TABLE" }

// Schema implements Statement.
func (*RunIn) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*RunIn) IsReadOnly() bool { return false }

// Expressions implements Statement.
func (*RunIn) Expressions() []string { return nil }

// Bind implements Statement.
func (s *RunIn) Bind([]any) (Statement, error) { return s, nil }

// renameIn gives the database of the tables that a statement renames, if it is not the current one. Tables of several
// databases are refused.
func renameIn(tree ast.Statement, current string) (database string, err error) {
	for i, name := range renamed(tree) {
		in := name.DbQualifier.String()
		if in == "" {
			in = current
		}
		if i > 0 && in != database {
			return "", sqlcode.Unsupported("moving a table to another database, by RENAME of tables of " + database + " and " + in)
		}
		database = in
	}
	if database == current {
		return "", nil
	}
	return database, nil
}

// renamed are the tables that a statement names to rename them, or after it.
func renamed(tree ast.Statement) (names ast.TableNames) {
	var clauses []*ast.DDL
	switch n := tree.(type) {
	case *ast.DDL:
		clauses = []*ast.DDL{n}
	case *ast.AlterTable:
		clauses = n.Statements
	}
	for _, clause := range clauses {
		if clause.Action == ast.RenameStr {
			names = append(append(names, clause.FromTables...), clause.ToTables...)
		}
	}
	return names
}
