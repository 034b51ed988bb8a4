package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// StartSnapshot is START TRANSACTION WITH CONSISTENT SNAPSHOT [AS OF moment] [, READ ONLY | READ WRITE].
type StartSnapshot struct {
	// Moment is nil for now. A transaction in the past is read only.
	Moment   *Moment
	ReadOnly bool
}

// CommandName implements Statement.
func (*StartSnapshot) CommandName() string { return "START TRANSACTION WITH CONSISTENT SNAPSHOT" }

// Schema implements Statement.
func (*StartSnapshot) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*StartSnapshot) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (s *StartSnapshot) Expressions() []string {
	if s.Moment == nil {
		return nil
	}
	return []string{s.Moment.call}
}

// Bind implements Statement.
func (s *StartSnapshot) Bind(values []any) (Statement, error) {
	bound := *s
	if s.Moment != nil {
		var err error
		if bound.Moment, err = s.Moment.bind(values[0]); err != nil {
			return nil, err
		}
	}
	return &bound, nil
}

func transactionCommands() []Command {
	return []Command{
		{"START TRANSACTION WITH CONSISTENT SNAPSHOT", []string{"START", "TRANSACTION"}, parseStartSnapshot},
	}
}

// parseStartSnapshot reads the characteristics of START TRANSACTION; without a snapshot it is the engine's.
func parseStartSnapshot(t *Tokens) (Statement, error) {
	t.Accept("START", "TRANSACTION")
	s, snapshot, write := &StartSnapshot{}, false, false
	for first := true; !t.Done(); first = false {
		if !first && !t.AcceptOp(",") {
			break
		}
		switch {
		case t.Accept("READ", "ONLY"):
			s.ReadOnly = true
		case t.Accept("READ", "WRITE"):
			write = true
		case t.Accept("WITH", "CONSISTENT", "SNAPSHOT"):
			snapshot = true
			if t.Accept("AS", "OF") {
				var err error
				if s.Moment, err = parseMoment(t); err != nil {
					return nil, err
				}
			}
		default:
			if !snapshot {
				return nil, nil
			}
			return nil, unexpected(t)
		}
	}
	switch {
	case !snapshot:
		return nil, nil
	case write && (s.ReadOnly || s.Moment != nil):
		return nil, sqlcode.Syntax("You have an error in your SQL syntax: READ WRITE does not go with READ ONLY or with AS OF")
	}
	s.ReadOnly = s.ReadOnly || s.Moment != nil
	return s, nil
}
