package sql

import (
	"fmt"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/information_schema"
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

// ownProcesses are the connections of one user.
type ownProcesses struct {
	gsql.ProcessList
	user string
}

// Processes implements gsql.ProcessList.
func (p ownProcesses) Processes() []gsql.Process {
	return slices.DeleteFunc(p.ProcessList.Processes(), func(one gsql.Process) bool { return one.User != p.user })
}

// connections gives a user's statement the connections of its user, and those of others if the user has PROCESS.
func (r requirement) connections(ctx *gsql.Context) *gsql.Context {
	if _, done := ctx.ProcessList.(ownProcesses); done || r(ctx, "", "", gsql.PrivilegeType_Process) == nil {
		return ctx
	}
	own := *ctx
	own.ProcessList = ownProcesses{ctx.ProcessList, ctx.Client().User}
	return &own
}

// guardConnections has the table PROCESSLIST of information_schema show no others either.
func (r requirement) guardConnections(ctx *gsql.Context, schema gsql.Database) error {
	found, ok, err := schema.GetTableInsensitive(ctx, information_schema.ProcessListTableName)
	if err != nil {
		return err
	}
	table, known := found.(*information_schema.InformationSchemaTable)
	if !ok || !known {
		return fmt.Errorf("%s.%s is a %T", schema.Name(), information_schema.ProcessListTableName, found)
	}
	read := table.Reader
	table.Reader = func(ctx *gsql.Context, c gsql.Catalog) (gsql.RowIter, error) { return read(r.connections(ctx), c) }
	return nil
}

// erNotOwner is MySQL's ER_KILL_DENIED_ERROR.
const erNotOwner = 1095

// refuseKill is an analyzer rule: KILL of a connection that is not there is an error, where the SQL engine does nothing. That
// of another user needs SUPER or CONNECTION_ADMIN.
func (s *Server) refuseKill(ctx *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	kill, ok := node.(*plan.Kill)
	if !ok {
		return node, transform.SameTree, nil
	}
	for _, p := range ctx.ProcessList.Processes() {
		if p.Connection != kill.ConnID {
			continue
		}
		if p.User != ctx.Client().User && !s.mayKill(ctx) {
			return nil, transform.SameTree, mysql.NewSQLError(erNotOwner, "HY000", "You are not owner of thread %d", kill.ConnID)
		}
		return node, transform.SameTree, nil
	}
	return nil, transform.SameTree, mysql.NewSQLError(mysql.ERNoSuchThread, "HY000", "Unknown thread id: %d", kill.ConnID)
}

// mayKill tells whether the user of a statement may end the connections of others.
func (s *Server) mayKill(ctx *gsql.Context) bool {
	return s.require(ctx, "", "", gsql.PrivilegeType_Super) == nil ||
		s.engine.Analyzer.Catalog.MySQLDb.UserHasPrivileges(ctx, gsql.NewDynamicPrivilegedOperation("connection_admin"))
}
