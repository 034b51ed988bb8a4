package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/vitess/go/mysql"
)

// processes is the list of connections that SHOW PROCESSLIST prints. It wraps the SQL engine's: that one knows the user
// of a connection only once it has changed its database, and counts the rows of each table that a statement reads, to
// print them as a tree into the column State.
type processes struct {
	gsql.ProcessList
	complete func(p *gsql.Process) // by what is known of its connection
}

// Processes implements gsql.ProcessList.
func (p processes) Processes() []gsql.Process {
	all := p.ProcessList.Processes()
	for i := range all {
		all[i].Progress = nil
		p.complete(&all[i])
	}
	return all
}

// strangerUser is what the SQL engine calls the user of a connection that it does not know.
const strangerUser = "unauthenticated user"

// UpdateTableProgress implements gsql.ProcessList: nobody reads it.
func (processes) UpdateTableProgress(uint64, string, int64) {}

// UpdatePartitionProgress implements gsql.ProcessList.
func (processes) UpdatePartitionProgress(uint64, string, string, int64) {}

// AddTableProgress implements gsql.ProcessList.
func (processes) AddTableProgress(uint64, string, int64) {}

// AddPartitionProgress implements gsql.ProcessList.
func (processes) AddPartitionProgress(uint64, string, string, int64) {}

// RemoveTableProgress implements gsql.ProcessList.
func (processes) RemoveTableProgress(uint64, string) {}

// RemovePartitionProgress implements gsql.ProcessList.
func (processes) RemovePartitionProgress(uint64, string, string) {}

// refuseKill is an analyzer rule: KILL of a connection that is not there is an error, where the SQL engine does nothing.
func refuseKill(ctx *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	kill, ok := node.(*plan.Kill)
	if !ok {
		return node, transform.SameTree, nil
	}
	for _, p := range ctx.ProcessList.Processes() {
		if p.Connection == kill.ConnID {
			return node, transform.SameTree, nil
		}
	}
	return nil, transform.SameTree, mysql.NewSQLError(mysql.ERNoSuchThread, "HY000", "Unknown thread id: %d", kill.ConnID)
}
