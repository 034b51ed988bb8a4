package storage

import (
	"testing"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

func parseType(t *testing.T, text string) gsql.Type {
	t.Helper()
	parsed, err := datatype.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return parsed
}

func TestByText(t *testing.T) {
	for _, c := range []struct {
		before, next string
		want         bool
	}{
		{"enum('a','b')", "varchar(10)", true},
		{"set('a','b')", "text", true},
		{"enum('a','b')", "enum('b','a')", true},
		{"enum('a')", "int", false},
		{"date", "varchar(20)", true},
		{"datetime(3)", "text", true},
		{"time", "char(20)", true},
		{"date", "datetime", false},
		{"varchar(5)", "date", false},
		{"int", "varchar(5)", false},
		{"varchar(5)", "enum('a')", false},
	} {
		if got := byText(parseType(t, c.before), parseType(t, c.next)); got != c.want {
			t.Errorf("%s to %s: %v", c.before, c.next, got)
		}
	}
}

func TestKeepsValues(t *testing.T) {
	for _, c := range []struct {
		before, next string
		want         bool
	}{
		{"int", "bigint", true},
		{"bigint", "int", false},
		{"int unsigned", "bigint unsigned", true},
		{"int", "int unsigned", false},
		{"decimal(5,2)", "decimal(8,2)", true},
		{"decimal(5,2)", "decimal(8,3)", false},
		{"varchar(5)", "varchar(9)", true},
		{"varchar(9)", "varchar(5)", false},
		{"enum('a','b')", "enum('a','b','c')", true},
		{"enum('a','b')", "enum('b','a')", false},
		{"datetime", "datetime(6)", true},
		{"datetime(6)", "datetime", false},
		{"binary(4)", "binary(8)", false},
	} {
		next := parseType(t, c.next)
		column := func(text string) *catalog.Column {
			kind, err := datatype.KindOf(parseType(t, text))
			if err != nil {
				t.Fatal(err)
			}
			return &catalog.Column{ID: 1, Name: "c", Type: text, Kind: kind}
		}
		if got := keepsValues(column(c.before), column(c.next), next); got != c.want {
			t.Errorf("%s to %s: %v", c.before, c.next, got)
		}
	}
}

func TestLabelText(t *testing.T) {
	ctx := gsql.NewEmptyContext()
	for _, c := range []struct {
		before string
		value  redo.Value
		want   string
	}{
		{"enum('x','y')", redo.UintValue(2), "y"},
		{"set('x','y','z')", redo.UintValue(5), "x,z"},
		{"date", redo.DateValue(19782), "2024-02-29"},
		{"datetime", redo.DatetimeValue(1709200800_000000), "2024-02-29 10:00:00"},
		{"datetime(3)", redo.DatetimeValue(1709200800_500000), "2024-02-29 10:00:00.500"},
		{"time", redo.TimeValue(36000_000000), "10:00:00"},
	} {
		before := parseType(t, c.before)
		kind, err := datatype.KindOf(before)
		if err != nil {
			t.Fatal(err)
		}
		field, err := datatype.NewField(&catalog.Column{ID: 1, Name: "c", Type: c.before, Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		l := label{before: before, decode: field}
		if got, err := l.text(ctx, c.value); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.before, got, err, c.want)
		}
	}
}
