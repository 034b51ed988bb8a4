package function

import (
	"strings"

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
	unionRule
	enumRule
)

// AddRules gives the builder of an analyzer the rules of this package.
func AddRules(b *analyzer.Builder) *analyzer.Builder {
	return b.AddPreAnalyzeRule(enumRule, writeEnums).AddPreAnalyzeRule(unionRule, typeUnions).AddPreAnalyzeRule(gatherRule, gatherTimesOf).
		AddPreAnalyzeRule(apartRule, setApart).AddPreAnalyzeRule(digitsRule, compareDigits)
}

// FirstRule gives the rule that is needed, too, by statements that the engine analyzes by few rules and not by those of
// AddRules: an UPDATE or DELETE of one table.
func FirstRule() analyzer.Rule { return analyzer.Rule{Id: digitsRule, Apply: compareDigits} }

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

// compareText makes a text literal that is compared with a column of numbers the number that it begins with, as MySQL
// does: id = '11abc' finds 11. The engine refuses such a text. A text that is wholly a number it reads itself. A number
// that is compared with a date is the date that it writes, or both are numbers. Without texts, only the last is done.
func compareText(ctx *gsql.Context, e expression.Comparer, texts bool) (gsql.Expression, transform.TreeIdentity, error) {
	l, changedLeft := numberOfText(ctx, e.Left(), e.Right(), texts)
	r, changedRight := numberOfText(ctx, e.Right(), e.Left(), texts)
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

// changesFound tells whether a statement changes rows that it finds by its conditions: a text that is no number is an
// error there, not the number that it begins with.
func changesFound(n gsql.Node) bool {
	switch n.(type) {
	case *plan.Update, *plan.DeleteFrom:
		return true
	}
	return false
}

func compareTextList(ctx *gsql.Context, e *expression.InTuple, texts bool) (gsql.Expression, transform.TreeIdentity, error) {
	list, ok := e.Right().(expression.Tuple)
	if !ok {
		return e, transform.SameTree, nil
	}
	out, changed := append(expression.Tuple{}, list...), false
	for i, item := range list {
		var is bool
		out[i], is = numberOfText(ctx, item, e.Left(), texts)
		changed = changed || is
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	return expression.NewInTuple(e.Left(), out), transform.NewTree, nil
}

// numberOfText gives the number that a text literal begins with, if it is compared with a column of numbers and is not
// wholly one; and the point in time of an integer that is compared with one.
func numberOfText(ctx *gsql.Context, e, with gsql.Expression, texts bool) (gsql.Expression, bool) {
	l, ok := e.(*expression.Literal)
	if ok && types.IsTime(with.Type()) && types.IsInteger(l.Type()) {
		return timeOfNumber(ctx, l)
	}
	if !ok || !texts || !types.IsTextOnly(l.Type()) {
		return e, false
	}
	text, isText := l.Value().(string)
	column, isColumn := with.(*expression.GetField)
	if !isText || !isColumn || !types.IsNumber(column.Type()) || types.IsBit(column.Type()) {
		return e, false
	}
	if _, whole := numberPrefix(text); whole && strings.TrimSpace(text) != "" {
		return e, false
	}
	d := decimalPrefix(ctx, text)
	if d.IsInteger() {
		if n, fits := fromDecimal(d); fits && (n.negative || int64(n.bits) >= 0) {
			return expression.NewLiteral(int64(n.bits), types.Int64), true
		}
	}
	return expression.NewLiteral(d.InexactFloat64(), types.Float64), true
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
