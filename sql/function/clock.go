package function

import (
	"fmt"
	"math"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	enginefunction "github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"
	"github.com/shopspring/decimal"

	"redoubt/sql/numeral"
)

// spanMax is the largest TIME, in microseconds.
const spanMax = (838*3600 + 59*60 + 59) * microsPerSecond

// clampSpan makes a TIME; what is larger than any is the largest.
func clampSpan(micros int64) types.Timespan {
	return types.Timespan(min(max(micros, -spanMax), spanMax))
}

// BeyondTime tells whether a text or number writes a TIME that is longer than one can be, and gives the longest.
func BeyondTime(ctx *gsql.Context, v any) (longest types.Timespan, beyond bool) {
	var micros int64
	var ok bool
	switch v := v.(type) {
	case string:
		micros, ok = parseSpan(ctx, strings.TrimSpace(v))
	case int8, int16, int32, int64, int, uint8, uint16, uint32, uint64, uint, float32, float64, decimal.Decimal:
		micros, ok = spanOfDigits(toDecimal(ctx, v))
	}
	return clampSpan(micros), ok && (micros > spanMax || micros < -spanMax)
}

// readSpan reads a value as a TIME in microseconds, without a limit: of a point in time its time of day.
func readSpan(ctx *gsql.Context, v any) (micros int64, ok bool) {
	switch v := v.(type) {
	case types.Timespan:
		return v.AsMicroseconds(), true
	case time.Time:
		return timeOfDay(v), true
	case []byte:
		return readSpan(ctx, string(v))
	case string:
		micros, ok = parseSpan(ctx, strings.TrimSpace(v))
	default:
		micros, ok = spanOfDigits(toDecimal(ctx, v))
	}
	if !ok {
		ctx.Warn(1292, "Truncated incorrect time value: '%v'", v)
	}
	return micros, ok
}

func timeOfDay(t time.Time) int64 {
	return int64(t.Hour())*hourPart.micros + int64(t.Minute())*minutePart.micros + int64(t.Second())*microsPerSecond +
		int64(t.Nanosecond()/1000)
}

// parseSpan reads '-1 02:03:04.5', '02:03', '020304' and the time of day of '2024-02-29 02:03:04'.
func parseSpan(ctx *gsql.Context, s string) (int64, bool) {
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if strings.Count(s, "-") == 2 {
		t, ok := parseTime(ctx, s)
		return timeOfDay(t), ok
	}
	if !strings.ContainsAny(s, ": ") {
		prefix, _ := numeral.Prefix(s)
		if prefix == "" {
			return 0, false
		}
		micros, ok := spanOfDigits(numeral.Decimal(ctx, prefix))
		return withSignOf(negative, micros), ok
	}
	days := int64(0)
	if before, after, found := strings.Cut(s, " "); found {
		n, rest := leadingNumber(before)
		if rest != "" {
			return 0, false
		}
		days, s = n, strings.TrimSpace(after)
	}
	fields := strings.SplitN(s, ":", 3)
	factors := []int64{hourPart.micros, minutePart.micros, microsPerSecond}
	micros := days * microsPerDay
	for i, f := range fields {
		n, rest := leadingNumber(f)
		if i > 0 && n > 59 || f == "" {
			return 0, false
		}
		micros += n * factors[i]
		if strings.HasPrefix(rest, ".") {
			micros += fractionMicros(rest[1:])
		}
		if rest != "" {
			break
		}
	}
	return withSignOf(negative, micros), true
}

func withSignOf(negative bool, n int64) int64 {
	if negative {
		return -n
	}
	return n
}

// leadingNumber reads the digits that a text begins with.
func leadingNumber(s string) (n int64, rest string) {
	i := 0
	for ; i < len(s) && isDigit(s[i]) && n < math.MaxInt32; i++ {
		n = n*10 + int64(s[i]-'0')
	}
	return n, s[i:]
}

// fractionMicros reads the digits behind the point of a second, rounded to microseconds.
func fractionMicros(digits string) int64 {
	n, scale := int64(0), int64(100000)
	for i := 0; i < len(digits) && isDigit(digits[i]); i++ {
		if i == 6 {
			if digits[i] >= '5' {
				n++
			}
			break
		}
		n += int64(digits[i]-'0') * scale
		scale /= 10
	}
	return n
}

// spanOfDigits reads 20304.5 as 02:03:04.5, and a number of fourteen digits as a point in time.
func spanOfDigits(d decimal.Decimal) (int64, bool) {
	if d.Abs().GreaterThan(decimal.NewFromInt(8385959)) {
		t, ok := timeOfDigits(d)
		if ok {
			return timeOfDay(t), true
		}
	}
	whole := d.Abs().Truncate(0)
	n := whole.IntPart()
	if n%100 > 59 || n/100%100 > 59 {
		return 0, false
	}
	micros := (n/10000*3600+n/100%100*60+n%100)*microsPerSecond + d.Abs().Sub(whole).Shift(6).IntPart()
	return withSignOf(d.IsNegative(), micros), true
}

// secToTime defines SEC_TO_TIME.
func secToTime() *definition {
	return &definition{arity: exactly(1), exact: true, typeOf: always(types.Time), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		return clampSpan(clamp(toDecimal(ctx, textOf(args[0])).Shift(6).Round(0))), nil
	}}
}

// timeToSec defines TIME_TO_SEC.
func timeToSec() *definition {
	return &definition{arity: exactly(1), typeOf: always(types.Int64), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		micros, ok := readSpan(ctx, args[0])
		if !ok {
			return nil, nil
		}
		return micros / microsPerSecond, nil
	}}
}

// makeDate defines MAKEDATE.
func makeDate() *definition {
	return &definition{arity: exactly(2), typeOf: always(types.Date), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		year, day := integerArgument(ctx, args[0]), integerArgument(ctx, args[1])
		switch {
		case day < 1 || day > 4000000 || year < 0 || year > 9999:
			return nil, nil
		case year < 70:
			year += 2000
		case year < 100:
			year += 1900
		}
		t := time.Date(int(year), 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(day-1))
		if t.Year() > 9999 {
			return nil, nil
		}
		return t, nil
	}}
}

// makeTime defines MAKETIME.
func makeTime() *definition {
	return &definition{arity: exactly(3), typeOf: always(types.Time), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		hour, minute := integerArgument(ctx, args[0]), integerArgument(ctx, args[1])
		second := clamp(toDecimal(ctx, textOf(args[2])).Shift(6).Round(0))
		if minute < 0 || minute > 59 || second < 0 || second >= 60*microsPerSecond {
			return nil, nil
		}
		rest := minute*minutePart.micros + second
		if hour < 0 {
			return clampSpan(max(hour, -900)*hourPart.micros - rest), nil
		}
		return clampSpan(min(hour, 900)*hourPart.micros + rest), nil
	}}
}

// addTime defines ADDTIME and SUBTIME. The result is a DATETIME of one, a TIME of one, and a text of all else.
func addTime(sign int64) *definition {
	return &definition{
		arity: exactly(2),
		typeOf: func(args []gsql.Expression) gsql.Type {
			switch t := args[0].Type(); {
			case types.IsTime(t) && !types.IsDateType(t):
				return types.MustCreateDatetimeType(sqltypes.Datetime, max(secondDigits(t), secondDigits(args[1].Type())))
			case types.IsTimespan(t):
				return types.Time
			}
			return types.LongText
		},
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			change, ok := readSpan(ctx, args[1])
			if !ok {
				return nil, nil
			}
			change *= sign
			if isPoint(args[0]) {
				t, _, ok := readTime(ctx, args[0])
				if !ok {
					return nil, nil
				}
				moved, ok := moveTime(t, 0, change)
				if !ok {
					return nil, nil
				}
				return timeAs(call.result, moved), nil
			}
			span, ok := readSpan(ctx, args[0])
			if !ok {
				return nil, nil
			}
			out := clampSpan(span + change)
			if call.result == types.Time {
				return out, nil
			}
			return out.String(), nil
		},
	}
}

func secondDigits(t gsql.Type) int {
	if d, ok := t.(gsql.DatetimeType); ok {
		return d.Precision()
	}
	return 0
}

// isPoint tells whether a value names a day, not only a time of day.
func isPoint(v any) bool {
	switch v := v.(type) {
	case time.Time:
		return true
	case string:
		return strings.Count(strings.TrimPrefix(strings.TrimSpace(v), "-"), "-") >= 2
	case []byte:
		return isPoint(string(v))
	}
	return false
}

// timeAs gives a point in time as a value of a type: itself, or its text.
func timeAs(t gsql.Type, v time.Time) any {
	switch {
	case !types.IsText(t):
		return v
	case v.Nanosecond() != 0:
		return v.Format("2006-01-02 15:04:05.000000")
	}
	return v.Format("2006-01-02 15:04:05")
}

// timeFormat defines TIME_FORMAT.
func timeFormat() *definition {
	return &definition{arity: exactly(2), typeOf: always(types.LongText), eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		micros, ok := readSpan(ctx, args[0])
		if !ok {
			return nil, nil
		}
		return formatSpan(micros, textOfArgument(ctx, call.args[1], args[1])), nil
	}}
}

// formatSpan writes a TIME by a format; parts of a day that a TIME does not have are zeros.
func formatSpan(micros int64, format string) string {
	var b strings.Builder
	if micros < 0 {
		b.WriteByte('-')
		micros = -micros
	}
	seconds := micros / microsPerSecond
	hour, minute, second := seconds/3600, seconds/60%60, seconds%60
	half, noon := (hour+11)%12+1, "AM"
	if hour%24 >= 12 {
		noon = "PM"
	}
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch format[i] {
		case 'H':
			fmt.Fprintf(&b, "%02d", hour)
		case 'k':
			fmt.Fprintf(&b, "%d", hour)
		case 'h', 'I':
			fmt.Fprintf(&b, "%02d", half)
		case 'l':
			fmt.Fprintf(&b, "%d", half)
		case 'i':
			fmt.Fprintf(&b, "%02d", minute)
		case 's', 'S':
			fmt.Fprintf(&b, "%02d", second)
		case 'f':
			fmt.Fprintf(&b, "%06d", micros%microsPerSecond)
		case 'p':
			b.WriteString(noon)
		case 'r':
			fmt.Fprintf(&b, "%02d:%02d:%02d %s", half, minute, second, noon)
		case 'T':
			fmt.Fprintf(&b, "%02d:%02d:%02d", hour, minute, second)
		case 'Y':
			b.WriteString("0000")
		case 'y', 'd', 'm':
			b.WriteString("00")
		case 'c', 'e':
			b.WriteByte('0')
		default:
			b.WriteByte(format[i])
		}
	}
	return b.String()
}

// dateOf defines DATE.
func dateOf() *definition {
	return &definition{arity: exactly(1), typeOf: always(types.Date), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		t, ok := pointOf(ctx, args[0])
		if !ok {
			return nil, nil
		}
		return startOfDay(t), nil
	}}
}

// pointOf is readTime that takes a TIME for one of today.
func pointOf(ctx *gsql.Context, v any) (time.Time, bool) {
	if span, ok := v.(types.Timespan); ok {
		return moveTime(startOfDay(ctx.QueryTime()), 0, span.AsMicroseconds())
	}
	t, _, ok := readTime(ctx, v)
	return t, ok
}

func startOfDay(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// timeOf defines TIME.
func timeOf() *definition {
	return &definition{arity: exactly(1), typeOf: always(types.Time), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		micros, ok := readSpan(ctx, args[0])
		if !ok {
			return nil, nil
		}
		return clampSpan(micros), nil
	}}
}

// timestampOf defines TIMESTAMP of one argument, or of a day and a time to add.
func timestampOf() *definition {
	return &definition{
		arity: arity{1, 2},
		typeOf: func(args []gsql.Expression) gsql.Type {
			digits := 0
			for _, a := range args {
				switch t := a.Type(); {
				case types.IsTime(t):
					digits = max(digits, secondDigits(t))
				case types.IsText(t), types.IsTimespan(t):
					digits = max(digits, fractionDigits(a))
				}
			}
			return types.MustCreateDatetimeType(sqltypes.Datetime, digits)
		},
		eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
			t, ok := pointOf(ctx, args[0])
			if !ok {
				return nil, nil
			}
			if len(args) == 1 {
				return t, nil
			}
			change, ok := readSpan(ctx, args[1])
			if !ok {
				return nil, nil
			}
			if t, ok = moveTime(t, 0, change); !ok {
				return nil, nil
			}
			return t, nil
		},
	}
}

// fromUnixTime makes FROM_UNIXTIME. Without a format it has as many digits of a second as its argument.
func fromUnixTime(args ...gsql.Expression) (gsql.Expression, error) {
	e, err := enginefunction.NewFromUnixtime(args...)
	if err != nil || len(args) != 1 {
		return e, err
	}
	digits := 0
	switch s := shapeOf(args[0]); s.class {
	case classDecimal:
		digits = min(s.scale, 6)
	case classDouble:
		digits = 6
	}
	d := &definition{
		name: "from_unixtime", arity: exactly(1), typeOf: always(types.MustCreateDatetimeType(sqltypes.Datetime, digits)),
		text: func(args []string) string { return args[0] },
		eval: func(_ *gsql.Context, _ *scalar, args []any) (any, error) { return args[0], nil },
	}
	return d.call(e)
}

// clockPart defines a function that gives one number of a TIME.
func clockPart(part func(micros int64) int64) *definition {
	return &definition{arity: exactly(1), typeOf: always(types.Int32), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		micros, ok := readSpan(ctx, args[0])
		if !ok {
			return nil, nil
		}
		if micros < 0 {
			micros = -micros
		}
		return int32(part(micros)), nil
	}}
}

// toSeconds defines TO_SECONDS.
func toSeconds() *definition {
	return &definition{arity: exactly(1), typeOf: always(types.Int64), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		t, ok := pointOf(ctx, args[0])
		if !ok {
			return nil, nil
		}
		const yearZero = 62167219200 // seconds from 0000-01-01 to 1970-01-01; MySQL counts the day before as day 0
		return t.Unix() + yearZero, nil
	}}
}

// periodAdd defines PERIOD_ADD, and periodDiff PERIOD_DIFF: a period is a month, written 202402.
func periodAdd() *definition {
	return &definition{arity: exactly(2), typeOf: always(types.Int64), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		period := integerArgument(ctx, args[0])
		if period == 0 {
			return int64(0), nil
		}
		months := monthsOfPeriod(period) + integerArgument(ctx, args[1])
		return months/12*100 + months%12 + 1, nil
	}}
}

func periodDiff() *definition {
	return &definition{arity: exactly(2), typeOf: always(types.Int64), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		return monthsOfPeriod(integerArgument(ctx, args[0])) - monthsOfPeriod(integerArgument(ctx, args[1])), nil
	}}
}

func monthsOfPeriod(period int64) int64 {
	year, month := period/100, period%100
	switch {
	case year < 70:
		year += 2000
	case year < 100:
		year += 1900
	}
	return year*12 + month - 1
}

// utcDate and utcTime define UTC_DATE and UTC_TIME.
func utcDate() *definition {
	return &definition{arity: exactly(0), typeOf: always(types.Date), eval: func(ctx *gsql.Context, _ *scalar, _ []any) (any, error) {
		return startOfDay(ctx.QueryTime().UTC()), nil
	}}
}

func utcTime() *definition {
	return &definition{arity: arity{0, 1}, typeOf: always(types.Time), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		micros := timeOfDay(ctx.QueryTime().UTC())
		digits := int64(0)
		if len(args) == 1 {
			digits = min(max(integerArgument(ctx, args[0]), 0), 6)
		}
		step := int64(math.Pow10(6 - int(digits)))
		return types.Timespan(micros / step * step), nil
	}}
}
