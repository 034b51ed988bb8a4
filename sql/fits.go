package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// fits is what a column of numbers, or a TIME, is set to. A value that does not fit is an error, as in INSERT: the SQL engine would take
// the nearest, or another one, for it. With IGNORE it is the nearest, and a warning.
type fits struct {
	expression.UnaryExpression
	column *gsql.Column
	ignore bool
}

var (
	_ gsql.Expression         = (*fits)(nil)
	_ gsql.CollationCoercible = (*fits)(nil)
)

// assignFitting is an analyzer rule: it looks at the values that UPDATE, ON DUPLICATE KEY UPDATE and triggers assign.
func assignFitting(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeWithOpaque(node, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		ignore := false
		switch n := n.(type) {
		case *plan.UpdateSource:
			ignore = n.Ignore
		case *plan.InsertInto:
			ignore = n.Ignore
		case *plan.Set:
		default:
			return n, transform.SameTree, nil
		}
		return transform.OneNodeExpressions(n, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
			return fitting(e, ignore)
		})
	})
}

func fitting(e gsql.Expression, ignore bool) (gsql.Expression, transform.TreeIdentity, error) {
	set, ok := e.(*expression.SetField)
	if !ok {
		return e, transform.SameTree, nil
	}
	field, ok := set.LeftChild.(*expression.GetField)
	if !ok || !hasNearest(field.Type()) {
		return e, transform.SameTree, nil
	}
	switch right := set.RightChild.(type) {
	case *fits, *gsql.ColumnDefaultValue:
		return e, transform.SameTree, nil
	default:
		column := &gsql.Column{Name: field.Name(), Type: field.Type()}
		return expression.NewSetField(field, &fits{expression.UnaryExpression{Child: right}, column, ignore}), transform.NewTree, nil
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
	return &fits{expression.UnaryExpression{Child: children[0]}, f.column, f.ignore}, nil
}

// Eval implements gsql.Expression.
func (f *fits) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	v, err := f.Child.Eval(ctx, row)
	if err != nil || v == nil {
		return nil, err
	}
	v, wrong := nearest(ctx, f.column, v)
	switch {
	case wrong == nil:
		return v, nil
	case f.ignore:
		ctx.Warn(wrong.errno, "%s", wrong.text)
		return v, nil
	}
	return nil, wrong.err()
}
