package sql

import (
	"fmt"
	"strconv"
	"testing"
)

func (r *running) scn() uint64 {
	r.t.Helper()
	n, err := strconv.ParseUint(r.rows("SELECT CURRENT_SCN()")[0], 10, 64)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestAsOf(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(10), KEY (v))", "INSERT INTO t VALUES (1,'a'),(2,'b')")
	s1 := r.scn()
	r.exec("CREATE RESTORE POINT before_update DESCRIPTION 'first'", "UPDATE t SET v = 'c' WHERE id = 1", "DELETE FROM t WHERE id = 2", "INSERT INTO t VALUES (3,'d')")
	s2 := r.scn()
	r.exec("ALTER TABLE t ADD COLUMN n INT DEFAULT 7", "ALTER TABLE t RENAME COLUMN v TO w", "UPDATE t SET n = 8 WHERE id = 1")
	s3 := r.scn()
	r.exec("ALTER TABLE t DROP COLUMN w", "CREATE VIEW view_t AS SELECT * FROM t")
	check := func() {
		t.Helper()
		r.want(fmt.Sprintf("SELECT * FROM t AS OF SCN %d ORDER BY id", s1), "1|a", "2|b")
		r.want("SELECT * FROM t AS OF 'before_update' ORDER BY id", "1|a", "2|b")
		r.want(fmt.Sprintf("SELECT id FROM t AS OF SCN %d WHERE v = 'b'", s1), "2")
		r.want(fmt.Sprintf("SELECT * FROM t AS OF SCN %d ORDER BY id", s2), "1|c", "3|d")
		r.want(fmt.Sprintf("SELECT * FROM t AS OF SCN %d ORDER BY id", s3), "1|c|8", "3|d|7")
		r.want(fmt.Sprintf("SELECT * FROM t AS OF SCN %d USING SCHEMA NOW ORDER BY id", s1), "1|7", "2|7")
		r.want(fmt.Sprintf("SELECT a.id, a.v, b.v FROM t AS OF SCN %d a LEFT JOIN t AS OF SCN %d b ON a.id = b.id ORDER BY a.id", s1, s2), "1|a|c", "2|b|NULL")
		r.want(fmt.Sprintf("SELECT * FROM t AS OF TIMESTAMP SCN_TO_TIMESTAMP(%d) ORDER BY id", s2), "1|c", "3|d")
		r.want(fmt.Sprintf("SELECT TIMESTAMP_TO_SCN(SCN_TO_TIMESTAMP(%d))", s2), fmt.Sprint(s2))
		r.want(fmt.Sprintf("SELECT COUNT(*) FROM (SELECT * FROM t AS OF SCN %d) x", s1), "2")
		if got := r.rows("SELECT * FROM t AS OF SCN ? WHERE id = ?", s1, 2); len(got) != 1 || got[0] != "2|b" {
			t.Fatalf("prepared AS OF: %v", got)
		}
	}
	check()
	r.want("SELECT ORA_ROWSCN > 0, id FROM t ORDER BY id", "1|1", "1|3")
	r.exec("DROP VIEW view_t", "DROP TABLE t")
	check = func(inner func()) func() {
		return func() { t.Helper(); inner() }
	}(func() {
		t.Helper()
		r.want(fmt.Sprintf("SELECT * FROM t AS OF SCN %d ORDER BY id", s1), "1|a", "2|b")
		r.want(fmt.Sprintf("SELECT v FROM t AS OF SCN %d WHERE v > 'c'", s2), "d")
		if got := r.rows("SELECT id FROM t AS OF SCN ? WHERE id = ?", s1, 2); len(got) != 1 || got[0] != "2" {
			t.Fatalf("prepared AS OF of a dropped table: %v", got)
		}
	})
	check()
	r.fails(1146, "SELECT * FROM t")
	r.fails(1525, "SELECT * FROM t AS OF SCN 99999999")
	r.fails(1146, "SELECT * FROM t AS OF SCN 1")
	r.restart()
	check()
	r.exec(fmt.Sprintf("CREATE TABLE t AS SELECT * FROM t AS OF SCN %d", s1))
	r.want("SELECT * FROM t ORDER BY id", "1|a", "2|b")
	r.want("SELECT name, scn, description FROM V$RESTORE_POINT", fmt.Sprintf("before_update|%d|first", s1))
	r.exec("DROP RESTORE POINT before_update")
	r.fails(1105, "SELECT * FROM t AS OF 'before_update'")
}

func TestSnapshotTransaction(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	s := r.scn()
	r.exec("INSERT INTO t VALUES (2)")
	c := on{r.connection(), t}
	c.exec(fmt.Sprintf("START TRANSACTION WITH CONSISTENT SNAPSHOT AS OF SCN %d", s))
	c.want("SELECT id FROM t", "1")
	c.fails("1792", "INSERT INTO t VALUES (3)")
	c.exec("COMMIT", "START TRANSACTION WITH CONSISTENT SNAPSHOT")
	r.exec("INSERT INTO t VALUES (3)")
	c.want("SELECT COUNT(*) FROM t", "2")
	c.exec("COMMIT")
	c.want("SELECT COUNT(*) FROM t", "3")
}

func TestSystemTables(t *testing.T) {
	r := start(t)
	r.want("SELECT name, value, source FROM V$PARAMETER", "mysql|x|flag")
	r.want("SELECT version, current_scn = CURRENT_SCN() FROM v$database", "test|1")
	r.exec("USE information_schema")
	r.want("SELECT COUNT(*) FROM redoubt.v$parameter", "1")
	r.exec("USE test", "CREATE VIEW settings AS SELECT p.name FROM V$PARAMETER p JOIN v$database d ON d.version = 'test'")
	r.want("SELECT * FROM settings", "mysql")
	r.want("SELECT v$parameter.name FROM v$parameter WHERE EXISTS (SELECT 1 FROM V$DATABASE)", "mysql")
	for _, refused := range []string{
		"INSERT INTO redoubt.v$parameter VALUES ('a', 'b', 'c')", "DELETE FROM V$PARAMETER", "UPDATE v$parameter SET value = 'y'",
		"CREATE TABLE redoubt.t (id INT)", "CREATE VIEW redoubt.w AS SELECT 1", "DROP TABLE redoubt.v$parameter",
		"ALTER TABLE redoubt.v$parameter ADD COLUMN x INT", "CREATE INDEX x ON redoubt.v$parameter (name)",
		"TRUNCATE TABLE redoubt.v$parameter", "RENAME TABLE redoubt.v$parameter TO test.x", "DROP DATABASE redoubt",
		"CREATE TRIGGER redoubt.x BEFORE INSERT ON redoubt.v$parameter FOR EACH ROW SET NEW.name = ''",
		"CREATE PROCEDURE redoubt.x() SELECT 1",
	} {
		if _, err := r.db.Exec(refused); err == nil {
			t.Errorf("%s: no error", refused)
		}
	}
	r.want("SHOW TABLES FROM redoubt", "DBA_HIST_ACTIVE_SESS_HISTORY", "DBA_RECYCLEBIN", "FLASHBACK_TRANSACTION_QUERY", "V$ACTIVE_SESSION_HISTORY", "V$ACTIVE_SESSION_HISTORY_FINE",
		"V$BGPROCESS", "V$DATABASE", "V$DATABASE_INCARNATION", "V$EVENT_NAME", "V$FLASHBACK", "V$FLASHBACK_DATABASE_LOG", "V$HOLD", "V$INSTANCE", "V$LOCK", "V$LOGMNR_CONTENTS",
		"V$PARAMETER", "V$RESTORE_POINT", "V$SESSION", "V$SESSION_EVENT", "V$SESSTAT", "V$SQL", "V$SQLAREA", "V$SQLSTATS_PLAN_HASH", "V$SQLSTATS_SUMMARY", "V$SQL_MONITOR", "V$SQL_PLAN_CHANGE", "V$SQL_PLAN_MONITOR",
		"V$SQL_SLOW", "V$SYSSTAT", "V$SYSTEM_EVENT", "V$TRANSACTION")
}
