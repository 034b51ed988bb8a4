package function

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/shopspring/decimal"
)

// operator is an arithmetic operator with two operands.
type operator string

const (
	plusOperator     operator = "+"
	minusOperator    operator = "-"
	timesOperator    operator = "*"
	divideOperator   operator = "/"
	moduloOperator   operator = "%"
	quotientOperator operator = "DIV"
)

// divisionDigits is how many digits a division adds to the scale of its dividend: the default of MySQL's
// div_precision_increment.
const divisionDigits = 4

// arithmetic is an operation on two numbers, with MySQL's types: integers stay integers of 64 bits and refuse what does
// not fit, decimals are exact, everything else is a float.
type arithmetic struct {
	expression.BinaryExpressionStub
	operator operator
	operands class // of the operation
	result   gsql.Type
}

var (
	_ gsql.FunctionExpression = (*arithmetic)(nil)
	_ gsql.CollationCoercible = (*arithmetic)(nil)
	_ exact                   = (*arithmetic)(nil)
)

// exact is an expression that can give its value with more digits than its type shows. Arithmetic goes on with these, as
// MySQL's does: 1/3*3 is 1.0000.
type exact interface {
	evalExact(ctx *gsql.Context, row gsql.Row) (any, error)
}

func evalExact(ctx *gsql.Context, e gsql.Expression, row gsql.Row) (any, error) {
	var v any
	var err error
	if x, ok := e.(exact); ok {
		v, err = x.evalExact(ctx, row)
	} else {
		v, err = e.Eval(ctx, row)
	}
	if err != nil || v == nil {
		return nil, err
	}
	return gsql.UnwrapAny(ctx, v)
}

// evalNumber is evalExact for arithmetic: a day is the number 20240229.
func evalNumber(ctx *gsql.Context, e gsql.Expression, row gsql.Row) (any, error) {
	v, err := evalExact(ctx, e, row)
	if t, ok := v.(time.Time); ok && types.IsDateType(e.Type()) {
		return int64(t.Year())*10000 + int64(t.Month())*100 + int64(t.Day()), err
	}
	return v, err
}

func newArithmetic(op operator) gsql.CreateFunc2Args {
	return func(left, right gsql.Expression) gsql.Expression {
		a := &arithmetic{operator: op}
		a.LeftChild, a.RightChild = plain(left), plain(right)
		a.resolveType()
		return a
	}
}

// resolveType sets the result's type from those of the operands.
func (a *arithmetic) resolveType() {
	l, r := shapeOf(a.LeftChild), shapeOf(a.RightChild)
	a.operands = max(l.class, r.class)
	if a.operator == divideOperator && a.operands < classDecimal {
		a.operands = classDecimal
	}
	switch a.operands {
	case classSigned:
		a.result = types.Int64
	case classUnsigned:
		a.result = types.Uint64
		if a.operator == moduloOperator && l.class == classSigned {
			a.result = types.Int64
		}
	case classDecimal:
		a.result = a.decimalType(l, r)
		if types.IsTimespan(a.LeftChild.Type()) || types.IsTimespan(a.RightChild.Type()) {
			d := a.result.(gsql.DecimalType)
			a.result = types.MustCreateDecimalType(d.Precision(), d.Scale()) // shows the digits that there are
		}
	default:
		a.result = types.Float64
	}
	if a.operator == quotientOperator && a.operands >= classDecimal {
		a.result = types.Int64
	}
}

// decimalType gives the digits of a decimal result.
func (a *arithmetic) decimalType(l, r shape) gsql.Type {
	switch a.operator {
	case timesOperator:
		return decimalType(l.precision+r.precision, l.scale+r.scale)
	case divideOperator:
		return decimalType(l.precision+r.scale+divisionDigits, l.scale+divisionDigits)
	case moduloOperator:
		return decimalType(max(l.precision, r.precision), max(l.scale, r.scale))
	}
	scale := max(l.scale, r.scale)
	return decimalType(max(l.integral(), r.integral())+1+scale, scale)
}

// FunctionName implements gsql.FunctionExpression.
func (a *arithmetic) FunctionName() string { return operatorFunctions[a.operator] }

// Description implements gsql.FunctionExpression.
func (a *arithmetic) Description() string { return "is the operator " + string(a.operator) + "." }

// Type implements gsql.Expression.
func (a *arithmetic) Type() gsql.Type {
	if deferred(a.LeftChild, a.RightChild) {
		return types.NewDeferredType("")
	}
	return a.result
}

// IsNullable implements gsql.Expression. A division by zero is NULL.
func (a *arithmetic) IsNullable() bool {
	switch a.operator {
	case divideOperator, moduloOperator, quotientOperator:
		return true
	}
	return a.BinaryExpressionStub.IsNullable()
}

// String implements gsql.Expression.
func (a *arithmetic) String() string {
	return fmt.Sprintf("(%s %s %s)", a.LeftChild, strings.ToLower(string(a.operator)), a.RightChild)
}

// CollationCoercibility implements gsql.CollationCoercible.
func (*arithmetic) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// WithChildren implements gsql.Expression.
func (a *arithmetic) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 2 {
		return nil, gsql.ErrInvalidChildrenNumber.New(a, len(children), 2)
	}
	if !resolved(children...) {
		out := *a
		out.LeftChild, out.RightChild = children[0], children[1]
		return &out, nil
	}
	return newArithmetic(a.operator)(children[0], children[1]), nil
}

// Eval implements gsql.Expression.
func (a *arithmetic) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	v, err := a.evalExact(ctx, row)
	if d, ok := v.(decimal.Decimal); ok && a.operands == classDecimal {
		return rounded(d, a.result), err
	}
	return v, err
}

// rounded cuts a decimal to the digits that its type shows.
func rounded(d decimal.Decimal, t gsql.Type) decimal.Decimal {
	if scale := int32(t.(gsql.DecimalType).Scale()); -d.Exponent() > scale {
		return d.Round(scale)
	}
	return d
}

// evalExact implements exact.
func (a *arithmetic) evalExact(ctx *gsql.Context, row gsql.Row) (any, error) {
	l, err := evalNumber(ctx, a.LeftChild, row)
	if err != nil || l == nil {
		return nil, err
	}
	r, err := evalNumber(ctx, a.RightChild, row)
	if err != nil || r == nil {
		return nil, err
	}
	switch a.operands {
	case classSigned, classUnsigned:
		return a.integers(ctx, l, r)
	case classDecimal:
		return a.decimals(ctx, toDecimal(ctx, l), toDecimal(ctx, r))
	}
	return a.doubles(ctx, toDouble(ctx, l), toDouble(ctx, r))
}

// integers computes with 64 bits and refuses a result that does not fit.
func (a *arithmetic) integers(ctx *gsql.Context, lv, rv any) (any, error) {
	l, _ := toInteger(ctx, lv)
	r, _ := toInteger(ctx, rv)
	var out integer
	fits := true
	switch a.operator {
	case plusOperator:
		out, fits = add(l, r)
	case minusOperator:
		out, fits = subtract(l, r)
	case timesOperator:
		out, fits = multiply(l, r)
	default:
		if r.bits == 0 {
			return nil, divisionByZero(ctx)
		}
		out, fits = divide(l, r, a.operator == moduloOperator)
	}
	if a.result == types.Int64 {
		if !fits || !out.negative && out.bits > math.MaxInt64 {
			return nil, a.outOfRange("BIGINT")
		}
		return int64(out.bits), nil
	}
	if fits && out.negative && a.operator == minusOperator && modeHas(ctx, "NO_UNSIGNED_SUBTRACTION") {
		return int64(out.bits), nil
	}
	if !fits || out.negative {
		return nil, a.outOfRange("BIGINT UNSIGNED")
	}
	return out.bits, nil
}

func add(l, r integer) (integer, bool) {
	sum, carry := bits.Add64(l.bits, r.bits, 0)
	switch {
	case l.negative && r.negative:
		return integer{sum, true}, int64(sum) < 0
	case l.negative || r.negative: // the carry tells that the sum is not negative
		return integer{sum, carry == 0}, carry == 1 || int64(sum) < 0
	}
	return integer{sum, false}, carry == 0
}

func subtract(l, r integer) (integer, bool) {
	difference, borrow := bits.Sub64(l.bits, r.bits, 0)
	switch {
	case l.negative && !r.negative:
		return integer{difference, true}, borrow == 0 && int64(difference) < 0
	case !l.negative && r.negative: // l + |r|, which has wrapped if it borrowed nothing
		return integer{difference, false}, borrow == 1
	}
	return integer{difference, borrow == 1}, borrow == 0 || int64(difference) < 0
}

func multiply(l, r integer) (integer, bool) {
	negative := l.negative != r.negative
	high, low := bits.Mul64(l.magnitude(), r.magnitude())
	return withSign(low, negative, high == 0)
}

// divide gives quotient or remainder, both cut toward zero. r is not zero.
func divide(l, r integer, remainder bool) (integer, bool) {
	if remainder {
		return withSign(l.magnitude()%r.magnitude(), l.negative, true)
	}
	return withSign(l.magnitude()/r.magnitude(), l.negative != r.negative, true)
}

func (n integer) magnitude() uint64 {
	if n.negative {
		return -n.bits
	}
	return n.bits
}

func withSign(magnitude uint64, negative, fits bool) (integer, bool) {
	if !negative || magnitude == 0 {
		return integer{bits: magnitude}, fits
	}
	return integer{-magnitude, true}, fits && magnitude <= math.MaxInt64+1
}

// decimals computes exactly. A quotient has as many digits as MySQL computes, in words of nine.
func (a *arithmetic) decimals(ctx *gsql.Context, l, r decimal.Decimal) (any, error) {
	var out decimal.Decimal
	switch a.operator {
	case plusOperator:
		out = l.Add(r)
	case minusOperator:
		out = l.Sub(r)
	case timesOperator:
		out = l.Mul(r)
	default:
		if r.IsZero() {
			return nil, divisionByZero(ctx)
		}
		switch a.operator {
		case divideOperator:
			out = divideDecimals(l, r)
		case moduloOperator:
			_, out = l.QuoRem(r, 0)
		default:
			quotient, _ := l.QuoRem(r, 0)
			n, fits := fromDecimal(quotient)
			if !fits || !n.negative && n.bits > math.MaxInt64 {
				return nil, a.outOfRange("BIGINT")
			}
			return int64(n.bits), nil
		}
	}
	if tooLong(out) {
		return nil, a.outOfRange("DECIMAL")
	}
	return out, nil
}

// divideDecimals divides as MySQL does: both scales are filled up to words of nine digits, and if these do not hold the
// digits that a division adds, more words are added.
func divideDecimals(l, r decimal.Decimal) decimal.Decimal {
	ls, rs := max(0, -l.Exponent()), max(0, -r.Exponent())
	lw, rw := wholeWords(ls), wholeWords(rs)
	more := max(0, divisionDigits-(lw-ls)-(rw-rs))
	quotient, _ := l.QuoRem(r, wholeWords(lw+rw+more))
	return quotient
}

func wholeWords(digits int32) int32 { return (digits + 8) / 9 * 9 }

// tooLong tells whether a decimal has more than 65 digits before the point.
func tooLong(d decimal.Decimal) bool {
	limit := decimal.New(1, precisionMax)
	return d.GreaterThanOrEqual(limit) || d.LessThanOrEqual(limit.Neg())
}

func (a *arithmetic) doubles(ctx *gsql.Context, l, r float64) (any, error) {
	var out float64
	switch a.operator {
	case plusOperator:
		out = l + r
	case minusOperator:
		out = l - r
	case timesOperator:
		out = l * r
	default:
		if r == 0 {
			return nil, divisionByZero(ctx)
		}
		switch a.operator {
		case divideOperator:
			out = l / r
		case moduloOperator:
			out = math.Mod(l, r)
		default:
			n, fits := fromFloat(math.Trunc(l / r))
			if !fits || !n.negative && n.bits > math.MaxInt64 {
				return nil, a.outOfRange("BIGINT")
			}
			return int64(n.bits), nil
		}
	}
	if math.IsInf(out, 0) || math.IsNaN(out) {
		return nil, a.outOfRange("DOUBLE")
	}
	return out, nil
}

// outOfRange is MySQL's error 1690.
func (a *arithmetic) outOfRange(kind string) error { return outOfRange(kind, a) }

func outOfRange(kind string, e gsql.Expression) error {
	return mysql.NewSQLError(1690, "22003", "%s value is out of range in '%s'", kind, e)
}

// divisionByZero warns; the result is NULL.
func divisionByZero(ctx *gsql.Context) error {
	if ctx != nil && ctx.Session != nil {
		ctx.Warn(1365, "Division by 0")
	}
	return nil
}

// modeHas tells whether @@sql_mode holds a mode.
func modeHas(ctx *gsql.Context, mode string) bool {
	return ctx != nil && ctx.Session != nil && gsql.LoadSqlMode(ctx).ModeEnabled(mode)
}
