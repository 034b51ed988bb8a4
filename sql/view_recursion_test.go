package sql

import "testing"

// TestViewRecursion: a view that would be defined by itself is refused; it ended the process.
func TestViewRecursion(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "CREATE VIEW v AS SELECT id FROM t", "CREATE VIEW w AS SELECT id FROM v")
	before := r.rows("SELECT CURRENT_SCN()")[0]
	for _, query := range []string{"SELECT * FROM v", "SELECT * FROM w", "SELECT (SELECT MAX(id) FROM test.W) AS id", "SELECT id FROM t WHERE id IN (SELECT id FROM w)"} {
		r.fails(1462, "CREATE OR REPLACE VIEW v AS "+query)
		r.fails(1462, "ALTER VIEW v AS "+query)
	}
	r.want("SELECT * FROM w", "1")
	r.exec("ALTER VIEW v AS WITH v AS (SELECT 2 AS id) SELECT * FROM v")
	r.want("SELECT * FROM w", "2")
	r.exec("ALTER VIEW v AS SELECT id + 5 AS id FROM v AS OF SCN " + before)
	r.want("SELECT * FROM w", "6")
}
