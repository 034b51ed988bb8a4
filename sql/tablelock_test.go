package sql

import (
	"context"
	"testing"
)

// TestLockTables: what a session that has locked tables may do, and what others have to wait for.
func TestLockTables(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	r.exec("CREATE TABLE u (id INT PRIMARY KEY)", "CREATE TABLE keyless (v INT)", "CREATE VIEW w AS SELECT id FROM u")

	a.exec("LOCK TABLES t READ, u WRITE")
	a.want("SELECT v FROM t ORDER BY id", "10", "20")
	a.exec("INSERT INTO u VALUES (1)")
	a.fails("1099", "UPDATE t SET v = 0")
	a.fails("1099", "DELETE FROM t WHERE id = 1")
	a.fails("1100", "SELECT * FROM keyless")
	a.fails("1100", "INSERT INTO keyless VALUES (1)")
	a.want("SELECT mode, connection_id = CONNECTION_ID() FROM redoubt.`V$LOCK` WHERE table_name = 't'", "TABLE SHARE|1")

	b.want("SELECT v FROM t WHERE id = 1", "10") // READ goes with reads of others
	change := b.waits(r, "UPDATE t SET v = v + 1 WHERE id = 1")
	c := on{r.connection(), t}
	c.exec("SET innodb_lock_wait_timeout = 1")
	c.fails("1205", "SELECT * FROM u")
	c.fails("1205", "SELECT * FROM w") // a view
	a.exec("UNLOCK TABLES")
	change.ends("")
	c.want("SELECT * FROM u", "1")
	r.want("SELECT v FROM t WHERE id = 1", "11")

	// It waits for transactions that have changed the table, with and without a key, and commits.
	b.exec("BEGIN", "UPDATE t SET v = 30 WHERE id = 2")
	c.exec("BEGIN", "INSERT INTO keyless VALUES (1)")
	first := a.waits(r, "LOCK TABLES t READ, keyless READ")
	b.exec("COMMIT")
	c.exec("COMMIT")
	first.ends("")
	a.want("SELECT v FROM t WHERE id = 2", "30")
	a.want("SELECT v FROM keyless", "1")
	a.exec("UNLOCK TABLES")

	// Others read what was written under the lock, and only that.
	a.exec("LOCK TABLES t WRITE", "UPDATE t SET v = 1 WHERE id = 1", "UPDATE t SET v = 2 WHERE id = 2")
	read := b.begins(r, "UPDATE u SET id = (SELECT SUM(v) FROM t)")
	a.exec("UPDATE t SET v = 3 WHERE id = 2", "UNLOCK TABLES")
	read.ends("")
	r.want("SELECT id FROM u", "4")

	// START TRANSACTION lets go, LOCK TABLES of other tables too, and so does a lost client.
	a.exec("LOCK TABLES t WRITE", "START TRANSACTION")
	b.exec("UPDATE t SET v = 5 WHERE id = 1")
	a.exec("ROLLBACK", "LOCK TABLES t WRITE", "LOCK TABLES u WRITE")
	b.exec("UPDATE t SET v = 6 WHERE id = 1")
	lost := r.wired(t)
	lost.exec("LOCK TABLES t WRITE")
	change = b.waits(r, "UPDATE t SET v = 7 WHERE id = 1")
	lost.socket.Close()
	change.ends("")
	a.exec("UNLOCK TABLES")

	for _, flush := range []string{"FLUSH TABLES WITH READ LOCK", "FLUSH TABLES t WITH READ LOCK", "FLUSH TABLES t FOR EXPORT"} {
		a.exec(flush)
		a.fails("1099", "UPDATE t SET v = 0")
		a.want("SELECT v FROM t WHERE id = 1", "7")
		change = b.waits(r, "UPDATE t SET v = 7 + id WHERE id = 1")
		a.exec("UNLOCK TABLES")
		change.ends("")
		b.exec("UPDATE t SET v = 7 WHERE id = 1")
	}
	if r.database.Engine.TablesLocked() {
		t.Error("a table is still locked")
	}
}

// TestLockTablesAround: transactions by SET autocommit = 0, triggers, views, definitions, and a dump's order of statements.
func TestLockTablesAround(t *testing.T) {
	r, a, b := pair(t, repeatableRead)
	r.exec("CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, v INT)", "CREATE VIEW w AS SELECT id, v FROM t",
		"CREATE TRIGGER after_t AFTER UPDATE ON t FOR EACH ROW INSERT INTO log (v) VALUES (NEW.v)")
	a.exec("SET autocommit = 0", "LOCK TABLES t WRITE", "UPDATE t SET v = 11 WHERE id = 1")
	reader := b.begins(r, "INSERT INTO log (v) SELECT v FROM t WHERE id = 1")
	a.exec("COMMIT", "UNLOCK TABLES")
	reader.ends("")
	r.want("SELECT v FROM log", "11", "11")

	a.exec("LOCK TABLES w READ")
	a.want("SELECT v FROM w WHERE id = 1", "11")
	drop := b.begins(r, "ALTER TABLE t ADD COLUMN more INT")
	a.exec("UNLOCK TABLES", "SET autocommit = 1")
	drop.ends("")
	r.want("SELECT more FROM t WHERE id = 1", "NULL")

	a.exec("LOCK TABLES t WRITE", "ALTER TABLE t DISABLE KEYS", "INSERT INTO t (id, v) VALUES (3, 30)", "ALTER TABLE t ENABLE KEYS", "UNLOCK TABLES")
	a.exec("LOCK TABLES t READ LOCAL")
	a.want("SELECT COUNT(*) FROM t", "3")
	a.exec("UNLOCK TABLES")

	b.exec("BEGIN")
	b.want("SELECT COUNT(*) FROM t", "3")
	a.exec("LOCK TABLES t WRITE", "INSERT INTO t (id, v) VALUES (4, 40)")
	done := make(chan error, 1)
	go func() {
		got, err := queryRows(b, "SELECT COUNT(*) FROM t")
		if err == nil && got[0] != "3" {
			t.Errorf("%v rows in a snapshot of 3", got)
		}
		done <- err
	}()
	a.exec("UNLOCK TABLES")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := b.ExecContext(context.Background(), "ROLLBACK"); err != nil {
		t.Error(err)
	}
	r.database.CheckLaw(t)
}

// TestLockTablesInside: what EXECUTE and CALL run is held to LOCK TABLES as the client's own statements are.
func TestLockTablesInside(t *testing.T) {
	r, a, _ := pair(t, readCommitted)
	r.exec("CREATE TABLE u (id INT PRIMARY KEY)", "CREATE VIEW w AS SELECT v FROM t",
		"CREATE PROCEDURE p(n INT) BEGIN INSERT INTO u VALUES (n); END", "CREATE PROCEDURE q() SELECT COUNT(*) FROM u")
	a.exec("PREPARE x FROM 'INSERT INTO u VALUES (77)'", "PREPARE y FROM 'SELECT v FROM t WHERE id = 1'", "LOCK TABLES t READ")
	a.fails("1100", "EXECUTE x")
	a.fails("1100", "execute x")
	a.fails("1100", "CALL p(78)")
	a.fails("1100", "CALL q()")
	a.want("EXECUTE y", "10")
	a.exec("LOCK TABLES t READ, u WRITE", "EXECUTE x", "CALL p(78)", "UNLOCK TABLES", "CALL p(79)")
	r.want("SELECT id FROM u", "77", "78", "79")
}
