package redo

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Kind is the type of a Value. The numbers are part of the format and never change meaning.
type Kind uint8

// Kinds of value.
const (
	Null     Kind = 0
	Int      Kind = 1  // signed 64 bits
	Uint     Kind = 2  // unsigned 64 bits; also BIT, ENUM (index) and SET (bit mask)
	Float32  Kind = 3  // IEEE 754
	Float64  Kind = 4  // IEEE 754
	Decimal  Kind = 5  // canonical decimal text with its scale, -12.50
	String   Kind = 6  // text in UTF-8
	Bytes    Kind = 7  // binary
	Datetime Kind = 8  // microseconds since 1970-01-01 00:00:00, no time zone
	Date     Kind = 9  // days since 1970-01-01
	Time     Kind = 10 // microseconds, signed
	Year     Kind = 11 // 0, or 1901 to 2155
	JSON     Kind = 12 // JSON text
	Geometry Kind = 13 // SRID (4 bytes, little endian) and WKB, as MySQL stores it
	kindEnd  Kind = 14
)

var kindNames = [kindEnd]string{
	"null", "int", "uint", "float", "double", "decimal", "string", "bytes",
	"datetime", "date", "time", "year", "json", "geometry",
}

// String names the kind.
func (k Kind) String() string {
	if k < kindEnd {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Value is one typed datum. The zero Value is NULL. Byte slices are shared, not copied: treat them as read-only.
type Value struct {
	kind Kind
	num  uint64
	data []byte
}

// IntValue holds a signed integer.
func IntValue(v int64) Value { return Value{kind: Int, num: uint64(v)} }

// UintValue holds an unsigned integer, a bit field, an enum's index or a set's mask.
func UintValue(v uint64) Value { return Value{kind: Uint, num: v} }

// Float32Value holds a single-precision number.
func Float32Value(v float32) Value { return Value{kind: Float32, num: uint64(math.Float32bits(v))} }

// Float64Value holds a double-precision number.
func Float64Value(v float64) Value { return Value{kind: Float64, num: math.Float64bits(v)} }

// DecimalValue holds decimal text in canonical form: optional minus, digits, optional point and digits.
func DecimalValue(text []byte) Value { return Value{kind: Decimal, data: text} }

// StringValue holds UTF-8 text.
func StringValue(text []byte) Value { return Value{kind: String, data: text} }

// BytesValue holds binary data.
func BytesValue(b []byte) Value { return Value{kind: Bytes, data: b} }

// DatetimeValue holds microseconds since 1970-01-01 00:00:00.
func DatetimeValue(micros int64) Value { return Value{kind: Datetime, num: uint64(micros)} }

// DateValue holds days since 1970-01-01.
func DateValue(days int64) Value { return Value{kind: Date, num: uint64(days)} }

// TimeValue holds a signed span in microseconds.
func TimeValue(micros int64) Value { return Value{kind: Time, num: uint64(micros)} }

// YearValue holds a year.
func YearValue(year int64) Value { return Value{kind: Year, num: uint64(year)} }

// JSONValue holds JSON text.
func JSONValue(text []byte) Value { return Value{kind: JSON, data: text} }

// GeometryValue holds SRID and WKB.
func GeometryValue(b []byte) Value { return Value{kind: Geometry, data: b} }

// Kind tells the type.
func (v Value) Kind() Kind { return v.kind }

// IsNull tells whether the value is NULL.
func (v Value) IsNull() bool { return v.kind == Null }

// Int gives the number of an Int, Datetime, Date, Time or Year.
func (v Value) Int() int64 { return int64(v.num) }

// Uint gives the number of a Uint.
func (v Value) Uint() uint64 { return v.num }

// Float32 gives the number of a Float32.
func (v Value) Float32() float32 { return math.Float32frombits(uint32(v.num)) }

// Float64 gives the number of a Float64.
func (v Value) Float64() float64 { return math.Float64frombits(v.num) }

// Data gives the bytes of a Decimal, String, Bytes, JSON or Geometry; they are shared with the value.
func (v Value) Data() []byte { return v.data }

// WithData gives the value with other bytes in the place of its own, equal ones that live longer.
func (v Value) WithData(data []byte) Value {
	v.data = data
	return v
}

// Equal tells whether two values have the same kind and bits; collations play no part.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.num == w.num && bytes.Equal(v.data, w.data)
}

// Clone gives a value that shares no bytes.
func (v Value) Clone() Value {
	if v.data != nil {
		v.data = append([]byte{}, v.data...)
	}
	return v
}

// String shows the value for people: inspectors and error messages, not SQL.
func (v Value) String() string {
	switch v.kind {
	case Null:
		return "NULL"
	case Int, Year:
		return strconv.FormatInt(v.Int(), 10)
	case Uint:
		return strconv.FormatUint(v.num, 10)
	case Float32:
		return strconv.FormatFloat(float64(v.Float32()), 'g', -1, 32)
	case Float64:
		return strconv.FormatFloat(v.Float64(), 'g', -1, 64)
	case Decimal:
		return string(v.data)
	case String, JSON:
		return strconv.Quote(string(v.data))
	case Datetime:
		return time.UnixMicro(v.Int()).UTC().Format("2006-01-02 15:04:05.999999")
	case Date:
		return time.Unix(v.Int()*86400, 0).UTC().Format("2006-01-02")
	case Time:
		return (time.Duration(v.Int()) * time.Microsecond).String()
	default:
		return "0x" + hex.EncodeToString(v.data)
	}
}

// AppendValue encodes v: one byte of kind, then its payload (docs/formats/redo.md).
func AppendValue(dst []byte, v Value) []byte {
	dst = append(dst, byte(v.kind))
	switch v.kind {
	case Null:
	case Int, Datetime, Date, Time, Year:
		dst = appendVarint(dst, v.Int())
	case Uint:
		dst = binary.AppendUvarint(dst, v.num)
	case Float32:
		dst = binary.LittleEndian.AppendUint32(dst, uint32(v.num))
	case Float64:
		dst = binary.LittleEndian.AppendUint64(dst, v.num)
	default:
		dst = appendBytes(dst, v.data)
	}
	return dst
}

func (r *reader) value() Value {
	k := Kind(r.byte("kind of value"))
	switch k {
	case Null:
		return Value{}
	case Int, Datetime, Date, Time, Year:
		return Value{kind: k, num: uint64(r.varint("number"))}
	case Uint:
		return Value{kind: k, num: r.uvarint("number")}
	case Float32:
		b := r.take("float", 4)
		if b == nil {
			return Value{}
		}
		return Value{kind: k, num: uint64(binary.LittleEndian.Uint32(b))}
	case Float64:
		return Value{kind: k, num: r.fixed64("double")}
	case Decimal, String, Bytes, JSON, Geometry:
		return Value{kind: k, data: r.bytes("text")}
	}
	r.off--
	r.fail("kind of value", ErrMalformed)
	return Value{}
}

// skipValue goes past a value.
func (r *reader) skipValue() {
	switch k := Kind(r.byte("kind of value")); k {
	case Null:
	case Int, Datetime, Date, Time, Year, Uint:
		r.uvarint("number")
	case Float32:
		r.take("float", 4)
	case Float64:
		r.take("double", 8)
	case Decimal, String, Bytes, JSON, Geometry:
		r.bytes("text")
	default:
		r.off--
		r.fail("kind of value", ErrMalformed)
	}
}

// DecodeValue reads one value and tells how many bytes it took. Byte slices point into b.
func DecodeValue(b []byte) (v Value, n int, err error) {
	r := reader{buf: b}
	v = r.value()
	return v, r.off, r.err
}

// MarshalText gives the encoded value in base64, for documents that carry one.
func (v Value) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, AppendValue(nil, v)), nil
}

// UnmarshalText reads what MarshalText wrote.
func (v *Value) UnmarshalText(text []byte) error {
	b, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("redo: value in base64: %w", err)
	}
	got, n, err := DecodeValue(b)
	if err != nil {
		return err
	}
	if n != len(b) {
		return &DecodeError{What: "value", Offset: n, Err: ErrMalformed}
	}
	*v = got
	return nil
}
