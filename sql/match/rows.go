package match

import (
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// Rows compares two rows of several values column by column, of which one or both come from a subquery, or are to be computed but once: a
// NULL that would decide leaves the result NULL. To the SQL engine NULL is a value like others there.
type Rows struct {
	expression.BinaryExpressionStub
	test  gsql.Expression   // what the client wrote
	equal []gsql.Expression // of each column, over the values of both rows
	order []gsql.Expression // of each column, for < and >; none for equalities
}

var _ gsql.CollationCoercible = (*Rows)(nil)

// compareRows makes a Rows of a comparison; nil if it does not compare rows.
func compareRows(ctx *gsql.Context, test gsql.Expression) (gsql.Expression, error) {
	left, right := test.Children()[0], test.Children()[1]
	if madeByPlanner(test) || !types.IsTuple(left.Type()) || types.NumColumns(left.Type()) != types.NumColumns(right.Type()) {
		return nil, nil
	}
	out := &Rows{BinaryExpressionStub: expression.BinaryExpressionStub{LeftChild: left, RightChild: right}, test: test}
	width := types.NumColumns(left.Type())
	for i := range width {
		l, r, _ := AsNumbers(columnOf(left, i, i), columnOf(right, i, width+i))
		equal, _, err := Exactly(ctx, expression.NewEquals(l, r))
		if err != nil {
			return nil, err
		}
		var order gsql.Expression
		switch test.(type) {
		case *expression.LessThan, *expression.LessThanOrEqual:
			order = expression.NewLessThan(l, r)
		case *expression.GreaterThan, *expression.GreaterThanOrEqual:
			order = expression.NewGreaterThan(l, r)
		}
		out.equal = append(out.equal, equal)
		if order == nil {
			continue
		}
		if order, _, err = Exactly(ctx, order); err != nil {
			return nil, err
		}
		out.order = append(out.order, order)
	}
	return out, nil
}

// madeByPlanner tells whether an equality of rows is of a join's sorted sides, which wants it as it is: a client's was written as those of
// the columns.
func madeByPlanner(test gsql.Expression) bool {
	equals, ok := test.(*expression.Equals)
	if !ok {
		return false
	}
	_, left := equals.Left().(expression.Tuple)
	_, right := equals.Right().(expression.Tuple)
	return left && right
}

// columnOf gives what reads a column of a row where the values of both rows are one behind the other.
func columnOf(row gsql.Expression, column, at int) gsql.Expression {
	if t, ok := row.(expression.Tuple); ok {
		return operand(t[column], at)
	}
	return expression.NewGetField(at, row.Type().(types.TupleType)[column], "", true)
}

// Type implements gsql.Expression.
func (*Rows) Type() gsql.Type { return types.Boolean }

// String implements gsql.Expression.
func (r *Rows) String() string { return r.test.String() }

// CollationCoercibility implements gsql.CollationCoercible.
func (*Rows) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// WithChildren implements gsql.Expression.
func (r *Rows) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	test, err := r.test.WithChildren(children...)
	if err != nil {
		return nil, err
	}
	out := *r
	out.LeftChild, out.RightChild, out.test = children[0], children[1], test
	return &out, nil
}

// Eval implements gsql.Expression.
func (r *Rows) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	var values gsql.Row
	for _, side := range []gsql.Expression{r.LeftChild, r.RightChild} {
		v, err := side.Eval(ctx, row)
		if err != nil {
			return nil, err
		}
		columns, ok := v.([]any)
		if !ok && v != nil {
			return nil, fmt.Errorf("%s: a %T is no row", r, v)
		}
		if v == nil { // a subquery without rows
			columns = make([]any, len(r.equal))
		}
		values = append(values, columns...)
	}
	switch r.test.(type) {
	case *expression.Equals:
		return r.equals(ctx, values)
	case *expression.NullSafeEquals:
		return r.equalsWithNull(ctx, values)
	}
	for i, e := range r.equal {
		equal, err := e.Eval(ctx, values)
		if err != nil || equal == nil {
			return nil, err
		}
		if equal != true {
			return r.order[i].Eval(ctx, values)
		}
	}
	switch r.test.(type) {
	case *expression.LessThanOrEqual, *expression.GreaterThanOrEqual:
		return true, nil
	}
	return false, nil
}

func (r *Rows) equals(ctx *gsql.Context, values gsql.Row) (any, error) {
	var out any = true
	for _, e := range r.equal {
		equal, err := e.Eval(ctx, values)
		switch {
		case err != nil || equal == false:
			return equal, err
		case equal == nil:
			out = nil
		}
	}
	return out, nil
}

func (r *Rows) equalsWithNull(ctx *gsql.Context, values gsql.Row) (any, error) {
	for i, e := range r.equal {
		if a, b := values[i], values[len(r.equal)+i]; a == nil || b == nil {
			if a != b {
				return false, nil
			}
			continue
		}
		if equal, err := e.Eval(ctx, values); err != nil || equal != true {
			return false, err
		}
	}
	return true, nil
}
