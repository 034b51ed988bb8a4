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
