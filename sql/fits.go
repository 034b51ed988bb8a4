package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/datatype"
)

// fits is what an integer column is set to. One that does not fit is an error, as in INSERT: the SQL engine would take the nearest, or
// another one, for it.
type fits struct {
	expression.UnaryExpression
	column *expression.GetField
}

var (
	_ gsql.Expression         = (*fits)(nil)
	_ gsql.CollationCoercible = (*fits)(nil)
)

// assignFitting is an analyzer rule: it looks at the values that UPDATE, ON DUPLICATE KEY UPDATE and triggers assign, without IGNORE.
func assignFitting(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeWithOpaque(node, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		switch n := n.(type) {
		case *plan.UpdateSource:
			if n.Ignore {
				return n, transform.SameTree, nil
			}
		case *plan.InsertInto:
			if n.Ignore {
				return n, transform.SameTree, nil
			}
		case *plan.Set:
		default:
			return n, transform.SameTree, nil
		}
		return transform.OneNodeExpressions(n, fitting)
	})
}

func fitting(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	set, ok := e.(*expression.SetField)
	if !ok {
		return e, transform.SameTree, nil
	}
	column, ok := set.LeftChild.(*expression.GetField)
	if !ok || !types.IsInteger(column.Type()) {
		return e, transform.SameTree, nil
	}
	switch right := set.RightChild.(type) {
	case *fits, *gsql.ColumnDefaultValue:
		return e, transform.SameTree, nil
	default:
		return expression.NewSetField(column, &fits{expression.UnaryExpression{Child: right}, column}), transform.NewTree, nil
	}
}

// Type implements gsql.Expression.
func (f *fits) Type() gsql.Type { return f.Child.Type() }

// String implements gsql.Expression.
func (f *fits) String() string { return f.Child.String() }

// CollationCoercibility implements gsql.CollationCoercible.
func (f *fits) CollationCoercibility(ctx *gsql.Context) (gsql.CollationID, byte) {
	return gsql.GetCoercibility(ctx, f.Child)
}

// WithChildren implements gsql.Expression.
func (f *fits) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 1 {
		return nil, gsql.ErrInvalidChildrenNumber.New(f, len(children), 1)
	}
	return &fits{expression.UnaryExpression{Child: children[0]}, f.column}, nil
}

// Eval implements gsql.Expression.
func (f *fits) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	v, err := f.Child.Eval(ctx, row)
	if err != nil || v == nil {
		return nil, err
	}
	t := f.column.Type()
	made, in, err := t.Convert(ctx, v)
	if err == nil && !datatype.SameWhole(v, made) && (in != gsql.InRange || !datatype.HoldsRounded(ctx, t, v)) {
		return nil, gsql.ErrValueOutOfRange.New(v, t)
	}
	return v, nil
}
