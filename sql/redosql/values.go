package redosql

import (
	"encoding/hex"
	"encoding/json"
	"strconv"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// RowID is the name under which the row id of a table without primary key is shown; it is not a column.
const RowID = "row id"

// Values writes the columns that a row has as a JSON object: numbers as numbers, binary data as hexadecimal text.
func (t *Table) Values(row redo.Row) ([]byte, error) {
	o := object{}
	for i := range t.Shape.Fields {
		f := &t.Shape.Fields[i]
		if v, ok := row.Get(f.Column.ID); ok {
			o.add(f, v)
		}
	}
	return o.end()
}

// Key writes the primary key of a row as a JSON object, or the row id of one that has none.
func (t *Table) Key(c *Change, key []byte) ([]byte, error) {
	o := object{}
	if len(t.Shape.Table.PrimaryKey) == 0 {
		o.name(RowID)
		o.dst = strconv.AppendUint(o.dst, catalog.RowIDOf(key), 10)
	}
	for _, p := range t.Shape.Table.PrimaryKey {
		f := &t.Shape.Fields[t.Shape.IndexOfID(p.Column)]
		row := c.Identity
		switch c.Op {
		case redo.Insert:
			row = c.After
		case redo.Delete:
			row = c.Before
		}
		o.add(f, f.Column.Of(row))
	}
	return o.end()
}

// object writes a JSON object.
type object struct {
	dst []byte
	err error
}

func (o *object) name(name string) {
	if o.dst == nil {
		o.dst = append(o.dst, '{')
	} else {
		o.dst = append(o.dst, ", "...)
	}
	o.string(name)
	o.dst = append(o.dst, ": "...)
}

func (o *object) string(text string) {
	b, err := json.Marshal(text)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.dst = append(o.dst, b...)
}

func (o *object) end() ([]byte, error) {
	if o.dst == nil {
		o.dst = append(o.dst, '{')
	}
	return append(o.dst, '}'), o.err
}

func (o *object) add(f *datatype.Field, v redo.Value) {
	o.name(f.Column.Name)
	switch v.Kind() {
	case redo.Null:
		o.dst = append(o.dst, "null"...)
	case redo.Int, redo.Year:
		o.dst = strconv.AppendInt(o.dst, v.Int(), 10)
	case redo.Float32:
		o.dst = strconv.AppendFloat(o.dst, float64(v.Float32()), 'g', -1, 32)
	case redo.Float64:
		o.dst = strconv.AppendFloat(o.dst, v.Float64(), 'g', -1, 64)
	case redo.Decimal, redo.JSON:
		o.dst = append(o.dst, v.Data()...)
	case redo.String:
		o.string(string(v.Data()))
	case redo.Bytes, redo.Geometry:
		o.string("0x" + hex.EncodeToString(v.Data()))
	case redo.Uint:
		o.uint(f, v.Uint())
	default:
		text, err := appendTemporal(nil, f, v)
		if err != nil {
			o.err = err
			return
		}
		o.string(string(text[1 : len(text)-1]))
	}
}

func (o *object) uint(f *datatype.Field, n uint64) {
	switch t := f.Type.(type) {
	case gsql.EnumType:
		if label, ok := t.At(int(n)); ok && n > 0 {
			o.string(label)
			return
		}
	case gsql.SetType:
		labels, err := t.BitsToString(n)
		if err != nil {
			o.err = err
		}
		o.string(labels)
		return
	}
	o.dst = strconv.AppendUint(o.dst, n, 10)
}
