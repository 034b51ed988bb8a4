package sql

import (
	"context"
	gosql "database/sql"
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

// TestInsertIDBothWays: the id that a client is told, and LAST_INSERT_ID() behind it, are those of MariaDB 10.11.
func TestInsertIDBothWays(t *testing.T) {
	r := start(t)
	b := newBothWays(t, r, "", "CREATE TABLE sq (id INT PRIMARY KEY AUTO_INCREMENT, v INT, UNIQUE KEY (v))", "CREATE TABLE na (a INT PRIMARY KEY, b INT)")
	for _, c := range []struct {
		statement string
		id, last  string
	}{
		{"INSERT INTO sq (v) VALUES (1)", "1", "1"},
		{"INSERT INTO sq VALUES (10, 10), (11, 11)", "11", "1"},
		{"INSERT INTO sq VALUES (30, 30), (NULL, 31)", "31", "31"},
		{"INSERT INTO sq VALUES (NULL, 40), (NULL, 41)", "32", "32"},
		{"INSERT INTO sq VALUES (NULL, 42), (60, 43)", "34", "34"},
		{"INSERT INTO sq VALUES (80, 47)", "80", "34"},
		{"INSERT INTO sq VALUES (0, 48)", "81", "81"},
		{"INSERT INTO sq (v) VALUES (10) ON DUPLICATE KEY UPDATE v = v", "0", "81"},
		{"INSERT INTO sq (v) VALUES (10) ON DUPLICATE KEY UPDATE v = 100", "10", "81"},
		{"INSERT INTO sq VALUES (500, 102) ON DUPLICATE KEY UPDATE v = 100", "500", "81"},
		{"INSERT INTO sq VALUES (500, 103) ON DUPLICATE KEY UPDATE v = 105", "500", "81"},
		{"INSERT INTO sq VALUES (500, 103), (600, 104) ON DUPLICATE KEY UPDATE v = v + 5", "600", "81"},
		{"INSERT INTO sq VALUES (NULL, 110), (600, 104) ON DUPLICATE KEY UPDATE v = v + 5", "600", "81"},
		{"INSERT INTO sq VALUES (600, 104), (700, 120) ON DUPLICATE KEY UPDATE v = v + 50", "700", "81"},
		{"INSERT INTO sq VALUES (-5, 7777)", "-5", "81"},
		{"INSERT INTO na VALUES (1, 1)", "0", "81"},
		{"INSERT INTO na VALUES (1, 1) ON DUPLICATE KEY UPDATE b = 2", "0", "81"},
		{"INSERT INTO na VALUES (2, 1) ON DUPLICATE KEY UPDATE b = 2", "0", "81"},
		{"INSERT INTO na VALUES (2, 1) ON DUPLICATE KEY UPDATE a = LAST_INSERT_ID(a)", "2", "2"},
		{"INSERT INTO sq (v) VALUES (11) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), v = v", "11", "11"},
		{"INSERT INTO sq (v) VALUES (11) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), v = 1111", "11", "11"},
		{"UPDATE na SET b = LAST_INSERT_ID(77)", "77", "77"},
		{"UPDATE na SET b = LAST_INSERT_ID(b + 1)", "78", "78"},
		{"UPDATE na SET b = 4 WHERE a = 1", "0", "78"},
		{"UPDATE sq SET id = LAST_INSERT_ID(id + 1001) WHERE id = 1", "1002", "1002"},
		{"UPDATE na SET b = LAST_INSERT_ID(5) WHERE a = 99", "0", "1002"},
		{"INSERT INTO na VALUES (50, LAST_INSERT_ID(51))", "51", "51"},
		{"UPDATE na SET b = LAST_INSERT_ID(NULL) WHERE a = 50", "0", "0"},
		{"UPDATE na SET b = LAST_INSERT_ID(51) WHERE a = 50", "51", "51"},
		{"DELETE FROM na WHERE b = LAST_INSERT_ID(51)", "0", "51"},
		{"REPLACE INTO sq VALUES (3000, 3000)", "3000", "51"},
		{"INSERT INTO sq SELECT 6000, 6000 UNION ALL SELECT 6001, 6001", "6001", "51"},
		{"INSERT IGNORE INTO sq (v) VALUES (6000)", "0", "51"},
	} {
		if got := b.run(c.statement); !strings.Contains(got, ", id "+c.id+",") {
			t.Errorf("%s: %s; want the id %s", c.statement, got, c.id)
		}
		if got, err := queryRows(connQuerier{b.full}, "SELECT LAST_INSERT_ID()"); err != nil || got[0] != c.last {
			t.Errorf("%s: LAST_INSERT_ID() is %v, %v; want %s", c.statement, got, err, c.last)
		}
	}
	// What a trigger inserts is not the statement's.
	r.exec("CREATE TABLE logged (n INT PRIMARY KEY AUTO_INCREMENT, v INT)", "INSERT INTO logged VALUES (900, 1)", "CREATE TABLE main (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
		"CREATE TRIGGER before_main BEFORE INSERT ON main FOR EACH ROW INSERT INTO logged (v) VALUES (NEW.v)")
	if result, err := r.db.Exec("INSERT INTO main (v) VALUES (5)"); err != nil {
		t.Error(err)
	} else if id, _ := result.LastInsertId(); id != 1 {
		t.Errorf("beside a trigger: id %d, want 1", id)
	}
}

// connQuerier queries one connection.
type connQuerier struct{ *gosql.Conn }

// Query implements querier.
func (c connQuerier) Query(query string, args ...any) (*gosql.Rows, error) {
	return c.QueryContext(context.Background(), query, args...)
}
