package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// Do is DO expression[, …]: the values are computed, and dropped.
type Do struct{ values []string }

// CommandName implements Statement.
func (*Do) CommandName() string { return "DO" }

// Schema implements Statement.
func (*Do) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*Do) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (s *Do) Expressions() []string { return s.values }

// Bind implements Statement.
func (s *Do) Bind([]any) (Statement, error) { return s, nil }

// missingCommands are statements of MySQL and MariaDB that the engine's grammar does not have.
func missingCommands() []Command {
	return []Command{
		{"DO", []string{"DO"}, parseDo},
		{"DROP FUNCTION", []string{"DROP", "FUNCTION"}, parseDropFunction},
		{"CREATE", []string{"CREATE|ALTER|DROP"}, refuseObjects},
	}
}

func parseDo(t *Tokens) (Statement, error) {
	t.Next()
	s := &Do{}
	for {
		e := t.Expression()
		if e == "" {
			return nil, unexpected(t)
		}
		if s.values = append(s.values, e); !t.AcceptOp(",") {
			return s, nil
		}
	}
}

// parseDropFunction knows that there are no stored functions.
func parseDropFunction(t *Tokens) (Statement, error) {
	t.Accept("DROP", "FUNCTION")
	if !t.Accept("IF", "EXISTS") {
		return nil, sqlcode.Unsupported("stored functions")
	}
	if _, err := tableNames(t); err != nil {
		return nil, err
	}
	return &Do{}, nil
}

// refuseObjects refuses kinds of objects that do not exist here; what a table or a view holds is the engine's.
func refuseObjects(t *Tokens) (Statement, error) {
	i := 1
	for tokenAt(t.list, i).IsAny("OR", "REPLACE", "TEMPORARY", "AGGREGATE") {
		i++
	}
	if tokenAt(t.list, i).Is("DEFINER") && tokenAt(t.list, i+1).IsOp("=") {
		for i += 2; i < len(t.list) && !t.list[i].IsAny("FUNCTION", "PROCEDURE", "TRIGGER", "EVENT", "VIEW", "SQL", "PACKAGE"); {
			i++
		}
	}
	switch kind := tokenAt(t.list, i); {
	case kind.Is("SEQUENCE"):
		return nil, sqlcode.Unsupported("sequences")
	case kind.Is("FUNCTION"):
		return nil, sqlcode.Unsupported("stored functions")
	case kind.Is("PACKAGE"):
		return nil, sqlcode.Unsupported("packages")
	}
	return nil, refuseDump(t.list)
}
