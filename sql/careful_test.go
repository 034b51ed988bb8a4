package sql

import (
	"strings"
	"testing"
	"time"
)

// TestUnreadableCommitsNothing: a statement that commits first, as its first word says, does not if it cannot be read.
func TestUnreadableCommitsNothing(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1,1)")
	c := on{r.connection(), t}
	for _, statement := range []string{
		"CREATE TABEL x (a INT)", "DROP TABEL t", "ALTER TABLE t AD COLUMN w INT", "CREATE VIEW AS", "TRUNCATE", "RENAME t TO", "FLUSH foo", "GRANT foo",
		"REVOKE foo", "LOCK TABLES", "ANALYZE TABLE", "FLASHBACK TABLE", "PURGE", "OPTIMIZE TABLE", "CREATE SEQUENCE s",
	} {
		c.exec("BEGIN", "UPDATE t SET v = 10 WHERE id = 1")
		if _, err := c.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s: no error", statement)
		}
		c.exec("ROLLBACK")
		c.want("SELECT v FROM t", "1")
	}
	c.exec("BEGIN", "UPDATE t SET v = 10 WHERE id = 1", "CREATE TABLE u (id INT)", "ROLLBACK")
	c.want("SELECT v FROM t", "10")
	c.exec("FLUSH STATUS", "FLUSH LOCAL BINARY LOGS", "FLUSH TABLES", "FLUSH PRIVILEGES")
}

func TestSafeUpdates(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, k INT, v INT, KEY (k))", "INSERT INTO t VALUES (1,1,1),(2,2,2),(3,3,3)",
		"CREATE TABLE u (id INT PRIMARY KEY, v INT)", "INSERT INTO u VALUES (1,1)")
	c := on{r.connection(), t}
	c.exec("SET sql_safe_updates = 1")
	for _, statement := range []string{
		"DELETE FROM t", "UPDATE t SET v = 9", "DELETE FROM t WHERE v = 1", "UPDATE t SET v = 9 WHERE v > 0", "DELETE t FROM t", "UPDATE t SET v = 9 ORDER BY id",
	} {
		c.fails("1175", statement)
		c.fails("1175", statement+" /* the full way */")
	}
	c.want("SELECT id, v FROM t ORDER BY id", "1|1", "2|2", "3|3")
	c.exec("UPDATE t SET v = 10 WHERE id = 1", "UPDATE t SET v = 11 WHERE id = 1 /* the full way */", "UPDATE t SET v = 12 WHERE k = 2", "UPDATE t SET v = 20 LIMIT 1",
		"UPDATE t JOIN u ON u.id = t.id SET t.v = 30 WHERE u.id = 1", "DELETE FROM t WHERE id IN (2, 3)", "INSERT INTO t VALUES (4,4,4)", "DELETE FROM t WHERE v = 4 LIMIT 5")
	c.want("SELECT id FROM t", "1")
	c.exec("SET sql_safe_updates = 0", "DELETE FROM t")
	c.want("SELECT COUNT(*) FROM t", "0")
}

// TestVariablesWithoutEffect: what would be relied on and does nothing here cannot be set.
func TestVariablesWithoutEffect(t *testing.T) {
	r := start(t)
	for variable, initial := range map[string]string{
		"read_only": "0", "super_read_only": "0", "completion_type": "NO_CHAIN", "auto_increment_increment": "1", "auto_increment_offset": "1",
	} {
		if got := r.rows("SELECT @@" + variable); strings.Join(got, "") != initial {
			t.Errorf("%s is %v", variable, got)
		}
		value := "2"
		if strings.HasSuffix(variable, "only") {
			value = "1"
		}
		if _, err := r.db.Exec("SET GLOBAL " + variable + " = " + value); err == nil {
			t.Errorf("%s can be set", variable)
		}
	}
}

// TestSnapshotIsSerializable: a transaction that begins with its snapshot has the session's level, if that is the higher one.
func TestSnapshotIsSerializable(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1,50),(2,50)")
	a, b := on{r.connection(), t}, on{r.connection(), t}
	for _, c := range []on{a, b} {
		c.exec("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE", "START TRANSACTION WITH CONSISTENT SNAPSHOT")
		c.want("SELECT SUM(v) FROM t", "100")
	}
	a.exec("UPDATE t SET v = 0 WHERE id = 1", "COMMIT")
	b.exec("UPDATE t SET v = 0 WHERE id = 2")
	b.fails("1213", "COMMIT")
}

// TestLockedTables: RENAME waits for LOCK TABLES, START TRANSACTION in any form ends it, and who only reads locks no row for update.
func TestLockedTables(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE u (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	a, b := on{r.connection(), t}, on{r.connection(), t}
	a.exec("LOCK TABLES t WRITE")
	b.exec("SET innodb_lock_wait_timeout = 1")
	began := time.Now()
	b.fails("1205", "RENAME TABLE t TO s")
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("it waited for %v", waited)
	}
	for _, begin := range []string{"START TRANSACTION WITH CONSISTENT SNAPSHOT", "START TRANSACTION READ ONLY", "START TRANSACTION READ WRITE", "BEGIN"} {
		a.exec("LOCK TABLES t WRITE", begin)
		a.want("SELECT COUNT(*) FROM u", "0")
		a.exec("COMMIT")
	}
	b.exec("RENAME TABLE t TO s", "START TRANSACTION READ ONLY")
	b.fails("1792", "SELECT * FROM s FOR UPDATE")
	b.fails("1792", "SELECT * FROM s WHERE id = 1 FOR UPDATE")
	b.want("SELECT * FROM s WHERE id = 1 FOR SHARE", "1")
	b.exec("COMMIT")
}
