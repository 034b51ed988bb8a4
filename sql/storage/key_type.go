package storage

import (
	"context"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"

	"redoubt/sql/datatype"
)

// keyType is the type of a column of whole numbers for who makes ranges of its keys: a bound that the column does not hold stays what it
// is. The SQL engine would take the nearest number that the column holds, or another, and find the rows that have that.
type keyType struct{ gsql.NumberType }

// keyTypeOf is the type of a column as a part of a key.
func keyTypeOf(t gsql.Type) gsql.Type {
	if n, ok := t.(gsql.NumberType); ok && types.IsInteger(t) {
		return keyType{n}
	}
	if d, ok := t.(gsql.DecimalType); ok {
		return decimalKeyType{d}
	}
	if d, ok := t.(gsql.DatetimeType); ok {
		return timeKeyType{d}
	}
	if y, ok := t.(gsql.YearType); ok && types.IsYear(t) {
		return yearKeyType{y}
	}
	return t
}

// yearKeyType is to YEARs what keyType is to whole numbers.
type yearKeyType struct{ gsql.YearType }

// Convert implements gsql.Type.
func (t yearKeyType) Convert(ctx context.Context, v any) (any, gsql.ConvertInRange, error) {
	out, in, err := t.YearType.Convert(ctx, v)
	number, made, ok := twoNumbers(ctx, v, out)
	if err == nil && ok && number.Equal(made) {
		return out, in, nil
	}
	if number, isNumber := datatype.Number(ctx, v); isNumber {
		return number, gsql.InRange, nil
	}
	return out, in, err
}

// Compare implements gsql.Type.
func (t yearKeyType) Compare(ctx context.Context, a, b any) (int, error) {
	return types.InternalDecimalType.Compare(ctx, a, b)
}

// Equals implements gsql.Type.
func (t yearKeyType) Equals(other gsql.Type) bool {
	if k, ok := other.(yearKeyType); ok {
		other = k.YearType
	}
	return t.YearType.Equals(other)
}

// Convert implements gsql.Type.
func (t keyType) Convert(ctx context.Context, v any) (any, gsql.ConvertInRange, error) {
	out, in, err := t.NumberType.Convert(ctx, v)
	if err != nil || out == nil || datatype.SameWhole(v, out) {
		return out, in, err
	}
	if number, made, ok := twoNumbers(ctx, v, out); ok && !number.Equal(made) {
		return number, gsql.InRange, nil
	}
	return out, in, nil
}

// beyond tells whether a number lies above (1) or below (-1) all numbers of the type to which it was converted.
func beyond(ctx context.Context, v, converted any) int {
	number, made, ok := twoNumbers(ctx, v, converted)
	if !ok || number.Sub(made).Abs().LessThan(decimal.NewFromInt(1)) { // it was rounded at most
		return 0
	}
	return number.Cmp(made)
}

func twoNumbers(ctx context.Context, a, b any) (x, y decimal.Decimal, ok bool) {
	if x, ok = datatype.Number(ctx, a); !ok {
		return x, y, false
	}
	y, ok = datatype.Number(ctx, b)
	return x, y, ok
}

// decimalKeyType is to DECIMALs what keyType is to whole numbers.
type decimalKeyType struct{ gsql.DecimalType }

// Convert implements gsql.Type.
func (t decimalKeyType) Convert(ctx context.Context, v any) (any, gsql.ConvertInRange, error) {
	if number, ok := datatype.Number(ctx, v); ok {
		return number, gsql.InRange, nil
	}
	return t.DecimalType.Convert(ctx, v)
}

// Compare implements gsql.Type.
func (t decimalKeyType) Compare(ctx context.Context, a, b any) (int, error) {
	return types.InternalDecimalType.Compare(ctx, a, b)
}

// Equals implements gsql.Type.
func (t decimalKeyType) Equals(other gsql.Type) bool {
	if k, ok := other.(decimalKeyType); ok {
		other = k.DecimalType
	}
	return t.DecimalType.Equals(other)
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
