package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/sql/storage"
)

// keepTransaction takes the mark of DDL, which commits, off statements that are none. The SQL engine sets it whenever
// it reads a CREATE, also that of a view or a trigger that the statement only uses.
func keepTransaction(ctx *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, scope *plan.Scope, _ analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if scope.IsEmpty() && !plan.IsDDLNode(node) && !storage.ChangesDictionary(ctx.Query()) {
		flags.Unset(gsql.QFlagDDL)
	}
	return node, transform.SameTree, nil
}
