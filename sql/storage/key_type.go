package storage

import (
	"context"
	"math"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// keyType is the type of a column of whole numbers for who makes ranges of its keys: a bound that the column does not hold stays what it
// is. The SQL engine would take the nearest number that the column holds, or another, and find the rows that have that.
type keyType struct{ gsql.NumberType }

// keyTypeOf is the type of a column as a part of a key.
func keyTypeOf(t gsql.Type) gsql.Type {
	if n, ok := t.(gsql.NumberType); ok && types.IsInteger(t) {
		return keyType{n}
	}
	if d, ok := t.(gsql.DatetimeType); ok {
		return timeKeyType{d}
	}
	return t
}

// Convert implements gsql.Type.
func (t keyType) Convert(ctx context.Context, v any) (any, gsql.ConvertInRange, error) {
	out, in, err := t.NumberType.Convert(ctx, v)
	if err != nil || out == nil || isWithin(v, out) {
		return out, in, err
	}
	if number, made, ok := numbers(ctx, v, out); ok && !number.Equal(made) {
		return number, gsql.InRange, nil
	}
	return out, in, nil
}

// isWithin tells whether a number, of which out was made, is sure to be in the range of its type.
func isWithin(v, out any) bool {
	a, ok := wholeOf(v)
	b, also := wholeOf(out)
	return ok && also && a == b
}

func wholeOf(v any) (int64, bool) {
	switch n := v.(type) {
	case int8:
		return int64(n), true
	case int16:
		return int64(n), true
	case int32:
		return int64(n), true
	case int64:
		return n, true
	case uint8:
		return int64(n), true
	case uint16:
		return int64(n), true
	case uint32:
		return int64(n), true
	case uint64:
		return int64(n), n <= math.MaxInt64
	}
	return 0, false
}

// beyond tells whether a number lies above (1) or below (-1) all numbers of the type to which it was converted.
func beyond(ctx context.Context, v, converted any) int {
	number, made, ok := numbers(ctx, v, converted)
	if !ok || number.Sub(made).Abs().LessThan(decimal.NewFromInt(1)) { // it was rounded at most
		return 0
	}
	return number.Cmp(made)
}

// numbers gives two values as numbers that can be compared, if they are numbers.
func numbers(ctx context.Context, a, b any) (x, y decimal.Decimal, ok bool) {
	for _, side := range []struct {
		from any
		to   *decimal.Decimal
	}{{a, &x}, {b, &y}} {
		made, _, err := types.InternalDecimalType.Convert(ctx, side.from)
		if err != nil {
			return x, y, false
		}
		if *side.to, ok = made.(decimal.Decimal); !ok {
			return x, y, false
		}
	}
	return x, y, true
}

// Compare implements gsql.Type.
func (t keyType) Compare(ctx context.Context, a, b any) (int, error) {
	_, beyondA := a.(decimal.Decimal)
	_, beyondB := b.(decimal.Decimal)
	if beyondA || beyondB {
		return types.InternalDecimalType.Compare(ctx, a, b)
	}
	return t.NumberType.Compare(ctx, a, b)
}

// Equals implements gsql.Type.
func (t keyType) Equals(other gsql.Type) bool {
	if k, ok := other.(keyType); ok {
		other = k.NumberType
	}
	return t.NumberType.Equals(other)
}
