package redosql

import (
	"cmp"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/sqltypes"

	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// Prepare writes the statement that does a change again with parameters for its values, and gives these, as copies. Changes of
// the same columns of a table have the same text, but for where NULL stands, and values that have no form as a parameter.
func (t *Table) Prepare(c Change) (text string, args []any, err error) {
	bound := *t
	bound.args = &args
	text, err = bound.Redo(c)
	return text, args, err
}

// value writes a value, or a parameter for it.
func (t *Table) value(dst []byte, f *datatype.Field, v redo.Value) ([]byte, error) {
	if t.args == nil {
		return AppendLiteral(dst, f, v)
	}
	arg, form, ok := parameter(f, v)
	if !ok {
		text, err := AppendLiteral(nil, f, v)
		if err != nil || len(text) == 0 || text[0] != '\'' || !isTemporal(v.Kind()) {
			return append(dst, text...), err
		}
		arg, form = string(text[1:len(text)-1]), "?"
	}
	*t.args = append(*t.args, arg)
	return append(dst, form...), nil
}

func isTemporal(k redo.Kind) bool {
	return k == redo.Date || k == redo.Datetime || k == redo.Time
}

// parameter gives a value as a driver sends it, and what stands for it in the statement.
func parameter(f *datatype.Field, v redo.Value) (arg any, form string, ok bool) {
	switch v.Kind() {
	case redo.Int, redo.Year:
		return v.Int(), "?", true
	case redo.Uint:
		switch t := f.Type.(type) {
		case gsql.EnumType:
			label, ok := t.At(int(v.Uint()))
			return label, "?", ok && v.Uint() > 0
		case gsql.SetType:
			labels, err := t.BitsToString(v.Uint())
			return labels, "?", err == nil
		}
		return v.Uint(), "?", f.Type.Type() != sqltypes.Bit
	case redo.Float32:
		return float64(v.Float32()), "?", true
	case redo.Float64:
		return v.Float64(), "?", true
	case redo.Decimal: // which text would be compared with as floating point
		return string(v.Data()), "CAST(? AS " + strings.ToUpper(f.Type.String()) + ")", true
	case redo.String:
		return string(v.Data()), "?", true
	case redo.Bytes:
		return append([]byte{}, v.Data()...), "?", true
	case redo.JSON:
		return string(v.Data()), "CAST(? AS JSON)", true
	}
	return nil, "", false
}

// KeyOf gives the primary key's columns of the row that a change finds, as a copy; none if the table has no primary key.
func (t *Table) KeyOf(c *Change) redo.Row {
	row := c.Before
	switch c.Op {
	case redo.Insert:
		row = c.After
	case redo.Update:
		row = redo.Merge(c.Identity, c.Before)
	}
	var key redo.Row
	for i := range t.Shape.Fields {
		if column := t.Shape.Fields[i].Column; t.isKey(column) {
			key = append(key, redo.Column{ID: column.ID, Value: column.Of(row).Clone()})
		}
	}
	slices.SortFunc(key, func(a, b redo.Column) int { return cmp.Compare(a.ID, b.ID) })
	return key
}

// Find writes the query that counts the rows with a key.
func (t *Table) Find(key redo.Row) (string, error) {
	w := where{table: t, dst: append([]byte("SELECT COUNT(*) FROM "), t.name...)}
	w.key(key)
	return string(w.dst), w.err
}

// Name is the table's name, qualified and quoted.
func (t *Table) Name() string { return t.name }
