package match

import (
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// equality is a part of a join's condition that needs a value of the left side to equal one of the right side.
type equality struct {
	left, right gsql.Expression
	comparison  *Comparison
	nullSafe    bool // NULL equals NULL
}

// alternativesOf gives lists of equalities, one of which rows that meet a condition meet all of. There are none if rows
// cannot be looked up.
//
//	a = x AND b = y          ->  [a = x, b = y]
//	a = x OR b = y AND b > 0  ->  [a = x], [b = y]
func alternativesOf(ctx *gsql.Context, condition gsql.Expression, sideOf func(gsql.Expression) side) [][]equality {
	if condition == nil {
		return nil
	}
	var all []equality
	var either [][]equality
	for _, part := range expression.SplitConjunction(condition) {
		all = append(all, equalitiesOfPart(ctx, part, sideOf)...)
		if _, or := part.(*expression.Or); or && either == nil {
			either = alternativesOfAny(ctx, expression.SplitDisjunction(part), sideOf)
		}
	}
	if len(all) > 0 {
		return [][]equality{all}
	}
	return either
}

func alternativesOfAny(ctx *gsql.Context, parts []gsql.Expression, sideOf func(gsql.Expression) side) (out [][]equality) {
	for _, p := range parts {
		below := alternativesOf(ctx, p, sideOf)
		if len(below) == 0 {
			return nil
		}
		out = append(out, below...)
	}
	return out
}

// equalitiesOfPart gives those of one part of a condition: several if rows are compared.
func equalitiesOfPart(ctx *gsql.Context, part gsql.Expression, sideOf func(gsql.Expression) side) []equality {
	l, r, nullSafe, ok := Sides(part)
	if !ok {
		return nil
	}
	lefts, rights := []gsql.Expression{l}, []gsql.Expression{r}
	if lt, ok := l.(expression.Tuple); ok {
		rt, ok := r.(expression.Tuple)
		if !ok || nullSafe || len(lt) != len(rt) {
			return nil
		}
		lefts, rights = lt, rt
	}
	var out []equality
	for i := range lefts {
		l, r := lefts[i], rights[i]
		switch a, b := sideOf(l), sideOf(r); {
		case a == rightSide && b == leftSide:
			l, r = r, l
		case a != leftSide || b != rightSide:
			continue
		}
		if c := NewComparison(ctx, l, r); c.HasKeys() {
			out = append(out, equality{l, r, c, nullSafe})
		}
	}
	return out
}

// Sides gives the two sides of an equality.
func Sides(e gsql.Expression) (left, right gsql.Expression, nullSafe, ok bool) {
	switch e := e.(type) {
	case *expression.Equals:
		return e.Left(), e.Right(), false, true
	case *expression.NullSafeEquals:
		return e.Left(), e.Right(), true, true
	case *Mixed:
		return e.LeftChild, e.RightChild, false, true
	case *NullSafe:
		return e.LeftChild, e.RightChild, true, true
	}
	return nil, nil, false, false
}

// side is where the columns of an expression are.
type side int

const (
	noSide    side = iota // outside of the join, or nowhere
	leftSide              // at least one on the left, none on the right
	rightSide             // the other way round
	bothSides             // or not to be known
)

func sideOf(e gsql.Expression, from, to int) side {
	out := noSide
	transform.InspectExpr(e, func(e gsql.Expression) bool {
		switch e := e.(type) {
		case *plan.Subquery:
			out = bothSides
		case *expression.GetField:
			switch {
			case e.Index() >= to:
				out |= rightSide
			case e.Index() >= from:
				out |= leftSide
			}
		}
		return out == bothSides
	})
	return out
}

// NullSafe is <=> of texts: it compares them as = does, where the SQL engine's compares bytes.
type NullSafe struct {
	expression.BinaryExpressionStub
}

var _ gsql.CollationCoercible = (*NullSafe)(nil)

// NewNullSafe makes the comparison.
func NewNullSafe(left, right gsql.Expression) *NullSafe {
	return &NullSafe{expression.BinaryExpressionStub{LeftChild: left, RightChild: right}}
}

// Type implements gsql.Expression.
func (*NullSafe) Type() gsql.Type { return types.Boolean }

// IsNullable implements gsql.Expression.
func (*NullSafe) IsNullable() bool { return false }

// String implements gsql.Expression.
func (n *NullSafe) String() string { return fmt.Sprintf("(%s <=> %s)", n.LeftChild, n.RightChild) }

// CollationCoercibility implements gsql.CollationCoercible.
func (*NullSafe) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// WithChildren implements gsql.Expression.
func (n *NullSafe) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 2 {
		return nil, gsql.ErrInvalidChildrenNumber.New(n, len(children), 2)
	}
	return NewNullSafe(children[0], children[1]), nil
}

// Eval implements gsql.Expression.
func (n *NullSafe) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	l, err := n.LeftChild.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	r, err := n.RightChild.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	if l == nil || r == nil {
		return l == nil && r == nil, nil
	}
	return expression.NewEquals(operand(n.LeftChild, 0), operand(n.RightChild, 1)).Eval(ctx, gsql.Row{l, r})
}
