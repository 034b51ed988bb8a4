package sql

import "testing"

func TestTablesOfOneName(t *testing.T) {
	r := start(t)
	r.exec("CREATE DATABASE other",
		"CREATE TABLE t (s VARCHAR(9) PRIMARY KEY, n INT)", "INSERT INTO t VALUES ('x', 3), ('y', 2)",
		"CREATE TABLE other.t (w VARCHAR(9) PRIMARY KEY, m INT)", "INSERT INTO other.t VALUES ('a', 4), ('b', 2)")
	r.want("SELECT * FROM t JOIN other.t ON other.t.w = 'a' ORDER BY s", "x|3|a|4", "y|2|a|4")
	r.want("SELECT * FROM t, other.t WHERE test.t.s = 'x' AND other.t.m = 4", "x|3|a|4")
	r.want("SELECT * FROM t LEFT JOIN other.t ON t.n = other.t.m ORDER BY s", "x|3|NULL|NULL", "y|2|b|2")
	r.want("SELECT s FROM t WHERE EXISTS (SELECT 1 FROM other.t WHERE other.t.m = test.t.n)", "y")
}
