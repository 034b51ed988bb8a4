package function

import (
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/match"
)

// quantified compares a value with all rows of a subquery, or looks for any: 5 > ALL (SELECT …). A comparison with NULL
// that would have decided leaves the result NULL.
type quantified struct {
	expression.BinaryExpressionStub // the value and the subquery
	operator                        string
	all                             bool
	comparison                      gsql.Expression // of the two fields of a row

	extremes *[]any // what rowsToCompare has found; nil inside until it has
}

var (
	_ gsql.FunctionExpression = (*quantified)(nil)
	_ gsql.CollationCoercible = (*quantified)(nil)
)

// newQuantified makes the comparison: its arguments are the operator, the quantifier, the value and the subquery.
func newQuantified(args ...gsql.Expression) (gsql.Expression, error) {
	if len(args) != 4 {
		return nil, gsql.ErrInvalidArgumentNumber.New(quantifiedName, 4, len(args))
	}
	operator, _ := plain(args[0]).(*expression.Literal)
	quantifier, _ := plain(args[1]).(*expression.Literal)
	subquery, ok := plain(args[3]).(*plan.Subquery)
	if !ok || operator == nil || quantifier == nil {
		return nil, gsql.ErrSyntaxError.New("ALL and ANY take a subquery")
	}
	q := &quantified{operator: fmt.Sprint(operator.Value()), all: quantifier.Value() == "all", extremes: new([]any)}
	q.LeftChild, q.RightChild = plain(args[2]), subquery
	return q, q.prepare()
}

const quantifiedName = prefix + "compare"

// prepare makes the comparison of one value with one row.
func (q *quantified) prepare() error {
	if types.NumColumns(q.LeftChild.Type()) != 1 || types.NumColumns(q.RightChild.Type()) != 1 {
		return gsql.ErrInvalidOperandColumns.New(1, types.NumColumns(q.RightChild.Type()))
	}
	l, r, _ := match.AsNumbers(expression.NewGetField(0, q.LeftChild.Type(), "", true), expression.NewGetField(1, q.RightChild.Type(), "", true))
	switch q.operator {
	case ast.EqualStr:
		q.comparison = expression.NewEquals(l, r)
	case ast.NotEqualStr:
		q.comparison = expression.NewNot(expression.NewEquals(l, r))
	case ast.LessThanStr:
		q.comparison = expression.NewLessThan(l, r)
	case ast.LessEqualStr:
		q.comparison = expression.NewLessThanOrEqual(l, r)
	case ast.GreaterThanStr:
		q.comparison = expression.NewGreaterThan(l, r)
	case ast.GreaterEqualStr:
		q.comparison = expression.NewGreaterThanOrEqual(l, r)
	default:
		return gsql.ErrSyntaxError.New("no comparison with ALL or ANY: " + q.operator)
	}
	var err error
	q.comparison, _, err = transform.Expr(q.comparison, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		return match.Exactly(gsql.NewEmptyContext(), e)
	})
	return err
}

// FunctionName implements gsql.FunctionExpression.
func (q *quantified) FunctionName() string { return quantifiedName }

// Description implements gsql.FunctionExpression.
func (q *quantified) Description() string { return "compares with the rows of a subquery." }

// Type implements gsql.Expression.
func (q *quantified) Type() gsql.Type { return types.Boolean }

// IsNullable implements gsql.Expression.
func (q *quantified) IsNullable() bool { return true }

// String implements gsql.Expression.
func (q *quantified) String() string {
	quantifier := "any"
	if q.all {
		quantifier = "all"
	}
	return fmt.Sprintf("(%s %s %s %s)", q.LeftChild, q.operator, quantifier, q.RightChild)
}

// CollationCoercibility implements gsql.CollationCoercible.
func (*quantified) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// WithChildren implements gsql.Expression.
func (q *quantified) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 2 {
		return nil, gsql.ErrInvalidChildrenNumber.New(q, len(children), 2)
	}
	out := *q
	out.LeftChild, out.RightChild, out.extremes = children[0], children[1], new([]any)
	if !resolved(children...) {
		return &out, nil
	}
	return &out, out.prepare()
}

// Eval implements gsql.Expression.
func (q *quantified) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	subquery, ok := q.RightChild.(*plan.Subquery)
	if !ok {
		return nil, fmt.Errorf("%s: not a subquery", q)
	}
	value, err := q.LeftChild.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	rows, err := q.rowsToCompare(ctx, subquery, row)
	if err != nil {
		return nil, err
	}
	var result any = q.all // of no rows
	for _, r := range rows {
		met, err := q.comparison.Eval(ctx, gsql.Row{value, r})
		switch {
		case err != nil:
			return nil, err
		case met == nil:
			result = nil
		case met.(bool) != q.all:
			return met, nil
		}
	}
	return result, nil
}

// rowsToCompare gives the rows that decide. Of a subquery that is run once, they are the lowest and the highest, and NULL
// if it is among them: = ANY and <> ALL, which want more, are IN and NOT IN.
func (q *quantified) rowsToCompare(ctx *gsql.Context, subquery *plan.Subquery, row gsql.Row) ([]any, error) {
	if *q.extremes != nil {
		return *q.extremes, nil
	}
	rows, err := subquery.EvalMultiple(ctx, row)
	if err != nil || !subquery.CanCacheResults() || len(rows) == 0 || !orderedAlike(q.LeftChild.Type(), subquery.Type()) {
		return rows, err
	}
	field := func(i int) gsql.Expression { return expression.NewGetField(i, subquery.Type(), "", true) }
	less := expression.NewLessThan(field(0), field(1))
	var low, high any
	var found []any
	for _, v := range rows {
		if v == nil {
			found = []any{nil}
			continue
		}
		if low == nil {
			low, high = v, v
		}
		if below, err := less.Eval(ctx, gsql.Row{v, low}); err != nil {
			return nil, err
		} else if below == true {
			low = v
		}
		if above, err := less.Eval(ctx, gsql.Row{high, v}); err != nil {
			return nil, err
		} else if above == true {
			high = v
		}
	}
	if low != nil {
		found = append(found, low, high)
	}
	*q.extremes = found
	return found, nil
}

// orderedAlike tells whether values of one type are in the same order when compared with those of another as when
// compared with one another.
func orderedAlike(a, b gsql.Type) bool {
	if s, ok := a.(gsql.StringType); ok && types.IsTextOnly(a) {
		t, ok := b.(gsql.StringType)
		return ok && types.IsTextOnly(b) && s.Collation() == t.Collation()
	}
	return types.IsNumber(a) && types.IsNumber(b) || types.IsTime(a) && types.IsTime(b)
}
