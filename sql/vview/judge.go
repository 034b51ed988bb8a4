package vview

import (
	"cmp"
	"strings"
	"time"
	"unicode/utf8"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// verdict is what a condition says of a thing: AND is the least of two, OR the greatest.
type verdict int8

const (
	no verdict = iota
	unknown
	yes
)

// judge tells whether a thing fulfils a condition, as the SQL engine would, without a row.
type judge[T any] func(T) verdict

// judgeOf gives the judge of a condition that compares columns with literals; nil if it is of another kind, or might depend on
// what only the SQL engine knows: types that it converts, collations other than that of all texts of views.
func judgeOf[T any](ctx *gsql.Context, e gsql.Expression, fields []*Field[T]) judge[T] {
	switch e := e.(type) {
	case *expression.And:
		return both(ctx, e.LeftChild, e.RightChild, fields, func(a, b verdict) verdict { return min(a, b) })
	case *expression.Or:
		return both(ctx, e.LeftChild, e.RightChild, fields, func(a, b verdict) verdict { return max(a, b) })
	case *expression.Not:
		if j := judgeOf(ctx, e.Child, fields); j != nil {
			return func(t T) verdict { return yes - j(t) }
		}
	case *expression.Between:
		return judgeOf(ctx, expression.NewAnd(expression.NewLessThanOrEqual(e.Lower, e.Val), expression.NewGreaterThanOrEqual(e.Upper, e.Val)), fields)
	case *expression.InTuple:
		return judgeOfList(ctx, e.Left(), e.Right(), fields)
	case *expression.HashInTuple:
		return judgeOfList(ctx, e.Left(), e.Right(), fields)
	case *expression.IsNull:
		return judgeOfNull(e.Child, fields)
	case *expression.Like:
		return judgeOfLike(ctx, e, fields)
	case expression.Comparer:
		return judgeOfComparison(ctx, e, fields)
	}
	return nil
}

func both[T any](ctx *gsql.Context, left, right gsql.Expression, fields []*Field[T], of func(a, b verdict) verdict) judge[T] {
	a, b := judgeOf(ctx, left, fields), judgeOf(ctx, right, fields)
	if a == nil || b == nil {
		return nil
	}
	return func(t T) verdict { return of(a(t), b(t)) }
}

func truth(holds bool) verdict {
	if holds {
		return yes
	}
	return no
}

// judgeOfList is of IN: equal to one of a list.
func judgeOfList[T any](ctx *gsql.Context, left, right gsql.Expression, fields []*Field[T]) judge[T] {
	list, ok := right.(expression.Tuple)
	if !ok {
		return nil
	}
	judges := make([]judge[T], len(list))
	for i, e := range list {
		if judges[i] = judgeOfComparison(ctx, expression.NewEquals(left, e), fields); judges[i] == nil {
			return nil
		}
	}
	return func(t T) verdict {
		v := no
		for _, j := range judges {
			v = max(v, j(t))
		}
		return v
	}
}

func judgeOfNull[T any](e gsql.Expression, fields []*Field[T]) judge[T] {
	f, ok := e.(*expression.GetField)
	if !ok {
		return nil
	}
	switch field := fields[f.Index()]; {
	case field.number != nil:
		return func(t T) verdict { _, ok := field.number(t); return truth(!ok) }
	case field.text != nil:
		return func(t T) verdict { _, ok := field.text(t); return truth(!ok) }
	case field.time != nil:
		return func(t T) verdict { return truth(field.time(t) == 0) }
	}
	return nil
}

// outcomes are what a comparison says if the left side is less, equal or greater.
type outcomes [3]verdict

func outcomesOf(c expression.Comparer) (outcomes, bool) {
	switch c.(type) {
	case *expression.Equals:
		return outcomes{no, yes, no}, true
	case *expression.LessThan:
		return outcomes{yes, no, no}, true
	case *expression.LessThanOrEqual:
		return outcomes{yes, yes, no}, true
	case *expression.GreaterThan:
		return outcomes{no, no, yes}, true
	case *expression.GreaterThanOrEqual:
		return outcomes{no, yes, yes}, true
	}
	return outcomes{}, false
}

// judgeOfComparison is of a column and a literal.
func judgeOfComparison[T any](ctx *gsql.Context, c expression.Comparer, fields []*Field[T]) judge[T] {
	says, ok := outcomesOf(c)
	if !ok {
		return nil
	}
	column, isColumn := c.Left().(*expression.GetField)
	literal, isLiteral := c.Right().(*expression.Literal)
	if !isColumn || !isLiteral {
		column, isColumn = c.Right().(*expression.GetField)
		literal, isLiteral = c.Left().(*expression.Literal)
		says[0], says[2] = says[2], says[0]
	}
	if !isColumn || !isLiteral {
		return nil
	}
	field := fields[column.Index()]
	if number, ok := exactNumber(ctx, literal); ok && field.number != nil {
		return compared(says, number, cmp.Compare[uint64], field.number)
	}
	if text, ok := asciiText(literal); ok && field.text != nil && byBytes(ctx, c) {
		return compared(says, text, strings.Compare, field.text)
	}
	if micros, ok := exactTime(ctx, literal); ok && field.time != nil {
		return compared(says, micros, cmp.Compare[int64], func(t T) (int64, bool) { own := field.time(t); return own, own != 0 })
	}
	return nil
}

// compared is the judge of a comparison with a fixed value.
func compared[T, V any](says outcomes, fixed V, compare func(a, b V) int, of func(T) (V, bool)) judge[T] {
	return func(t T) verdict {
		own, ok := of(t)
		if !ok {
			return unknown
		}
		return says[1+compare(own, fixed)]
	}
}

// exactNumber gives a literal that the SQL engine compares with unsigned integers as if exactly: it compares those of unlike signs as
// floating-point numbers, which are exact up to here.
func exactNumber(ctx *gsql.Context, literal *expression.Literal) (uint64, bool) {
	if !types.IsInteger(literal.Type()) {
		return 0, false
	}
	n, ok := whole(ctx, literal.Value())
	return n, ok && n < 1<<53
}

// exactTime gives a literal that the SQL engine compares with times, if it has no more digits than they.
func exactTime(ctx *gsql.Context, literal *expression.Literal) (micros int64, ok bool) {
	switch literal.Value().(type) {
	case time.Time, string:
	default:
		return 0, false
	}
	shown := shownTime(ctx, literal.Value())
	if shown == nil || shown.Nanosecond()%1000 != 0 {
		return 0, false
	}
	return shown.UnixMicro(), true
}

// byBytes tells whether the SQL engine compares the texts of a comparison by their code points, which is the order of their bytes.
func byBytes(ctx *gsql.Context, c expression.Comparer) bool {
	if l, ok := c.Left().Type().(gsql.StringType); ok && types.TypesEqual(c.Left().Type(), c.Right().Type()) {
		return l.Collation() == gsql.Collation_Default
	}
	collation, _ := gsql.GetCoercibility(ctx, c)
	return collation == gsql.Collation_Default
}

// asciiText gives a text whose order among texts, even those that are no UTF-8, is that of its bytes.
func asciiText(literal *expression.Literal) (string, bool) {
	text, ok := literal.Value().(string)
	if !ok || !types.IsTextOnly(literal.Type()) {
		return "", false
	}
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return "", false
		}
	}
	return text, true
}
