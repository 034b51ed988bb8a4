package function

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
	"github.com/shopspring/decimal"
)

// digitsName marks a number with a point that is compared. The engine's planner would round it to the digits of the
// column that it is compared with, and take 1.504 for 1.50, before any rule sees it.
const digitsName = prefix + "digits"

// marked is such a number.
type marked struct{ *expression.Literal }

func newMarked(args ...gsql.Expression) (gsql.Expression, error) {
	if len(args) != 1 {
		return nil, gsql.ErrInvalidArgumentNumber.New(digitsName, 1, len(args))
	}
	if l, ok := plain(args[0]).(*expression.Literal); ok {
		return &marked{l}, nil
	}
	return args[0], nil
}

// WithChildren implements gsql.Expression.
func (m *marked) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 0 {
		return nil, gsql.ErrInvalidChildrenNumber.New(m, len(children), 0)
	}
	return m, nil
}

// markDigits marks a number of a comparison.
func (r pass) markDigits(e ast.Expr) ast.Expr {
	if r.defines {
		return e
	}
	switch v := e.(type) {
	case *ast.SQLVal:
		if v.Type == ast.FloatVal {
			return call(digitsName, v)
		}
	case *ast.UnaryExpr:
		if n, ok := v.Expr.(*ast.SQLVal); ok && v.Operator == ast.UMinusStr && n.Type == ast.FloatVal {
			return call(digitsName, ast.NewFloatVal(append([]byte("-"), n.Val...)))
		}
	}
	return e
}

// compareDigits is an analyzer rule: it takes the marks away, compares rows by their columns, and writes comparisons of columns with numbers of more
// digits so that the numbers have no more than the column.
//
//	price > 1.504  ->  price >= 1.51
//	price = 1.504  ->  price <= 1.50 AND price >= 1.51
func compareDigits(ctx *gsql.Context, _ *analyzer.Analyzer, n gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(n, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		if b, ok := e.(*expression.Between); ok {
			if years := literalYears(b.Children()); years != nil {
				return expression.NewBetween(years[0], years[1], years[2]), transform.NewTree, nil
			}
			return b, transform.SameTree, refuseRows(b.Children())
		}
		c, ok := e.(expression.Comparer)
		if !ok {
			return e, transform.SameTree, nil // also a mark, which its comparison takes away
		}
		rows, err := compareRows(c)
		if err != nil || rows == nil {
			return compareNumber(ctx, c)
		}
		out, _, err := transform.Expr(rows, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
			if c, ok := e.(expression.Comparer); ok {
				return compareNumber(ctx, c)
			}
			return e, transform.SameTree, nil
		})
		return out, transform.NewTree, err
	})
}

// compareNumber does so for a comparison of numbers.
func compareNumber(ctx *gsql.Context, c expression.Comparer) (gsql.Expression, transform.TreeIdentity, error) {
	if in, ok := c.(*expression.InTuple); ok {
		if list, ok := in.Right().(expression.Tuple); ok {
			if years := literalYears(append([]gsql.Expression{in.Left()}, list...)); years != nil {
				return expression.NewInTuple(years[0], expression.NewTuple(years[1:]...)), transform.NewTree, nil
			}
		}
	} else if years := literalYears(c.Children()); years != nil {
		out, err := c.WithChildren(years...)
		return out, transform.NewTree, err
	}
	l, isLeft := c.Left().(*marked)
	r, isRight := c.Right().(*marked)
	switch {
	case isLeft && isRight:
		out, err := c.WithChildren(l.Literal, r.Literal)
		return out, transform.NewTree, err
	case isLeft:
		out, err := compareWithNumber(ctx, c, c.Right(), l.Literal, true)
		return out, transform.NewTree, err
	case isRight:
		out, err := compareWithNumber(ctx, c, c.Left(), r.Literal, false)
		return out, transform.NewTree, err
	}
	if in, ok := c.(*expression.InTuple); ok {
		return timesInList(ctx, in)
	}
	return compareTimes(ctx, c)
}

func compareWithNumber(ctx *gsql.Context, c expression.Comparer, with gsql.Expression, l *expression.Literal, literalFirst bool) (gsql.Expression, error) {
	same := func(l *expression.Literal) (gsql.Expression, error) {
		if literalFirst {
			return c.WithChildren(l, with)
		}
		return c.WithChildren(with, l)
	}
	column, isColumn := with.(*expression.GetField)
	value, isDecimal := l.Value().(decimal.Decimal)
	if !isColumn || !isDecimal || !types.IsDecimal(column.Type()) {
		return same(l)
	}
	t := column.Type().(gsql.DecimalType)
	scale := int32(t.Scale())
	low := value.Truncate(scale)
	if low.GreaterThan(value) {
		low = low.Sub(decimal.New(1, -scale))
	}
	if low.Equal(value) {
		if v, in, err := t.Convert(ctx, value); err == nil && in == gsql.InRange {
			return same(expression.NewLiteral(v, t))
		}
		return same(l)
	}
	wide := types.MustCreateDecimalType(types.DecimalTypeMaxPrecision, t.Scale())
	atMost := expression.NewLessThanOrEqual(column, expression.NewLiteral(low, wide))
	atLeast := expression.NewGreaterThanOrEqual(column, expression.NewLiteral(low.Add(decimal.New(1, -scale)), wide))
	switch c.(type) {
	case *expression.Equals:
		return expression.NewAnd(atMost, atLeast), nil // false, or NULL if the column is
	case *expression.NullSafeEquals:
		return expression.NewLiteral(false, types.Boolean), nil
	case *expression.LessThan, *expression.LessThanOrEqual:
		if literalFirst {
			return atLeast, nil
		}
		return atMost, nil
	case *expression.GreaterThan, *expression.GreaterThanOrEqual:
		if literalFirst {
			return atMost, nil
		}
		return atLeast, nil
	}
	return same(l)
}
