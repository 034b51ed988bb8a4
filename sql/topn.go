package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/iters"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/sql/vview"
)

// topRows gives a LIMIT whose sort keeps only as many rows as are asked for, where the SQL engine, which does so with a
// sort right below the LIMIT, does not see it behind the columns of the result. nil leaves a LIMIT as it is.
func topRows(n *plan.Limit) (gsql.Node, error) {
	if n.CalcFoundRows {
		return nil, nil
	}
	rows, below := n.Limit, n.Child
	offset, hasOffset := below.(*plan.Offset)
	if hasOffset {
		rows, below = expression.NewPlus(n.Limit, offset.Offset), offset.Child
	}
	project, ok := below.(*plan.Project)
	if !ok {
		return nil, nil
	}
	sort, ok := project.Child.(*plan.Sort)
	if !ok || sortsBySubquery(sort.SortFields) {
		return nil, nil
	}
	out, err := project.WithChildren(plan.NewTopN(sort.SortFields, rows, sort.Child))
	if err != nil {
		return nil, err
	}
	if hasOffset {
		out = plan.NewOffset(offset.Offset, out)
	}
	return plan.NewLimit(n.Limit, out), nil
}

// sortAll gives a sort of all rows for one that keeps the first, if it is by a subquery, which would read its outer row in the wrong
// place; nil leaves the node as it is.
func sortAll(n *plan.TopN) gsql.Node {
	if n.CalcFoundRows || !sortsBySubquery(n.Fields) {
		return nil
	}
	return plan.NewSort(n.Fields, n.Child)
}

func sortsBySubquery(fields gsql.SortFields) bool {
	found := false
	for _, f := range fields {
		transform.InspectExpr(f.Column, func(e gsql.Expression) bool {
			_, is := e.(*plan.Subquery)
			found = found || is
			return found
		})
	}
	return found
}

// firstMax is how many rows are asked of a view that ranks its rows itself: what is more is sorted here.
const firstMax = 10_000

// topOfView lets a view find its first rows itself, so that it need not make the others; nil leaves the node as it is.
func topOfView(ctx *gsql.Context, n *plan.TopN, outer gsql.Row) (gsql.Node, error) {
	if n.CalcFoundRows || len(outer) > 0 {
		return nil, nil
	}
	limit, err := iters.GetInt64Value(ctx, n.Limit)
	if err != nil || limit < 1 || limit > firstMax {
		return nil, err
	}
	below := n.Child
	var filter gsql.Expression
	if f, ok := below.(*plan.Filter); ok {
		exact, err := condition(ctx, f)
		if err != nil {
			return nil, err
		}
		if exact != nil {
			f = exact.(*plan.Filter)
		}
		filter, below = f.Expression, f.Child
	}
	first, err := firstRows(below, func(v vview.Ranked) gsql.Table { return v.First(int(limit), n.Fields, filter) })
	if err != nil || first == nil {
		return nil, err
	}
	return plan.NewTopN(n.Fields, n.Limit, &rankedRows{first}), nil
}

// filterOfView lets a view filter its rows itself, so that it need not make the others; nil leaves the node as it is.
func filterOfView(n *plan.Filter, outer gsql.Row) (gsql.Node, error) {
	if len(outer) > 0 {
		return nil, nil
	}
	return firstRows(n.Child, func(v vview.Ranked) gsql.Table { return v.Filtered(n.Expression) })
}

// firstRows gives the node of a view that ranks its rows; nil if it is another node.
func firstRows(n gsql.Node, rank func(vview.Ranked) gsql.Table) (gsql.Node, error) {
	if alias, ok := n.(*plan.TableAlias); ok {
		child, err := firstRows(alias.Child, rank)
		if err != nil || child == nil {
			return nil, err
		}
		return alias.WithChildren(child)
	}
	table, ok := n.(*plan.ResolvedTable)
	if !ok {
		return nil, nil
	}
	view, ok := table.UnderlyingTable().(vview.Ranked)
	if !ok {
		return nil, nil
	}
	return table.WithTable(rank(view))
}

// rankedRows are the first rows of a view: what sorts them has been here.
type rankedRows struct{ gsql.Node }
