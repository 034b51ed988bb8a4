package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/storage"
)

// noteEither is an analyzer rule: it tells the session of a statement with an OR, before indexes are chosen by their statistics.
func noteEither(ctx *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	session, ok := ctx.Session.(*storage.Session)
	if !ok {
		return node, transform.SameTree, nil
	}
	return transform.NodeExprsWithOpaque(node, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		if isEither(e) {
			session.HasEither()
		}
		return e, transform.SameTree, nil
	})
}

// isEither tells whether an expression is an OR, or a list of several columns, of which the SQL engine makes one.
func isEither(e gsql.Expression) bool {
	switch e := e.(type) {
	case *expression.Or:
		return true
	case *expression.InTuple:
		return types.NumColumns(e.Left().Type()) > 1
	}
	return false
}
