package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// liftOnesided is an analyzer rule: what the condition of an inner join asks of one side alone becomes a filter of the
// join. The SQL engine loses it when it joins in another order and the side is a derived table.
//
//	a JOIN b ON a.x = b.x AND a.y > 3  ->  (a JOIN b ON a.x = b.x) WHERE a.y > 3
func liftOnesided(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if !node.Resolved() {
		return node, transform.SameTree, nil
	}
	return transform.NodeWithOpaque(node, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		j, ok := n.(*plan.JoinNode)
		if !ok || j.Op != plan.JoinTypeInner || j.Filter == nil {
			return n, transform.SameTree, nil
		}
		left, right := columnsOf(j.Left()), columnsOf(j.Right())
		var both, one []gsql.Expression
		for _, part := range expression.SplitConjunction(j.Filter) {
			if usesAny(part, left) && usesAny(part, right) && !holdsSubquery(part) {
				both = append(both, part)
			} else {
				one = append(one, part)
			}
		}
		if len(one) == 0 {
			return n, transform.SameTree, nil
		}
		var join gsql.Node
		if len(both) > 0 {
			join = plan.NewInnerJoin(j.Left(), j.Right(), expression.JoinAnd(both...)).WithComment(j.Comment())
		} else {
			join = plan.NewCrossJoin(j.Left(), j.Right()).WithComment(j.Comment())
		}
		return plan.NewFilter(expression.JoinAnd(one...), join), transform.NewTree, nil
	})
}

// columnsOf gives the columns of the tables of a side of a join.
func columnsOf(n gsql.Node) gsql.ColSet {
	var out gsql.ColSet
	transform.Inspect(n, func(n gsql.Node) bool {
		t, ok := n.(plan.TableIdNode)
		if ok {
			out = out.Union(t.Columns())
		}
		return !ok
	})
	return out
}

func usesAny(e gsql.Expression, columns gsql.ColSet) bool {
	return transform.InspectExpr(e, func(e gsql.Expression) bool {
		f, ok := e.(*expression.GetField)
		return ok && columns.Contains(f.Id())
	})
}

func holdsSubquery(e gsql.Expression) bool {
	return transform.InspectExpr(e, func(e gsql.Expression) bool {
		_, ok := e.(*plan.Subquery)
		return ok
	})
}
