package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// liftOnesided is an analyzer rule: what the condition of an inner join asks of one side alone becomes a filter above all
// the joins around it. The SQL engine loses it when it joins in another order and the side is a derived table.
//
//	(a JOIN b ON a.x = b.x AND a.y > 3) JOIN c  ->  ((a JOIN b ON a.x = b.x) JOIN c) WHERE a.y > 3
func liftOnesided(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if !node.Resolved() {
		return node, transform.SameTree, nil
	}
	return transform.NodeWithOpaque(node, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		j, ok := n.(*plan.JoinNode)
		if !ok {
			return n, transform.SameTree, nil
		}
		join, filters := lift(j)
		if len(filters) == 0 {
			return n, transform.SameTree, nil
		}
		return plan.NewFilter(expression.JoinAnd(filters...), join), transform.NewTree, nil
	})
}

// lift takes out of a join what may as well be asked of its rows, what was taken out of joins below it included.
func lift(j *plan.JoinNode) (gsql.Node, []gsql.Expression) {
	left, right, condition := j.Left(), j.Right(), j.Filter
	var filters []gsql.Expression
	switch j.Op {
	case plan.JoinTypeInner, plan.JoinTypeCross:
		left, filters = below(left, filters)
		right, filters = below(right, filters)
	case plan.JoinTypeLeftOuter:
		left, filters = below(left, filters)
	}
	if j.Op == plan.JoinTypeInner && condition != nil {
		var both []gsql.Expression
		leftColumns, rightColumns := columnsOf(left), columnsOf(right)
		for _, part := range expression.SplitConjunction(condition) {
			if usesAny(part, leftColumns) && usesAny(part, rightColumns) && !holdsSubquery(part) {
				both = append(both, part)
			} else {
				filters = append(filters, part)
			}
		}
		if condition = nil; len(both) > 0 {
			condition = expression.JoinAnd(both...)
		}
	}
	switch {
	case j.Op == plan.JoinTypeLeftOuter:
		return plan.NewLeftOuterJoin(left, right, condition).WithComment(j.Comment()), filters
	case condition == nil:
		return plan.NewCrossJoin(left, right).WithComment(j.Comment()), filters
	}
	return plan.NewInnerJoin(left, right, condition).WithComment(j.Comment()), filters
}

// below takes off the filter of a join that is a side of another one.
func below(side gsql.Node, filters []gsql.Expression) (gsql.Node, []gsql.Expression) {
	f, ok := side.(*plan.Filter)
	if !ok {
		return side, filters
	}
	if _, ok := f.Child.(*plan.JoinNode); !ok {
		return side, filters
	}
	return f.Child, append(filters, expression.SplitConjunction(f.Expression)...)
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
