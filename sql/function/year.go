package function

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// literalYears gives what is compared with a YEAR column with the years that its literals are in such a column, 2024 for 24 and 2000 for
// '0'; nil if there are none.
func literalYears(compared []gsql.Expression) []gsql.Expression {
	year := false
	for _, e := range compared {
		_, column := e.(*expression.GetField)
		year = year || column && types.IsYear(e.Type())
	}
	if !year {
		return nil
	}
	var out []gsql.Expression
	for i, e := range compared {
		n, ok := yearOf(e)
		if !ok {
			continue
		}
		if out == nil {
			out = append(out, compared...)
		}
		out[i] = expression.NewLiteral(n, types.Int64)
	}
	return out
}

// yearOf gives the year that a literal of one or two digits is.
func yearOf(e gsql.Expression) (int64, bool) {
	if m, ok := e.(*marked); ok {
		e = m.Literal
	}
	l, ok := e.(*expression.Literal)
	if !ok {
		return 0, false
	}
	var n int64
	switch v := l.Value().(type) {
	case string:
		text := strings.TrimSpace(v)
		if len(text) == 0 || len(text) > 2 || strings.Trim(text, "0123456789") != "" {
			return 0, false
		}
		for _, digit := range text {
			n = n*10 + int64(digit-'0')
		}
		if n == 0 {
			return 2000, true
		}
	default:
		if !types.IsNumber(l.Type()) || v == nil {
			return 0, false
		}
		whole, fits := toInteger(nil, v) // a number, for which it needs no context
		if !fits || !whole.decimal().Equal(toDecimal(nil, v)) || whole.negative || whole.bits == 0 || whole.bits > 99 {
			return 0, false
		}
		n = int64(whole.bits)
	}
	if n < 70 {
		return 2000 + n, true
	}
	return 1900 + n, true
}
