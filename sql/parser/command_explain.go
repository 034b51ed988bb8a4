package parser

import (
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// Explain is EXPLAIN [ANALYZE] [FORMAT = TREE | JSON] statement. DESCRIBE and DESC mean the same before a statement.
type Explain struct {
	// Format is TREE or JSON.
	Format string
	// Analyze runs the statement and reports what it did.
	Analyze bool
	// Query is the text of the statement, as the client wrote it.
	Query string
	// Params are the values of the parameters in Query, once the statement is bound.
	Params []any

	params int
}

// CommandName implements Statement.
func (*Explain) CommandName() string { return "EXPLAIN" }

// Schema implements Statement: one row for each line of the plan, or one row with a document.
func (s *Explain) Schema() sql.Schema {
	if s.Format == "JSON" {
		return sql.Schema{column("EXPLAIN", types.LongText)}
	}
	return sql.Schema{column("plan", types.LongText)}
}

// IsReadOnly implements Statement. With ANALYZE the executor must look at the statement inside.
func (s *Explain) IsReadOnly() bool { return !s.Analyze }

// Expressions implements Statement.
func (s *Explain) Expressions() []string {
	texts := make([]string, s.params)
	for i := range texts {
		texts[i] = "?"
	}
	return texts
}

// Bind implements Statement.
func (s *Explain) Bind(values []any) (Statement, error) {
	bound := *s
	bound.Params = values
	return &bound, nil
}

func explainCommands() []Command {
	return []Command{{"EXPLAIN", []string{"EXPLAIN|DESCRIBE|DESC"}, parseExplain}}
}

func parseExplain(t *Tokens) (Statement, error) {
	t.Next()
	s := &Explain{Format: "TREE"}
	for {
		switch {
		case t.Accept("ANALYZE"):
			s.Analyze = true
			continue
		case t.Peek().IsAny("EXTENDED", "PLAN") && isStatementStart(t, 1):
			t.Next() // older spellings of the same
			continue
		case t.Peek().Is("FORMAT") && t.PeekAt(1).IsOp("="):
			t.Next()
			t.Next()
			format := strings.ToUpper(strings.Trim(t.Next().Text, "`'\""))
			if format != "TREE" && format != "JSON" {
				return nil, sqlcode.Unsupported("EXPLAIN FORMAT=" + format + "; FORMAT=TREE and FORMAT=JSON are")
			}
			s.Format = format
			continue
		case t.Accept("FOR", "CONNECTION"):
			return nil, sqlcode.Unsupported("EXPLAIN FOR CONNECTION")
		}
		break
	}
	if !isStatementStart(t, 0) {
		if s.Analyze {
			return nil, unexpected(t)
		}
		return nil, nil // DESCRIBE table
	}
	for i := t.pos; i < len(t.list); i++ {
		if t.list[i].Kind == Param {
			s.params++
		}
	}
	s.Query = t.Rest()
	return s, nil
}

// isStatementStart reports whether a statement that can be explained begins i tokens ahead.
func isStatementStart(t *Tokens, i int) bool {
	p := t.PeekAt(i)
	return p.IsOp("(") || p.IsAny("SELECT", "WITH", "TABLE", "VALUES", "INSERT", "REPLACE", "UPDATE", "DELETE", "FORMAT", "ANALYZE")
}
