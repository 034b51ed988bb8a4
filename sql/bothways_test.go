package sql

import (
	"math"
	"strings"
	"testing"
)

// TestNumbersEndBothWays: at the end of AUTO_INCREMENT nothing is stored, whichever way a statement goes, and the end lasts.
func TestNumbersEndBothWays(t *testing.T) {
	r := start(t)
	b := newBothWays(t, r, "", "CREATE TABLE s (id BIGINT PRIMARY KEY AUTO_INCREMENT, v INT)",
		"CREATE TABLE u (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, v INT)", "CREATE TABLE fresh (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, v INT)",
		"CREATE TABLE y (id TINYINT PRIMARY KEY AUTO_INCREMENT, v INT)")
	ends := func(table string) {
		t.Helper()
		if got := b.run("INSERT INTO " + table + " (v) VALUES (9)"); !strings.HasPrefix(got, "error 1467 ") {
			t.Fatalf("table %s at its end: %s", table, got)
		}
	}
	b.run("INSERT INTO s VALUES (9223372036854775807, 1)")
	b.run("INSERT INTO u VALUES (1, 1)")
	b.run("INSERT INTO u (v) VALUES (1)")
	b.run("INSERT INTO u VALUES (18446744073709551615, 1)")
	b.run("INSERT INTO fresh VALUES (18446744073709551615, 1)")
	b.run("INSERT INTO y VALUES (126, 1)")
	b.run("INSERT INTO y VALUES (300, 1)") // is refused, and takes no numbers
	b.run("INSERT INTO y (v) VALUES (1)")
	for _, table := range []string{"s", "u", "fresh", "y", "s", "u", "fresh", "y"} {
		ends(table)
	}
	for table, want := range map[string]string{"s": "1|9223372036854775807", "u": "3|18446744073709551615", "fresh": "1|18446744073709551615", "y": "2|127"} {
		r.want("SELECT COUNT(*), MAX(id) FROM shortly."+table, want)
		r.want("SELECT COUNT(*), MAX(id) FROM fully."+table, want)
	}
	r.restart()
	for _, table := range []string{"s", "u", "fresh", "y"} {
		r.fails(1467, "INSERT INTO shortly."+table+" (v) VALUES (9)")
		r.fails(1467, "INSERT INTO fully."+table+" (v) VALUES (9) /* fully */")
	}
	r.exec("DELETE FROM shortly.u", "ALTER TABLE shortly.u AUTO_INCREMENT = 5", "INSERT INTO shortly.u (v) VALUES (9)")
	r.want("SELECT id FROM shortly.u", "5")
	r.database.CheckLaw(t)
}

// TestTimesBothWays: of texts that package time takes, the short path takes those that MySQL writes.
func TestTimesBothWays(t *testing.T) {
	b := newBothWays(t, start(t), "", "CREATE TABLE d (id INT PRIMARY KEY, t0 DATETIME, t3 DATETIME(3), KEY (t0))")
	texts := []string{
		"2020-01-01 1:00:00.5", "2020-01-01 1:00:00", "2020-01-01 10:00:00.5", "2020-01-01 10:00:00,5", "2020-01-01 10:00:00.",
		"2020-01-01 10:00:00", "2020-01-01", "2020-01-01 10:00:00.123", "2020-01-01 10:00:00.1234", "2020-01-01 1:00:00.1234", "2020-01-01 10:00:00.5x",
	}
	for id, text := range texts {
		b.run("INSERT INTO d VALUES (?, ?, ?)", id, text, text)
		b.run("SELECT id FROM d WHERE t0 = '" + text + "'")
	}
	b.run("SELECT id, t0, t3 FROM d ORDER BY id")
}

// TestNegativeZeroBothWays: -0 is stored as 0, as in MariaDB.
func TestNegativeZeroBothWays(t *testing.T) {
	r := start(t)
	b := newBothWays(t, r, "", "CREATE TABLE f (id INT PRIMARY KEY, d DOUBLE, f FLOAT)")
	b.run("INSERT INTO f (id, d) VALUES (1, -0.0)")
	b.run("INSERT INTO f (id, d) VALUES (2, ?)", math.Copysign(0, -1))
	b.run("INSERT INTO f VALUES (3, '-0', '-0.0')")
	b.run("INSERT INTO f (id, d) VALUES (4, 1)")
	b.run("UPDATE f SET d = -0.0 WHERE id = 4")
	b.run("INSERT INTO f VALUES (5, -0e0, -(0e0))")
	b.run("INSERT INTO f VALUES (6, ?, ?)", math.Copysign(0, -1), math.Copysign(0, -1))
	for _, database := range []string{"shortly", "fully"} {
		for _, row := range r.rows("SELECT d, COALESCE(f, 0) FROM " + database + ".f") {
			if row != "0|0" {
				t.Errorf("%s: %s", database, row)
			}
		}
	}
}

// TestNamesOfAggregatesBothWays: an aggregate without a name of its own is called as the statement writes it.
func TestNamesOfAggregatesBothWays(t *testing.T) {
	b := newBothWays(t, start(t), "", "CREATE TABLE g (id INT PRIMARY KEY)", "INSERT INTO g VALUES (3)")
	for _, aggregate := range []string{"COUNT(  id  )", "COUNT( id )", "COUNT(\nid )", "COUNT(id)", "SUM(id )", "SUM(id\t)", "MAX( id) AS m", "MAX(  id) AS m"} {
		b.run("SELECT " + aggregate + " FROM g WHERE id > 0")
	}
}
