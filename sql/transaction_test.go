package sql

import (
	"context"
	gosql "database/sql"
	"database/sql/driver"
	"strings"
	"testing"
)

// connection gives one connection, so that its session stays the same.
func (r *running) connection() *gosql.Conn {
	r.t.Helper()
	c, err := r.db.Conn(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return c
}

type on struct {
	*gosql.Conn
	t testing.TB
}

func (c on) Query(query string, args ...any) (*gosql.Rows, error) {
	return c.QueryContext(context.Background(), query, args...)
}

func (c on) exec(statements ...string) {
	c.t.Helper()
	for _, s := range statements {
		if _, err := c.ExecContext(context.Background(), s); err != nil {
			c.t.Fatalf("%s: %v", s, err)
		}
	}
}

func (c on) fails(part, statement string) {
	c.t.Helper()
	if _, err := c.ExecContext(context.Background(), statement); err == nil || !strings.Contains(err.Error(), part) {
		c.t.Fatalf("%s: got %v, want an error with %q", statement, err, part)
	}
}

func (c on) want(query string, want ...string) {
	c.t.Helper()
	got, err := queryRows(c, query)
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		c.t.Fatalf("%s: got %v, %v, want %v", query, got, err, want)
	}
}

func TestTransactions(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT, UNIQUE KEY (v))", "INSERT INTO t VALUES (1,1),(2,2)")
	a, b := on{r.connection(), t}, on{r.connection(), t}

	a.exec("BEGIN", "UPDATE t SET v = 10 WHERE id = 1")
	b.want("SELECT v FROM t WHERE id = 1", "1")
	a.want("SELECT v FROM t WHERE id = 1", "10")
	a.exec("ROLLBACK")
	a.want("SELECT v FROM t WHERE id = 1", "1")

	// Savepoints.
	a.exec("BEGIN", "INSERT INTO t VALUES (3,3)", "SAVEPOINT s", "INSERT INTO t VALUES (4,4)", "SAVEPOINT s2", "DELETE FROM t", "ROLLBACK TO s2")
	a.want("SELECT COUNT(*) FROM t", "4")
	a.exec("ROLLBACK TO SAVEPOINT s", "RELEASE SAVEPOINT s")
	a.fails("1305", "ROLLBACK TO s2")
	a.exec("COMMIT")
	b.want("SELECT id FROM t ORDER BY id", "1", "2", "3")

	// A failed statement is taken back whole, the transaction goes on.
	a.exec("BEGIN", "INSERT INTO t VALUES (5,5)")
	a.fails("1062", "INSERT INTO t VALUES (6,6),(7,7),(5,8)")
	a.fails("1062", "UPDATE t SET v = 99")
	a.want("SELECT id, v FROM t ORDER BY id", "1|1", "2|2", "3|3", "5|5")
	a.exec("COMMIT")

	// Snapshots.
	a.exec("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "BEGIN")
	a.want("SELECT COUNT(*) FROM t", "4")
	b.exec("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "BEGIN")
	b.want("SELECT COUNT(*) FROM t", "4")
	r.exec("INSERT INTO t VALUES (100,100)")
	a.want("SELECT COUNT(*) FROM t", "4")
	b.want("SELECT COUNT(*) FROM t", "5")
	a.exec("COMMIT")
	b.exec("COMMIT")
	a.want("SELECT COUNT(*) FROM t", "5")
}

func TestTransactionRules(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
	c := on{r.connection(), t}
	c.want("SELECT @@transaction_isolation", "READ-COMMITTED")
	c.exec("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE")
	c.want("SELECT @@transaction_isolation, @@tx_isolation", "SERIALIZABLE|SERIALIZABLE")
	c.fails("1231", "SET transaction_isolation = 'TOTAL'")
	c.exec("SET transaction_isolation = 'READ-COMMITTED'")

	c.exec("START TRANSACTION READ ONLY")
	c.fails("1792", "INSERT INTO t VALUES (2)")
	c.exec("COMMIT")

	// autocommit off
	c.exec("SET autocommit = 0", "INSERT INTO t VALUES (2)")
	r.want("SELECT COUNT(*) FROM t", "1")
	c.exec("COMMIT", "INSERT INTO t VALUES (3)", "ROLLBACK", "SET autocommit = 1")
	r.want("SELECT COUNT(*) FROM t", "2")

	// A statement that changes the dictionary commits what is open.
	c.exec("BEGIN", "INSERT INTO t VALUES (4)", "CREATE TABLE other (id INT)", "ROLLBACK")
	r.want("SELECT COUNT(*) FROM t", "3")

	// A client that goes away leaves nothing.
	gone := on{r.connection(), t}
	gone.exec("BEGIN", "INSERT INTO t VALUES (5)")
	if err := gone.Raw(func(any) error { return driver.ErrBadConn }); err == nil {
		t.Fatal("connection was not dropped")
	}
	r.want("SELECT COUNT(*) FROM t", "3")

	c.exec("LOCK TABLES t WRITE", "INSERT INTO t VALUES (6)", "UNLOCK TABLES")
	r.want("SELECT COUNT(*) FROM t", "4")

	c.exec("CREATE TEMPORARY TABLE temp (a INT PRIMARY KEY, b INT)", "INSERT INTO temp VALUES (1,2),(3,4)", "UPDATE temp SET b = 5 WHERE a = 3")
	c.want("SELECT * FROM temp ORDER BY a", "1|2", "3|5")
	r.fails(1146, "SELECT * FROM temp")
	c.exec("DROP TEMPORARY TABLE temp")
}

// A CALL that fails is taken back to where it began, or to the savepoint before it to which it went back; savepoints that it set behind
// changes of its own go with these.
func TestSavepointsAndFailedCall(t *testing.T) {
	r := start(t)
	const fail = "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'"
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)",
		"CREATE PROCEDURE back() BEGIN ROLLBACK TO s; INSERT INTO t VALUES (5), (6), (7), (8); "+fail+"; END",
		"CREATE PROCEDURE sets() BEGIN INSERT INTO t VALUES (5); INSERT INTO t VALUES (6); SAVEPOINT inside; "+fail+"; END")
	c := on{r.connection(), t}
	c.exec("BEGIN", "INSERT INTO t VALUES (0)", "SAVEPOINT s", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)")
	c.fails("1644", "CALL back()")
	c.want("SELECT id FROM t", "0")
	c.fails("1644", "CALL sets()")
	c.fails("1305", "ROLLBACK TO inside")
	c.exec("INSERT INTO t VALUES (3)", "INSERT INTO t VALUES (4)", "INSERT INTO t VALUES (5)")
	c.fails("1305", "ROLLBACK TO inside")
	c.exec("ROLLBACK TO s", "INSERT INTO t VALUES (9)", "COMMIT")
	r.want("SELECT id FROM t", "0", "9")
	r.database.CheckLaw(t)
}
