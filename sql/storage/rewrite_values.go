package storage

import (
	"fmt"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/sqltypes"

	"redoubt/engine/catalog"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// keepsValues tells whether every stored value of a column is also right for its new definition, so that no row need
// be looked at: the type is the same, or a wider one of the same kind.
func keepsValues(old, next *catalog.Column, t gsql.Type) bool {
	if old.Type == next.Type {
		return old.Generated == next.Generated
	}
	if old.Kind != next.Kind || next.Generated != old.Generated {
		return false
	}
	before, err := datatype.Parse(old.Type)
	if err != nil {
		return false
	}
	switch old.Kind {
	case redo.Int:
		return wider(before, t)
	case redo.Uint:
		return widerUnsigned(before, t)
	case redo.Decimal:
		a, isA := before.(gsql.DecimalType)
		b, isB := t.(gsql.DecimalType)
		return isA && isB && a.Scale() == b.Scale() && a.Precision() <= b.Precision()
	case redo.String:
		a, isA := before.(gsql.StringType)
		b, isB := t.(gsql.StringType)
		return isA && isB && a.MaxCharacterLength() <= b.MaxCharacterLength()
	case redo.Bytes:
		// BINARY(n) is filled up to its length; all others keep what they are given.
		a, isA := before.(gsql.StringType)
		b, isB := t.(gsql.StringType)
		return isA && isB && a.MaxByteLength() <= b.MaxByteLength() && before.Type() == t.Type() && t.Type() != sqltypes.Binary
	case redo.Datetime:
		a, isA := before.(gsql.DatetimeType)
		b, isB := t.(gsql.DatetimeType)
		return isA && isB && a.Precision() <= b.Precision() && before.Type() == t.Type()
	}
	return false
}

// integerWidths gives the bytes of the whole-number types, by name without display width.
var integerWidths = map[string]int{
	"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8,
	"tinyint(1)": 1, "tinyint unsigned": 1, "smallint unsigned": 2, "mediumint unsigned": 3, "int unsigned": 4, "bigint unsigned": 8,
}

func wider(a, b gsql.Type) bool {
	x, y := integerWidths[a.String()], integerWidths[b.String()]
	return x > 0 && y >= x
}

func widerUnsigned(a, b gsql.Type) bool {
	switch x := a.(type) {
	case gsql.EnumType:
		y, ok := b.(gsql.EnumType)
		return ok && startsWith(y.Values(), x.Values())
	case gsql.SetType:
		y, ok := b.(gsql.SetType)
		return ok && startsWith(y.Values(), x.Values())
	}
	return wider(a, b)
}

func startsWith(all, first []string) bool {
	return len(all) >= len(first) && slices.Equal(all[:len(first)], first)
}

// label is a column of ENUM or SET whose new type takes its values by their text. The SQL engine would convert the
// number that is stored.
type label struct {
	position int    // in the new schema
	old      uint32 // id of the column in the old rows
	text     func(number uint64) (string, error)
	next     gsql.Type
}

// noteLabels finds out whether a column's values must be converted by their text.
func (r *rewrite) noteLabels(position int, old *catalog.Column, next gsql.Type) error {
	before, err := datatype.Parse(old.Type)
	if err != nil {
		return err
	}
	switch next.(type) {
	case gsql.StringType, gsql.EnumType, gsql.SetType:
	default:
		return nil
	}
	l := label{position: position, old: old.ID, next: next}
	switch t := before.(type) {
	case gsql.EnumType:
		l.text = func(number uint64) (string, error) {
			text, ok := t.At(int(number))
			if !ok {
				return "", fmt.Errorf("column %s has the value %d, which its type does not have", old.Name, number)
			}
			return text, nil
		}
	case gsql.SetType:
		l.text = t.BitsToString
	default:
		return nil
	}
	r.labels = append(r.labels, l)
	return nil
}

// relabel gives the row with its labels instead of their numbers.
func (r *rewrite) relabel(ctx *gsql.Context, row gsql.Row) (gsql.Row, error) {
	if len(r.labels) == 0 {
		return row, nil
	}
	row = slices.Clone(row)
	for _, l := range r.labels {
		v, ok := r.current.Get(l.old)
		if !ok || v.IsNull() {
			continue
		}
		text, err := l.text(v.Uint())
		if err != nil {
			return nil, err
		}
		if row[l.position], _, err = l.next.Convert(ctx, text); err != nil {
			return nil, err
		}
	}
	return row, nil
}
