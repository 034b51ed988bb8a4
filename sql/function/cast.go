package function

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"
	"github.com/shopspring/decimal"

	"redoubt/sql/numeral"
)

// castTo defines a CAST: the function is called with the value, then with the numbers in the parentheses of the type.
func castTo(name string, typeOf func(numbers []int) gsql.Type, convert func(ctx *gsql.Context, call *scalar, v any) (any, error)) *definition {
	return &definition{
		arity: arity{1, 3}, exact: true,
		text:   func(args []string) string { return "cast(" + args[0] + " as " + castType(name, args[1:]) + ")" },
		typeOf: func(args []gsql.Expression) gsql.Type { return typeOf(castNumbers(args)) },
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			return convert(ctx, call, args[0])
		},
	}
}

// castNumber is castTo for types of numbers.
func castNumber(name string, typeOf func([]int) gsql.Type, convert func(*gsql.Context, *scalar, any) (any, error)) *definition {
	d := castTo(name, typeOf, convert)
	d.number = true
	return d
}

func castType(name string, numbers []string) string {
	if len(numbers) == 0 {
		return name
	}
	return name + "(" + strings.Join(numbers, ",") + ")"
}

// castNumbers gives the numbers behind the type.
func castNumbers(args []gsql.Expression) []int {
	var out []int
	for _, a := range args[1:] {
		if l, ok := a.(*expression.Literal); ok {
			n, _ := toInteger(nil, l.Value())
			out = append(out, int(min(n.bits, math.MaxInt32)))
		}
	}
	return out
}

func alwaysCast(t gsql.Type) func([]int) gsql.Type { return func([]int) gsql.Type { return t } }

// castSigned and castUnsigned keep the bits of an integer that is of the other kind. Of a number beyond all integers they give the nearest;
// so does castSigned of one with a point or an exponent. A text is read up to where it stops being an integer.
func castSigned() *definition {
	return castNumber("signed", alwaysCast(types.Int64), func(ctx *gsql.Context, call *scalar, v any) (any, error) {
		n, fits := castInteger(ctx, call, v)
		if kindOfWide(v) != "" && !n.negative && n.bits > math.MaxInt64 {
			n, fits = signed(math.MaxInt64), false
		}
		warnUnless(ctx, fits, call, v)
		return int64(n.bits), nil
	})
}

// kindOfWide is what MySQL's warning calls a number that may be wider than integers are; "" of others.
func kindOfWide(v any) string {
	switch v.(type) {
	case float32, float64:
		return "INTEGER"
	case decimal.Decimal:
		return "DECIMAL"
	}
	return ""
}

func warnUnless(ctx *gsql.Context, fits bool, call *scalar, v any) {
	if kind := kindOfWide(v); !fits && kind != "" {
		numeral.WarnTruncated(ctx, kind, textOfArgument(ctx, call.args[0], v))
	}
}

func castUnsigned() *definition {
	return castNumber("unsigned", alwaysCast(types.Uint64), func(ctx *gsql.Context, call *scalar, v any) (any, error) {
		n, fits := castInteger(ctx, call, v)
		warnUnless(ctx, fits, call, v)
		return n.bits, nil
	})
}

// castInteger gives the integer that a value is. It tells whether a number is in the range of integers.
func castInteger(ctx *gsql.Context, call *scalar, v any) (integer, bool) {
	switch v := v.(type) {
	case string:
		return integerPrefix(ctx, v), true
	case []byte:
		if shapeOf(call.args[0]).class != classUnsigned { // not a binary literal
			return integerPrefix(ctx, string(v)), true
		}
	}
	return toInteger(ctx, v)
}

func integerPrefix(ctx *gsql.Context, s string) integer {
	text := strings.TrimLeft(s, " \t\n\r\v\f")
	end := 0
	if end < len(text) && (text[end] == '-' || text[end] == '+') {
		end++
	}
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	var n integer
	var err error // out of range, which gives the nearest
	if strings.HasPrefix(text, "-") {
		var negative int64
		negative, err = strconv.ParseInt(text[:end], 10, 64)
		n = signed(negative)
	} else {
		n.bits, err = strconv.ParseUint(strings.TrimPrefix(text[:end], "+"), 10, 64)
	}
	if strings.TrimSpace(text[end:]) != "" || err != nil {
		numeral.WarnTruncated(ctx, "INTEGER", s)
	}
	return n
}

// castDecimal rounds to the digits asked for; what does not fit is the largest that does.
func castDecimal() *definition {
	typeOf := func(numbers []int) gsql.Type {
		precision, scale := 10, 0
		if len(numbers) > 0 && numbers[0] > 0 {
			precision = numbers[0]
		}
		if len(numbers) > 1 {
			scale = numbers[1]
		}
		return decimalType(precision, scale)
	}
	return castNumber("decimal", typeOf, func(ctx *gsql.Context, call *scalar, v any) (any, error) {
		if b, ok := v.([]byte); ok && shapeOf(call.args[0]).class != classUnsigned {
			v = string(b)
		}
		t := call.result.(gsql.DecimalType)
		d := toDecimal(ctx, v).Round(int32(t.Scale()))
		limit := decimal.New(1, int32(t.Precision())-int32(t.Scale())).Sub(decimal.New(1, -int32(t.Scale())))
		switch {
		case d.GreaterThan(limit):
			d = limit
		case d.LessThan(limit.Neg()):
			d = limit.Neg()
		default:
			return d, nil
		}
		ctx.Warn(1264, "Out of range value for column '%s' at row 1", call)
		return d, nil
	})
}

func castDouble(name string) *definition {
	return castNumber(name, alwaysCast(types.Float64), func(ctx *gsql.Context, call *scalar, v any) (any, error) {
		return castFloat(ctx, call, v), nil
	})
}

func castSingle() *definition {
	return castNumber("float", alwaysCast(types.Float32), func(ctx *gsql.Context, call *scalar, v any) (any, error) {
		return float32(castFloat(ctx, call, v)), nil
	})
}

func castFloat(ctx *gsql.Context, call *scalar, v any) float64 {
	if b, ok := v.([]byte); ok && shapeOf(call.args[0]).class == classUnsigned {
		n, _ := fromBinary(b)
		return n.float()
	}
	return toDouble(ctx, v)
}

// castText writes a value as a text of at most as many characters as are asked for.
func castText() *definition {
	d := castTo("char", alwaysCast(types.LongText), func(ctx *gsql.Context, call *scalar, v any) (any, error) {
		text := textOfArgument(ctx, call.args[0], v)
		numbers := castNumbers(call.args)
		if len(numbers) == 0 || len(text) <= numbers[0] {
			return text, nil
		}
		c := charText{text: text}
		return c.slice(0, min(int64(numbers[0]), c.length())), nil
	})
	d.exact = false
	d.ownCollation = true
	return d
}

func castDate() *definition {
	return castTo("date", alwaysCast(types.Date), func(ctx *gsql.Context, _ *scalar, v any) (any, error) {
		t, ok := pointOf(ctx, v)
		if !ok {
			return nil, nil
		}
		return startOfDay(t), nil
	})
}

func castDatetime() *definition {
	typeOf := func(numbers []int) gsql.Type {
		digits := 0
		if len(numbers) > 0 {
			digits = min(numbers[0], 6)
		}
		return types.MustCreateDatetimeType(sqltypes.Datetime, digits)
	}
	return castTo("datetime", typeOf, func(ctx *gsql.Context, call *scalar, v any) (any, error) {
		t, ok := pointOf(ctx, v)
		if !ok {
			return nil, nil
		}
		step := time.Duration(math.Pow10(9 - secondDigits(call.result)))
		return t.Round(step), nil
	})
}

func castTime() *definition {
	return castTo("time", alwaysCast(types.Time), func(ctx *gsql.Context, call *scalar, v any) (any, error) {
		micros, ok := readSpan(ctx, v)
		if !ok {
			return nil, nil
		}
		digits := 0
		if numbers := castNumbers(call.args); len(numbers) > 0 {
			digits = min(numbers[0], 6)
		}
		step := int64(math.Pow10(6 - digits))
		half := withSignOf(micros < 0, step/2)
		return clampSpan((micros + half) / step * step), nil
	})
}

// fractionDigits gives the digits of a second that a text literal writes, and 6 of what is not known before it is read.
func fractionDigits(e gsql.Expression) int {
	l, ok := e.(*expression.Literal)
	if !ok {
		return 6
	}
	_, fraction, _ := strings.Cut(fmt.Sprint(l.Value()), ".")
	return min(len(strings.TrimSpace(fraction)), 6)
}

// casts gives the casts by the names of their types.
func casts() map[string]*definition {
	return map[string]*definition{
		"signed": castSigned(), "unsigned": castUnsigned(), "decimal": castDecimal(), "double": castDouble("double"),
		"real": castDouble("real"), "float": castSingle(), "char": castText(), "nchar": castText(), "date": castDate(),
		"datetime": castDatetime(), "time": castTime(),
	}
}
