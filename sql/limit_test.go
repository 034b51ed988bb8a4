package sql

import "testing"

// TestLimitZeroOfAggregate: an aggregate that nobody asks for a row gives none.
func TestLimitZeroOfAggregate(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1),(2)", "CREATE TABLE none (id INT)")
	r.db.SetMaxOpenConns(1)
	r.exec("SET @mark = 7")
	for _, q := range []string{
		"SELECT COUNT(*) FROM t LIMIT 0", "SELECT SUM(id) FROM t LIMIT 0", "SELECT COUNT(DISTINCT id) FROM t LIMIT 0",
		"SELECT ANY_VALUE(id) FROM t LIMIT 0", "SELECT * FROM (SELECT COUNT(*) FROM t) x LIMIT 0", "SELECT GROUP_CONCAT(id) FROM t LIMIT 0",
		"SELECT COUNT(*) FROM t GROUP BY id LIMIT 0", "SELECT * FROM none JOIN (SELECT COUNT(*) AS n FROM t) x ON x.n = none.id",
		"SELECT COUNT(*) FROM t UNION ALL SELECT COUNT(*) FROM t LIMIT 0",
	} {
		r.want(q)
	}
	r.exec("CREATE TABLE made AS SELECT COUNT(*) AS n FROM t LIMIT 0")
	r.want("SELECT COUNT(*) FROM made", "0")
	r.want("SELECT COUNT(*), MAX(id) FROM t", "2|2")
	r.want("SELECT SQL_CALC_FOUND_ROWS COUNT(*) FROM t LIMIT 0")
	r.want("SELECT @mark", "7")
}

// TestLimitNull: a LIMIT or OFFSET that is given NULL is 0.
func TestLimitNull(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1),(2)")
	r.db.SetMaxOpenConns(1)
	r.exec("SET @mark = 7, @n = NULL")
	for _, q := range []string{
		"SELECT id FROM t ORDER BY id LIMIT ?", "SELECT COUNT(*) FROM t LIMIT ?", "SELECT id FROM t UNION SELECT id FROM t LIMIT ?",
		"SELECT * FROM (SELECT id FROM t LIMIT ?) x", "SELECT id FROM t WHERE id = (SELECT MAX(id) FROM t LIMIT ?)", "SELECT id FROM t WHERE id = 1 LIMIT ? /* fully */",
	} {
		if got := r.rows(q, nil); len(got) > 0 {
			t.Errorf("%s with NULL: %v", q, got)
		}
		r.exec("PREPARE p FROM '" + q + "'")
		r.want("EXECUTE p USING @n")
	}
	if got := r.rows("SELECT id FROM t ORDER BY id LIMIT 1 OFFSET ?", nil); len(got) != 1 || got[0] != "1" {
		t.Errorf("OFFSET NULL: %v", got)
	}
	for _, change := range []string{"UPDATE t SET id = id + 10 LIMIT ?", "DELETE FROM t LIMIT ?"} {
		if _, err := r.db.Exec(change, nil); err != nil {
			t.Errorf("%s with NULL: %v", change, err)
		}
	}
	r.want("SELECT id FROM t ORDER BY id", "1", "2")
	r.want("SELECT @mark", "7")
}

// TestLimitOfSubqueries: a LIMIT of what is sorted by a subquery gives the first rows, as they are sorted without it.
func TestLimitOfSubqueries(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE cat (id INT PRIMARY KEY, parent INT, name VARCHAR(9))", "INSERT INTO cat VALUES (1, NULL, 'root'), (2, 1, 'a'), (3, 1, 'b'), (4, 2, 'c'), (5, 4, 'd')")
	const order = " FROM cat ORDER BY (SELECT COUNT(*) FROM cat AS c WHERE c.parent = cat.id) DESC, id "
	r.want("SELECT name"+order+"LIMIT 2", "root", "a")
	r.want("SELECT name"+order+"LIMIT 2 OFFSET 1", "a", "c")
	r.want("SELECT *"+order+"LIMIT 1", "1|NULL|root")
	r.want("SELECT id, parent, name"+order+"LIMIT 1, 1", "2|1|a")
	r.want("SELECT x.id FROM cat AS x ORDER BY (SELECT y.name FROM cat AS y WHERE y.id = x.parent), id LIMIT 3", "1", "4", "5")
	r.want("SELECT (SELECT o.name"+" FROM cat AS o ORDER BY (SELECT COUNT(*) FROM cat AS c WHERE c.parent = o.id) DESC, o.id LIMIT 1)", "root")
}

// TestLimitOfAllRows: a LIMIT of 2^64-1 rows, which programs give that want an OFFSET alone, gives all.
func TestLimitOfAllRows(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(9))", "INSERT INTO t VALUES (1, 'c'), (2, 'b'), (3, 'a')")
	for _, limit := range []string{"LIMIT 18446744073709551615 OFFSET 1", "LIMIT 1, 9223372036854775807", "LIMIT 9223372036854775808 OFFSET 1"} {
		r.want("SELECT id FROM t ORDER BY name "+limit, "2", "1")
		r.want("SELECT * FROM t ORDER BY name "+limit, "2|b", "1|c")
		r.want("SELECT id FROM t ORDER BY id "+limit, "2", "3")
		r.want("SELECT id FROM t UNION SELECT 9 ORDER BY 1 "+limit, "2", "3", "9")
		r.want("SELECT name, COUNT(*) FROM t GROUP BY name ORDER BY name "+limit, "b|1", "c|1")
		r.want("SELECT (SELECT id FROM (SELECT id FROM t ORDER BY name "+limit+") AS q LIMIT 1)", "2")
		r.want("SELECT SUM(id) FROM (SELECT id FROM t ORDER BY name "+limit+") AS q", "3")
	}
}
