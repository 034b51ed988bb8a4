package function

import (
	"fmt"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"
	"github.com/shopspring/decimal"

	"redoubt/sql/numeral"
)

// unit is what an interval counts, in the parts that its value is written in.
type unit struct {
	parts    []part
	micros   bool // the last part is a fraction of a second: '1.5' is 500000 microseconds
	dateOnly bool // it moves a DATE to a DATE
}

// part is one number of an interval: how many months or microseconds one is.
type part struct {
	months int64
	micros int64
}

const (
	microsPerSecond = int64(1000000)
	microsPerDay    = 86400 * microsPerSecond
)

var (
	microsecondPart = part{micros: 1}
	secondPart      = part{micros: microsPerSecond}
	minutePart      = part{micros: 60 * microsPerSecond}
	hourPart        = part{micros: 3600 * microsPerSecond}
	dayPart         = part{micros: microsPerDay}
	weekPart        = part{micros: 7 * microsPerDay}
	monthPart       = part{months: 1}
	quarterPart     = part{months: 3}
	yearPart        = part{months: 12}
)

// units holds MySQL's units by name.
var units = map[string]unit{
	"MICROSECOND":        {parts: []part{microsecondPart}},
	"SECOND":             {parts: []part{secondPart}},
	"MINUTE":             {parts: []part{minutePart}},
	"HOUR":               {parts: []part{hourPart}},
	"DAY":                {parts: []part{dayPart}, dateOnly: true},
	"WEEK":               {parts: []part{weekPart}, dateOnly: true},
	"MONTH":              {parts: []part{monthPart}, dateOnly: true},
	"QUARTER":            {parts: []part{quarterPart}, dateOnly: true},
	"YEAR":               {parts: []part{yearPart}, dateOnly: true},
	"YEAR_MONTH":         {parts: []part{yearPart, monthPart}, dateOnly: true},
	"DAY_HOUR":           {parts: []part{dayPart, hourPart}},
	"DAY_MINUTE":         {parts: []part{dayPart, hourPart, minutePart}},
	"DAY_SECOND":         {parts: []part{dayPart, hourPart, minutePart, secondPart}},
	"DAY_MICROSECOND":    {parts: []part{dayPart, hourPart, minutePart, secondPart, microsecondPart}, micros: true},
	"HOUR_MINUTE":        {parts: []part{hourPart, minutePart}},
	"HOUR_SECOND":        {parts: []part{hourPart, minutePart, secondPart}},
	"HOUR_MICROSECOND":   {parts: []part{hourPart, minutePart, secondPart, microsecondPart}, micros: true},
	"MINUTE_SECOND":      {parts: []part{minutePart, secondPart}},
	"MINUTE_MICROSECOND": {parts: []part{minutePart, secondPart, microsecondPart}, micros: true},
	"SECOND_MICROSECOND": {parts: []part{secondPart, microsecondPart}, micros: true},
}

// shift is a point in time moved by an interval.
type shift struct {
	expression.BinaryExpressionStub // the point, and the interval's value
	unitName                        string
	unit                            unit
	back                            bool
	function                        string // as it was called; empty for the operators
	result                          gsql.Type
}

var (
	_ gsql.FunctionExpression = (*shift)(nil)
	_ gsql.CollationCoercible = (*shift)(nil)
)

// newShift makes the constructor of a function that moves a point in time. days tells that a plain number stands for
// days, as in ADDDATE.
func newShift(function string, back, days bool) gsql.CreateFuncNArgs {
	return func(args ...gsql.Expression) (gsql.Expression, error) {
		if len(args) != 2 {
			return nil, gsql.ErrInvalidArgumentNumber.New(strings.ToUpper(function), 2, len(args))
		}
		interval, ok := plain(args[1]).(*expression.Interval)
		if !ok {
			if !days {
				return nil, gsql.ErrSyntaxError.New(strings.ToUpper(function) + " takes an INTERVAL")
			}
			interval = expression.NewInterval(plain(args[1]), "DAY")
		}
		name := strings.TrimPrefix(strings.ToUpper(interval.Unit), "SQL_TSI_")
		u, ok := units[name]
		if !ok {
			return nil, gsql.ErrSyntaxError.New("unknown unit of an interval: " + interval.Unit)
		}
		return makeShift(&shift{unitName: name, unit: u, back: back, function: function}, plain(args[0]), interval.Child), nil
	}
}

func makeShift(s *shift, point, value gsql.Expression) *shift {
	s.LeftChild, s.RightChild = point, plain(value)
	s.result = s.resultType()
	return s
}

// resultType follows MySQL: dates stay dates if the interval counts days or more, texts stay texts.
func (s *shift) resultType() gsql.Type {
	t := s.LeftChild.Type()
	switch {
	case types.IsDateType(t) && s.unit.dateOnly:
		return types.Date
	case types.IsTime(t):
		digits := s.digits()
		if d, ok := t.(gsql.DatetimeType); ok {
			digits = max(digits, d.Precision())
		}
		return types.MustCreateDatetimeType(sqltypes.Datetime, digits)
	case types.IsTimespan(t):
		return types.Time
	}
	return types.LongText
}

// digits gives the digits of a second that the interval can bring in.
func (s *shift) digits() int {
	switch {
	case s.unit.micros, s.unitName == "MICROSECOND":
		return 6
	case s.unitName == "SECOND":
		if value := shapeOf(s.RightChild); value.class == classDecimal {
			return min(value.scale, 6)
		}
	}
	return 0
}

// FunctionName implements gsql.FunctionExpression.
func (s *shift) FunctionName() string {
	switch {
	case s.function != "":
		return s.function
	case s.back:
		return "date_sub"
	}
	return "date_add"
}

// Description implements gsql.FunctionExpression.
func (s *shift) Description() string { return "moves a point in time by an interval." }

// Type implements gsql.Expression.
func (s *shift) Type() gsql.Type { return s.result }

// IsNullable implements gsql.Expression.
func (s *shift) IsNullable() bool { return true }

// String implements gsql.Expression.
func (s *shift) String() string {
	interval := fmt.Sprintf("interval %s %s", s.RightChild, strings.ToLower(s.unitName))
	switch {
	case s.function != "":
		return fmt.Sprintf("%s(%s, %s)", s.function, s.LeftChild, interval)
	case s.back:
		return fmt.Sprintf("(%s - %s)", s.LeftChild, interval)
	}
	return fmt.Sprintf("(%s + %s)", s.LeftChild, interval)
}

// CollationCoercibility implements gsql.CollationCoercible.
func (s *shift) CollationCoercibility(ctx *gsql.Context) (gsql.CollationID, byte) {
	return ctx.GetCollation(), 4
}

// WithChildren implements gsql.Expression.
func (s *shift) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 2 {
		return nil, gsql.ErrInvalidChildrenNumber.New(s, len(children), 2)
	}
	out := *s
	if !resolved(children...) {
		out.LeftChild, out.RightChild = children[0], children[1]
		return &out, nil
	}
	return makeShift(&out, children[0], children[1]), nil
}

// Eval implements gsql.Expression.
func (s *shift) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	point, err := evalExact(ctx, s.LeftChild, row)
	if err != nil || point == nil {
		return nil, err
	}
	value, err := evalExact(ctx, s.RightChild, row)
	if err != nil || value == nil {
		return nil, err
	}
	months, micros := s.unit.read(ctx, value)
	if s.back {
		months, micros = -months, -micros
	}
	if span, ok := point.(types.Timespan); ok {
		return moveSpan(span, months, micros), nil
	}
	t, dateOnly, ok := readTime(ctx, point)
	if !ok {
		return nil, nil
	}
	moved, ok := moveTime(t, months, micros)
	if !ok {
		ctx.Warn(1441, "Datetime function: datetime field overflow")
		return nil, nil
	}
	if s.result == types.LongText {
		return s.format(moved, dateOnly), nil
	}
	return moved, nil
}

// format writes the result for a point that was given as a text.
func (s *shift) format(t time.Time, dateOnly bool) string {
	switch {
	case t.Nanosecond() != 0:
		return t.Format("2006-01-02 15:04:05.000000")
	case dateOnly && s.unit.dateOnly:
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05")
}

// readTime reads a value as a point in time, and tells whether it names a day only.
func readTime(ctx *gsql.Context, v any) (t time.Time, dateOnly, ok bool) {
	switch v := v.(type) {
	case time.Time:
		return v, false, true
	case []byte:
		return readTime(ctx, string(v))
	case string:
		v = strings.TrimSpace(v)
		dateOnly = !strings.ContainsAny(v, ":") && len(v) <= len("2006-01-02")
		t, ok = parseTime(ctx, v)
	default:
		n, exact := toInteger(ctx, v)
		if d, is := v.(decimal.Decimal); is && !d.IsInteger() {
			t, ok = timeOfDigits(d)
			break
		}
		if !exact || n.negative {
			break
		}
		dateOnly = n.bits <= 99991231
		t, ok = timeOfDigits(n.decimal())
	}
	if !ok {
		ctx.Warn(1292, "Incorrect datetime value: '%v'", v)
	}
	return t, dateOnly, ok
}

func parseTime(ctx *gsql.Context, s string) (time.Time, bool) {
	if allDigits(s) {
		if d, err := decimal.NewFromString(s); err == nil {
			return timeOfDigits(d)
		}
	}
	v, _, err := types.DatetimeMaxPrecision.Convert(ctx, s)
	t, ok := v.(time.Time)
	return t, ok && err == nil && !t.Equal(types.DatetimeMaxPrecision.Zero().(time.Time))
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) && s[i] != '.' {
			return false
		}
	}
	return s != ""
}

// timeOfDigits reads 20240229 and 20240229103000.5 as points in time. Years of two digits are of 1970 to 2069.
func timeOfDigits(d decimal.Decimal) (time.Time, bool) {
	whole := d.Truncate(0)
	n := whole.IntPart()
	switch {
	case n < 101 || whole.GreaterThan(decimal.NewFromInt(99991231235959)):
		return time.Time{}, false
	case n <= 991231: // YYMMDD
		n = century(n, 10000) * microsPerSecond
	case n <= 99991231: // YYYYMMDD
		n *= 1000000
	case n <= 991231235959: // YYMMDDhhmmss
		n = century(n, 10000000000)
	}
	date, clock := n/1000000, n%1000000
	us := d.Sub(whole).Shift(6).IntPart()
	t := time.Date(int(date/10000), time.Month(date/100%100), int(date%100), int(clock/10000), int(clock/100%100),
		int(clock%100), int(us)*1000, time.UTC)
	same := int64(t.Month()) == date/100%100 && int64(t.Day()) == date%100 && clock/10000 < 24 && clock/100%100 < 60 && clock%100 < 60
	return t, same && date > 0
}

func century(n, year int64) int64 {
	if n/year < 70 {
		return n + 2000*year
	}
	return n + 1900*year
}

// moveTime moves a point by months, keeping to the last day of a month, then by microseconds. It tells whether the
// result is a DATETIME.
func moveTime(t time.Time, months, micros int64) (time.Time, bool) {
	if months != 0 {
		all := int64(t.Year())*12 + int64(t.Month()) - 1 + months
		if all < 0 || all >= 10000*12 {
			return t, false
		}
		year, month := int(all/12), time.Month(all%12+1)
		last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
		t = time.Date(year, month, min(t.Day(), last), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	}
	days := micros / microsPerDay
	const daysMax = 10000 * 366
	if days > daysMax || days < -daysMax {
		return t, false
	}
	t = t.AddDate(0, 0, int(days)).Add(time.Duration(micros%microsPerDay) * time.Microsecond)
	return t, t.Year() >= 0 && t.Year() <= 9999
}

// moveSpan moves a TIME; months it does not know.
func moveSpan(t types.Timespan, months, micros int64) any {
	if months != 0 {
		return nil
	}
	const limit = (838*3600 + 59*60 + 59) * microsPerSecond
	out := t.AsMicroseconds() + micros
	if out > limit || out < -limit {
		return nil
	}
	return types.Timespan(out)
}

// read reads the value of an interval as months and microseconds. What is larger than any calendar is clamped.
func (u unit) read(ctx *gsql.Context, value any) (months, micros int64) {
	if len(u.parts) == 1 {
		if u.parts[0] == secondPart {
			return 0, clamp(toDecimal(ctx, textOf(value)).Shift(6).Round(0))
		}
		var n decimal.Decimal
		switch v := value.(type) {
		case string:
			n = numeral.Decimal(ctx, v).Truncate(0)
		case []byte:
			n = numeral.Decimal(ctx, string(v)).Truncate(0)
		default:
			n = toDecimal(ctx, v).Round(0)
		}
		p := u.parts[0]
		return clamp(n.Mul(decimal.NewFromInt(p.months))), clamp(n.Mul(decimal.NewFromInt(p.micros)))
	}
	return u.readParts(fmt.Sprint(textOf(value)))
}

func textOf(v any) any {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v
}

// clamp keeps products of later additions within 64 bits.
func clamp(d decimal.Decimal) int64 {
	const limit = int64(1) << 60
	switch {
	case d.GreaterThan(decimal.NewFromInt(limit)):
		return limit
	case d.LessThan(decimal.NewFromInt(-limit)):
		return -limit
	}
	return d.IntPart()
}

// readParts reads the numbers in a text. If there are fewer than the unit has parts, the first parts are those left out.
func (u unit) readParts(text string) (months, micros int64) {
	text = strings.TrimSpace(text)
	negative := strings.HasPrefix(text, "-")
	groups := strings.FieldsFunc(text, func(c rune) bool { return c < '0' || c > '9' })
	if len(groups) > len(u.parts) {
		return 0, 0
	}
	parts := u.parts[len(u.parts)-len(groups):]
	for i, g := range groups {
		if u.micros && i == len(groups)-1 && len(g) < 6 {
			g += strings.Repeat("0", 6-len(g))
		}
		n, err := decimal.NewFromString(g)
		if err != nil {
			continue
		}
		months += clamp(n.Mul(decimal.NewFromInt(parts[i].months)))
		micros += clamp(n.Mul(decimal.NewFromInt(parts[i].micros)))
	}
	if negative {
		return -months, -micros
	}
	return months, micros
}
