package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
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
	if !ok {
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
