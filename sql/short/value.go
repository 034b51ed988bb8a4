package short

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"
	"github.com/shopspring/decimal"

	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// column is a column of a plan's table, with what the path needs to know of its type.
type column struct {
	*datatype.Field
	kind     querypb.Type
	min, max int64      // of whole numbers; max is that of an int64 for BIGINT UNSIGNED
	utf8     bool       // text that is written as it is stored
	chars    int64      // of text, at most
	bytes    int64      // so, in bytes
	digits   int        // of the seconds' fraction of a DATETIME
	null     bool       // may be NULL
	fallback redo.Value // its default
	clock    bool       // it is the present time
	defaults bool       // fallback holds it
}

// newColumn tells whether values of a column can be stored and read here; those of others still can be read.
func newColumn(f *datatype.Field) column {
	c := column{Field: f, kind: f.Type.Type(), null: f.Column.Nullable}
	switch c.kind {
	case sqltypes.Int8:
		c.min, c.max = math.MinInt8, math.MaxInt8
	case sqltypes.Int16:
		c.min, c.max = math.MinInt16, math.MaxInt16
	case sqltypes.Int24:
		c.min, c.max = -1<<23, 1<<23-1
	case sqltypes.Int32:
		c.min, c.max = math.MinInt32, math.MaxInt32
	case sqltypes.Int64:
		c.min, c.max = math.MinInt64, math.MaxInt64
	case sqltypes.Uint8:
		c.max = math.MaxUint8
	case sqltypes.Uint16:
		c.max = math.MaxUint16
	case sqltypes.Uint24:
		c.max = 1<<24 - 1
	case sqltypes.Uint32:
		c.max = math.MaxUint32
	case sqltypes.Uint64:
		c.max = math.MaxInt64
	case sqltypes.Char, sqltypes.VarChar, sqltypes.Text, sqltypes.VarBinary, sqltypes.Blob:
		if t, ok := f.Type.(gsql.StringType); ok {
			c.chars, c.bytes = t.MaxCharacterLength(), t.MaxByteLength()
			c.utf8 = c.isText() && t.Collation().CharacterSet() == gsql.CharacterSet_utf8mb4
		}
	case sqltypes.Datetime, sqltypes.Timestamp:
		if t, ok := f.Type.(gsql.DatetimeType); ok {
			c.digits = t.Precision()
		}
	}
	return c
}

// isWhole tells whether the column holds whole numbers.
func (c *column) isWhole() bool { return c.max != 0 }

func (c *column) isText() bool {
	return c.kind == sqltypes.Char || c.kind == sqltypes.VarChar || c.kind == sqltypes.Text
}

// isStorable tells whether store knows the column's type.
func (c *column) isStorable() bool {
	switch c.kind {
	case sqltypes.Float64, sqltypes.Decimal, sqltypes.VarBinary, sqltypes.Blob, sqltypes.Date, sqltypes.Datetime:
		return true
	}
	return c.isWhole() || c.utf8
}

// isComparable tells whether compared knows the column's type.
func (c *column) isComparable() bool {
	switch c.kind {
	case sqltypes.Decimal, sqltypes.Date, sqltypes.Datetime:
		return true
	}
	return c.isWhole() || c.utf8
}

// stored makes the value that an assignment of the argument stores; false if that is not sure to be all of it.
func (c *column) stored(ctx *gsql.Context, a argument) (redo.Value, bool) {
	if a.kind == nullArgument {
		return redo.Value{}, c.null
	}
	switch {
	case c.isWhole():
		return c.wholeValue(a)
	case c.isText():
		return c.textValue(a)
	}
	switch c.kind {
	case sqltypes.Float64:
		return floatValue(a)
	case sqltypes.Decimal:
		return c.decimalValue(ctx, a)
	case sqltypes.VarBinary, sqltypes.Blob:
		ok := a.kind == textArgument && int64(len(a.text)) <= c.bytes
		return redo.BytesValue([]byte(a.text)), ok
	case sqltypes.Date, sqltypes.Datetime:
		return c.timeValue(a)
	}
	return redo.Value{}, false
}

// compared makes the value that rows are compared with; false if the column's type does not hold the argument exactly.
func (c *column) compared(ctx *gsql.Context, a argument) (redo.Value, bool) {
	switch {
	case c.isWhole():
		return c.wholeValue(a)
	case c.isText():
		return redo.StringValue([]byte(a.text)), a.kind == textArgument
	}
	switch c.kind {
	case sqltypes.Decimal:
		v, ok := c.decimalValue(ctx, a)
		return v, ok && a.kind != textArgument
	case sqltypes.Date, sqltypes.Datetime:
		return c.timeValue(a)
	}
	return redo.Value{}, false
}

func (c *column) wholeValue(a argument) (redo.Value, bool) {
	if a.kind == unsignedArgument {
		return redo.UintValue(uint64(a.integer)), c.kind == sqltypes.Uint64
	}
	n, ok := a.whole()
	if !ok || n < c.min || n > c.max {
		return redo.Value{}, false
	}
	if sqltypes.IsUnsigned(c.kind) {
		return redo.UintValue(uint64(n)), true
	}
	return redo.IntValue(n), true
}

func (c *column) textValue(a argument) (redo.Value, bool) {
	text := a.text
	switch a.kind {
	case integerArgument:
		text = strconv.FormatInt(a.integer, 10)
	case textArgument:
	default:
		return redo.Value{}, false
	}
	if c.kind == sqltypes.Text {
		return redo.StringValue([]byte(text)), int64(len(text)) <= c.bytes
	}
	if c.kind == sqltypes.Char && strings.HasSuffix(text, " ") {
		return redo.Value{}, false
	}
	return redo.StringValue([]byte(text)), int64(len(text)) <= c.chars || int64(utf8.RuneCountInString(text)) <= c.chars
}

// exactFloatMax is the largest whole number up to which a double holds all.
const exactFloatMax = 1 << 53

func floatValue(a argument) (redo.Value, bool) {
	switch a.kind {
	case integerArgument:
		return redo.Float64Value(float64(a.integer)), a.integer <= exactFloatMax && a.integer >= -exactFloatMax
	case floatArgument:
		return redo.Float64Value(datatype.PlainZero(a.float)), !math.IsNaN(a.float) && !math.IsInf(a.float, 0)
	case decimalArgument:
		f, err := strconv.ParseFloat(a.text, 64)
		return redo.Float64Value(datatype.PlainZero(f)), err == nil
	}
	return redo.Value{}, false
}

// decimalValue takes numbers that need no rounding.
func (c *column) decimalValue(ctx *gsql.Context, a argument) (redo.Value, bool) {
	var d decimal.Decimal
	switch a.kind {
	case integerArgument:
		d = decimal.NewFromInt(a.integer)
	case decimalArgument, textArgument:
		if !isNumber(a.text) {
			return redo.Value{}, false
		}
		var err error
		if d, err = decimal.NewFromString(a.text); err != nil {
			return redo.Value{}, false
		}
	default:
		return redo.Value{}, false
	}
	return c.decimal(ctx, d)
}

func (c *column) decimal(ctx *gsql.Context, d decimal.Decimal) (redo.Value, bool) {
	t, ok := c.Type.(gsql.DecimalType)
	if !ok || !d.Equal(d.Truncate(int32(t.Scale()))) {
		return redo.Value{}, false
	}
	converted, in, err := c.Type.Convert(ctx, d)
	if err != nil || !bool(in) || converted == nil {
		return redo.Value{}, false
	}
	v, err := c.Encode(ctx, converted)
	return v, err == nil
}

// isClock tells whether an expression of the column's definition gives the present time.
func (c *column) isClock(expression string) bool {
	return (c.kind == sqltypes.Datetime || c.kind == sqltypes.Timestamp) && strings.HasPrefix(expression, "CURRENT_TIMESTAMP")
}

// now makes the present time a value of the column, with as many digits as it has.
func (c *column) now(ctx *gsql.Context) (redo.Value, error) {
	clock, err := datatype.CurrentTime(c.Type)
	if err != nil {
		return redo.Value{}, err
	}
	t, err := clock.Eval(ctx, nil)
	if err != nil {
		return redo.Value{}, err
	}
	return c.Encode(ctx, t)
}

// isNumber tells whether a text is digits with at most one point between them, and a sign.
func isNumber(text string) bool {
	text = strings.TrimPrefix(text, "-")
	whole, fraction, found := strings.Cut(text, ".")
	return isDigits(whole) && (!found || isDigits(fraction))
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

const (
	dateLayout = "2006-01-02"
	timeLayout = "2006-01-02 15:04:05"
)

// timeValue takes dates and times in full, in the form that MySQL writes them.
func (c *column) timeValue(a argument) (redo.Value, bool) {
	if a.kind != textArgument || len(a.text) < len(dateLayout) || a.text[:2] < "10" {
		return redo.Value{}, false
	}
	if c.kind == sqltypes.Date {
		t, err := time.Parse(dateLayout, a.text)
		return redo.DateValue(t.Unix() / secondsPerDay), err == nil && (t.Unix() >= 0)
	}
	layout, fraction := timeLayout, 0
	switch n := len(a.text) - len(timeLayout) - 1; { // package time takes an hour of one digit, and a comma, too
	case len(a.text) == len(dateLayout):
		layout = dateLayout
	case n > 0 && a.text[len(timeLayout)] == '.':
		fraction = n
	case n != -1:
		return redo.Value{}, false
	}
	t, err := time.Parse(layout, a.text)
	return redo.DatetimeValue(t.UnixMicro()), err == nil && fraction <= c.digits
}

const secondsPerDay = 24 * 60 * 60

// out gives a stored value as the client reads it. Its bytes are put behind arena, which is returned.
func (c *column) out(ctx *gsql.Context, arena []byte, v redo.Value) (sqltypes.Value, []byte, error) {
	start := len(arena)
	switch {
	case v.IsNull():
		return sqltypes.NULL, arena, nil
	case c.isWhole() && v.Kind() == redo.Int:
		arena = strconv.AppendInt(arena, v.Int(), 10)
	case c.isWhole() && v.Kind() == redo.Uint:
		arena = strconv.AppendUint(arena, v.Uint(), 10)
	case c.utf8 && v.Kind() == redo.String && !hasAstral(v.Data()):
		arena = append(arena, v.Data()...)
	default:
		decoded, err := c.Decode(v)
		if err != nil {
			return sqltypes.Value{}, arena, err
		}
		out, err := c.Type.SQL(ctx, nil, decoded)
		return out, arena, err
	}
	return sqltypes.MakeTrusted(c.kind, arena[start:len(arena):len(arena)]), arena, nil
}

// hasAstral tells whether a text has characters that are not in the utf8 of old clients, who get others in their place.
func hasAstral(text []byte) bool {
	const tops = 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		if v := binary.LittleEndian.Uint64(text); v&(v<<1)&(v<<2)&(v<<3)&tops != 0 { // the upper four bits of a byte are set
			return true
		}
	}
	for _, b := range text {
		if b >= 0xF0 {
			return true
		}
	}
	return false
}
