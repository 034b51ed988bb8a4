package match

import (
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// exact stands for a decimal that is compared with a number of another type, with all digits: the SQL engine rounds both
// to the digits of the first, and takes 1.504 for 1.50. Compared with a float it is one, as in MySQL. It stands, too, for an
// integer beside ones of the other sign.
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

// Exactly gives a comparison that compares decimals, and integers with and without sign, with all digits, and rows column by column. It
// comes after the choice of indexes, which knows columns by their kind of expression.
func Exactly(ctx *gsql.Context, e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	children := e.Children()
	var next []gsql.Expression
	switch e := e.(type) {
	case *expression.Equals, *expression.NullSafeEquals, *expression.GreaterThan, *expression.GreaterThanOrEqual,
		*expression.LessThan, *expression.LessThanOrEqual:
		if rows, err := compareRows(ctx, e); rows != nil || err != nil {
			return rows, transform.NewTree, err
		}
		next = exactOperands(children)
	case *expression.Between:
		if next = exactSigns(children); next != nil {
			break
		}
		next = exactDecimals(children)
		if next != nil && !types.IsDecimal(children[0].Type()) {
			next[0] = &exact{expression.UnaryExpression{Child: children[0]}, anyFloat(children)} // it compares in the type of its value
		}
	case *expression.Case:
		next = exactCase(e)
	case *expression.InTuple, *expression.HashInTuple:
		return exactList(ctx, e.(expression.Comparer))
	}
	if next == nil {
		return e, transform.SameTree, nil
	}
	out, err := e.WithChildren(next...)
	return out, transform.NewTree, err
}

// exactOperands gives the two sides of a comparison so that it is exact, nil if it is.
func exactOperands(sides []gsql.Expression) []gsql.Expression {
	if next := exactSigns(sides); next != nil {
		return next
	}
	return exactDecimals(sides)
}

func anyFloat(numbers []gsql.Expression) bool {
	return slices.ContainsFunc(numbers, func(e gsql.Expression) bool { return types.IsFloat(e.Type()) })
}

// exactDecimals gives numbers with their decimals made exact, nil if they are compared as they should be.
func exactDecimals(numbers []gsql.Expression) []gsql.Expression {
	decimals, alike := false, true
	for _, n := range numbers {
		if !types.IsNumber(n.Type()) {
			return nil
		}
		decimals = decimals || types.IsDecimal(n.Type())
		alike = alike && types.TypesEqual(n.Type(), numbers[0].Type())
	}
	if !decimals || alike {
		return nil
	}
	next := slices.Clone(numbers)
	changed, floats := false, anyFloat(numbers)
	for i, n := range numbers {
		if _, done := n.(*exact); !done && types.IsDecimal(n.Type()) {
			next[i], changed = &exact{expression.UnaryExpression{Child: n}, floats}, true
		}
	}
	if !changed {
		return nil
	}
	return next
}
