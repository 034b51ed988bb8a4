package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/sqltypes"

	"redoubt/sql/datatype"
	"redoubt/sql/redosql"
	"redoubt/wal/redo"
)

// digest sums up the rows of a table: how many there are, and the sum of the hashes of their values, as one reads them. It does
// not depend on their order, and is the same for a row as it is stored and as a client gets it.
type digest struct {
	rows uint64
	sum  [2]uint64
	buf  []byte
}

// value takes the next value of a row, nil for NULL.
func (d *digest) value(v []byte, null bool) {
	if null {
		d.buf = append(d.buf, 0)
		return
	}
	d.buf = binary.AppendUvarint(append(d.buf, 1), uint64(len(v)))
	d.buf = append(d.buf, v...)
}

func (d *digest) end() {
	h := sha256.Sum256(d.buf)
	d.rows++
	d.sum[0] += binary.LittleEndian.Uint64(h[:])
	d.sum[1] += binary.LittleEndian.Uint64(h[8:])
	d.buf = d.buf[:0]
}

func (d *digest) equal(e *digest) bool { return d.rows == e.rows && d.sum == e.sum }

// String is the sum in hexadecimal.
func (d *digest) String() string { return fmt.Sprintf("%016x%016x", d.sum[0], d.sum[1]) }

// stored adds a stored row.
func (d *digest) stored(shape *datatype.Shape, row redo.Row) error {
	for i := range shape.Fields {
		f := &shape.Fields[i]
		v := f.Column.Of(row)
		text, err := storedText(f, v)
		if err != nil {
			return fmt.Errorf("column %s: %w", f.Column.Name, err)
		}
		d.value(text, v.IsNull())
	}
	d.end()
	return nil
}

// storedText is the text of a stored value that sentText makes of what a client gets.
func storedText(f *datatype.Field, v redo.Value) ([]byte, error) {
	switch v.Kind() {
	case redo.Null:
		return nil, nil
	case redo.Float32:
		return bits(float64(v.Float32())), nil
	case redo.Float64:
		return bits(v.Float64()), nil
	case redo.String, redo.Bytes, redo.Decimal, redo.Geometry:
		return v.Data(), nil
	case redo.JSON:
		return plainJSON(v.Data())
	case redo.Uint:
		return storedNumber(f, v.Uint())
	}
	text, err := redosql.AppendLiteral(nil, f, v)
	if err != nil {
		return nil, err
	}
	return trimFraction(bytes.Trim(text, "'")), nil
}

func storedNumber(f *datatype.Field, n uint64) ([]byte, error) {
	switch t := f.Type.(type) {
	case gsql.EnumType:
		label, _ := t.At(int(n))
		return []byte(label), nil
	case gsql.SetType:
		labels, err := t.BitsToString(n)
		return []byte(labels), err
	}
	return strconv.AppendUint(nil, n, 10), nil
}

// sentText is the canonical text of a value that a client gets.
func sentText(f *datatype.Field, v []byte) ([]byte, error) {
	switch f.Column.Kind {
	case redo.Float32:
		n, err := strconv.ParseFloat(string(v), 32)
		return bits(float64(float32(n))), err
	case redo.Float64:
		n, err := strconv.ParseFloat(string(v), 64)
		return bits(n), err
	case redo.JSON:
		return plainJSON(v)
	case redo.Date, redo.Datetime, redo.Time:
		return trimFraction(v), nil
	case redo.Year:
		n, err := strconv.ParseInt(string(v), 10, 64)
		return strconv.AppendInt(nil, n, 10), err
	case redo.Uint:
		if f.Type.Type() == sqltypes.Bit {
			n := uint64(0)
			for _, b := range v {
				n = n<<8 | uint64(b)
			}
			return strconv.AppendUint(nil, n, 10), nil
		}
	}
	return v, nil
}

func bits(f float64) []byte {
	if f == 0 {
		f = 0 // one zero
	}
	return strconv.AppendUint(nil, math.Float64bits(f), 16)
}

// trimFraction leaves out zeros at the end of a time's fraction: how many there are is a matter of the column.
func trimFraction(text []byte) []byte {
	if bytes.IndexByte(text, '.') < 0 {
		return text
	}
	return bytes.TrimRight(bytes.TrimRight(text, "0"), ".")
}

// plainJSON writes a document with its names in order, without blanks.
func plainJSON(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(plainNumbers(v))
}

// plainNumbers writes the numbers of a document in one way: 1.0 and 1 are the same.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = plainNumbers(v[name])
		}
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			if f, err := v.Float64(); err == nil {
				return f
			}
		}
	}
	return v
}

// sent sums up a table of the server.
func sent(ctx context.Context, conn *sql.Conn, shape *datatype.Shape, table string) (*digest, error) {
	names := make([]string, len(shape.Fields))
	for i := range shape.Fields {
		names[i] = quoted(shape.Fields[i].Column.Name)
	}
	rows, err := conn.QueryContext(context.WithoutCancel(ctx), "SELECT "+strings.Join(names, ", ")+" FROM "+table)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err below has what there is
	d := &digest{}
	values, targets := make([]sql.RawBytes, len(names)), make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := errors.Join(rows.Scan(targets...), ctx.Err()); err != nil {
			return nil, err
		}
		for i := range values {
			text, err := sentText(&shape.Fields[i], values[i])
			if values[i] != nil && err != nil {
				return nil, fmt.Errorf("column %s: %w", shape.Fields[i].Column.Name, err)
			}
			d.value(text, values[i] == nil)
		}
		d.end()
	}
	return d, rows.Err()
}
