package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// Options say what a Parser knows beyond the grammar.
type Options struct {
	// Executor runs the statements of Commands. It is required if Commands is not empty.
	Executor Executor
	// Commands are the statements of our own that are recognised. Nil means StandardCommands; an empty slice none.
	Commands []Command
	// Catalog finds the columns of tables, to expand `*` beside ORA_ROWSCN. Without one such a `*` is refused.
	Catalog sql.Catalog
	// DatabaseOf gives the database of a table that can be named without one and without a current database; "" for all
	// other tables. Nil knows none.
	DatabaseOf func(table string) string
	// Rewrite changes the tree of each statement that the engine's parser has read, before anyone else sees it. Nil
	// leaves it.
	Rewrite func(ast.Statement) ast.Statement
}
