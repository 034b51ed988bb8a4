package function

import (
	"math"
	"math/big"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"

	"redoubt/sql/numeral"
)

// class is how arithmetic treats an operand. A later class wins over an earlier one.
type class uint8

const (
	classSigned class = iota
	classUnsigned
	classDecimal
	classDouble
)

// shape is the numeric type of an operand: its class, and its digits if it is not a float.
type shape struct {
	class     class
	precision int // digits in all
	scale     int // of these, digits behind the point
}

const (
	precisionMax = types.DecimalTypeMaxPrecision
	scaleMax     = types.DecimalTypeMaxScale
	bigintDigits = 20
)

// integral gives the digits before the point.
func (s shape) integral() int { return s.precision - s.scale }

// decimalType gives the DECIMAL of a shape; digits that do not fit are cut off before the point first.
func decimalType(precision, scale int) gsql.Type {
	scale = min(max(scale, 0), scaleMax)
	precision = min(max(precision, scale, 1), precisionMax)
	return types.MustCreateColumnDecimalType(uint8(precision), uint8(scale))
}

// plain takes away the aliases that the planner puts around arguments.
func plain(e gsql.Expression) gsql.Expression {
	for {
		a, ok := e.(*expression.Alias)
		if !ok {
			return e
		}
		e = a.Child
	}
}

// resolved tells whether the types of expressions can be asked for. Where a definition is shown, the engine puts names
// into the place of columns; an expression then keeps its type.
func resolved(all ...gsql.Expression) bool { return expression.ExpressionsResolved(all...) }

// deferred tells whether the type of an argument is not known yet, because it holds an unbound parameter.
func deferred(args ...gsql.Expression) bool {
	for _, a := range args {
		if types.IsDeferredType(a.Type()) {
			return true
		}
	}
	return false
}

// shapeOf gives the numeric type of an expression.
func shapeOf(e gsql.Expression) shape {
	e = plain(e)
	if l, ok := e.(*expression.Literal); ok {
		return shapeOfLiteral(l)
	}
	if isUnset(e) {
		return shape{class: classDouble}
	}
	return shapeOfType(e.Type())
}

// shapeOfLiteral is shapeOf for literals: the engine gives 200 an unsigned type, in MySQL it is signed; and a binary
// literal, x'10', is a number where a number is wanted.
func shapeOfLiteral(l *expression.Literal) shape {
	switch v := l.Value().(type) {
	case uint8, uint16, uint32:
		return shape{classSigned, 10, 0}
	case uint64:
		if types.IsUnsigned(l.Type()) && v <= math.MaxInt64 && l.Type() != types.Uint64 {
			return shape{classSigned, bigintDigits, 0}
		}
	case []byte:
		if types.IsBlobType(l.Type()) {
			return shape{classUnsigned, bigintDigits, 0}
		}
	}
	return shapeOfType(l.Type())
}

func shapeOfType(t gsql.Type) shape {
	if v, ok := t.(gsql.SystemVariableType); ok {
		t = v.UnderlyingType()
	}
	switch {
	case types.IsDecimal(t):
		d := t.(gsql.DecimalType)
		return shape{classDecimal, int(d.Precision()), int(d.Scale())}
	case types.IsSigned(t):
		return shape{classSigned, integerDigits(t), 0}
	case types.IsUnsigned(t):
		return shape{classUnsigned, integerDigits(t), 0}
	case types.IsBit(t):
		return shape{classUnsigned, bigintDigits, 0}
	case types.IsYear(t):
		return shape{classUnsigned, 4, 0}
	case types.IsTimespan(t):
		return shape{classDecimal, 13, 6} // the engine does not know the digits of a TIME
	case types.IsTime(t):
		return shapeOfTime(t)
	case t == types.Null:
		return shape{classSigned, 1, 0}
	}
	return shape{class: classDouble}
}

func shapeOfTime(t gsql.Type) shape {
	if types.IsDateType(t) {
		return shape{classSigned, 8, 0}
	}
	digits := 0
	if d, ok := t.(gsql.DatetimeType); ok {
		digits = d.Precision()
	}
	if digits == 0 {
		return shape{classSigned, 14, 0}
	}
	return shape{classDecimal, 14 + digits, digits}
}

// integerDigits gives the digits of the largest value of an integer type, as MySQL counts them.
func integerDigits(t gsql.Type) int {
	switch t {
	case types.Int8, types.Uint8:
		return 3
	case types.Int16, types.Uint16:
		return 5
	case types.Int24, types.Uint24:
		return 8
	case types.Int32, types.Uint32:
		return 10
	case types.Boolean:
		return 1
	}
	return bigintDigits
}

// integer is a value between -2^63 and 2^64-1: negative ones have negative set and the two's complement in bits.
type integer struct {
	bits     uint64
	negative bool
}

func signed(v int64) integer { return integer{uint64(v), v < 0} }

func (n integer) float() float64 {
	if n.negative {
		return float64(int64(n.bits))
	}
	return float64(n.bits)
}

func (n integer) decimal() decimal.Decimal {
	if n.negative || n.bits <= math.MaxInt64 {
		return decimal.NewFromInt(int64(n.bits))
	}
	return decimal.NewFromBigInt(n.big(), 0)
}

func (n integer) big() *big.Int {
	if n.negative {
		return big.NewInt(int64(n.bits))
	}
	return new(big.Int).SetUint64(n.bits)
}

// toInteger reads a value as an integer. It tells whether the value is one, in range; a value that is not is rounded and
// clamped.
func toInteger(ctx *gsql.Context, v any) (integer, bool) {
	switch v := v.(type) {
	case int8:
		return signed(int64(v)), true
	case int16:
		return signed(int64(v)), true
	case int32:
		return signed(int64(v)), true
	case int64:
		return signed(v), true
	case int:
		return signed(int64(v)), true
	case uint8:
		return integer{bits: uint64(v)}, true
	case uint16:
		return integer{bits: uint64(v)}, true
	case uint32:
		return integer{bits: uint64(v)}, true
	case uint64:
		return integer{bits: v}, true
	case uint:
		return integer{bits: uint64(v)}, true
	case bool:
		if v {
			return integer{bits: 1}, true
		}
		return integer{}, true
	case float32:
		return fromFloat(float64(v))
	case float64:
		return fromFloat(v)
	case decimal.Decimal:
		return fromDecimal(v)
	case []byte:
		return fromBinary(v)
	case time.Time, types.Timespan:
		return fromDecimal(digitsOfTime(v))
	}
	return fromFloat(toDouble(ctx, v))
}

func fromFloat(f float64) (integer, bool) {
	f = math.RoundToEven(f)
	switch {
	case math.IsNaN(f):
		return integer{}, false
	case f >= 1<<64:
		return integer{bits: math.MaxUint64}, false
	case f >= 1<<63:
		return integer{bits: uint64(f)}, true
	case f < -1<<63:
		return signed(math.MinInt64), false
	}
	return signed(int64(f)), true
}

func fromDecimal(d decimal.Decimal) (integer, bool) {
	d = d.Round(0)
	switch {
	case d.LessThan(decimal.NewFromInt(math.MinInt64)):
		return signed(math.MinInt64), false
	case d.LessThanOrEqual(decimal.NewFromInt(math.MaxInt64)):
		return signed(d.IntPart()), true
	}
	if b := d.BigInt(); b.IsUint64() {
		return integer{bits: b.Uint64()}, true
	}
	return integer{bits: math.MaxUint64}, false
}

// fromBinary reads a binary literal as the number that its last eight bytes are.
func fromBinary(b []byte) (integer, bool) {
	var n uint64
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	return integer{bits: n}, len(b) <= 8
}

// toDecimal reads a value as a decimal.
func toDecimal(ctx *gsql.Context, v any) decimal.Decimal {
	switch v := v.(type) {
	case decimal.Decimal:
		return v
	case float32:
		return decimal.NewFromFloat32(v)
	case float64:
		return decimal.NewFromFloat(v)
	case time.Time, types.Timespan:
		return digitsOfTime(v)
	case string:
		return numeral.Decimal(ctx, v)
	case []byte:
		n, _ := fromBinary(v)
		return n.decimal()
	}
	n, exact := toInteger(ctx, v)
	if !exact {
		return decimal.NewFromFloat(toDouble(ctx, v))
	}
	return n.decimal()
}

// toDouble reads a value as a float; of a text the number that it begins with.
func toDouble(ctx *gsql.Context, v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case float32:
		return float64(v)
	case decimal.Decimal:
		return v.InexactFloat64()
	case string:
		return numeral.Double(ctx, v)
	case []byte:
		return numeral.Double(ctx, string(v))
	case time.Time, types.Timespan:
		return digitsOfTime(v).InexactFloat64()
	case int8, int16, int32, int64, int, uint8, uint16, uint32, uint64, uint, bool:
		n, _ := toInteger(ctx, v)
		return n.float()
	}
	f, _, err := types.Float64.Convert(ctx, v)
	if f, ok := f.(float64); ok && err == nil {
		return f
	}
	return 0
}

// digitsOfTime writes a point in time as the number that MySQL takes it for: 20240229103000.5, and 103000 for a TIME.
func digitsOfTime(v any) decimal.Decimal {
	switch v := v.(type) {
	case time.Time:
		n := int64(v.Year())*10000 + int64(v.Month())*100 + int64(v.Day())
		n = n*1000000 + int64(v.Hour())*10000 + int64(v.Minute())*100 + int64(v.Second())
		return micros(n, int64(v.Nanosecond()/1000))
	case types.Timespan:
		us := v.AsMicroseconds()
		sign := int64(1)
		if us < 0 {
			us, sign = -us, -1
		}
		seconds := us / 1000000
		n := seconds/3600*10000 + seconds/60%60*100 + seconds%60
		return micros(sign*n, sign*(us%1000000))
	}
	return decimal.Zero
}

func micros(whole, fraction int64) decimal.Decimal {
	if fraction == 0 {
		return decimal.NewFromInt(whole)
	}
	return decimal.NewFromInt(whole).Add(decimal.New(fraction, -6))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
