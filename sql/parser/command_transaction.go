package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// Access says whether a transaction may change data.
type Access int

// Kinds of access.
const (
	DefaultAccess Access = iota // as the session's transaction_read_only says
	ReadOnly
	ReadWrite
)

// StartTransaction is START TRANSACTION with characteristics; without any it is the engine's.
type StartTransaction struct {
	Access Access
	// Snapshot is WITH CONSISTENT SNAPSHOT [AS OF moment]. Moment is nil for now; a transaction in the past is read only.
	Snapshot bool
	Moment   *Moment
}

// CommandName implements Statement.
func (s *StartTransaction) CommandName() string {
	if s.Snapshot {
		return "START TRANSACTION WITH CONSISTENT SNAPSHOT"
	}
	return "START TRANSACTION"
}

// Schema implements Statement.
func (*StartTransaction) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*StartTransaction) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (s *StartTransaction) Expressions() []string {
	if s.Moment == nil {
		return nil
	}
	return []string{s.Moment.call}
}

// Bind implements Statement.
func (s *StartTransaction) Bind(values []any) (Statement, error) {
	bound := *s
	if s.Moment != nil {
		var err error
		if bound.Moment, err = s.Moment.bind(values[0]); err != nil {
			return nil, err
		}
	}
	return &bound, nil
}

// SetTransaction is SET TRANSACTION without GLOBAL or SESSION: it is about the next transaction only.
type SetTransaction struct {
	Isolation string // as the variable transaction_isolation has it; "" if none is named
	Access    Access
}

// CommandName implements Statement.
func (*SetTransaction) CommandName() string { return "SET TRANSACTION" }

// Schema implements Statement.
func (*SetTransaction) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*SetTransaction) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*SetTransaction) Expressions() []string { return nil }

// Bind implements Statement.
func (s *SetTransaction) Bind([]any) (Statement, error) { return s, nil }

// EndTransaction is COMMIT or ROLLBACK AND CHAIN: another transaction of the same kind begins at once.
type EndTransaction struct{ Rollback bool }

// CommandName implements Statement.
func (s *EndTransaction) CommandName() string {
	if s.Rollback {
		return "ROLLBACK AND CHAIN"
	}
	return "COMMIT AND CHAIN"
}

// Schema implements Statement.
func (*EndTransaction) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*EndTransaction) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*EndTransaction) Expressions() []string { return nil }

// Bind implements Statement.
func (s *EndTransaction) Bind([]any) (Statement, error) { return s, nil }

func transactionCommands() []Command {
	return []Command{
		{"START TRANSACTION", []string{"START", "TRANSACTION"}, parseStartTransaction},
		{"SET TRANSACTION", []string{"SET", "TRANSACTION"}, parseSetTransaction},
		{"COMMIT or ROLLBACK AND CHAIN", []string{"COMMIT|ROLLBACK"}, parseEndTransaction},
	}
}

func parseStartTransaction(t *Tokens) (Statement, error) {
	t.Accept("START", "TRANSACTION")
	if t.Done() {
		return nil, nil
	}
	s := &StartTransaction{}
	for {
		access := acceptAccess(t)
		switch {
		case access != DefaultAccess:
			if err := s.Access.set(access); err != nil {
				return nil, err
			}
		case t.Accept("WITH", "CONSISTENT", "SNAPSHOT"):
			s.Snapshot = true
			if t.Accept("AS", "OF") {
				var err error
				if s.Moment, err = parseMoment(t); err != nil {
					return nil, err
				}
			}
		default:
			return nil, unexpected(t)
		}
		if !t.AcceptOp(",") {
			break
		}
	}
	if s.Moment != nil {
		if err := s.Access.set(ReadOnly); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// acceptAccess moves behind READ ONLY or READ WRITE; DefaultAccess if neither comes next.
func acceptAccess(t *Tokens) Access {
	switch {
	case t.Accept("READ", "ONLY"):
		return ReadOnly
	case t.Accept("READ", "WRITE"):
		return ReadWrite
	}
	return DefaultAccess
}

func (a *Access) set(to Access) error {
	if *a != DefaultAccess && *a != to {
		return sqlcode.Syntax("You have an error in your SQL syntax: READ WRITE does not go with READ ONLY or with AS OF")
	}
	*a = to
	return nil
}

func parseSetTransaction(t *Tokens) (Statement, error) {
	t.Accept("SET", "TRANSACTION")
	s := &SetTransaction{}
	for {
		access := acceptAccess(t)
		switch {
		case access != DefaultAccess && s.Access == DefaultAccess:
			s.Access = access
		case s.Isolation == "" && t.Accept("ISOLATION", "LEVEL"):
			if s.Isolation = acceptIsolation(t); s.Isolation == "" {
				return nil, unexpected(t)
			}
		default:
			return nil, unexpected(t)
		}
		if !t.AcceptOp(",") {
			return s, nil
		}
	}
}

// acceptIsolation moves behind the name of an isolation level, and gives it as the variable has it.
func acceptIsolation(t *Tokens) string {
	switch {
	case t.Accept("READ", "UNCOMMITTED"):
		return "READ-UNCOMMITTED"
	case t.Accept("READ", "COMMITTED"):
		return "READ-COMMITTED"
	case t.Accept("REPEATABLE", "READ"):
		return "REPEATABLE-READ"
	case t.Accept("SERIALIZABLE"):
		return "SERIALIZABLE"
	}
	return ""
}

// parseEndTransaction reads what the engine's grammar reads and forgets: AND CHAIN and RELEASE. Without them it is the engine's.
func parseEndTransaction(t *Tokens) (Statement, error) {
	s := &EndTransaction{Rollback: t.Next().Is("ROLLBACK")}
	t.Accept("WORK")
	chain := t.Accept("AND", "CHAIN")
	if !chain {
		t.Accept("AND", "NO", "CHAIN")
	}
	switch {
	case t.Accept("NO", "RELEASE"):
	case t.Accept("RELEASE"):
		return nil, sqlcode.Unsupported("RELEASE at the end of a transaction")
	}
	if !chain {
		return nil, nil
	}
	return s, nil
}
