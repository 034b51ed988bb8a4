package datatype

import (
	"context"
	"fmt"
	"math"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"
	"github.com/dolthub/vitess/go/vt/proto/query"
	"github.com/shopspring/decimal"

	"redoubt/engine/catalog"
	"redoubt/wal/redo"
)

// layout is the Go type that the SQL engine wants for a column's values.
type layout uint8

const (
	layoutInt8 layout = iota
	layoutInt16
	layoutInt32
	layoutInt64
	layoutUint8
	layoutUint16
	layoutUint32
	layoutUint64
	layoutFloat32
	layoutFloat64
	layoutDecimal
	layoutString
	layoutBytes
	layoutDate
	layoutDatetime
	layoutTime
	layoutYear
	layoutJSON
	layoutGeometry
)

var layouts = map[query.Type]layout{
	sqltypes.Int8: layoutInt8, sqltypes.Int16: layoutInt16, sqltypes.Int24: layoutInt32, sqltypes.Int32: layoutInt32,
	sqltypes.Int64: layoutInt64, sqltypes.Uint8: layoutUint8, sqltypes.Uint16: layoutUint16, sqltypes.Uint24: layoutUint32,
	sqltypes.Uint32: layoutUint32, sqltypes.Uint64: layoutUint64, sqltypes.Bit: layoutUint64, sqltypes.Enum: layoutUint16,
	sqltypes.Set: layoutUint64, sqltypes.Float32: layoutFloat32, sqltypes.Float64: layoutFloat64,
	sqltypes.Decimal: layoutDecimal, sqltypes.Char: layoutString, sqltypes.VarChar: layoutString, sqltypes.Text: layoutString,
	sqltypes.Binary: layoutBytes, sqltypes.VarBinary: layoutBytes, sqltypes.Blob: layoutBytes, sqltypes.Date: layoutDate,
	sqltypes.Datetime: layoutDatetime, sqltypes.Timestamp: layoutDatetime, sqltypes.Time: layoutTime,
	sqltypes.Year: layoutYear, sqltypes.TypeJSON: layoutJSON, sqltypes.Geometry: layoutGeometry,
}

const secondsPerDay = 24 * 60 * 60

// Field is a column of the catalog with its SQL type.
type Field struct {
	Column *catalog.Column
	Type   gsql.Type
	layout layout
	scale  int32 // digits after the point, of a DECIMAL
}

// NewField makes the field of a column.
func NewField(c *catalog.Column) (Field, error) {
	t, err := Parse(c.Type)
	if err != nil {
		return Field{}, fmt.Errorf("column %s: %w", c.Name, err)
	}
	f := Field{Column: c, Type: t}
	var ok bool
	if f.layout, ok = layouts[t.Type()]; !ok {
		return Field{}, fmt.Errorf("column %s: type %s cannot be stored", c.Name, t)
	}
	if d, ok := t.(gsql.DecimalType); ok {
		f.scale = int32(d.Scale())
	}
	return f, nil
}

// Encode makes the stored form of v, which must be a value of the field's type as the SQL engine converts it, or nil.
func (f *Field) Encode(ctx context.Context, v any) (redo.Value, error) {
	if v == nil {
		return redo.Value{}, nil
	}
	out, ok, err := f.encode(ctx, v)
	if err != nil || ok {
		return out, err
	}
	converted, _, err := f.Type.Convert(ctx, v)
	if err != nil {
		return redo.Value{}, fmt.Errorf("column %s: %w", f.Column.Name, err)
	}
	if out, ok, err = f.encode(ctx, converted); err != nil || ok {
		return out, err
	}
	return redo.Value{}, fmt.Errorf("column %s: a %T is not a %s", f.Column.Name, v, f.Type)
}

func (f *Field) encode(ctx context.Context, v any) (redo.Value, bool, error) {
	if w, ok := v.(gsql.AnyWrapper); ok {
		plain, err := w.UnwrapAny(ctx)
		if err != nil {
			return redo.Value{}, false, fmt.Errorf("column %s: %w", f.Column.Name, err)
		}
		v = plain
	}
	switch f.layout {
	case layoutDecimal:
		if d, ok := v.(decimal.Decimal); ok {
			return redo.DecimalValue([]byte(canonicalDecimal(d, f.scale))), true, nil
		}
	case layoutString:
		if s, ok := v.(string); ok {
			return redo.StringValue([]byte(s)), true, nil
		}
	case layoutBytes:
		switch b := v.(type) {
		case []byte:
			return redo.BytesValue(append([]byte{}, b...)), true, nil
		case string:
			return redo.BytesValue([]byte(b)), true, nil
		}
	case layoutJSON:
		return f.encodeJSON(v)
	case layoutGeometry:
		if g, ok := v.(types.GeometryValue); ok {
			return redo.GeometryValue(g.Serialize()), true, nil
		}
	default:
		return f.encodeFixed(v)
	}
	return redo.Value{}, false, nil
}

func (f *Field) encodeFixed(v any) (redo.Value, bool, error) {
	switch f.layout {
	case layoutInt8, layoutInt16, layoutInt32, layoutInt64:
		if n, ok := signed(v); ok {
			return redo.IntValue(n), true, nil
		}
	case layoutUint8, layoutUint16, layoutUint32, layoutUint64:
		if n, ok := unsigned(v); ok {
			return redo.UintValue(n), true, nil
		}
	case layoutFloat32:
		if n, ok := v.(float32); ok {
			return redo.Float32Value(PlainZero(n)), true, nil
		}
	case layoutFloat64:
		if n, ok := v.(float64); ok {
			return redo.Float64Value(PlainZero(n)), true, nil
		}
	case layoutDate:
		if t, ok := v.(time.Time); ok {
			return redo.DateValue(int64(math.Floor(float64(t.Unix()) / secondsPerDay))), true, nil
		}
	case layoutDatetime:
		if t, ok := v.(time.Time); ok {
			return redo.DatetimeValue(t.UnixMicro()), true, nil
		}
	case layoutTime:
		if t, ok := v.(types.Timespan); ok {
			return redo.TimeValue(int64(t)), true, nil
		}
	case layoutYear:
		if y, ok := v.(int16); ok {
			return redo.YearValue(int64(y)), true, nil
		}
	}
	return redo.Value{}, false, nil
}

// encodeJSON keeps the text of a document that was read and not changed, and writes others in MySQL's form.
func (f *Field) encodeJSON(v any) (redo.Value, bool, error) {
	if unread, ok := v.(*types.LazyJSONDocument); ok {
		return redo.JSONValue(append([]byte(nil), unread.Bytes...)), true, nil
	}
	doc, ok := v.(gsql.JSONWrapper)
	if !ok {
		return redo.Value{}, false, nil
	}
	text, err := types.JsonToMySqlBytes(doc)
	if err != nil {
		return redo.Value{}, false, fmt.Errorf("column %s: %w", f.Column.Name, err)
	}
	return redo.JSONValue(text), true, nil
}

// canonicalDecimal writes a number with exactly the column's digits after the point, and zero without a sign.
func canonicalDecimal(d decimal.Decimal, scale int32) string {
	if d.IsZero() {
		d = decimal.Zero
	}
	return d.StringFixed(scale)
}

func signed(v any) (int64, bool) {
	switch n := v.(type) {
	case int8:
		return int64(n), true
	case int16:
		return int64(n), true
	case int32:
		return int64(n), true
	case int64:
		return n, true
	case int:
		return int64(n), true
	}
	return 0, false
}

func unsigned(v any) (uint64, bool) {
	switch n := v.(type) {
	case uint8:
		return uint64(n), true
	case uint16:
		return uint64(n), true
	case uint32:
		return uint64(n), true
	case uint64:
		return n, true
	case uint:
		return uint64(n), true
	}
	return 0, false
}

// Decode makes the Go value of a stored one. It shares no bytes with v.
func (f *Field) Decode(v redo.Value) (any, error) {
	if v.IsNull() {
		return nil, nil
	}
	switch f.layout {
	case layoutInt8:
		return int8(v.Int()), nil
	case layoutInt16:
		return int16(v.Int()), nil
	case layoutInt32:
		return int32(v.Int()), nil
	case layoutInt64:
		return v.Int(), nil
	case layoutUint8:
		return uint8(v.Uint()), nil
	case layoutUint16:
		return uint16(v.Uint()), nil
	case layoutUint32:
		return uint32(v.Uint()), nil
	case layoutUint64:
		return v.Uint(), nil
	case layoutFloat32:
		return v.Float32(), nil
	case layoutFloat64:
		return v.Float64(), nil
	case layoutString:
		return string(v.Data()), nil
	case layoutDate:
		return time.Unix(v.Int()*secondsPerDay, 0).UTC(), nil
	case layoutDatetime:
		return time.UnixMicro(v.Int()).UTC(), nil
	case layoutTime:
		return types.Timespan(v.Int()), nil
	case layoutYear:
		return int16(v.Int()), nil
	}
	return f.decodeLong(v)
}

func (f *Field) decodeLong(v redo.Value) (any, error) {
	switch f.layout {
	case layoutBytes:
		return append(make([]byte, 0, len(v.Data())), v.Data()...), nil
	case layoutDecimal:
		d, err := decimal.NewFromString(string(v.Data()))
		if err != nil {
			return nil, fmt.Errorf("column %s: stored decimal: %w", f.Column.Name, err)
		}
		return d, nil
	case layoutJSON:
		return types.NewLazyJSONDocument(append([]byte(nil), v.Data()...)), nil
	case layoutGeometry:
		g, _, err := types.GeometryType{}.Convert(context.Background(), v.Data())
		if err != nil {
			return nil, fmt.Errorf("column %s: stored geometry: %w", f.Column.Name, err)
		}
		return g, nil
	}
	return nil, fmt.Errorf("column %s: stored %s is not a %s", f.Column.Name, v.Kind(), f.Type)
}

// PlainZero gives 0 for -0: MySQL stores no other.
func PlainZero[F float32 | float64](n F) F {
	if n == 0 {
		return 0
	}
	return n
}
