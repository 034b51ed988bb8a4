package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
)

// resultInto gives a SELECT … INTO that takes the columns of its result: in a trigger the SQL engine puts those of the row
// that fires it before them. nil if it does.
func resultInto(n *plan.Into) (gsql.Node, error) {
	if _, done := n.Child.(*resultRows); done {
		return nil, nil
	}
	return n.WithChildren(&resultRows{n.Child})
}

// resultRows are rows without what stands before the columns of their node.
type resultRows struct{ gsql.Node }

// resultIter cuts the rows.
type resultIter struct {
	gsql.RowIter
	width int
}

// Next implements gsql.RowIter.
func (i *resultIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	row, err := i.RowIter.Next(ctx)
	if err != nil || len(row) <= i.width {
		return row, err
	}
	return row[len(row)-i.width:], nil
}
