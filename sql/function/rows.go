package function

import (
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// compareRows gives a comparison of rows as those of their columns, which is what it means, and what indexes are found for; nil if it is none.
//
//	(a, b) = (1, 2)  ->  a = 1 AND b = 2
//	(a, b) < (1, 2)  ->  a < 1 OR a = 1 AND b < 2
//
// The latter has values twice: one that may be another the second time is left to match.Rows, and so are rows of subqueries.
func compareRows(c expression.Comparer) (gsql.Expression, error) {
	left, isLeft := c.Left().(expression.Tuple)
	right, isRight := c.Right().(expression.Tuple)
	if !isLeft || !isRight || len(left) < 2 || len(left) != len(right) {
		return nil, nil
	}
	switch c.(type) {
	case *expression.Equals, *expression.NullSafeEquals:
		return sameRow(c, left, right)
	case *expression.LessThan, *expression.LessThanOrEqual, *expression.GreaterThan, *expression.GreaterThanOrEqual:
		if slices.ContainsFunc(left, changing) || slices.ContainsFunc(right, changing) {
			return nil, nil
		}
		return orderedRow(c, left, right)
	}
	return nil, nil
}

// sameRow writes an equality of rows.
func sameRow(c expression.Comparer, left, right expression.Tuple) (gsql.Expression, error) {
	columns := make([]gsql.Expression, len(left))
	for i := range left {
		var err error
		if columns[i], err = compareColumn(c, left[i], right[i]); err != nil {
			return nil, err
		}
	}
	return expression.JoinAnd(columns...), nil
}

// orderedRow writes an order of rows.
func orderedRow(c expression.Comparer, left, right expression.Tuple) (gsql.Expression, error) {
	last, err := compareColumn(c, left[0], right[0])
	if err != nil || len(left) == 1 {
		return last, err
	}
	rest, err := orderedRow(c, left[1:], right[1:])
	if err != nil {
		return nil, err
	}
	var beyond expression.Comparer = expression.NewGreaterThan(left[0], right[0])
	switch c.(type) {
	case *expression.LessThan, *expression.LessThanOrEqual:
		beyond = expression.NewLessThan(left[0], right[0])
	}
	first, err := compareColumn(beyond, left[0], right[0])
	if err != nil {
		return nil, err
	}
	same, err := compareColumn(expression.NewEquals(left[0], right[0]), left[0], right[0])
	if err != nil {
		return nil, err
	}
	return expression.NewOr(first, expression.NewAnd(same, rest)), nil
}

// compareColumn compares a column of two rows, which may itself be a row, as two rows are.
func compareColumn(c expression.Comparer, left, right gsql.Expression) (gsql.Expression, error) {
	out, err := c.WithChildren(left, right)
	if err != nil {
		return nil, err
	}
	if rows, err := compareRows(out.(expression.Comparer)); rows != nil || err != nil {
		return rows, err
	}
	return out, nil
}

// changing tells whether a value may be another when it is asked for again: all but columns, literals and rows of them.
func changing(e gsql.Expression) bool {
	switch e := e.(type) {
	case *expression.Literal, *expression.GetField:
		return false
	case expression.Tuple:
		return slices.ContainsFunc(e, changing)
	}
	return true
}

// refuseRows refuses rows where there can be none.
func refuseRows(values []gsql.Expression) error {
	for _, v := range values {
		if v.Resolved() && types.NumColumns(v.Type()) != 1 {
			return gsql.ErrInvalidOperandColumns.New(1, types.NumColumns(v.Type()))
		}
	}
	return nil
}
