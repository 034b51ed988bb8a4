package sql

import "testing"

// An ENUM keeps its texts when it is given other members, and the value that IGNORE leaves for a wrong one.
func TestAlterEnum(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (i INT PRIMARY KEY, e ENUM('a', 'b', 'c'))", "INSERT IGNORE INTO t VALUES (0, 'wrong')",
		"INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')", "ALTER TABLE t MODIFY COLUMN e ENUM('c', 'a', 'b')")
	r.want("SELECT i, e, e + 0 FROM t ORDER BY i", "0||0", "1|a|2", "2|b|3", "3|c|1")
	r.fails(1265, "ALTER TABLE t MODIFY COLUMN e ENUM('abc')")
	r.want("SELECT i, e, e + 0 FROM t ORDER BY i", "0||0", "1|a|2", "2|b|3", "3|c|1")
	r.exec("ALTER TABLE t MODIFY COLUMN e VARCHAR(9)")
	r.want("SELECT i, e FROM t ORDER BY i", "0|", "1|a", "2|b", "3|c")
}
