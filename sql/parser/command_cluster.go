package parser

import (
	"strconv"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// ClusterAction is what AlterCluster does to a node.
type ClusterAction string

// Actions.
const (
	AddNode     ClusterAction = "ADD"
	PromoteNode ClusterAction = "PROMOTE"
	DemoteNode  ClusterAction = "DEMOTE"
	RemoveNode  ClusterAction = "REMOVE"
)

// AlterCluster is ALTER CLUSTER {PROMOTE | DEMOTE | REMOVE} NODE name, or ALTER CLUSTER ADD NODE name [STANDBY].
type AlterCluster struct {
	Action  ClusterAction
	Node    string
	Standby bool // of AddNode
}

// CommandName implements Statement.
func (s *AlterCluster) CommandName() string { return "ALTER CLUSTER " + string(s.Action) + " NODE" }

// Schema implements Statement.
func (*AlterCluster) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*AlterCluster) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*AlterCluster) Expressions() []string { return nil }

// Bind implements Statement.
func (s *AlterCluster) Bind([]any) (Statement, error) { return s, nil }

// Switchover is SWITCHOVER [TO node]: another node leads.
type Switchover struct{ Node string }

// CommandName implements Statement.
func (*Switchover) CommandName() string { return "SWITCHOVER" }

// Schema implements Statement: who led, who leads, and how long nobody took commits.
func (*Switchover) Schema() sql.Schema {
	return sql.Schema{column("from_node", types.Text), column("to_node", types.Text), column("milliseconds", types.Float64)}
}

// IsReadOnly implements Statement.
func (*Switchover) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*Switchover) Expressions() []string { return nil }

// Bind implements Statement.
func (s *Switchover) Bind([]any) (Statement, error) { return s, nil }

// ShowOutcome is SHOW TRANSACTION OUTCOME xid.
type ShowOutcome struct{ XID uint64 }

// CommandName implements Statement.
func (*ShowOutcome) CommandName() string { return "SHOW TRANSACTION OUTCOME" }

// Schema implements Statement: scn is NULL if it did not commit.
func (*ShowOutcome) Schema() sql.Schema {
	return sql.Schema{column("xid", types.Uint64), column("outcome", types.Text), {Name: "scn", Type: types.Uint64, Nullable: true}}
}

// IsReadOnly implements Statement.
func (*ShowOutcome) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*ShowOutcome) Expressions() []string { return nil }

// Bind implements Statement.
func (s *ShowOutcome) Bind([]any) (Statement, error) { return s, nil }

func clusterCommands() []Command {
	return []Command{
		{"ALTER CLUSTER", []string{"ALTER", "CLUSTER", "ADD|PROMOTE|DEMOTE|REMOVE", "NODE"}, parseAlterCluster},
		{"SWITCHOVER", []string{"SWITCHOVER"}, parseSwitchover},
		{"SHOW TRANSACTION OUTCOME", []string{"SHOW", "TRANSACTION", "OUTCOME"}, parseShowOutcome},
	}
}

func parseAlterCluster(t *Tokens) (_ Statement, err error) {
	s := &AlterCluster{}
	t.Accept("ALTER", "CLUSTER")
	for _, a := range []ClusterAction{AddNode, PromoteNode, DemoteNode, RemoveNode} {
		if t.Accept(string(a)) {
			s.Action = a
		}
	}
	t.Accept("NODE")
	s.Node, err = nodeName(t)
	s.Standby = err == nil && s.Action == AddNode && t.Accept("STANDBY")
	return s, err
}

func parseSwitchover(t *Tokens) (_ Statement, err error) {
	s := &Switchover{}
	t.Accept("SWITCHOVER")
	if t.Accept("TO") {
		s.Node, err = nodeName(t)
	}
	return s, err
}

// nodeName reads the name of a node.
func nodeName(t *Tokens) (string, error) {
	name, ok := t.Peek().Ident()
	if !ok {
		return "", unexpected(t)
	}
	t.Next()
	return name, nil
}

func parseShowOutcome(t *Tokens) (Statement, error) {
	t.Accept("SHOW", "TRANSACTION", "OUTCOME")
	token := t.Peek()
	xid, err := strconv.ParseUint(t.text[token.Start:token.End], 10, 64)
	if err != nil {
		return nil, unexpected(t)
	}
	t.Next()
	return &ShowOutcome{XID: xid}, nil
}
