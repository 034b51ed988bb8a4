package sql

import (
	"strings"
	"testing"
)

// TestUnsignedBesideSigned compares a BIGINT UNSIGNED with numbers of either sign, beyond what the other type holds, and beyond what a float
// tells apart: with an index and without.
func TestUnsignedBesideSigned(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, u BIGINT UNSIGNED, ui BIGINT UNSIGNED, b BIGINT, bi BIGINT, KEY (ui), KEY (bi))")
	r.exec(`INSERT INTO t VALUES (1, 18446744073709551615, 18446744073709551615, -1, -1),
		(2, 9223372036854775808, 9223372036854775808, -9223372036854775808, -9223372036854775808),
		(3, 9223372036854775807, 9223372036854775807, 9223372036854775807, 9223372036854775807),
		(4, 9007199254740993, 9007199254740993, 9007199254740992, 9007199254740992), (5, 0, 0, 0, 0), (6, NULL, NULL, NULL, NULL)`)
	for _, c := range []struct{ condition, want string }{
		{"u = 9223372036854775807", "3"},
		{"9223372036854775807 = u", "3"},
		{"u <=> 9223372036854775807", "3"},
		{"u <> 9223372036854775807", "1 2 4 5"},
		{"u > 9223372036854775807", "1 2"},
		{"9223372036854775808 <= u", "1 2"},
		{"u < 9007199254740993", "5"},
		{"u = -1", ""},
		{"u > -1", "1 2 3 4 5"},
		{"u IN (-1)", ""},
		{"u IN (-1, 0)", "5"},
		{"u NOT IN (-1, 5)", "1 2 3 4 5"},
		{"u IN (-1, b, 18446744073709551615)", "1 3 5"},
		{"u IN (-1 + 0, CAST(-9223372036854775808 AS SIGNED))", ""},
		{"u BETWEEN -1 AND 9223372036854775807", "3 4 5"},
		{"u NOT BETWEEN -1 AND 9223372036854775807", "1 2"},
		{"u BETWEEN 9007199254740992.5 AND 9223372036854775807", "3 4"},
		{"u NOT BETWEEN 9007199254740993.5 AND 9223372036854775807", "1 2 4 5"},
		{"u > 18446744073709551614.5", "1"},
		{"u = b", "3 5"},
		{"u > b", "1 2 4"},
		{"b < u AND b >= 0", "4"},
		{"b = 9223372036854775808", ""},
		{"b IN (18446744073709551615)", ""},
		{"b IN (18446744073709551615, 0)", "5"},
		{"b < 9223372036854775808", "1 2 3 4 5"},
		{"u IN (SELECT b FROM t)", "3 5"},
		{"(u, 1) IN (SELECT b, 1 FROM t)", "3 5"},
		{"u NOT IN (SELECT b FROM t WHERE id < 6)", "1 2 4"},
		{"u > ALL (SELECT b FROM t WHERE id < 6)", "1 2"},
		{"CASE u WHEN b THEN 1 WHEN 9007199254740992 THEN 2 WHEN 9007199254740993 THEN 3 END = 3", "4"},
		{"u > @minus", "1 2 3 4 5"},
		{"EXISTS (SELECT * FROM t AS other WHERE other.b = t.u)", "3 5"},
	} {
		r.exec("SET @minus = -1")
		for _, condition := range []string{c.condition, strings.NewReplacer("u ", "ui ", " u", " ui", "(u,", "(ui,", "t.u", "t.ui", ".b", ".bi", "b ", "bi ").Replace(c.condition)} {
			if got := strings.Join(r.rows("SELECT id FROM t WHERE "+condition+" ORDER BY id"), " "); got != c.want {
				t.Errorf("%s: got %s, want %s", condition, got, c.want)
			}
		}
	}
	for _, c := range []struct {
		condition string
		argument  any
		want      string
	}{
		{"u = ?", int64(9223372036854775807), "3"},
		{"u > ?", int64(9223372036854775807), "1 2"},
		{"u IN (?, 0)", int64(-1), "5"},
		{"b IN (?)", uint64(18446744073709551615), ""},
		{"b < ?", uint64(9223372036854775808), "1 2 3 4 5"},
	} {
		for _, condition := range []string{c.condition, strings.Replace(c.condition, " ", "i ", 1)} {
			if got := strings.Join(r.rows("SELECT id FROM t WHERE "+condition+" ORDER BY id", c.argument), " "); got != c.want {
				t.Errorf("%s of %v: got %s, want %s", condition, c.argument, got, c.want)
			}
		}
	}
	for _, on := range []string{"a.u = c.b", "a.ui = c.b", "a.u = c.bi", "a.ui = c.bi", "a.u = c.b AND a.id = c.id OR a.u = c.b AND a.ui = c.bi"} {
		r.want("SELECT a.id, c.id FROM t a JOIN t c ON "+on+" ORDER BY 1", "3|3", "5|5")
	}
}

// TestUnsignedWhereItIsChecked compares so in what is not planned as a query is: CHECKs, generated columns, assignments and conditions of
// an UPDATE or DELETE of one table, and statements of a trigger.
func TestUnsignedWhereItIsChecked(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, u BIGINT UNSIGNED CHECK (u <> 9223372036854775806), b BIGINT, more INT AS (IF(u > b, 1, 0)), seen INT)",
		"CREATE TRIGGER look BEFORE INSERT ON t FOR EACH ROW SET NEW.seen = (NEW.u IN (NEW.b, 1))",
		"INSERT INTO t (id, u, b) VALUES (1, 9223372036854775808, 9223372036854775807)",
		"INSERT INTO t (id, u, b) SELECT 2, 9223372036854775807, 9223372036854775807",
		"REPLACE INTO t (id, u, b) VALUES (3, 18446744073709551615, -1)",
		"INSERT INTO t (id) VALUES (1) ON DUPLICATE KEY UPDATE b = b - (u > b)")
	r.want("SELECT * FROM t", "1|9223372036854775808|9223372036854775806|1|0", "2|9223372036854775807|9223372036854775807|0|1", "3|18446744073709551615|-1|1|0")
	r.fails(3819, "INSERT INTO t (id, u) VALUES (9, 9223372036854775806)")
	r.fails(3819, "UPDATE t SET u = 9223372036854775806")
	r.fails(3819, "INSERT INTO t (id) VALUES (1) ON DUPLICATE KEY UPDATE u = 9223372036854775806")
	r.exec("UPDATE t SET b = 7 WHERE u = 9223372036854775807", "UPDATE t SET b = CASE u WHEN 9223372036854775807 THEN 8 ELSE 9 END WHERE id < 3",
		"DELETE FROM t WHERE u IN (-1)", "UPDATE t SET b = (u > 9223372036854775807) WHERE id = 1")
	r.want("SELECT id, b FROM t", "1|1", "2|8", "3|-1")
}
