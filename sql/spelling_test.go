package sql

import "testing"

// TestUnknown: IS UNKNOWN is IS NULL, wherever a statement stands.
func TestUnknown(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT, unknown INT, CHECK (v IS NOT UNKNOWN OR id < 5))", "INSERT INTO t VALUES (1, 1, 1), (2, NULL, NULL)",
		"CREATE VIEW nulls AS SELECT id FROM t WHERE v IS UNKNOWN",
		"CREATE PROCEDURE p(x INT) SELECT id FROM t WHERE (v = 1) IS NOT UNKNOWN AND id = x",
		"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.unknown = IF(NEW.v IS UNKNOWN, 7, 8)", "INSERT INTO t VALUES (3, NULL, 1)")
	r.want("SELECT NULL IS UNKNOWN, 1 is unknown, (1 = NULL) IS NOT UNKNOWN, NOT unknown FROM t WHERE id = 1", "1|0|0|0")
	r.want("SELECT id FROM nulls ORDER BY id", "2", "3")
	r.want("CALL p(1)", "1")
	if got := r.rows("SELECT unknown FROM t WHERE v IS UNKNOWN AND id > ?", 2); len(got) != 1 || got[0] != "7" {
		t.Errorf("prepared: %q, want 7", got)
	}
	r.fails(3819, "INSERT INTO t VALUES (5, NULL, 1)")
}

// TestTrimSides: TRIM with a side and without a text cuts off blanks.
func TestTrimSides(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10), w VARCHAR(10) AS (TRIM(LEADING FROM v)))", "INSERT INTO t (id, v) VALUES (1, ' a ')",
		"CREATE VIEW trimmed AS SELECT CONCAT('<', trim(both from v), '>') AS x FROM t")
	r.want("SELECT CONCAT('<', TRIM(TRAILING FROM v), '>'), CONCAT('<', TRIM(LEADING FROM v), '>'), CONCAT('<', w, '>') FROM t", "< a>|<a >|<a >")
	r.want("SELECT x FROM trimmed", "<a>")
	r.want("SELECT TRIM(LEADING FROM (SELECT v FROM t)), TRIM(LEADING 'x' FROM 'xxaxx')", "a |axx")
}
