package function

import (
	"testing"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

var (
	testEnum = types.MustCreateEnumType([]string{"b", "a"}, gsql.Collation_Default)
	testSet  = types.MustCreateSetType([]string{"x", "y"}, gsql.Collation_Default)
)

func field(t gsql.Type) gsql.Expression { return expression.NewGetField(0, t, "f", true) }

func literal(v any, t gsql.Type) gsql.Expression { return expression.NewLiteral(v, t) }

func TestComparesTexts(t *testing.T) {
	other := types.MustCreateEnumType([]string{"a", "b"}, gsql.Collation_Default)
	for _, c := range []struct {
		name string
		e    expression.Comparer
		want bool
	}{
		{"a text of the ENUM", expression.NewEquals(field(testEnum), literal("a", types.LongText)), false},
		{"the other way round", expression.NewEquals(literal("a", types.LongText), field(testEnum)), false},
		{"another text", expression.NewEquals(field(testEnum), literal("2", types.LongText)), true},
		{"an order", expression.NewLessThan(field(testEnum), literal("a", types.LongText)), true},
		{"a number", expression.NewEquals(field(testEnum), literal(int64(2), types.Int64)), false},
		{"a column of texts", expression.NewEquals(field(testEnum), field(types.LongText)), true},
		{"itself", expression.NewEquals(field(testEnum), field(testEnum)), false},
		{"another ENUM", expression.NewEquals(field(testEnum), field(other)), true},
		{"a SET and a text", expression.NewEquals(field(testSet), literal("x", types.LongText)), true},
		{"no ENUM", expression.NewEquals(field(types.LongText), literal("x", types.LongText)), false},
	} {
		if got := comparesTexts(c.e); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestWrittenFor(t *testing.T) {
	for _, c := range []struct {
		from, into gsql.Type
		want       bool
	}{
		{testEnum, types.LongText, true},
		{testEnum, types.Int64, false},
		{testEnum, testEnum, false},
		{testEnum, testSet, true},
		{testSet, types.LongText, true},
		{types.Date, types.LongText, true},
		{types.Date, types.Datetime, false},
		{types.Time, types.LongText, true},
		{types.Float64, types.LongText, true},
		{types.Int64, types.LongText, false},
		{types.LongText, types.LongText, false},
	} {
		if _, got := writtenFor(field(c.from), c.into); got != c.want {
			t.Errorf("%s into %s: %v", c.from, c.into, got)
		}
	}
}

func TestWritten(t *testing.T) {
	ctx := gsql.NewEmptyContext()
	for _, c := range []struct {
		from  gsql.Type
		value any
		want  any
	}{{testEnum, uint16(2), "a"}, {testSet, uint64(3), "x,y"}, {testSet, uint64(0), ""}, {testEnum, nil, nil}} {
		e, changed := written(field(c.from))
		if !changed {
			t.Fatalf("%s is no ENUM and no SET", c.from)
		}
		if got, err := e.Eval(ctx, gsql.Row{c.value}); err != nil || got != c.want {
			t.Errorf("%v of %s: got %v, %v; want %v", c.value, c.from, got, err, c.want)
		}
		if !types.IsText(e.Type()) {
			t.Errorf("%s is written as %s", c.from, e.Type())
		}
	}
	if _, changed := written(field(types.Int64)); changed {
		t.Error("a number is written")
	}
}
