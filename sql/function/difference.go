package function

import (
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// timestampDiff defines TIMESTAMPDIFF: the function is called with the name of the unit and two points in time.
func timestampDiff() *definition {
	return &definition{
		arity: exactly(3), typeOf: always(types.Int64),
		text: func(args []string) string {
			return "timestampdiff(" + strings.Trim(args[0], "'") + ", " + args[1] + ", " + args[2] + ")"
		},
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			name, _ := call.args[0].(*expression.Literal)
			from, ok := pointOf(ctx, args[1])
			if !ok || name == nil {
				return nil, nil
			}
			to, ok := pointOf(ctx, args[2])
			if !ok {
				return nil, nil
			}
			u, ok := units[strings.TrimPrefix(strings.ToUpper(name.Value().(string)), "SQL_TSI_")]
			if !ok || len(u.parts) != 1 {
				return nil, gsql.ErrSyntaxError.New("unknown unit of TIMESTAMPDIFF")
			}
			return wholeUnits(u.parts[0], from, to), nil
		},
	}
}

// wholeUnits gives how many whole units lie between two points; negative if the second is the earlier one.
func wholeUnits(u part, from, to time.Time) int64 {
	sign := int64(1)
	if to.Before(from) {
		from, to, sign = to, from, -1
	}
	if u.months == 0 {
		seconds := to.Unix() - from.Unix()
		micros := int64(to.Nanosecond()-from.Nanosecond()) / 1000
		if micros < 0 {
			seconds, micros = seconds-1, micros+microsPerSecond
		}
		if u.micros < microsPerSecond {
			return sign * (seconds*microsPerSecond + micros)
		}
		return sign * (seconds / (u.micros / microsPerSecond))
	}
	months := int64(to.Year()-from.Year())*12 + int64(to.Month()) - int64(from.Month())
	inMonth := func(t time.Time) int64 { return int64(t.Day())*microsPerDay + timeOfDay(t) }
	if inMonth(to) < inMonth(from) {
		months--
	}
	return sign * (months / u.months)
}

// intervalOf defines INTERVAL(n, a, b, …): how many of the numbers, which are sorted, are not greater than n.
func intervalOf() *definition {
	return &definition{arity: arity{2, -1}, number: true, nulls: true, typeOf: always(types.Int64), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		if args[0] == nil {
			return int64(-1), nil
		}
		n, count := toDecimal(ctx, args[0]), int64(0)
		for _, v := range args[1:] {
			if v != nil && toDecimal(ctx, v).GreaterThan(n) {
				break
			}
			count++
		}
		return count, nil
	}}
}

// benchmark defines BENCHMARK, which evaluates an expression again and again.
func benchmark() *definition {
	return &definition{arity: exactly(2), nulls: true, varies: true, typeOf: always(types.Int64), eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		if args[0] == nil {
			return nil, nil
		}
		for n := integerArgument(ctx, args[0]); n > 1; n-- {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if _, err := call.args[1].Eval(ctx, nil); err != nil {
				return nil, err
			}
		}
		return int64(0), nil
	}}
}
