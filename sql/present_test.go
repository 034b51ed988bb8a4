package sql

import (
	"testing"

	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"
)

func TestPlainFloat(t *testing.T) {
	for text, want := range map[string]string{
		"8.515767e+06": "8515767", "1e+100": "1e100", "-1.5e-07": "-0.00000015", "1.7976931348623157e+308": "1.7976931348623157e308",
		"1.25": "1.25", "1e-16": "1e-16", "9.5e+14": "950000000000000", "1e+15": "1e15", "1.2345678e+07": "12345678",
	} {
		if got, _ := plainFloat([]byte(text)); string(got) != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestPadFraction(t *testing.T) {
	for _, c := range []struct {
		text   string
		digits int
		want   string
	}{
		{"2020-01-01 12:00:00.5", 3, "2020-01-01 12:00:00.500"},
		{"2020-01-01 12:00:00", 6, "2020-01-01 12:00:00.000000"},
		{"2020-01-01 12:00:00.123456", 6, "2020-01-01 12:00:00.123456"},
		{"2020-01-01 12:00:00.123456", 2, "2020-01-01 12:00:00.12"},
	} {
		if got, _ := padFraction([]byte(c.text), c.digits); string(got) != c.want {
			t.Errorf("%s to %d digits: got %s, want %s", c.text, c.digits, got, c.want)
		}
	}
}

// Numbers, times and BIT have the character set binary, as MySQL has it: PyMySQL decodes a BIT by the one that it is told.
func TestCharsetOfFields(t *testing.T) {
	fields := []*querypb.Field{
		{Type: sqltypes.Bit, Charset: 255},
		{Type: sqltypes.Int64, Charset: 255},
		{Type: sqltypes.Year, Charset: 255},
		{Type: sqltypes.Decimal, Charset: 255},
		{Type: sqltypes.Datetime, Charset: 255},
		{Type: sqltypes.Float64, Charset: 255},
		{Type: sqltypes.VarChar, Charset: 255},
		{Type: sqltypes.Enum, Charset: 255},
		{Type: sqltypes.TypeJSON, Charset: 255},
	}
	p := &presenter{precision: func(*querypb.Field) int { return -1 }, isFlag: func(*querypb.Field) bool { return false }}
	p.describe(fields)
	for _, f := range fields {
		want := uint32(255)
		switch f.Type {
		case sqltypes.Bit, sqltypes.Int64, sqltypes.Year, sqltypes.Decimal, sqltypes.Datetime, sqltypes.Float64:
			want = 63
		}
		if f.Charset != want {
			t.Errorf("%v has the character set %d, want %d", f.Type, f.Charset, want)
		}
	}
}

// A TINYINT(1) has the length 1, by which clients know a boolean, and a time the length of its digits.
func TestLengthOfFields(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, f BOOLEAN, n TINYINT, a DATETIME, b DATETIME(3), c TIMESTAMP(6) NULL)")
	p := (&handler{server: r.server}).presenter()
	for column, want := range map[string]uint32{"f": 1, "n": 4, "a": 19, "b": 23, "c": 26} {
		field := &querypb.Field{Database: "test", OrgTable: "t", OrgName: column, ColumnLength: 4, Type: sqltypes.Int8}
		if column < "d" {
			field.Type, field.ColumnLength = sqltypes.Datetime, 26
		}
		if p.describe([]*querypb.Field{field}); field.ColumnLength != want {
			t.Errorf("%s has the length %d, want %d", column, field.ColumnLength, want)
		}
	}
}
