package sql

import (
	"strconv"
	"testing"
)

// TestRestartCountsOnce: a statement that begins again on a newer snapshot finds user variables and LAST_INSERT_ID() as they were when it
// began the first time.
func TestRestartCountsOnce(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	r.exec("CREATE TABLE c (id INT PRIMARY KEY AUTO_INCREMENT, k INT UNIQUE, p BIGINT)", "INSERT INTO c VALUES (100, 2, 0)", "CREATE TABLE p (id INT PRIMARY KEY AUTO_INCREMENT)",
		"CREATE PROCEDURE counts() BEGIN SET @m = @m + 1; UPDATE t SET v = v + 1 WHERE id = 2; SET @seen = @m; END")
	b.exec("SET @n = 0, @m = 5", "INSERT INTO p VALUES (7)", "INSERT INTO p VALUES (NULL)")
	for _, c := range []struct{ statement, ask, want string }{
		{"UPDATE t SET v = (@n := @n + 1)", "SELECT @n", "2"},
		{"CALL counts()", "SELECT CONCAT(@m, @seen)", "66"},
		{"UPDATE t SET v = (@new := IFNULL(@new, 0) + 1)", "SELECT @new", "2"},
		{"INSERT INTO c (k, p) VALUES (1, LAST_INSERT_ID()), (2, LAST_INSERT_ID()) ON DUPLICATE KEY UPDATE p = VALUES(p)", "SELECT GROUP_CONCAT(p ORDER BY k) FROM c", "8,8"},
	} {
		a.exec("BEGIN", "UPDATE t SET v = v + 1 WHERE id = 2", "UPDATE c SET p = p + 1")
		restarts := r.server.figures.restarts.Get()
		waiting := b.waits(r, c.statement)
		a.exec("COMMIT")
		waiting.ends("")
		b.want(c.ask, c.want)
		if r.server.figures.restarts.Get() == restarts {
			t.Errorf("%s was not restarted", c.statement)
		}
	}
}

// TestRepeatAfterConflict: so does a statement that is run again because its commit was refused.
func TestRepeatAfterConflict(t *testing.T) {
	r, a, b := pair(t, serializable)
	r.exec("CREATE TABLE x (id INT PRIMARY KEY, v INT, mail VARCHAR(20), n BIGINT)", "INSERT INTO x VALUES (1, 0, '', 0)", "CREATE TABLE p (id INT PRIMARY KEY AUTO_INCREMENT)",
		"CREATE TABLE c (id INT PRIMARY KEY AUTO_INCREMENT, k INT UNIQUE, p BIGINT, v INT)", "INSERT INTO c VALUES (100, 0, 0, 0)")
	b.exec("SET @n = 0", "INSERT INTO p VALUES (7)", "INSERT INTO p VALUES (NULL)")
	for _, c := range []struct{ statement, ask, want string }{
		{"UPDATE x SET v = (SELECT SUM(v) FROM t), mail = 'a@b.c' WHERE id = 1", "SELECT v, mail FROM x", "31|a@b.c"},
		{"INSERT INTO c (k, p, v) SELECT 1, LAST_INSERT_ID(), SUM(v) FROM t", "SELECT p, v FROM c WHERE k = 1", "8|32"},
		{"UPDATE x SET v = (SELECT SUM(v) FROM t), n = (@n := @n + 1) WHERE id = 1", "SELECT v, n, @n FROM x", "33|1|1"},
	} {
		a.exec("BEGIN", "UPDATE t SET v = v + 1 WHERE id = 1", "SAVEPOINT s", "UPDATE x SET v = v + 1", "INSERT INTO c (k) VALUES (1)", "ROLLBACK TO s")
		before := r.server.figures.retries.Get() + r.server.figures.restarts.Get()
		waiting := b.waits(r, c.statement)
		a.exec("COMMIT")
		waiting.ends("")
		b.want(c.ask, c.want)
		if r.server.figures.retries.Get()+r.server.figures.restarts.Get() == before {
			t.Errorf("%s was not run again", c.statement)
		}
		r.exec("DELETE FROM c WHERE k = 1")
	}
}

// TestRepeatLocksOnce: a statement that is run again holds what GET_LOCK gave it once.
func TestRepeatLocksOnce(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	b.want("SELECT GET_LOCK('before', 0)", "1")
	a.exec("BEGIN", "UPDATE t SET v = v + 1 WHERE id = 2")
	restarts := r.server.figures.restarts.Get()
	waiting := b.waits(r, "UPDATE t SET v = v + GET_LOCK('l', 0) + GET_LOCK('before', 0)")
	a.exec("COMMIT")
	waiting.ends("")
	if r.server.figures.restarts.Get() == restarts {
		t.Error("it was not restarted")
	}
	rows, err := queryRows(b, "SELECT COUNT(*) FROM t")
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(rows[0])
	if err != nil {
		t.Fatal(err)
	}
	b.want("SELECT RELEASE_ALL_LOCKS()", strconv.Itoa(2*n+1))
}
