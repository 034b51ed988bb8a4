package function

import (
	"fmt"
	"math"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// bitOperation defines an operator on the 64 bits of each operand; its result has no sign.
func bitOperation(op string, compute func(l, r uint64) uint64) *definition {
	return &definition{
		arity: exactly(2), number: true, typeOf: always(types.Uint64),
		text: func(args []string) string { return fmt.Sprintf("(%s %s %s)", args[0], op, args[1]) },
		eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
			return compute(bitsOf(ctx, args[0]), bitsOf(ctx, args[1])), nil
		},
	}
}

// bitsOf gives the 64 bits of a value: those of a negative integer are its two's complement.
func bitsOf(ctx *gsql.Context, v any) uint64 {
	n, _ := toInteger(ctx, v)
	return n.bits
}

func and(l, r uint64) uint64 { return l & r }
func or(l, r uint64) uint64  { return l | r }
func xor(l, r uint64) uint64 { return l ^ r }

func shiftLeft(l, r uint64) uint64 {
	if r >= 64 {
		return 0
	}
	return l << r
}

func shiftRight(l, r uint64) uint64 {
	if r >= 64 {
		return 0
	}
	return l >> r
}

// invert defines ~.
func invert() *definition {
	return &definition{
		arity: exactly(1), number: true, typeOf: always(types.Uint64),
		text: func(args []string) string { return "~" + args[0] },
		eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) { return ^bitsOf(ctx, args[0]), nil },
	}
}

// negate defines the minus sign before an operand.
func negate() *definition {
	return &definition{
		arity: exactly(1), number: true,
		text: func(args []string) string { return "-" + args[0] },
		typeOf: func(args []gsql.Expression) gsql.Type {
			switch s := shapeOf(args[0]); {
			case s.class == classDecimal, isBigLiteral(args[0]):
				return decimalType(s.precision, s.scale)
			case s.class == classDouble:
				return types.Float64
			}
			return types.Int64
		},
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			switch {
			case types.IsDecimal(call.result):
				return toDecimal(ctx, args[0]).Neg(), nil
			case call.result == types.Float64:
				return -toDouble(ctx, args[0]), nil
			}
			n, _ := toInteger(ctx, args[0])
			out, fits := withSign(n.magnitude(), !n.negative, true)
			if !fits || !out.negative && out.bits > math.MaxInt64 {
				return nil, outOfRange("BIGINT", call)
			}
			return int64(out.bits), nil
		},
	}
}

// isBigLiteral tells whether an expression is an integer literal whose negative is no 64-bit integer.
func isBigLiteral(e gsql.Expression) bool {
	l, ok := plain(e).(*expression.Literal)
	if !ok {
		return false
	}
	v, ok := l.Value().(uint64)
	return ok && v > math.MaxInt64+1
}
