package function

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// Numbers of the rules of ours. The engine's own begin at 0, those of package sql at 10,000.
const (
	gatherRule analyzer.RuleId = 10_100 + iota
	apartRule
	digitsRule
	textRule
	unionRule
	enumRule
)

// AddRules gives the builder of an analyzer the rules of this package.
func AddRules(b *analyzer.Builder) *analyzer.Builder {
	return b.AddPreAnalyzeRule(enumRule, writeEnums).AddPreAnalyzeRule(unionRule, typeUnions).AddPreAnalyzeRule(gatherRule, gatherTimesOf).
		AddPreAnalyzeRule(apartRule, setApart).AddPreAnalyzeRule(digitsRule, compareDigits).AddPreAnalyzeRule(textRule, compareTexts)
}

// FirstRules gives the rules that are needed, too, by statements that the engine analyzes by few rules and not by those of
// AddRules: an UPDATE or DELETE of one table.
func FirstRules() []analyzer.Rule {
	return []analyzer.Rule{{Id: digitsRule, Apply: compareDigits}, {Id: textRule, Apply: compareTexts}}
}

// gatherTimesOf is an analyzer rule: JSON_ARRAYAGG and JSON_OBJECTAGG write times as MySQL does.
func gatherTimesOf(_ *gsql.Context, _ *analyzer.Analyzer, n gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeWithOpaque(n, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		switch n.(type) {
		case *plan.GroupBy, *plan.Window:
			return transform.OneNodeExpressions(n, gatherTimes)
		}
		return n, transform.SameTree, nil
	})
}

// compareTimes gives a number that is compared with a date as the date that it writes, or both as numbers.
func compareTimes(ctx *gsql.Context, e expression.Comparer) (gsql.Expression, transform.TreeIdentity, error) {
	l, changedLeft := timeFor(ctx, e.Left(), e.Right())
	r, changedRight := timeFor(ctx, e.Right(), e.Left())
	if !changedLeft && !changedRight {
		switch {
		case isNoTime(e.Right(), e.Left()):
			l = numberOfTime(e.Left())
		case isNoTime(e.Left(), e.Right()):
			r = numberOfTime(e.Right())
		default:
			return e, transform.SameTree, nil
		}
	}
	out, err := e.WithChildren(l, r)
	return out, transform.NewTree, err
}

// isNoTime tells whether an expression is a number that no date has, such as 0, and is compared with one: as numbers, then.
// The engine would find that nothing is greater than it.
func isNoTime(e, with gsql.Expression) bool {
	l, ok := e.(*expression.Literal)
	return ok && types.IsNumber(l.Type()) && l.Value() != nil && types.IsTime(with.Type())
}

// numberOfTime gives a date or time as the number that it is in arithmetic, 20240229.
func numberOfTime(e gsql.Expression) gsql.Expression {
	return newArithmetic(plusOperator)(e, expression.NewLiteral(int64(0), types.Int64))
}

// timesInList is compareTimes for each of a list.
func timesInList(ctx *gsql.Context, e *expression.InTuple) (gsql.Expression, transform.TreeIdentity, error) {
	list, ok := e.Right().(expression.Tuple)
	if !ok {
		return e, transform.SameTree, nil
	}
	out, changed := append(expression.Tuple{}, list...), false
	for i, item := range list {
		var is bool
		out[i], is = timeFor(ctx, item, e.Left())
		changed = changed || is
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	return expression.NewInTuple(e.Left(), out), transform.NewTree, nil
}

// timeFor gives the point in time of an integer literal that is compared with one.
func timeFor(ctx *gsql.Context, e, with gsql.Expression) (gsql.Expression, bool) {
	if l, ok := e.(*expression.Literal); ok && types.IsTime(with.Type()) && types.IsInteger(l.Type()) {
		return timeOfNumber(ctx, l)
	}
	return e, false
}

// timeOfNumber gives the point in time that an integer literal writes, 20240229.
func timeOfNumber(ctx *gsql.Context, l *expression.Literal) (gsql.Expression, bool) {
	n, exact := toInteger(ctx, l.Value())
	if !exact || n.negative {
		return l, false
	}
	t, ok := timeOfDigits(n.decimal())
	if !ok {
		return l, false
	}
	return expression.NewLiteral(t, types.DatetimeMaxPrecision), true
}
