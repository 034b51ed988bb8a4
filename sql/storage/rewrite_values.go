package storage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
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

// label is a column whose new type takes its values by their text, where the SQL engine would convert another form of
// them: the number of an ENUM or SET, a date with a time.
type label struct {
	position int            // in the new schema
	old      uint32         // id of the column in the old rows
	before   gsql.Type      // of the column in the old rows
	decode   datatype.Field // of the column in the old rows
	next     gsql.Type
}

// noteLabels finds out whether a column's values must be converted by their text.
func (r *rewrite) noteLabels(position int, old *catalog.Column, next gsql.Type) error {
	before, err := datatype.Parse(old.Type)
	if err != nil {
		return err
	}
	if !byText(before, next) {
		return nil
	}
	field, err := datatype.NewField(old)
	if err != nil {
		return err
	}
	r.labels = append(r.labels, label{position: position, old: old.ID, before: before, decode: field, next: next})
	return nil
}

// byText tells whether values of a type become values of another by their text.
func byText(before, next gsql.Type) bool {
	switch next.(type) {
	case gsql.EnumType, gsql.SetType:
		return types.IsEnum(before) || types.IsSet(before)
	case gsql.StringType:
		return types.IsEnum(before) || types.IsSet(before) || types.IsTime(before) || types.IsTimespan(before)
	}
	return false
}

// text gives a stored value as SQL shows it.
func (l *label) text(ctx *gsql.Context, stored redo.Value) (string, error) {
	v, err := l.decode.Decode(stored)
	if err != nil {
		return "", err
	}
	switch t := l.before.(type) {
	case gsql.EnumType:
		text, ok := t.At(int(stored.Uint()))
		if !ok {
			return "", fmt.Errorf("a row has the value %d, which its type does not have", stored.Uint())
		}
		return text, nil
	case gsql.SetType:
		return t.BitsToString(stored.Uint())
	case gsql.DatetimeType:
		if at, ok := v.(time.Time); ok && !types.IsDateType(t) && t.Precision() > 0 {
			return at.Format("2006-01-02 15:04:05." + strings.Repeat("0", t.Precision())), nil
		}
	}
	written, err := l.before.SQL(ctx, nil, v)
	return written.ToString(), err
}

// relabel gives the row with the texts of its labels.
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
		text, err := l.text(ctx, v)
		if err != nil {
			return nil, err
		}
		if text == "" && types.IsEnum(l.before) && types.IsEnum(l.next) {
			row[l.position] = noMember
			continue
		}
		if row[l.position], _, err = l.next.Convert(ctx, text); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// noMember is the value that an ENUM has where a wrong one was written outside of strict mode: it stays so.
const noMember uint16 = 0
