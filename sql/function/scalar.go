package function

import (
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// definition is a function whose result follows from the values of its arguments. NULL among them gives NULL.
type definition struct {
	name   string
	arity  arity
	typeOf func(args []gsql.Expression) gsql.Type
	eval   func(ctx *gsql.Context, call *scalar, args []any) (any, error)
	text   func(args []string) string // how SQL writes a call; nil stands for name(args)
	exact  bool                       // its arguments are wanted with all digits
	number bool                       // its arguments are wanted as numbers with all digits
	nulls  bool                       // eval sees NULL arguments, too
	varies bool                       // each evaluation may give another value, or has an effect
	// ownCollation tells that a text result has the connection's collation, not its argument's.
	ownCollation bool
}

// arity is how many arguments a function takes; most < 0 is any number.
type arity struct{ least, most int }

func exactly(n int) arity { return arity{n, n} }

func always(t gsql.Type) func([]gsql.Expression) gsql.Type {
	return func([]gsql.Expression) gsql.Type { return t }
}

// scalar is a call of a function that a definition describes.
type scalar struct {
	*definition
	args   []gsql.Expression
	result gsql.Type
}

var (
	_ gsql.FunctionExpression         = (*scalar)(nil)
	_ gsql.CollationCoercible         = (*scalar)(nil)
	_ gsql.NonDeterministicExpression = (*volatile)(nil)
	_ exact                           = (*scalar)(nil)
)

// volatile is a scalar whose evaluations differ.
type volatile struct{ *scalar }

// IsNonDeterministic implements gsql.NonDeterministicExpression.
func (volatile) IsNonDeterministic() bool { return true }

// WithChildren implements gsql.Expression.
func (v volatile) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if !resolved(children...) {
		out := *v.scalar
		out.args = children
		return volatile{&out}, nil
	}
	return v.definition.call(children...)
}

// call makes an expression that calls the function.
func (d *definition) call(args ...gsql.Expression) (gsql.Expression, error) {
	if len(args) < d.arity.least || d.arity.most >= 0 && len(args) > d.arity.most {
		return nil, gsql.ErrInvalidArgumentNumber.New(d.name, d.arity.String(), len(args))
	}
	own := make([]gsql.Expression, len(args))
	for i, a := range args {
		own[i] = plain(a)
	}
	s := &scalar{definition: d, args: own, result: d.typeOf(own)}
	if d.varies {
		return volatile{s}, nil
	}
	return s, nil
}

// String gives a number of arguments as the engine's message names it.
func (a arity) String() string {
	switch {
	case a.least == a.most:
		return fmt.Sprint(a.least)
	case a.most < 0:
		return fmt.Sprintf("%d or more", a.least)
	}
	return fmt.Sprintf("%d to %d", a.least, a.most)
}

// FunctionName implements gsql.FunctionExpression.
func (s *scalar) FunctionName() string { return s.name }

// Description implements gsql.FunctionExpression.
func (s *scalar) Description() string { return "is the SQL function " + s.name + "." }

// Resolved implements gsql.Expression.
func (s *scalar) Resolved() bool { return expression.ExpressionsResolved(s.args...) }

// Type implements gsql.Expression.
func (s *scalar) Type() gsql.Type {
	if deferred(s.args...) && !s.fixed() {
		return types.NewDeferredType("")
	}
	return s.result
}

// fixed tells whether the type is the same whatever the arguments are.
func (s *scalar) fixed() bool { return s.result != types.Null && !types.IsNumber(s.result) }

// IsNullable implements gsql.Expression.
func (s *scalar) IsNullable() bool { return true }

// String implements gsql.Expression.
func (s *scalar) String() string {
	texts := make([]string, len(s.args))
	for i, a := range s.args {
		texts[i] = a.String()
	}
	if s.text != nil {
		return s.text(texts)
	}
	return s.name + "(" + strings.Join(texts, ",") + ")"
}

// Children implements gsql.Expression.
func (s *scalar) Children() []gsql.Expression { return s.args }

// WithChildren implements gsql.Expression.
func (s *scalar) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if !resolved(children...) {
		out := *s
		out.args = children
		return &out, nil
	}
	return s.definition.call(children...)
}

// CollationCoercibility implements gsql.CollationCoercible.
func (s *scalar) CollationCoercibility(ctx *gsql.Context) (gsql.CollationID, byte) {
	if !types.IsTextOnly(s.result) {
		return gsql.Collation_binary, 5
	}
	if s.ownCollation {
		return ctx.GetCollation(), 2
	}
	for _, a := range s.args {
		if types.IsTextOnly(a.Type()) {
			return gsql.GetCoercibility(ctx, a)
		}
	}
	return ctx.GetCollation(), 4
}

// Eval implements gsql.Expression.
func (s *scalar) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	v, err := s.evalExact(ctx, row)
	if d, ok := v.(decimal.Decimal); ok && types.IsDecimal(s.result) {
		return rounded(d, s.result), err
	}
	return v, err
}

// evalExact implements exact.
func (s *scalar) evalExact(ctx *gsql.Context, row gsql.Row) (any, error) {
	values := make([]any, len(s.args))
	for i, a := range s.args {
		v, err := s.argument(ctx, a, row)
		if err != nil || v == nil && !s.nulls {
			return nil, err
		}
		values[i] = v
	}
	return s.eval(ctx, s, values)
}

func (s *scalar) argument(ctx *gsql.Context, a gsql.Expression, row gsql.Row) (any, error) {
	switch {
	case s.number:
		return evalNumber(ctx, a, row)
	case s.exact:
		return evalExact(ctx, a, row)
	}
	v, err := a.Eval(ctx, row)
	if err != nil || v == nil {
		return nil, err
	}
	return gsql.UnwrapAny(ctx, v)
}
