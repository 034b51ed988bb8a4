package sql

import (
	"fmt"
	"strings"
	"testing"
)

// typeCases holds, for each column type, literals and how a client sees them.
var typeCases = []struct {
	column string
	values [][2]string // literal, text
}{
	{"TINYINT", [][2]string{{"-128", "-128"}, {"127", "127"}, {"0", "0"}}},
	{"TINYINT UNSIGNED", [][2]string{{"0", "0"}, {"255", "255"}}},
	{"TINYINT(1)", [][2]string{{"TRUE", "1"}, {"FALSE", "0"}, {"-5", "-5"}}},
	{"SMALLINT", [][2]string{{"-32768", "-32768"}, {"32767", "32767"}}},
	{"SMALLINT UNSIGNED", [][2]string{{"65535", "65535"}}},
	{"MEDIUMINT", [][2]string{{"-8388608", "-8388608"}, {"8388607", "8388607"}}},
	{"MEDIUMINT UNSIGNED", [][2]string{{"16777215", "16777215"}}},
	{"INT", [][2]string{{"-2147483648", "-2147483648"}, {"2147483647", "2147483647"}}},
	{"INT(11) UNSIGNED", [][2]string{{"4294967295", "4294967295"}}},
	{"BIGINT", [][2]string{{"-9223372036854775808", "-9223372036854775808"}, {"9223372036854775807", "9223372036854775807"}}},
	{"BIGINT UNSIGNED", [][2]string{{"18446744073709551615", "18446744073709551615"}}},
	{"FLOAT", [][2]string{{"1.5", "1.5"}, {"-0.25", "-0.25"}, {"0", "0"}}},
	{"DOUBLE", [][2]string{{"1.7976931348623157e308", "1.7976931348623157e+308"}, {"-1e-300", "-1e-300"}, {"851576", "851576"}, {"0.1", "0.1"}}},
	{"DECIMAL(10,2)", [][2]string{{"-12345678.90", "-12345678.90"}, {"0", "0.00"}, {"0.005", "0.01"}, {"99999999.99", "99999999.99"}}},
	{"DECIMAL(65,30)", [][2]string{{"12345678901234567890123456789012345.123456789012345678901234567890", "12345678901234567890123456789012345.123456789012345678901234567890"}}},
	{"DECIMAL(5)", [][2]string{{"-99999", "-99999"}}},
	{"BIT(1)", [][2]string{{"b'1'", "\x01"}, {"b'0'", "\x00"}}},
	{"BIT(64)", [][2]string{{"b'1111111111111111111111111111111111111111111111111111111111111111'", "\xff\xff\xff\xff\xff\xff\xff\xff"}}},
	{"BOOL", [][2]string{{"true", "1"}}},
	{"CHAR(10)", [][2]string{{"''", ""}, {"'straße'", "straße"}, {"'日本語🙂'", "日本語🙂"}}},
	{"VARCHAR(255)", [][2]string{{"''", ""}, {"'it''s \"q\" \\\\ \\n'", "it's \"q\" \\ \n"}, {"'trailing  '", "trailing  "}}},
	{"VARCHAR(20) CHARACTER SET latin1", [][2]string{{"'äöüß'", "äöüß"}}},
	{"VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin", [][2]string{{"'abc'", "abc"}}},
	{"VARCHAR(20) COLLATE utf8mb4_general_ci", [][2]string{{"'Ünïcode'", "Ünïcode"}}},
	{"TINYTEXT", [][2]string{{"'x'", "x"}}},
	{"TEXT", [][2]string{{"REPEAT('ab',5000)", strings.Repeat("ab", 5000)}}},
	{"MEDIUMTEXT", [][2]string{{"REPEAT('ü',40000)", strings.Repeat("ü", 40000)}}},
	{"LONGTEXT", [][2]string{{"'long'", "long"}}},
	{"BINARY(4)", [][2]string{{"x'0102'", "\x01\x02\x00\x00"}, {"x'00ff00ff'", "\x00\xff\x00\xff"}}},
	{"VARBINARY(8)", [][2]string{{"x'00ff'", "\x00\xff"}, {"''", ""}}},
	{"TINYBLOB", [][2]string{{"x'00'", "\x00"}}},
	{"BLOB", [][2]string{{"x'deadbeef'", "\xde\xad\xbe\xef"}}},
	{"LONGBLOB", [][2]string{{"REPEAT(x'00',70000)", strings.Repeat("\x00", 70000)}}},
	{"DATE", [][2]string{{"'1000-01-01'", "1000-01-01"}, {"'9999-12-31'", "9999-12-31"}, {"'1969-12-31'", "1969-12-31"}, {"'2024-02-29'", "2024-02-29"}}},
	{"DATETIME", [][2]string{{"'1000-01-01 00:00:00'", "1000-01-01 00:00:00"}, {"'9999-12-31 23:59:59'", "9999-12-31 23:59:59"}, {"'1969-12-31 23:59:59'", "1969-12-31 23:59:59"}}},
	{"DATETIME(3)", [][2]string{{"'2020-01-01 12:00:00.5'", "2020-01-01 12:00:00.500"}, {"'2020-01-01 12:00:00'", "2020-01-01 12:00:00.000"}}},
	{"DATETIME(6)", [][2]string{{"'1999-12-31 23:59:59.999999'", "1999-12-31 23:59:59.999999"}, {"'1960-01-01 00:00:00.000001'", "1960-01-01 00:00:00.000001"}}},
	{"TIMESTAMP", [][2]string{{"'1970-01-01 00:00:01'", "1970-01-01 00:00:01"}, {"'2038-01-19 03:14:07'", "2038-01-19 03:14:07"}}},
	{"TIMESTAMP(6)", [][2]string{{"'2024-10-27 02:30:00.5'", "2024-10-27 02:30:00.500000"}}},
	{"TIME", [][2]string{{"'-838:59:59'", "-838:59:59"}, {"'838:59:59'", "838:59:59"}, {"'00:00:00'", "00:00:00"}}},
	{"TIME(6)", [][2]string{{"'12:34:56'", "12:34:56"}}},
	{"YEAR", [][2]string{{"1901", "1901"}, {"2155", "2155"}, {"2024", "2024"}}},
	{"ENUM('a','it''s','x,y')", [][2]string{{"'a'", "a"}, {"'it''s'", "it's"}, {"3", "x,y"}}},
	{"SET('r','w','x')", [][2]string{{"''", ""}, {"'r,x'", "r,x"}, {"7", "r,w,x"}}},
	{"JSON", [][2]string{{`'{"b":[1,2.5,"x",null,true],"a":{}}'`, `{"a": {}, "b": [1, 2.5, "x", null, true]}`}, {"'[]'", "[]"}, {`'"s"'`, `"s"`}}},
	{"POINT", [][2]string{{"ST_GeomFromText('POINT(1 2)')", "POINT(1 2)"}}},
	{"GEOMETRY SRID 4326", [][2]string{{"ST_GeomFromText('LINESTRING(1 2,3 4)',4326)", "LINESTRING(1 2,3 4)"}}},
	{"POLYGON", [][2]string{{"ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))')", "POLYGON((0 0,0 1,1 1,0 0))"}}},
}

// TestTypesRoundTrip writes every type's edges and reads them over both protocols, before and after a restart, and
// through the table's own definition as SHOW CREATE TABLE gives it.
func TestTypesRoundTrip(t *testing.T) {
	r := start(t)
	for i, c := range typeCases {
		r.exec(fmt.Sprintf("CREATE TABLE t%d (id INT PRIMARY KEY, v %s)", i, c.column))
		for k, v := range c.values {
			r.exec(fmt.Sprintf("INSERT INTO t%d VALUES (%d, %s)", i, k, v[0]))
		}
		r.exec(fmt.Sprintf("INSERT INTO t%d VALUES (1000, NULL)", i))
	}
	check := func() {
		t.Helper()
		for i, c := range typeCases {
			column := "v"
			if strings.HasPrefix(c.column, "POINT") || strings.HasPrefix(c.column, "GEOM") || strings.HasPrefix(c.column, "POLY") {
				column = "ST_AsText(v)"
			}
			var want []string
			for _, v := range c.values {
				want = append(want, v[1])
			}
			want = append(want, "NULL")
			query := fmt.Sprintf("SELECT %s FROM t%d ORDER BY id", column, i)
			if got := r.rows(query); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s, text: got %.200q, want %.200q", c.column, got, want)
			}
			if strings.HasPrefix(c.column, "TIME") && !strings.HasPrefix(c.column, "TIMESTAMP") {
				for k := range want[:len(want)-1] { // the binary protocol gives all digits that a TIME may have
					want[k] += ".000000"
				}
			}
			if got := r.rows(query+" LIMIT ?", 1000); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s, binary: got %.200q, want %.200q", c.column, got, want)
			}
		}
	}
	check()
	for i, c := range typeCases {
		r.exec(fmt.Sprintf("CREATE TABLE copy%d LIKE t%d", i, i), fmt.Sprintf("INSERT INTO copy%d SELECT * FROM t%d", i, i))
		a, b := r.rows(fmt.Sprintf("SHOW CREATE TABLE t%d", i)), r.rows(fmt.Sprintf("SHOW CREATE TABLE copy%d", i))
		if x, y := afterName(a[0]), afterName(b[0]); x != y {
			t.Errorf("%s: copied definition is %s, the original is %s", c.column, y, x)
		}
	}
	r.restart()
	check()
	r.database.CheckLaw(t)
}

func afterName(create string) string {
	_, rest, _ := strings.Cut(create, "(")
	return rest
}

// TestTypesRefuse writes values that do not fit.
func TestTypesRefuse(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a TINYINT, b VARCHAR(3), c DECIMAL(3,1), d DATE, e ENUM('x'), f JSON, g INT NOT NULL DEFAULT 7)")
	for _, v := range []string{"(a) VALUES (128)", "(b) VALUES ('abcd')", "(c) VALUES (100)", "(d) VALUES ('2023-02-30')", "(e) VALUES ('y')", "(f) VALUES ('{')", "(g) VALUES (NULL)"} {
		if _, err := r.db.Exec("INSERT INTO t " + v); err == nil {
			t.Errorf("INSERT INTO t %s: no error", v)
		}
	}
	r.want("SELECT COUNT(*) FROM t", "0")
}
