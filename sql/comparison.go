package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/match"
)

// compareFloats is an analyzer rule: floating-point columns are compared with literals as floating-point numbers, as in
// MySQL. The SQL engine would turn both into a DECIMAL(65,30), which does not hold great numbers, and so lose rows.
func compareFloats(ctx *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(node, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		return compareFloat(ctx, e)
	})
}

// compareFloat does that for one expression.
func compareFloat(ctx *gsql.Context, e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	switch e.(type) {
	case expression.Comparer, *expression.Between:
	default:
		return e, transform.SameTree, nil
	}
	children := e.Children()
	float := false
	for _, c := range children {
		float = float || c.Resolved() && types.IsFloat(c.Type())
	}
	if !float {
		return e, transform.SameTree, nil
	}
	changed := false
	next := make([]gsql.Expression, len(children))
	for i, c := range children {
		literal, done := floatLiteral(ctx, c)
		next[i], changed = literal, changed || done
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	out, err := e.WithChildren(next...)
	return out, transform.NewTree, err
}

// apartCollations is an analyzer rule: nothing follows from an equality of texts of different collations. It comes before
// the joins are ordered.
func apartCollations(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(node, match.ApartCollations)
}

// compareNullSafe is an analyzer rule: <=> compares text as = does, where the SQL engine compares bytes, and the numbers
// of an ENUM with texts. It comes after the choice of indexes, which knows <=>.
func compareNullSafe(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(node, nullSafeText)
}

// compareExactly is an analyzer rule: decimals, and integers with and without sign, are compared with all their digits, also by CHECKs and
// in generated columns.
func compareExactly(ctx *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	exactly := func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) { return match.Exactly(ctx, e) }
	node, same, err := transform.NodeExprsWithOpaque(node, exactly)
	insert, ok := node.(*plan.InsertInto)
	if err != nil || !ok {
		return node, same, err
	}
	computed, ok := insert.Source.(*plan.Project) // what makes rows of the table of those that are given
	if !ok {
		return node, same, nil
	}
	source, sameSource, err := transform.OneNodeExpressions(computed, exactly)
	if err != nil || sameSource {
		return node, same, err
	}
	return insert.WithSource(source), transform.NewTree, nil
}

// nullSafeText does that for one expression.
func nullSafeText(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	c, ok := e.(*expression.NullSafeEquals)
	if !ok || !isTextual(c.Left()) && !isTextual(c.Right()) {
		return e, transform.SameTree, nil
	}
	return match.NewNullSafe(c.Left(), c.Right()), transform.NewTree, nil
}

func isTextual(e gsql.Expression) bool {
	t := e.Type()
	return types.IsTextOnly(t) || types.IsEnum(t) || types.IsSet(t)
}

// countUnion is an analyzer rule: a UNION may have more than one row, though one of its branches reads a primary key.
// The SQL engine would take the whole for one row and fail.
func countUnion(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if analyzer.FlagIsSet(flags, gsql.QFlagMax1Row) {
		transform.Inspect(node, func(n gsql.Node) bool {
			if _, ok := n.(*plan.SetOp); ok {
				flags.Unset(gsql.QFlagMax1Row)
			}
			return true
		})
	}
	return node, transform.SameTree, nil
}

// floatLiteral gives a decimal literal, also those of a list, as a floating-point number. It leaves any other expression
// as it is.
func floatLiteral(ctx *gsql.Context, e gsql.Expression) (out gsql.Expression, changed bool) {
	if list, ok := e.(expression.Tuple); ok {
		numbers := make(expression.Tuple, len(list))
		for i, element := range list {
			number, done := floatLiteral(ctx, element)
			numbers[i], changed = number, changed || done
		}
		return numbers, changed
	}
	literal, ok := e.(*expression.Literal)
	if !ok || !types.IsDecimal(literal.Type()) {
		return e, false
	}
	value, inRange, err := types.Float64.Convert(ctx, literal.Value())
	if err != nil || inRange != gsql.InRange || value == nil {
		return e, false
	}
	return expression.NewLiteral(value, types.Float64), true
}
