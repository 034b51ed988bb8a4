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
	textRule analyzer.RuleId = 10_100 + iota
	apartRule
	digitsRule
	unionRule
	enumRule
)

// AddRules gives the builder of an analyzer the rules of this package.
func AddRules(b *analyzer.Builder) *analyzer.Builder {
	return b.AddPreAnalyzeRule(enumRule, writeEnums).AddPreAnalyzeRule(unionRule, typeUnions).AddPreAnalyzeRule(textRule, compareTexts).
		AddPreAnalyzeRule(apartRule, setApart).AddPreAnalyzeRule(digitsRule, compareDigits)
}

// FirstRule gives the rule that is needed, too, by statements that the engine analyzes by few rules and not by those of
// AddRules: an UPDATE or DELETE of one table.
func FirstRule() analyzer.Rule { return analyzer.Rule{Id: digitsRule, Apply: compareDigits} }

// compareTexts makes a text literal that is compared with a column of numbers the number that it begins with, as MySQL
// does: id = '11abc' finds 11. The engine refuses such a text. A text that is wholly a number it reads itself.
func compareTexts(ctx *gsql.Context, _ *analyzer.Analyzer, n gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if insert, ok := n.(*plan.InsertInto); ok {
		if _, plainRows := insert.Source.(*plan.Values); plainRows {
			return n, transform.SameTree, nil // perhaps a great many
		}
	}
	return transform.NodeExprsWithOpaque(n, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		switch e := e.(type) {
		case *expression.InTuple: // is a Comparer, too
			return compareTextList(ctx, e)
		case expression.Comparer:
			return compareText(ctx, e)
		case gsql.Aggregation:
			return gatherTimes(e)
		}
		return e, transform.SameTree, nil
	})
}

func compareText(ctx *gsql.Context, e expression.Comparer) (gsql.Expression, transform.TreeIdentity, error) {
	l, changedLeft := numberOfText(ctx, e.Left(), e.Right())
	r, changedRight := numberOfText(ctx, e.Right(), e.Left())
	if !changedLeft && !changedRight {
		return e, transform.SameTree, nil
	}
	out, err := e.WithChildren(l, r)
	return out, transform.NewTree, err
}

func compareTextList(ctx *gsql.Context, e *expression.InTuple) (gsql.Expression, transform.TreeIdentity, error) {
	list, ok := e.Right().(expression.Tuple)
	if !ok {
		return e, transform.SameTree, nil
	}
	out, changed := append(expression.Tuple{}, list...), false
	for i, item := range list {
		var is bool
		out[i], is = numberOfText(ctx, item, e.Left())
		changed = changed || is
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	return expression.NewInTuple(e.Left(), out), transform.NewTree, nil
}

// numberOfText gives the number that a text literal begins with, if it is compared with a column of numbers and is not
// wholly one; and the point in time of an integer that is compared with one.
func numberOfText(ctx *gsql.Context, e, with gsql.Expression) (gsql.Expression, bool) {
	l, ok := e.(*expression.Literal)
	if ok && types.IsTime(with.Type()) && types.IsInteger(l.Type()) {
		return timeOfNumber(ctx, l)
	}
	if !ok || !types.IsTextOnly(l.Type()) {
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
