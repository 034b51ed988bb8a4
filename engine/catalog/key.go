package catalog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"redoubt/wal/redo"
)

// Collator turns text into bytes whose order is the order of its collation. What it gives is stored, so it must
// give the same for ever. It is called from many goroutines.
type Collator interface {
	// SortKey appends the sort key of text to dst.
	SortKey(dst []byte, collation string, text []byte) []byte
}

// ErrNotSortable is returned for values that cannot be part of a key, JSON and geometry.
var ErrNotSortable = errors.New("values of this type cannot be part of a key")

// A key is the concatenation of its parts. A part is 0x00 for NULL, else 0x01 and a payload that is self-delimiting
// and sorts, byte by byte, as its values do:
//
//	Int, Datetime, Date, Time, Year   8 bytes, big endian, sign bit turned over
//	Uint                              8 bytes, big endian
//	Float32, Float64                  8 bytes: IEEE 754 double; negative: all bits turned over, else the sign bit
//	Decimal                           class, exponent and digits, see appendDecimalKey
//	String                            sort key of the collation, escaped and ended
//	Bytes                             the bytes, escaped and ended
//
// Escaped and ended: 0x00 becomes 0x00 0xFF, and 0x00 0x01 stands at the end.
const (
	partNull  = 0x00
	partValue = 0x01
)

// AppendKeyPart appends one part of a key: v as a value of column c, of which the first prefixLength characters
// (bytes, if binary) count, or all if it is 0.
func AppendKeyPart(dst []byte, c *Column, prefixLength int, v redo.Value, collator Collator) ([]byte, error) {
	if v.IsNull() {
		return append(dst, partNull), nil
	}
	dst = append(dst, partValue)
	switch v.Kind() {
	case redo.Int, redo.Datetime, redo.Date, redo.Time, redo.Year:
		return binary.BigEndian.AppendUint64(dst, uint64(v.Int())^(1<<63)), nil
	case redo.Uint:
		return binary.BigEndian.AppendUint64(dst, v.Uint()), nil
	case redo.Float32:
		return appendFloatKey(dst, float64(v.Float32())), nil
	case redo.Float64:
		return appendFloatKey(dst, v.Float64()), nil
	case redo.Decimal:
		return appendDecimalKey(dst, v.Data())
	case redo.String:
		return appendTextKey(dst, c, prefixLength, v.Data(), collator), nil
	case redo.Bytes:
		b := v.Data()
		if prefixLength > 0 && len(b) > prefixLength {
			b = b[:prefixLength]
		}
		return appendEscaped(dst, b), nil
	}
	return nil, fmt.Errorf("column %s: %s: %w", c.Name, v.Kind(), ErrNotSortable)
}

func appendFloatKey(dst []byte, f float64) []byte {
	if f == 0 {
		f = 0 // -0 and 0 are one value
	}
	bits := math.Float64bits(f)
	if bits>>63 != 0 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return binary.BigEndian.AppendUint64(dst, bits)
}

func appendTextKey(dst []byte, c *Column, prefixLength int, text []byte, collator Collator) []byte {
	if prefixLength > 0 {
		text = FirstRunes(text, prefixLength)
	}
	if c.Collation == "" || collator == nil {
		return appendEscaped(dst, text)
	}
	start := len(dst)
	dst = collator.SortKey(dst, c.Collation, text)
	if bytes.IndexByte(dst[start:], 0) < 0 {
		return append(dst, 0x00, 0x01)
	}
	sortKey := append([]byte(nil), dst[start:]...)
	return appendEscaped(dst[:start], sortKey)
}

// FirstRunes is what a text begins with, n characters at most.
func FirstRunes(text []byte, n int) []byte {
	const tops = 0x8080808080808080 // of bytes that are not ASCII
	end := 0
	for ; n >= 8 && len(text)-end >= 8 && binary.LittleEndian.Uint64(text[end:])&tops == 0; n -= 8 {
		end += 8
	}
	for range n {
		if end == len(text) {
			break
		}
		_, size := utf8.DecodeRune(text[end:])
		end += size
	}
	return text[:end]
}

func appendEscaped(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, 0)
		if i < 0 {
			return append(append(dst, b...), 0x00, 0x01)
		}
		dst = append(append(dst, b[:i]...), 0x00, 0xFF)
		b = b[i+1:]
	}
}

// appendDecimalKey encodes canonical decimal text. The number is 0.d1d2d3… times ten to the exponent, without zeros
// at either end of the digits:
//
//	zero      0x80
//	positive  0xC0, exponent + 0x8000 (2 bytes, big endian), each digit + 1, 0x00
//	negative  0x40, then all that a positive number has, turned over bit by bit
func appendDecimalKey(dst, text []byte) ([]byte, error) {
	negative, digits, exponent, err := splitDecimal(text)
	if err != nil {
		return nil, err
	}
	if len(digits) == 0 {
		return append(dst, 0x80), nil
	}
	class, flip := byte(0xC0), byte(0)
	if negative {
		class, flip = 0x40, 0xFF
	}
	e := uint16(exponent + 0x8000)
	dst = append(dst, class, byte(e>>8)^flip, byte(e)^flip)
	for _, d := range digits {
		dst = append(dst, (d-'0'+1)^flip)
	}
	return append(dst, flip), nil
}

func splitDecimal(text []byte) (negative bool, digits []byte, exponent int, err error) {
	whole := text
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative, text = text[0] == '-', text[1:]
	}
	integer, fraction, _ := bytes.Cut(text, []byte{'.'})
	digits = append(append(make([]byte, 0, len(text)), integer...), fraction...)
	for _, d := range digits {
		if d < '0' || d > '9' {
			return false, nil, 0, fmt.Errorf("%q is not a decimal number", whole)
		}
	}
	if len(digits) == 0 || len(digits) > 0x4000 {
		return false, nil, 0, fmt.Errorf("%q is not a decimal number", whole)
	}
	exponent = len(integer)
	stripped := bytes.TrimLeft(digits, "0")
	exponent -= len(digits) - len(stripped)
	return negative, bytes.TrimRight(stripped, "0"), exponent, nil
}

// KeySuccessor gives the smallest key above every key that starts with prefix, or nil if there is none.
func KeySuccessor(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			next := append([]byte(nil), prefix[:i+1]...)
			next[i]++
			return next
		}
	}
	return nil
}

// RowKey appends the key of a row: its primary key, or its hidden row id.
func (t *Table) RowKey(dst []byte, row redo.Row, collator Collator) ([]byte, error) {
	if len(t.PrimaryKey) == 0 {
		id, ok := row.Get(HiddenRowID)
		if !ok {
			return nil, fmt.Errorf("table %s: row without its hidden row id", t.Name)
		}
		return binary.BigEndian.AppendUint64(dst, id.Uint()), nil
	}
	return t.appendKey(dst, t.PrimaryKey, row, collator)
}

// RowIDOf gives the hidden row id that is the key of a row without a primary key.
func RowIDOf(key []byte) uint64 {
	if len(key) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

// IndexKey appends the key of a row's entry in an index, without the row key that follows it.
func (t *Table) IndexKey(dst []byte, index *Index, row redo.Row, collator Collator) ([]byte, error) {
	return t.appendKey(dst, index.Columns, row, collator)
}

func (t *Table) appendKey(dst []byte, parts []IndexColumn, row redo.Row, collator Collator) ([]byte, error) {
	var err error
	for _, p := range parts {
		c, ok := t.ColumnByID(p.Column)
		if !ok {
			return nil, fmt.Errorf("table %s: key over column id %d, which it does not have", t.Name, p.Column)
		}
		if dst, err = AppendKeyPart(dst, c, p.PrefixLength, c.Of(row), collator); err != nil {
			return nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	return dst, nil
}

// HasNull tells whether any key column of the row is NULL; such keys are never duplicates.
func (t *Table) HasNull(index *Index, row redo.Row) bool {
	for _, p := range index.Columns {
		if c, ok := t.ColumnByID(p.Column); !ok || c.Of(row).IsNull() {
			return true
		}
	}
	return false
}

// Same tells whether two rows have the same value, bit by bit, in every column.
func (t *Table) Same(a, b redo.Row) bool {
	for i := range t.Columns {
		c := &t.Columns[i]
		if !c.Of(a).Equal(c.Of(b)) {
			return false
		}
	}
	return true
}

// Of gives the row's value of the column, or what rows older than the column have.
func (c *Column) Of(row redo.Row) redo.Value {
	if v, ok := row.Get(c.ID); ok || !c.HasAdded {
		return v
	}
	return c.Added
}
