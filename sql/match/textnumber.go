package match

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/numeral"
)

// textNumber is a text that is compared with a number: the number that it begins with, as a float.
type textNumber struct {
	expression.UnaryExpression
	strict bool // a text that is not wholly a number is an error
}

var _ gsql.CollationCoercible = (*textNumber)(nil)

// NumberOf gives the number that a text begins with: 10 of '10abc', with a warning, or an error if it is to be strict.
func NumberOf(text gsql.Expression, strict bool) gsql.Expression {
	return &textNumber{expression.UnaryExpression{Child: text}, strict}
}

// IsText tells whether an expression is a text, which is compared with numbers as one. A binary literal, x'41', is none.
func IsText(e gsql.Expression) bool {
	t := e.Type()
	if types.IsTextOnly(t) {
		return true
	}
	_, literal := e.(*expression.Literal)
	return !literal && types.IsText(t) && !types.IsEnum(t) && !types.IsSet(t)
}

// IsNumber tells whether an expression is a number with which texts are compared as numbers.
func IsNumber(e gsql.Expression) bool {
	t := e.Type()
	return types.IsNumber(t) && !types.IsBit(t)
}

// AsNumbers gives both sides of a comparison: a text as a number if the other is one.
func AsNumbers(left, right gsql.Expression) (l, r gsql.Expression, changed bool) {
	switch {
	case IsText(left) && IsNumber(right):
		return NumberOf(left, false), right, true
	case IsNumber(left) && IsText(right):
		return left, NumberOf(right, false), true
	}
	return left, right, false
}

// IsNumberOf tells whether an expression is a text as a number.
func IsNumberOf(e gsql.Expression) bool {
	_, is := e.(*textNumber)
	return is
}

// Type implements gsql.Expression.
func (*textNumber) Type() gsql.Type { return types.Float64 }

// String implements gsql.Expression.
func (n *textNumber) String() string { return n.Child.String() }

// CollationCoercibility implements gsql.CollationCoercible.
func (*textNumber) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// WithChildren implements gsql.Expression.
func (n *textNumber) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 1 {
		return nil, gsql.ErrInvalidChildrenNumber.New(n, len(children), 1)
	}
	return NumberOf(children[0], n.strict), nil
}

// Eval implements gsql.Expression.
func (n *textNumber) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	v, err := n.Child.Eval(ctx, row)
	if err != nil || v == nil {
		return nil, err
	}
	if v, err = gsql.UnwrapAny(ctx, v); err != nil {
		return nil, err
	}
	switch text := v.(type) {
	case string:
		return n.number(ctx, text)
	case []byte:
		return n.number(ctx, string(text))
	}
	f, _, err := types.Float64.Convert(ctx, v) // a variable or function gives what is no text
	return f, err
}

func (n *textNumber) number(ctx *gsql.Context, text string) (any, error) {
	if n.strict {
		return numeral.StrictDouble(text)
	}
	return numeral.Double(ctx, text), nil
}
