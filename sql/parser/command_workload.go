package parser

import (
	"strconv"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// WorkloadSnapshot is CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT(), as Oracle calls it: a snapshot of what the node counts.
type WorkloadSnapshot struct{}

// CommandName implements Statement.
func (*WorkloadSnapshot) CommandName() string {
	return "CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT"
}

// Schema implements Statement.
func (*WorkloadSnapshot) Schema() sql.Schema {
	return sql.Schema{column("snap_id", types.Uint64), column("scn", types.Uint64), column("time", types.DatetimeMaxPrecision)}
}

// IsReadOnly implements Statement.
func (*WorkloadSnapshot) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*WorkloadSnapshot) Expressions() []string { return nil }

// Bind implements Statement.
func (s *WorkloadSnapshot) Bind([]any) (Statement, error) { return s, nil }

// WorkloadBaseline is CALL DBMS_WORKLOAD_REPOSITORY.CREATE_BASELINE(first, last, 'name'), which keeps snapshots, or
// DROP_BASELINE('name').
type WorkloadBaseline struct {
	Name        string
	Drop        bool
	First, Last uint64 // snapshots, of CREATE_BASELINE
}

// CommandName implements Statement.
func (s *WorkloadBaseline) CommandName() string {
	if s.Drop {
		return "CALL DBMS_WORKLOAD_REPOSITORY.DROP_BASELINE"
	}
	return "CALL DBMS_WORKLOAD_REPOSITORY.CREATE_BASELINE"
}

// Schema implements Statement.
func (*WorkloadBaseline) Schema() sql.Schema {
	return sql.Schema{column("baseline_name", types.Text)}
}

// IsReadOnly implements Statement: it changes files of the node, and nothing in the database.
func (*WorkloadBaseline) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*WorkloadBaseline) Expressions() []string { return nil }

// Bind implements Statement.
func (s *WorkloadBaseline) Bind([]any) (Statement, error) { return s, nil }

func workloadCommands() []Command {
	return []Command{{"CALL DBMS_WORKLOAD_REPOSITORY", []string{"CALL", "DBMS_WORKLOAD_REPOSITORY"}, parseWorkload}}
}

func parseWorkload(t *Tokens) (Statement, error) {
	t.Accept("CALL", "DBMS_WORKLOAD_REPOSITORY")
	if !t.AcceptOp(".") {
		return nil, unexpected(t)
	}
	switch {
	case t.Accept("CREATE_SNAPSHOT"):
		if t.AcceptOp("(") && !t.AcceptOp(")") {
			return nil, unexpected(t)
		}
		return &WorkloadSnapshot{}, nil
	case t.Accept("CREATE_BASELINE"):
		s := &WorkloadBaseline{}
		ok := t.AcceptOp("(") && acceptNumber(t, &s.First) && t.AcceptOp(",") && acceptNumber(t, &s.Last) && t.AcceptOp(",") && acceptString(t, &s.Name) && t.AcceptOp(")")
		return s, unless(ok, t)
	case t.Accept("DROP_BASELINE"):
		s := &WorkloadBaseline{Drop: true}
		return s, unless(t.AcceptOp("(") && acceptString(t, &s.Name) && t.AcceptOp(")"), t)
	}
	return nil, unexpected(t)
}

func unless(ok bool, t *Tokens) error {
	if ok {
		return nil
	}
	return unexpected(t)
}

func acceptNumber(t *Tokens, n *uint64) bool {
	v, err := strconv.ParseUint(t.Peek().Text, 10, 63)
	if t.Peek().Kind != Number || err != nil {
		return false
	}
	*n = v
	t.Next()
	return true
}

func acceptString(t *Tokens, s *string) bool {
	if t.Peek().Kind != String {
		return false
	}
	*s = unquoteString(t.Next().Text)
	return true
}
