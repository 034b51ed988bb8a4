package function

import (
	"strings"
	"unicode/utf8"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// newLike makes LIKE without ESCAPE. Of a column with a pattern that begins with plain characters it makes a range, too,
// by which an index can be read. The engine's own range for LIKE 'x%' ends at 'xÿ' and loses rows; it leaves a LIKE alone
// that has an ESCAPE.
func newLike(left, right gsql.Expression) gsql.Expression {
	left, right = plain(left), plain(right)
	like := expression.NewLike(left, right, expression.NewLiteral(`\`, types.LongText))
	column, isColumn := left.(*expression.GetField)
	pattern, isLiteral := right.(*expression.Literal)
	if !isColumn || !isLiteral {
		return like
	}
	text, ok := pattern.Value().(string)
	t, isText := column.Type().(gsql.StringType)
	if !ok || !isText || t.Collation().CharacterSet() != gsql.CharacterSet_utf8mb4 {
		return like
	}
	prefix, whole := patternPrefix(text)
	switch {
	case whole && prefix == text:
		return expression.NewEquals(left, right)
	case prefix == "":
		return like
	}
	from := expression.NewGreaterThanOrEqual(left, expression.NewLiteral(prefix, right.Type()))
	both := expression.NewAnd(from, like)
	if end, ok := behindPrefix(t.Collation(), prefix); ok {
		return expression.NewAnd(expression.NewLessThan(left, expression.NewLiteral(end, right.Type())), both)
	}
	return both
}

// patternPrefix gives the characters that a pattern begins with, and whether nothing else is in it.
func patternPrefix(pattern string) (prefix string, whole bool) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '%', '_':
			return b.String(), false
		case '\\':
			if i+1 == len(pattern) {
				return b.String(), false
			}
			i++
			b.WriteByte(pattern[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// behindPrefix gives a text that sorts behind all texts with a prefix, and not much further: the prefix with its last
// character replaced by one of a greater weight. ok is false if there is none.
func behindPrefix(c gsql.CollationID, prefix string) (text string, ok bool) {
	weight := c.Sorter()
	for len(prefix) > 0 {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		if next, ok := heavier(weight, last); ok {
			return prefix + string(next), true
		}
	}
	return "", false
}

// heavier gives a character that a collation sorts behind another one: the nearest of the next ones, or one far away.
func heavier(weight gsql.CollationSorter, than rune) (rune, bool) {
	const near = 64
	least, found := weight(than), false
	var best rune
	for r := than + 1; r <= than+near && utf8.ValidRune(r); r++ {
		if w := weight(r); w > weight(than) && (!found || w < least) {
			best, least, found = r, w, true
		}
	}
	if found {
		return best, true
	}
	for _, r := range []rune{'α', '日', '\uFFFD', utf8.MaxRune} {
		if weight(r) > weight(than) {
			return r, true
		}
	}
	return 0, false
}
