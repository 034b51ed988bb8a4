package sql

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// keepDelete is an analyzer rule: a DELETE stays one, in procedures and triggers, too. A DELETE of all rows gets a condition: without one
// the SQL engine may make a TRUNCATE of it, and looks for the table, its triggers and those that refer to it in the current database
// alone. One that names the only table that it reads is one of that table: with names the engine runs no triggers.
//
//	DELETE t FROM t  ->  DELETE FROM t WHERE true
func keepDelete(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	n, ok := node.(*plan.DeleteFrom)
	if !ok {
		return node, transform.SameTree, nil
	}
	all, named := isTable(n.Child), namesItsTable(n)
	if !all && !named {
		return node, transform.SameTree, nil
	}
	out := *n
	if all {
		out.Child = plan.NewFilter(expression.NewLiteral(true, types.Boolean), n.Child)
	}
	if named {
		return out.WithExplicitTargets(nil), transform.NewTree, nil
	}
	return &out, transform.NewTree, nil
}

func isTable(n gsql.Node) bool {
	_, ok := n.(*plan.ResolvedTable)
	return ok
}

// namesItsTable tells whether a DELETE reads one table and names it as that from which rows go.
func namesItsTable(n *plan.DeleteFrom) bool {
	if !n.HasExplicitTargets() {
		return false
	}
	below := n.Child
	if filter, ok := below.(*plan.Filter); ok {
		below = filter.Child
	}
	table, ok := below.(*plan.ResolvedTable)
	targets := n.GetDeleteTargets()
	if !ok || len(targets) != 1 {
		return false
	}
	target, ok := targets[0].(*plan.ResolvedTable)
	return ok && strings.EqualFold(target.Name(), table.Name()) && strings.EqualFold(target.Database().Name(), table.Database().Name())
}
