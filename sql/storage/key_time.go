package storage

import (
	"context"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// timeKeyType is to dates and times what keyType is to numbers: a bound keeps the time of day, or the fraction, that the column does not hold.
type timeKeyType struct{ gsql.DatetimeType }

// Convert implements gsql.Type.
func (t timeKeyType) Convert(ctx context.Context, v any) (any, gsql.ConvertInRange, error) {
	out, in, err := t.DatetimeType.Convert(ctx, v)
	made, ok := out.(time.Time)
	if err != nil || !ok {
		return out, in, err
	}
	exact, _, err := types.DatetimeMaxPrecision.Convert(ctx, v)
	if given, ok := exact.(time.Time); err == nil && ok && !given.Equal(made) {
		return given, in, nil
	}
	return out, in, nil
}

// Compare implements gsql.Type.
func (t timeKeyType) Compare(ctx context.Context, a, b any) (int, error) {
	return types.DatetimeMaxPrecision.Compare(ctx, a, b)
}

// Equals implements gsql.Type.
func (t timeKeyType) Equals(other gsql.Type) bool {
	if k, ok := other.(timeKeyType); ok {
		other = k.DatetimeType
	}
	return t.DatetimeType.Equals(other)
}
