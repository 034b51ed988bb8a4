package datatype

import (
	"context"
	"math"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// Number gives the number that a value is, exactly; false if it is none, or has more than 65 digits.
func Number(ctx context.Context, v any) (decimal.Decimal, bool) {
	switch f := v.(type) {
	case nil:
		return decimal.Decimal{}, false
	case decimal.Decimal:
		return f, true
	case float32:
		if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
			return decimal.Decimal{}, false
		}
	case float64:
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return decimal.Decimal{}, false
		}
	}
	made, _, err := types.InternalDecimalType.Convert(ctx, v)
	if err != nil {
		return decimal.Decimal{}, false
	}
	number, ok := made.(decimal.Decimal)
	return number, ok
}

// HoldsRounded tells whether a type of whole numbers holds what a number rounds to; true of what is no number.
func HoldsRounded(ctx context.Context, t gsql.Type, v any) bool {
	number, ok := Number(ctx, v)
	if !ok {
		return true
	}
	number = number.Round(0)
	whole, ok := Whole(number)
	if !ok {
		return false
	}
	made, in, err := t.Convert(ctx, whole)
	if err != nil || in != gsql.InRange {
		return false
	}
	held, ok := Number(ctx, made)
	return ok && held.Equal(number)
}

// Whole gives the whole number to which a number rounds, as an int64 or uint64; false if neither holds it. The SQL engine goes by a float,
// and so to another one, where it has no sign.
func Whole(number decimal.Decimal) (any, bool) {
	switch n := number.Round(0).BigInt(); {
	case n.IsInt64():
		return n.Int64(), true
	case n.IsUint64():
		return n.Uint64(), true
	}
	return nil, false
}

// SameWhole tells whether two values are the same whole number; false also if they are, but in another form than Go's integers.
func SameWhole(v, other any) bool {
	a, aSigned := signed(v)
	b, bSigned := signed(other)
	if aSigned && bSigned {
		return a == b
	}
	x, xUnsigned := unsigned(v)
	y, yUnsigned := unsigned(other)
	switch {
	case xUnsigned && yUnsigned:
		return x == y
	case aSigned && yUnsigned:
		return a >= 0 && uint64(a) == y
	case xUnsigned && bSigned:
		return b >= 0 && x == uint64(b)
	}
	return false
}
