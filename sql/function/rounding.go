package function

import (
	"math"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// rounding defines ROUND and TRUNCATE: integers stay integers, decimals get the digits that are asked for.
func rounding(least int, cut bool) *definition {
	return &definition{
		arity: arity{least, 2}, number: true,
		typeOf: func(args []gsql.Expression) gsql.Type { return roundedType(args, cut) },
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			digits := int32(0)
			if len(args) == 2 {
				n, _ := toInteger(ctx, args[1])
				digits = clampDigits(n)
			}
			switch {
			case types.IsDecimal(call.result):
				return roundDecimal(toDecimal(ctx, args[0]), digits, cut), nil
			case call.result == types.Float64:
				return roundDouble(toDouble(ctx, args[0]), digits, cut), nil
			}
			return roundInteger(ctx, call, args[0], digits, cut)
		},
	}
}

func roundedType(args []gsql.Expression, cut bool) gsql.Type {
	s := shapeOf(args[0])
	switch s.class {
	case classSigned:
		return types.Int64
	case classUnsigned:
		return types.Uint64
	case classDouble:
		return types.Float64
	}
	digits := 0
	if len(args) == 2 {
		l, ok := args[1].(*expression.Literal)
		if !ok {
			return decimalType(s.precision+1, s.scale)
		}
		n, _ := toInteger(nil, l.Value())
		digits = int(clampDigits(n))
	}
	scale := min(max(digits, 0), scaleMax)
	integral := s.integral()
	if scale < s.scale && !cut {
		integral++ // 9.9 becomes 10
	}
	return decimalType(max(integral, 1)+scale, scale)
}

// clampDigits keeps a number of digits within what any number has.
func clampDigits(n integer) int32 {
	const limit = 400 // more than a float has before or behind its point
	switch {
	case n.negative && int64(n.bits) < -limit:
		return -limit
	case !n.negative && n.bits > limit:
		return limit
	}
	return int32(int64(n.bits))
}

func roundDecimal(d decimal.Decimal, digits int32, cut bool) decimal.Decimal {
	digits = min(digits, scaleMax)
	switch {
	case digits < -precisionMax:
		return decimal.Zero
	case !cut:
		d = d.Round(digits)
	case digits >= 0:
		d = d.Truncate(digits)
	default:
		d = d.Shift(digits).Truncate(0).Shift(-digits)
	}
	return d
}

// roundDouble rounds halves to even, as MySQL rounds floats.
func roundDouble(f float64, digits int32, cut bool) float64 {
	round := math.RoundToEven
	if cut {
		round = math.Trunc
	}
	power := math.Pow(10, math.Abs(float64(digits)))
	if digits < 0 {
		if math.IsInf(power, 0) {
			return 0
		}
		return round(f/power) * power
	}
	scaled := f * power
	if math.IsInf(scaled, 0) || math.IsInf(power, 0) {
		return f
	}
	return round(scaled) / power
}

func roundInteger(ctx *gsql.Context, call *scalar, v any, digits int32, cut bool) (any, error) {
	n, _ := toInteger(ctx, v)
	if digits < 0 {
		var fits bool
		if n, fits = fromDecimal(roundDecimal(n.decimal(), digits, cut)); !fits {
			return nil, outOfRange("BIGINT", call)
		}
	}
	return integerAs(call, n)
}

// integerAs gives an integer of a call's type, or the error that it does not fit.
func integerAs(call *scalar, n integer) (any, error) {
	switch {
	case call.result == types.Uint64 && n.negative:
		return nil, outOfRange("BIGINT UNSIGNED", call)
	case call.result == types.Uint64:
		return n.bits, nil
	case !n.negative && n.bits > math.MaxInt64:
		return nil, outOfRange("BIGINT", call)
	}
	return int64(n.bits), nil
}

// wholeNumber defines CEIL and FLOOR.
func wholeNumber(decimals func(decimal.Decimal) decimal.Decimal, doubles func(float64) float64) *definition {
	return &definition{
		arity: exactly(1), number: true,
		typeOf: func(args []gsql.Expression) gsql.Type {
			s := shapeOf(args[0])
			switch {
			case s.class == classUnsigned:
				return types.Uint64
			case s.class == classDouble:
				return types.Float64
			case s.class == classDecimal && s.integral() >= bigintDigits-2:
				return decimalType(s.integral()+1, 0)
			}
			return types.Int64
		},
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			if call.result == types.Float64 {
				return doubles(toDouble(ctx, args[0])), nil
			}
			if call.result == types.Uint64 {
				n, _ := toInteger(ctx, args[0])
				return n.bits, nil
			}
			d := decimals(toDecimal(ctx, args[0]))
			if types.IsDecimal(call.result) {
				return d, nil
			}
			n, _ := fromDecimal(d)
			return integerAs(call, n)
		},
	}
}

// absolute defines ABS.
func absolute() *definition {
	return &definition{
		arity: exactly(1), number: true,
		typeOf: func(args []gsql.Expression) gsql.Type {
			switch s := shapeOf(args[0]); s.class {
			case classUnsigned:
				return types.Uint64
			case classDecimal:
				return decimalType(s.precision, s.scale)
			case classDouble:
				return types.Float64
			}
			return types.Int64
		},
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			switch {
			case call.result == types.Float64:
				return math.Abs(toDouble(ctx, args[0])), nil
			case types.IsDecimal(call.result):
				return toDecimal(ctx, args[0]).Abs(), nil
			}
			n, _ := toInteger(ctx, args[0])
			return integerAs(call, integer{bits: n.magnitude()})
		},
	}
}
