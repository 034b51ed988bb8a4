package function

import (
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	sqlfunction "github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/match"
	"redoubt/sql/numeral"
)

// compareTexts is an analyzer rule: a text that is compared with a number, or is a condition, is the number that it begins with, as in
// MySQL. The SQL engine would look for the number's text by an index, and take '10abc' for 0 without one. In an UPDATE or DELETE a text
// that is not wholly a number is an error: 1292.
//
//	s = 5            ->  number(s) = 5
//	s IN (5, 'abc')  ->  number(s) = 5 OR s = 'abc'
//	WHERE s          ->  WHERE number(s)
func compareTexts(ctx *gsql.Context, _ *analyzer.Analyzer, n gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	t := &textComparisons{ctx, changesFound(n)}
	return transform.NodeWithOpaque(n, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		n, same, err := transform.OneNodeExpressions(n, t.expression)
		if err != nil {
			return nil, transform.SameTree, err
		}
		n, sameCondition := t.condition(n)
		return n, same && sameCondition, nil
	})
}

// changesFound tells whether a statement changes rows that it finds by its conditions, and not IGNORE.
func changesFound(n gsql.Node) bool {
	switch n := n.(type) {
	case *plan.Update:
		return !n.Ignore
	case *plan.DeleteFrom:
		return true
	}
	return false
}

// textComparisons makes numbers of texts for one statement.
type textComparisons struct {
	ctx    *gsql.Context
	strict bool // a text that is not wholly a number is an error
}

// condition puts right the condition of a node.
func (t *textComparisons) condition(n gsql.Node) (gsql.Node, transform.TreeIdentity) {
	switch n := n.(type) {
	case *plan.Filter:
		if truth, changed := t.truth(n.Expression); changed {
			return plan.NewFilter(truth, n.Child), transform.NewTree
		}
	case *plan.Having:
		if truth, changed := t.truth(n.Cond); changed {
			return plan.NewHaving(truth, n.Child), transform.NewTree
		}
	}
	return n, transform.SameTree
}

// truth gives a text as a number.
func (t *textComparisons) truth(e gsql.Expression) (gsql.Expression, bool) {
	if !resolved(e) || !match.IsText(e) {
		return e, false
	}
	return match.NumberOf(e, t.strict), true
}

func (t *textComparisons) expression(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	switch e := e.(type) {
	case *expression.InTuple:
		return t.list(e)
	case expression.Comparer:
		return t.comparison(e)
	case *expression.Between, *sqlfunction.Field, *expression.And, *expression.Or, *expression.Xor, *expression.Not:
		return t.together(e)
	}
	return e, transform.SameTree, nil
}

// comparison puts right a comparison of two values, or of two rows.
func (t *textComparisons) comparison(e expression.Comparer) (gsql.Expression, transform.TreeIdentity, error) {
	l, r, changed := t.pair(e.Left(), e.Right())
	if !changed {
		return e, transform.SameTree, nil
	}
	out, err := e.WithChildren(l, r)
	return out, transform.NewTree, err
}

// pair gives both sides of a comparison, a text as a number if the other is one.
func (t *textComparisons) pair(l, r gsql.Expression) (left, right gsql.Expression, changed bool) {
	lt, isTuple := l.(expression.Tuple)
	rt, areTuples := r.(expression.Tuple)
	switch {
	case isTuple && areTuples && len(lt) == len(rt):
		lt, rt = slices.Clone(lt), slices.Clone(rt)
		for i := range lt {
			var is bool
			lt[i], rt[i], is = t.pair(lt[i], rt[i])
			changed = changed || is
		}
		return lt, rt, changed
	case !resolved(l, r) || deferred(l, r):
	case match.IsNumber(r):
		l, changed = t.number(l)
	case match.IsNumber(l):
		r, changed = t.number(r)
	}
	return l, r, changed
}

// list puts right an IN. Of a list of texts and numbers it makes two, since what is looked for is one thing beside numbers and another
// beside texts.
func (t *textComparisons) list(e *expression.InTuple) (gsql.Expression, transform.TreeIdentity, error) {
	items, ok := e.Right().(expression.Tuple)
	if !ok {
		return e, transform.SameTree, nil
	}
	var lists []*expression.InTuple
	at, changed := map[string]int{}, false // by what was changed on the left
	for _, item := range items {
		l, r, is := t.pair(e.Left(), item)
		changed = changed || is
		kind := numbersIn(l)
		i, found := at[kind]
		if !found {
			i = len(lists)
			at[kind], lists = i, append(lists, expression.NewInTuple(l, expression.Tuple{}))
		}
		lists[i].RightChild = append(lists[i].Right().(expression.Tuple), r)
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	var out gsql.Expression = lists[0]
	for _, list := range lists[1:] {
		out = expression.NewOr(out, list)
	}
	return out, transform.NewTree, nil
}

// numbersIn tells of a value, or of each of a row, whether it is a text as a number.
func numbersIn(e gsql.Expression) string {
	if row, ok := e.(expression.Tuple); ok {
		var out strings.Builder
		for _, part := range row {
			out.WriteString(numbersIn(part))
		}
		return out.String()
	}
	if match.IsNumberOf(e) {
		return "n"
	}
	return "-"
}

// together puts right what treats all its operands alike: those of a BETWEEN or FIELD are numbers if one is, those of AND, OR, XOR and NOT
// are conditions.
func (t *textComparisons) together(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	children := slices.Clone(e.Children())
	if !resolved(children...) || deferred(children...) {
		return e, transform.SameTree, nil
	}
	number := t.number
	switch e.(type) {
	case *expression.Between:
		if !numbersAndTexts(children) {
			return e, transform.SameTree, nil
		}
	case *sqlfunction.Field: // has no use for an index, and compares texts with the text of a number
		if !numbersAndTexts(children) {
			return e, transform.SameTree, nil
		}
		number = t.truth
	}
	changed := false
	for i, c := range children {
		var is bool
		children[i], is = number(c)
		changed = changed || is
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	out, err := e.WithChildren(children...)
	return out, transform.NewTree, err
}

// numbersAndTexts tells whether there is a number, and nothing but numbers and texts.
func numbersAndTexts(all []gsql.Expression) bool {
	return slices.ContainsFunc(all, match.IsNumber) && !slices.ContainsFunc(all, func(e gsql.Expression) bool {
		return !match.IsNumber(e) && !match.IsText(e)
	})
}

// number gives a text, and a binary literal, x'41', as a number. A literal that is wholly one stays as it is: the SQL engine reads it with
// the type of what it is compared with, which an index needs.
func (t *textComparisons) number(e gsql.Expression) (gsql.Expression, bool) {
	if l, ok := e.(*expression.Literal); ok {
		switch v := l.Value().(type) {
		case []byte:
			if n, fits := fromBinary(v); fits {
				return expression.NewLiteral(n.bits, types.Uint64), true
			}
		case string:
			return t.numberOfLiteral(l, v)
		}
	}
	if !match.IsText(e) {
		return e, false
	}
	return match.NumberOf(e, t.strict), true
}

func (t *textComparisons) numberOfLiteral(l *expression.Literal, text string) (gsql.Expression, bool) {
	if _, whole := numeral.Prefix(text); whole && strings.TrimSpace(text) != "" || !match.IsText(l) {
		return l, false
	}
	if t.strict {
		return match.NumberOf(l, true), true
	}
	d := numeral.Decimal(t.ctx, text)
	if d.IsInteger() {
		if n, fits := fromDecimal(d); fits && (n.negative || int64(n.bits) >= 0) {
			return expression.NewLiteral(int64(n.bits), types.Int64), true
		}
	}
	return expression.NewLiteral(d.InexactFloat64(), types.Float64), true
}
