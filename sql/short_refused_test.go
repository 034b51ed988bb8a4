package sql

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
)

// refusedReason finds the reason in the name of a counter.
var refusedReason = regexp.MustCompile(`^redoubt_sql_short_refused_total\{reason="(\w+)"\}$`)

// refusals gives how many statements did not take the short path, by reason.
func refusals(r *running) map[string]uint64 {
	out := map[string]uint64{}
	for _, name := range r.server.figures.set.ListMetricNames() {
		if found := refusedReason.FindStringSubmatch(name); found != nil {
			out[found[1]] = r.server.figures.set.GetOrCreateCounter(name).Get()
		}
	}
	return out
}

// Each reason for which a statement goes the full way is counted as that, once, and the page of the guide explains all of them.
func TestShortRefused(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY, k INT NOT NULL DEFAULT 1, v INT, j JSON, KEY (k))", "INSERT INTO p VALUES (1, 1, 1, '1')",
		"CREATE VIEW w AS SELECT id FROM p", "CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id))",
		"CREATE TABLE checked (id INT PRIMARY KEY, k INT CHECK (k > 0))", "CREATE TABLE made (id INT PRIMARY KEY, k INT, twice INT AS (k * 2) STORED)",
		"CREATE TABLE watched (id INT PRIMARY KEY)", "CREATE TRIGGER watch AFTER INSERT ON watched FOR EACH ROW SET @seen = 1",
		"CREATE TABLE many (id INT PRIMARY KEY, k INT)", "INSERT INTO many VALUES (0, 0)"+manyRows(10_000), "CREATE TABLE other (id INT PRIMARY KEY)",
		"CREATE USER u IDENTIFIED BY 'p'", "GRANT SELECT ON test.p TO u")
	seen := map[string]bool{}
	for _, c := range []struct{ reason, before, statement, after string }{
		{"text", "", "SELECT /* why */ k FROM p WHERE id = 1", ""},
		{"text", "", "SELECT k FROM p WHERE id = @seen", ""},
		{"text", "", "UPDATE p SET v = 1e1 WHERE id = 1", ""},
		{"statement", "", "SELECT k + 1 FROM p WHERE id = 1", ""},
		{"statement", "", "SELECT p.k FROM p JOIN p q ON q.id = p.k WHERE p.id = 1", ""},
		{"statement", "", "INSERT IGNORE INTO p (id) VALUES (1)", ""},
		{"statement", "", "CREATE TABLE fresh (id INT PRIMARY KEY)", ""},
		{"table", "", "SELECT id FROM w WHERE id = 1", ""},
		{"table", "", "SELECT table_name FROM information_schema.tables WHERE table_name = 'p'", ""},
		{"table", "", "INSERT INTO watched VALUES (1)", ""},
		{"table", "", "INSERT INTO checked VALUES (1, 1)", ""},
		{"table", "", "UPDATE made SET k = 1 WHERE id = 1", ""},
		{"table", "", "INSERT INTO child VALUES (1, 1)", ""},
		{"table", "", "UPDATE child SET p = 1 WHERE id = 2", ""},
		{"table", "", "DELETE FROM p WHERE id = 3", ""},
		{"key", "", "SELECT k FROM p WHERE v = 1", ""},
		{"key", "", "DELETE FROM other", ""},
		{"type", "", "SELECT k FROM p WHERE id = 1 AND j = '1'", ""},
		{"type", "", "UPDATE p SET j = '2' WHERE id = 1", ""},
		{"value", "", "UPDATE p SET v = 1.5 WHERE id = 1", ""},
		{"value", "", "UPDATE p SET v = 3 WHERE id = '1 '", ""},
		{"value", "", "INSERT INTO p (id, v) VALUES (4, 99999999999)", "error 1264"},
		{"value", "", "INSERT INTO p (id, k) VALUES (5, NULL)", "error 1048"},
		{"first", "", "SELECT id, v FROM p WHERE id = 1", ""},
		{"session", "SET sql_mode = 'ANSI_QUOTES'", "UPDATE p SET v = 2 WHERE id = 1", "SET sql_mode = DEFAULT"},
		{"session", "CREATE TEMPORARY TABLE own (id INT)", "UPDATE p SET v = 3 WHERE id = 1", "DROP TEMPORARY TABLE own"},
		{"session", "START TRANSACTION READ ONLY", "UPDATE p SET v = 4 WHERE id = 1", "error 1792"},
		{"session", "LOCK TABLES p WRITE", "UPDATE p SET v = 5 WHERE id = 1", "UNLOCK TABLES"},
		{"rows", "SELECT k FROM many WHERE id >= 0", "SELECT k FROM many WHERE id >= 0", ""},
		{"rows", "", "UPDATE many SET k = 1 WHERE id >= 0", ""},
	} {
		t.Run(c.reason+"/"+c.statement, func(t *testing.T) { r.refuses(t, c.reason, c.before, c.statement, c.after) })
		seen[c.reason] = true
	}
	t.Run("dictionary", func(t *testing.T) {
		c := on{r.connection(), t}
		const query = "SELECT v FROM p WHERE id = 1"
		c.want(query, "5")
		c.exec("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "BEGIN")
		c.want(query, "5")
		r.exec("ALTER TABLE other ADD COLUMN k INT")
		wantRefusal(t, r, "dictionary", func() { c.want(query, "5") })
		c.exec("COMMIT")
		seen["dictionary"] = true
	})
	t.Run("privilege", func(t *testing.T) {
		db := r.connectAs("u:p", "test")
		defer db.Close()
		if _, err := db.Exec("SET @x = 1"); err != nil { // a connection has a session from its first statement on
			t.Fatal(err)
		}
		wantRefusal(t, r, "privilege", func() {
			if _, err := db.Exec("UPDATE p SET v = 9 WHERE id = 1"); err == nil || !strings.Contains(err.Error(), "denied") {
				t.Errorf("%v, want a refusal", err)
			}
		})
		seen["privilege"] = true
	})
	page, err := os.ReadFile("../docs/guide/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	for reason := range refusals(r) {
		if !seen[reason] {
			t.Errorf("no statement is refused for %s", reason)
		}
		if !strings.Contains(string(page), "\n| `"+reason+"` |") {
			t.Errorf("the guide does not explain %s", reason)
		}
	}
}

// manyRows is a list of so many rows, from 1.
func manyRows(count int) string {
	var out strings.Builder
	for i := range count {
		fmt.Fprintf(&out, ", (%d, %d)", i+1, i)
	}
	return out.String()
}

// refuses runs a statement that must go the full way for a reason, in a session that what is before it has prepared. after tidies up,
// or is the error that the statement must end with.
func (r *running) refuses(t *testing.T, reason, before, statement, after string) {
	c := on{r.connection(), t}
	c.exec("SET @seen = 1")
	defer c.Close()
	if before != "" {
		c.exec(before)
	}
	wantRefusal(t, r, reason, func() {
		if number, fails := strings.CutPrefix(after, "error "); fails {
			c.fails(number, statement)
			return
		}
		c.exec(statement)
	})
	if after != "" && !strings.HasPrefix(after, "error") {
		c.exec(after)
	}
}

// wantRefusal wants one statement to be refused, for the reason.
func wantRefusal(t *testing.T, r *running, reason string, run func()) {
	t.Helper()
	before := refusals(r)
	before[reason]++
	run()
	if after := refusals(r); !maps.Equal(after, before) {
		t.Errorf("refusals %v, want %v", after, before)
	}
}
