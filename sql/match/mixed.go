package match

import (
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// Mixed is = of texts of different collations. It is not one that others follow from: of a = b and a = c, where a takes
// 'x' for 'X' and b does not, b = c says more than both. The SQL engine's planner concludes so from its own equalities.
type Mixed struct {
	expression.BinaryExpressionStub
}

var _ gsql.CollationCoercible = (*Mixed)(nil)

// ApartCollations makes a Mixed, or a NullSafe, of an equality of texts of different collations.
func ApartCollations(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	switch e := e.(type) {
	case *expression.Equals:
		if mixes(e.Left(), e.Right()) {
			return &Mixed{expression.BinaryExpressionStub{LeftChild: e.Left(), RightChild: e.Right()}}, transform.NewTree, nil
		}
	case *expression.NullSafeEquals:
		if mixes(e.Left(), e.Right()) {
			return NewNullSafe(e.Left(), e.Right()), transform.NewTree, nil
		}
	}
	return e, transform.SameTree, nil
}

// mixes tells whether both sides are columns of texts, of different collations.
func mixes(left, right gsql.Expression) bool {
	l, lok := columnCollation(left)
	r, rok := columnCollation(right)
	return lok && rok && l != r
}

func columnCollation(e gsql.Expression) (gsql.CollationID, bool) {
	f, ok := e.(*expression.GetField)
	if !ok {
		return 0, false
	}
	t, ok := f.Type().(gsql.TypeWithCollation)
	if !ok || !types.IsTextOnly(f.Type()) {
		return 0, false
	}
	return t.Collation(), true
}

// Type implements gsql.Expression.
func (*Mixed) Type() gsql.Type { return types.Boolean }

// String implements gsql.Expression.
func (m *Mixed) String() string { return fmt.Sprintf("(%s = %s)", m.LeftChild, m.RightChild) }

// CollationCoercibility implements gsql.CollationCoercible.
func (*Mixed) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// WithChildren implements gsql.Expression.
func (m *Mixed) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 2 {
		return nil, gsql.ErrInvalidChildrenNumber.New(m, len(children), 2)
	}
	return &Mixed{expression.BinaryExpressionStub{LeftChild: children[0], RightChild: children[1]}}, nil
}

// Eval implements gsql.Expression.
func (m *Mixed) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	return expression.NewEquals(m.LeftChild, m.RightChild).Eval(ctx, row)
}
