package vview

import (
	"strings"
	"unicode/utf8"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// pattern is the right side of LIKE: texts that must follow each other, with anything in between.
type pattern struct {
	first, last string   // at the beginning and at the end
	between     []string // in this order
	whole       bool     // first is all there is
	loose       bool     // it has characters that stand for one other: not all that fits it is LIKE it
}

// patternOf reads a pattern; not ok if that is for the SQL engine to judge.
func patternOf(s string) (p pattern, ok bool) {
	if !plain(s) {
		return p, false
	}
	parts := []string{""}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '_':
			p.loose = true
			parts = append(parts, "")
			continue
		case '%':
			parts = append(parts, "")
			continue
		case '\\':
			if i++; i == len(s) {
				return p, false // it is an error
			}
		}
		parts[len(parts)-1] += s[i : i+1]
	}
	p.first, p.last, p.whole = parts[0], parts[len(parts)-1], len(parts) == 1
	for _, part := range parts[1:max(len(parts)-1, 1)] {
		if part != "" {
			p.between = append(p.between, part)
		}
	}
	return p, true
}

// fits tells whether a text has what the pattern names.
func (p *pattern) fits(s string) bool {
	if p.whole {
		return s == p.first
	}
	s, ok := strings.CutPrefix(s, p.first)
	if !ok {
		return false
	}
	if s, ok = strings.CutSuffix(s, p.last); !ok {
		return false
	}
	for _, part := range p.between {
		if _, s, ok = strings.Cut(s, part); !ok {
			return false
		}
	}
	return true
}

// plain tells whether a text has no bytes that are no characters, nor the character that stands for such: the SQL engine finds none LIKE
// anything.
func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, utf8.RuneError) }

// judgeOfLike is of a column LIKE a literal.
func judgeOfLike[T any](ctx *gsql.Context, e *expression.Like, fields []*Field[T]) judge[T] {
	column, isColumn := e.LeftChild.(*expression.GetField)
	literal, isLiteral := e.RightChild.(*expression.Literal)
	if !isColumn || !isLiteral || !usualEscape(e.Escape) || !types.IsTextOnly(literal.Type()) {
		return nil
	}
	text, isText := literal.Value().(string)
	collation, _ := e.CollationCoercibility(ctx)
	field := fields[column.Index()]
	if !isText || field.text == nil || collation != gsql.Collation_Default {
		return nil
	}
	p, ok := patternOf(text)
	if !ok {
		return nil
	}
	row := make(gsql.Row, len(fields))
	return func(t T) verdict {
		own, ok := field.text(t)
		switch {
		case !ok:
			return unknown
		case !p.fits(own):
			return no
		case !p.loose && plain(own):
			return yes
		}
		row[column.Index()] = own
		like, err := e.Eval(ctx, row)
		return truth(err == nil && gsql.IsTrue(like))
	}
}

// usualEscape tells whether the backslash takes the meaning from the character behind it.
func usualEscape(e gsql.Expression) bool {
	literal, ok := e.(*expression.Literal)
	return e == nil || ok && literal.Value() == `\`
}
