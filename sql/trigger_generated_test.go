package sql

import "testing"

// TestTriggersBeforeGenerated: generated columns, their indexes and CHECKs are of the row as the triggers before the change leave it.
func TestTriggersBeforeGenerated(t *testing.T) {
	r := start(t)
	r.exec(`CREATE TABLE t (id INT PRIMARY KEY, a INT, s INT AS (a * 2) STORED, v INT AS (s + 1) VIRTUAL, w VARCHAR(20) AS (CONCAT('a', a)) STORED,
			UNIQUE KEY by_s (s), CONSTRAINT small CHECK (s < 1000))`,
		"CREATE TRIGGER ins BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a + 1",
		"CREATE TRIGGER upd BEFORE UPDATE ON t FOR EACH ROW BEGIN SET NEW.a = NEW.a + 100; SET @seen = NEW.a; END",
		"CREATE TRIGGER upd_2 BEFORE UPDATE ON t FOR EACH ROW FOLLOWS upd SET NEW.a = NEW.a + 1",
		"CREATE TABLE l (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40))",
		"CREATE TRIGGER seen AFTER INSERT ON t FOR EACH ROW INSERT INTO l (what) VALUES (CONCAT('insert ', NEW.s, ' ', NEW.w))",
		"CREATE TRIGGER seen_2 AFTER UPDATE ON t FOR EACH ROW INSERT INTO l (what) VALUES (CONCAT('update ', OLD.s, ' to ', NEW.s, ' ', NEW.w))",
		"INSERT INTO t (id, a) VALUES (1, 10)", "INSERT INTO t (a, id) SELECT 20, 2")
	r.want("SELECT * FROM t ORDER BY id", "1|11|22|23|a11", "2|21|42|43|a21")
	r.want("SELECT id FROM t FORCE INDEX (by_s) WHERE s = 22", "1")
	r.fails(1062, "INSERT INTO t (id, a) VALUES (3, 10)")
	r.fails(3819, "INSERT INTO t (id, a) VALUES (3, 499)")
	r.exec("UPDATE t SET a = a + 1 WHERE id = 1")
	r.want("SELECT * FROM t WHERE s = 226", "1|113|226|227|a113")
	r.fails(3819, "UPDATE t SET a = 450 WHERE id = 1")
	r.exec("INSERT INTO t (id, a) VALUES (2, 0), (4, 40) ON DUPLICATE KEY UPDATE a = 30")
	r.want("SELECT * FROM t ORDER BY id", "1|113|226|227|a113", "2|131|262|263|a131", "4|41|82|83|a41")
	r.fails(3819, "INSERT INTO t (id, a) VALUES (2, 0) ON DUPLICATE KEY UPDATE a = 450")
	r.fails(1062, "INSERT INTO t (id, a) VALUES (2, 0) ON DUPLICATE KEY UPDATE a = 12")
	c := on{r.connection(), t}
	for _, statement := range []string{"INSERT INTO t (id, a) VALUES (?, 60)", "UPDATE t SET a = 5 WHERE id = ?"} {
		if _, err := c.ExecContext(t.Context(), statement, 6); err != nil {
			t.Fatal(err)
		}
	}
	c.want("SELECT * FROM t WHERE s = 212", "6|106|212|213|a106")
	r.want("SELECT what FROM l ORDER BY id", "insert 22 a11", "insert 42 a21", "update 22 to 226 a113", "update 42 to 262 a131", "insert 82 a41", "insert 122 a61", "update 122 to 212 a106")
	r.exec("REPLACE INTO t (id, a) VALUES (6, 70)", "DELETE FROM t WHERE s = 142")
	r.want("SELECT id FROM t ORDER BY id", "1", "2", "4")
}
