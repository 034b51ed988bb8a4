package match

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// exact stands for a decimal that is compared with a number of another type, with all digits: the SQL engine rounds both
// to the digits of the first, and takes 1.504 for 1.50. Compared with a float it is one, as in MySQL.
type exact struct {
	expression.UnaryExpression
	float bool
}

var _ gsql.CollationCoercible = (*exact)(nil)

// Type implements gsql.Expression.
func (x *exact) Type() gsql.Type {
	if x.float {
		return types.Float64
	}
	return types.InternalDecimalType
}

// String implements gsql.Expression.
func (x *exact) String() string { return x.Child.String() }

// Eval implements gsql.Expression.
func (x *exact) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	v, err := x.Child.Eval(ctx, row)
	if err == nil && x.float && v != nil {
		if f, ok := float(v); ok {
			return f, nil
		}
	}
	return v, err
}

// CollationCoercibility implements gsql.CollationCoercible.
func (*exact) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// WithChildren implements gsql.Expression.
func (x *exact) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 1 {
		return nil, gsql.ErrInvalidChildrenNumber.New(x, len(children), 1)
	}
	return &exact{expression.UnaryExpression{Child: children[0]}, x.float}, nil
}

// Exactly gives a comparison that compares decimals with all digits. It comes after the choice of indexes, which knows
// columns by their kind of expression.
func Exactly(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	switch e.(type) {
	case *expression.Equals, *expression.NullSafeEquals, *expression.GreaterThan, *expression.GreaterThanOrEqual,
		*expression.LessThan, *expression.LessThanOrEqual, *expression.Between:
	default:
		return e, transform.SameTree, nil
	}
	children := e.Children()
	decimals, floats, alike := false, false, true
	for _, c := range children {
		if !types.IsNumber(c.Type()) {
			return e, transform.SameTree, nil
		}
		decimals = decimals || types.IsDecimal(c.Type())
		floats = floats || types.IsFloat(c.Type())
		alike = alike && types.TypesEqual(c.Type(), children[0].Type())
	}
	if !decimals || alike {
		return e, transform.SameTree, nil
	}
	next := make([]gsql.Expression, len(children))
	changed := false
	for i, c := range children {
		next[i] = c
		if _, done := c.(*exact); !done && types.IsDecimal(c.Type()) {
			next[i], changed = &exact{expression.UnaryExpression{Child: c}, floats}, true
		}
	}
	if _, ok := e.(*expression.Between); ok && changed && !types.IsDecimal(children[0].Type()) {
		next[0] = &exact{expression.UnaryExpression{Child: children[0]}, floats} // it compares in the type of its value
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	out, err := e.WithChildren(next...)
	return out, transform.NewTree, err
}
