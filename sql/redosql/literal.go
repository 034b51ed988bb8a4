package redosql

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"

	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

const null = "NULL"

// AppendLiteral writes a stored value of a field as SQL.
func AppendLiteral(dst []byte, f *datatype.Field, v redo.Value) ([]byte, error) {
	switch v.Kind() {
	case redo.Null:
		return append(dst, null...), nil
	case redo.Int:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case redo.Year:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case redo.Uint:
		return appendUint(dst, f, v.Uint())
	case redo.Float32: // as the double that it is, which compares equal to the column
		return appendFloat(dst, float64(v.Float32())), nil
	case redo.Float64:
		return appendFloat(dst, v.Float64()), nil
	case redo.Decimal:
		return append(dst, v.Data()...), nil
	case redo.String:
		return AppendString(dst, v.Data()), nil
	case redo.Bytes:
		return appendHex(dst, v.Data()), nil
	case redo.JSON:
		return append(AppendString(append(dst, "CAST("...), v.Data()), " AS JSON)"...), nil
	case redo.Geometry:
		return appendGeometry(dst, v.Data())
	}
	return appendTemporal(dst, f, v)
}

// appendUint writes what is stored as an unsigned number: one of the labels of an ENUM, some of a SET, bits, or a number.
func appendUint(dst []byte, f *datatype.Field, n uint64) ([]byte, error) {
	switch t := f.Type.(type) {
	case gsql.EnumType:
		label, ok := t.At(int(n))
		if !ok || n == 0 { // the value of an assignment that failed under a lax sql_mode
			return strconv.AppendUint(dst, n, 10), nil
		}
		return AppendString(dst, []byte(label)), nil
	case gsql.SetType:
		labels, err := t.BitsToString(n)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Column.Name, err)
		}
		return AppendString(dst, []byte(labels)), nil
	case gsql.NumberType:
		return strconv.AppendUint(dst, n, 10), nil
	}
	if f.Type.Type() == sqltypes.Bit {
		return append(strconv.AppendUint(append(dst, "b'"...), n, 2), '\''), nil
	}
	return strconv.AppendUint(dst, n, 10), nil
}

// appendFloat writes a number with an exponent, so that it is read as floating point, and with the digits that give it back.
func appendFloat(dst []byte, f float64) []byte {
	if math.Signbit(f) && f == 0 {
		return append(dst, "-0e0"...)
	}
	return strconv.AppendFloat(dst, f, 'e', -1, 64)
}

func appendHex(dst, b []byte) []byte {
	dst = append(dst, "X'"...)
	dst = hex.AppendEncode(dst, b)
	return append(dst, '\'')
}

// AppendString writes text as a string literal.
func AppendString(dst, text []byte) []byte {
	dst = append(dst, '\'')
	for _, c := range text {
		switch c {
		case '\'':
			dst = append(dst, `\'`...)
		case '\\':
			dst = append(dst, `\\`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case 0:
			dst = append(dst, `\0`...)
		case 26:
			dst = append(dst, `\Z`...)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '\'')
}

// AppendName writes an identifier.
func AppendName(dst []byte, name string) []byte {
	dst = append(dst, '`')
	for i := range len(name) {
		if name[i] == '`' {
			dst = append(dst, '`')
		}
		dst = append(dst, name[i])
	}
	return append(dst, '`')
}

// appendGeometry writes a shape as a call: stored are 4 bytes of SRID, little endian, and the shape as WKB.
func appendGeometry(dst, b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("stored geometry of %d bytes", len(b))
	}
	dst = appendHex(append(dst, "ST_GeomFromWKB("...), b[4:])
	if srid := binary.LittleEndian.Uint32(b); srid != 0 {
		dst = strconv.AppendUint(append(dst, ", "...), uint64(srid), 10)
	}
	return append(dst, ')'), nil
}

// appendTemporal writes dates and times.
func appendTemporal(dst []byte, f *datatype.Field, v redo.Value) ([]byte, error) {
	decoded, err := f.Decode(v)
	if err != nil {
		return nil, err
	}
	switch value := decoded.(type) {
	case types.Timespan:
		return append(append(append(dst, '\''), value.String()...), '\''), nil
	case time.Time:
		return append(append(append(dst, '\''), temporalText(f, value)...), '\''), nil
	}
	return nil, fmt.Errorf("column %s: a stored %s is not a %s", f.Column.Name, v.Kind(), f.Type)
}

// zeroTime is what the SQL engine takes for 0000-00-00.
var zeroTime = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)

func temporalText(f *datatype.Field, t time.Time) string {
	zero := t.Equal(zeroTime)
	layout := "2006-01-02 15:04:05"
	switch {
	case f.Type.Type() == sqltypes.Date && zero:
		return "0000-00-00"
	case f.Type.Type() == sqltypes.Date:
		return t.Format("2006-01-02")
	case zero:
		return "0000-00-00 00:00:00"
	case t.Nanosecond() != 0:
		layout += ".000000"
	}
	return t.Format(layout)
}
