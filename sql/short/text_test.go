package short

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// show writes what a text was cut into: the template, the arguments, the rows of an INSERT.
func show(text string, prepared bool) string {
	var c cut
	if !cutText(text, prepared, &c) {
		return "the full way"
	}
	var args []string
	for _, s := range c.slots {
		switch a := s.literal; {
		case s.parameter >= 0:
			args = append(args, fmt.Sprintf("?%d", s.parameter))
		case a.kind == nullArgument:
			args = append(args, "NULL")
		case a.kind == integerArgument:
			args = append(args, strconv.FormatInt(a.integer, 10))
		case a.kind == decimalArgument:
			args = append(args, a.text+"d")
		default:
			args = append(args, strconv.Quote(a.text))
		}
	}
	return fmt.Sprintf("%s [%s] %d", c.template, strings.Join(args, " "), c.rows)
}

func TestCutText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"SELECT c FROM t1 WHERE id=5", "SELECT c FROM t1 WHERE id=? [5] 1"},
		{"select  `a 1`,\n\tb from t where s = 'it''s' and d > -1.50 ; ", "select `a 1`, b from t where s = ? and d > -? [\"it's\" 1.50d] 1"},
		{`SELECT a FROM t WHERE s = "x\n\'" `, "SELECT a FROM t WHERE s = ? [\"x\\n'\"] 1"},
		{"INSERT INTO t (a, value) VALUES (1, 'x'), (2,  'y') ,(3,'z')", "the full way"}, // lists that are written in different ways
		{"INSERT INTO t (a, value) VALUES (1, 'x'), (2, 'y')", "INSERT INTO t (a, value) VALUES (?, ?) [1 \"x\" 2 \"y\"] 2"},
		{"insert into t values (1),(2),(3) on duplicate key update a = values(a) + 7", "insert into t values (?) on duplicate key update a = values(a) + ? [1 2 3 7] 3"},
		{"INSERT INTO t VALUES (1, NULL), (null, 2)", "INSERT INTO t VALUES (?, ?) [1 NULL NULL 2] 2"},
		{"SELECT 1; SELECT 2", "the full way"},
		{"SELECT a FROM t -- b", "the full way"},
		{"SELECT a /* b */ FROM t", "the full way"},
		{"SELECT a # b", "the full way"},
		{"SELECT a - -1 FROM t", "SELECT a - -? FROM t [1] 1"},
		{"SELECT a--1 FROM t", "the full way"},
		{"SELECT @a", "the full way"},
		{"SELECT _utf8'a'", "the full way"},
		{"SELECT x'41', 0x41, 1e5, .5, 01", "the full way"},
		{"SELECT 1e5", "the full way"},
		{"SELECT .5", "the full way"},
		{"SELECT 0x41", "the full way"},
		{"SELECT 007", "the full way"},
		{"SELECT 9223372036854775808", "the full way"},
		{`SELECT 'a\%b'`, "the full way"},
		{"SELECT 'open", "the full way"},
		{"SELECT `open", "the full way"},
		{"SELECT '\xff'", "the full way"},
		{"SELECT ?", "the full way"},
		{"SHOW TABLES", "SHOW TABLES [] 1"},
		{"CREATE TABLE t (a INT)", "CREATE TABLE t (a INT) [] 1"},
		{"(SELECT 1)", "the full way"},
		{"", "the full way"},
	} {
		if got := show(c.text, false); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
	const prepared = "UPDATE t SET a = ?, b = 'x' WHERE id IN (?, 3, ?)"
	if got, want := show(prepared, true), "UPDATE t SET a = ?, b = ? WHERE id IN (?, ?, ?) [?0 \"x\" ?1 3 ?2] 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A template has a question mark for each argument of one row, and cutting it again changes nothing.
func FuzzCutText(f *testing.F) {
	for _, seed := range []string{
		"SELECT c FROM t WHERE id = 5 AND s IN ('a', \"b\\n\")", "INSERT INTO t VALUES (1, 'x'), (2, 'y') ON DUPLICATE KEY UPDATE a = VALUES(a)",
		"UPDATE t SET a = a + 1.5 WHERE `id` BETWEEN 1 AND 2;", "insert into t (value) values ((1))", "delete from t where a = ?",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, text string, prepared bool) {
		var c, again cut
		if !cutText(text, prepared, &c) {
			return
		}
		template := string(c.template)
		if !strings.HasPrefix(strings.ToLower(template), "insert") && c.rows != 1 {
			t.Fatalf("%q: %d rows of %q", text, c.rows, template)
		}
		outside := strings.Count(template, "?")
		for i, part := range strings.Split(template, "`") {
			if i%2 == 1 {
				outside -= strings.Count(part, "?")
			}
		}
		if c.rows == 1 && outside != len(c.slots) || len(c.slots) < outside {
			t.Fatalf("%q: %d arguments of %q", text, len(c.slots), template)
		}
		if !cutText(template, true, &again) || string(again.template) != template {
			t.Fatalf("%q: the template %q becomes %q", text, template, again.template)
		}
	})
}
