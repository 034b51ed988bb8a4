package match

import (
	"math"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// exactSigns gives integers of which one is a BIGINT UNSIGNED, and one may be negative, so that they are compared as they are, nil if they
// are: the SQL engine makes floats of them. Literals that are not negative lose their sign, which costs nothing; otherwise those without
// sign become decimals. A negative literal that is no BIGINT keeps its sign: a float holds it.
func exactSigns(integers []gsql.Expression) []gsql.Expression {
	unsigned := false
	for _, e := range integers {
		if !types.IsInteger(e.Type()) {
			return nil
		}
		unsigned = unsigned || types.TypesEqual(e.Type(), types.Uint64)
	}
	if !unsigned {
		return nil
	}
	next := slices.Clone(integers)
	changed, signed := false, false
	for i, e := range integers {
		if n, ok := natural(e); ok && types.IsSigned(e.Type()) {
			next[i], changed = expression.NewLiteral(n, types.Uint64), true
		} else {
			signed = signed || types.TypesEqual(e.Type(), types.Int64)
		}
	}
	for i, e := range next {
		if signed && types.TypesEqual(e.Type(), types.Uint64) {
			next[i], changed = exactly(e), true
		}
	}
	if !changed {
		return nil
	}
	return next
}

// natural gives the number of a literal integer that is not negative.
func natural(e gsql.Expression) (uint64, bool) {
	l, ok := e.(*expression.Literal)
	if !ok || !types.IsInteger(l.Type()) {
		return 0, false
	}
	n, ok := integer(l.Value())
	return n, ok && (types.IsUnsigned(l.Type()) || int64(n) >= 0)
}

func exactly(e gsql.Expression) gsql.Expression {
	return &exact{expression.UnaryExpression{Child: e}, false}
}

// exactCase gives the children of a CASE with a value that is compared with integers as in exactSigns, nil if it is as it should be.
func exactCase(c *expression.Case) []gsql.Expression {
	if c.Expr == nil {
		return nil
	}
	for _, b := range c.Branches {
		if exactSigns([]gsql.Expression{c.Expr, b.Cond}) != nil {
			next := slices.Clone(c.Children())
			next[0] = exactly(c.Expr)
			return next
		}
	}
	return nil
}

// exactList gives IN so that it looks an integer up among those of the other sign, and a year among numbers that are none, as they are:
// the SQL engine takes them for what their bits would be in its own type, and for the year 0.
func exactList(ctx *gsql.Context, in expression.Comparer) (gsql.Expression, transform.TreeIdentity, error) {
	list, ok := in.Right().(expression.Tuple)
	if !ok || !types.IsYear(in.Left().Type()) && !slices.ContainsFunc(list, otherSign(in.Left().Type())) {
		return in, transform.SameTree, nil
	}
	if _, hashed := in.(*expression.HashInTuple); hashed {
		out, err := expression.NewHashInTuple(ctx, exactly(in.Left()), list)
		return out, transform.NewTree, err
	}
	return expression.NewInTuple(exactly(in.Left()), list), transform.NewTree, nil
}

// otherSign tells whether an integer may be one that the widest type of the sign of t does not hold.
func otherSign(t gsql.Type) func(gsql.Expression) bool {
	return func(e gsql.Expression) bool {
		n, positive := natural(e)
		switch {
		case types.TypesEqual(t, types.Uint64):
			return types.IsSigned(e.Type()) && !positive
		case types.TypesEqual(t, types.Int64):
			return types.TypesEqual(e.Type(), types.Uint64) && (!positive || n > math.MaxInt64)
		}
		return false
	}
}
