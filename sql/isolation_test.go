package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// begins sends a statement that may have to wait for a lock. It returns when the statement is over or waits.
func (c on) begins(r *running, statement string) *pendingStatement {
	c.t.Helper()
	p, before := &pendingStatement{t: c.t, text: statement, done: make(chan struct{})}, r.database.Engine.LockCounts().Waits
	go func() {
		defer close(p.done)
		_, p.err = c.ExecContext(context.Background(), statement)
	}()
	for r.database.Engine.LockCounts().Waits == before {
		select {
		case <-p.done:
			return p
		case <-time.After(time.Millisecond):
		}
	}
	return p
}

// waits begins a statement that must have to wait.
func (c on) waits(r *running, statement string) *pendingStatement {
	c.t.Helper()
	p := c.begins(r, statement)
	select {
	case <-p.done:
		c.t.Fatalf("%s did not wait: %v", statement, p.err)
	default:
	}
	return p
}

// pendingStatement is a statement that waits for a lock.
type pendingStatement struct {
	t    testing.TB
	text string
	done chan struct{}
	err  error
}

// ends waits for the statement; part is what its error must have in it, "" for none.
func (p *pendingStatement) ends(part string) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(2 * time.Minute):
		p.t.Fatalf("%s: still waiting", p.text)
	}
	if part == "" && p.err != nil || part != "" && (p.err == nil || !strings.Contains(p.err.Error(), part)) {
		p.t.Fatalf("%s: got %v, want an error with %q", p.text, p.err, part)
	}
}

// pair is two clients at one level of isolation, and the table t with (1,10),(2,20).
func pair(t *testing.T, level string) (r *running, a, b on) {
	t.Helper()
	r = start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1,10),(2,20)")
	a, b = on{r.connection(), t}, on{r.connection(), t}
	for _, c := range []on{a, b} {
		c.exec("SET SESSION TRANSACTION ISOLATION LEVEL " + level)
	}
	return r, a, b
}

const (
	readCommitted  = "READ COMMITTED"
	repeatableRead = "REPEATABLE READ"
	serializable   = "SERIALIZABLE"
)

// byLevel is the first value under READ COMMITTED, the second where a transaction keeps its snapshot.
func byLevel(level, committed, kept string) string {
	if level == readCommitted {
		return committed
	}
	return kept
}

// eachLevel gives a case at every level of isolation.
func eachLevel(t *testing.T) func(name string, run func(t *testing.T, level string)) {
	return func(name string, run func(t *testing.T, level string)) {
		t.Helper()
		for _, level := range []string{readCommitted, repeatableRead, serializable} {
			t.Run(name+"/"+level, func(t *testing.T) { run(t, level) })
		}
	}
}

// TestIsolation is, with TestIsolationOfPredicates, the hermitage suite (Martin Kleppmann's tests of isolation levels): for
// each anomaly what each level lets happen. Names are those of the suite.
func TestIsolation(t *testing.T) {
	each := eachLevel(t)
	each("G0 dirty writes", func(t *testing.T, level string) {
		r, a, b := pair(t, level)
		a.exec("BEGIN", "UPDATE t SET v = 11 WHERE id = 1")
		b.exec("BEGIN")
		second := b.waits(r, "UPDATE t SET v = 12 WHERE id = 1")
		a.exec("UPDATE t SET v = 21 WHERE id = 2", "COMMIT")
		second.ends("") // also under REPEATABLE READ: it is the first to read
		b.exec("UPDATE t SET v = 22 WHERE id = 2", "COMMIT")
		r.want("SELECT * FROM t ORDER BY id", "1|12", "2|22")
	})
	each("G1a aborted reads", func(t *testing.T, level string) {
		_, a, b := pair(t, level)
		a.exec("BEGIN", "UPDATE t SET v = 101 WHERE id = 1")
		b.exec("BEGIN")
		b.want("SELECT * FROM t ORDER BY id", "1|10", "2|20")
		a.exec("ROLLBACK")
		b.want("SELECT * FROM t ORDER BY id", "1|10", "2|20")
	})
	each("G1b intermediate reads", func(t *testing.T, level string) {
		_, a, b := pair(t, level)
		a.exec("BEGIN", "UPDATE t SET v = 101 WHERE id = 1")
		b.exec("BEGIN")
		b.want("SELECT v FROM t WHERE id = 1", "10")
		a.exec("UPDATE t SET v = 11 WHERE id = 1", "COMMIT")
		b.want("SELECT v FROM t WHERE id = 1", byLevel(level, "11", "10"))
	})
	each("G1c circular information flow", func(t *testing.T, level string) {
		_, a, b := pair(t, level)
		a.exec("BEGIN", "UPDATE t SET v = 11 WHERE id = 1")
		b.exec("BEGIN", "UPDATE t SET v = 22 WHERE id = 2")
		a.want("SELECT v FROM t WHERE id = 2", "20")
		b.want("SELECT v FROM t WHERE id = 1", "10")
		a.exec("COMMIT")
		if level == serializable {
			b.fails("1213", "COMMIT")
		} else {
			b.exec("COMMIT")
		}
	})
	each("OTV observed transaction vanishes", func(t *testing.T, level string) {
		r, a, b := pair(t, level)
		c := on{r.connection(), t}
		c.exec("SET SESSION TRANSACTION ISOLATION LEVEL " + level)
		a.exec("BEGIN", "UPDATE t SET v = 11 WHERE id = 1", "UPDATE t SET v = 19 WHERE id = 2")
		b.exec("BEGIN")
		second := b.waits(r, "UPDATE t SET v = 12 WHERE id = 1")
		a.exec("COMMIT")
		second.ends("")
		c.exec("BEGIN")
		c.want("SELECT v FROM t WHERE id = 1", "11")
		b.exec("UPDATE t SET v = 18 WHERE id = 2")
		c.want("SELECT v FROM t WHERE id = 2", "19")
		b.exec("COMMIT")
		c.want("SELECT v FROM t ORDER BY id", strings.Fields(byLevel(level, "12 18", "11 19"))...)
	})
	each("PMP predicate-many-preceders", func(t *testing.T, level string) {
		r, a, _ := pair(t, level)
		a.exec("BEGIN")
		a.want("SELECT * FROM t WHERE v = 30")
		r.exec("INSERT INTO t VALUES (3, 30)")
		if level == readCommitted { // a phantom
			a.want("SELECT * FROM t WHERE v % 3 = 0", "3|30")
		} else {
			a.want("SELECT * FROM t WHERE v % 3 = 0")
		}
	})
	each("PMP of a write", func(t *testing.T, level string) {
		r, a, b := pair(t, level)
		a.exec("BEGIN", "UPDATE t SET v = v + 10")
		b.exec("BEGIN")
		b.want("SELECT COUNT(*) FROM t WHERE v = 20", "1")
		second := b.waits(r, "DELETE FROM t WHERE v = 20")
		a.exec("COMMIT")
		if level == readCommitted { // it looks again, and finds the row that has 20 now
			second.ends("")
			b.exec("COMMIT")
			r.want("SELECT * FROM t ORDER BY id", "2|30")
		} else {
			second.ends("1213")
			r.want("SELECT * FROM t ORDER BY id", "1|20", "2|30")
		}
	})
	each("P4 lost update", func(t *testing.T, level string) {
		r, a, b := pair(t, level)
		for _, c := range []on{a, b} {
			c.exec("BEGIN")
			c.want("SELECT v FROM t WHERE id = 1", "10")
		}
		a.exec("UPDATE t SET v = 11 WHERE id = 1")
		second := b.waits(r, "UPDATE t SET v = 12 WHERE id = 1")
		a.exec("COMMIT")
		if level == readCommitted { // what the program read before is its own affair
			second.ends("")
			b.exec("COMMIT")
			r.want("SELECT v FROM t WHERE id = 1", "12")
		} else {
			second.ends("1213")
			r.want("SELECT v FROM t WHERE id = 1", "11")
		}
	})
	each("G-single read skew", func(t *testing.T, level string) {
		_, a, b := pair(t, level)
		a.exec("BEGIN")
		a.want("SELECT v FROM t WHERE id = 1", "10")
		b.exec("BEGIN")
		b.want("SELECT v FROM t ORDER BY id", "10", "20")
		b.exec("UPDATE t SET v = 12 WHERE id = 1", "UPDATE t SET v = 18 WHERE id = 2", "COMMIT")
		a.want("SELECT v FROM t WHERE id = 2", byLevel(level, "18", "20"))
	})
	each("G-single of a write predicate", func(t *testing.T, level string) {
		r, a, b := pair(t, level)
		a.exec("BEGIN")
		a.want("SELECT v FROM t WHERE id = 1", "10")
		b.exec("UPDATE t SET v = 12 WHERE id = 1", "UPDATE t SET v = 18 WHERE id = 2")
		if level == readCommitted {
			a.exec("DELETE FROM t WHERE v = 20", "COMMIT")
			r.want("SELECT v FROM t ORDER BY id", "12", "18")
		} else {
			a.fails("1213", "DELETE FROM t WHERE v = 20")
		}
	})
	each("G2-item write skew", func(t *testing.T, level string) {
		_, a, b := pair(t, level)
		for _, c := range []on{a, b} {
			c.exec("BEGIN")
			c.want("SELECT v FROM t WHERE id IN (1, 2) ORDER BY id", "10", "20")
		}
		a.exec("UPDATE t SET v = 11 WHERE id = 1")
		b.exec("UPDATE t SET v = 21 WHERE id = 2")
		a.exec("COMMIT")
		if level == serializable {
			b.fails("1213", "COMMIT")
		} else {
			b.exec("COMMIT")
		}
	})
}

// TestSerializable: what a transaction looked at, also where it found nothing, must be so at its commit; what it did not
// look at may change.
func TestSerializable(t *testing.T) {
	for _, c := range []struct {
		name, read, write string // of the one; the other does the same the other way round
		other             [2]string
		refused           bool
	}{
		{"a key that is not there", "SELECT * FROM t WHERE id = 7", "INSERT INTO t VALUES (8, 1)", [2]string{"SELECT * FROM t WHERE id = 8", "INSERT INTO t VALUES (7, 1)"}, true},
		{"a range", "SELECT * FROM t WHERE id BETWEEN 10 AND 20", "INSERT INTO t VALUES (35, 1)", [2]string{"SELECT * FROM t WHERE id BETWEEN 30 AND 40", "INSERT INTO t VALUES (15, 1)"}, true},
		{"ranges apart", "SELECT * FROM t WHERE id BETWEEN 10 AND 20", "INSERT INTO t VALUES (15, 1)", [2]string{"SELECT * FROM t WHERE id BETWEEN 30 AND 40", "INSERT INTO t VALUES (35, 1)"}, false},
		{"a sum", "SELECT SUM(v) FROM t", "UPDATE t SET v = v + 1 WHERE id = 1", [2]string{"SELECT SUM(v) FROM t", "UPDATE t SET v = v + 1 WHERE id = 2"}, true},
		{"only reads", "SELECT SUM(v) FROM t", "SELECT 1", [2]string{"SELECT SUM(v) FROM t", "UPDATE t SET v = v + 1 WHERE id = 2"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, a, b := pair(t, serializable)
			for i, who := range []on{a, b} {
				who.exec("BEGIN")
				if _, err := queryRows(who, []string{c.read, c.other[0]}[i]); err != nil {
					t.Fatal(err)
				}
			}
			a.exec(c.write)
			b.exec(c.other[1], "COMMIT")
			if c.refused {
				a.fails("1213", "COMMIT")
			} else {
				a.exec("COMMIT")
			}
		})
	}
}

// TestDeadlock: of two that wait for each other one is told, at once, and the other goes on; the victim's transaction is
// over, so that it can begin again.
func TestDeadlock(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	a.exec("BEGIN", "UPDATE t SET v = v + 1 WHERE id = 1")
	b.exec("BEGIN", "UPDATE t SET v = v + 1 WHERE id = 2")
	first := a.waits(r, "UPDATE t SET v = v + 1 WHERE id = 2")
	began := time.Now()
	b.fails("1213", "UPDATE t SET v = v + 1 WHERE id = 1")
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("the deadlock was found after %v", took)
	}
	first.ends("")
	a.exec("COMMIT")
	b.want("SELECT v FROM t ORDER BY id", "11", "21")
	b.exec("UPDATE t SET v = 0 WHERE id = 1")
	r.want("SELECT v FROM t ORDER BY id", "0", "21")
}

// TestLockTimeout: a wait ends after innodb_lock_wait_timeout; the transaction, with its locks, goes on.
func TestLockTimeout(t *testing.T) {
	_, a, b := pair(t, repeatableRead)
	a.exec("BEGIN", "UPDATE t SET v = 11 WHERE id = 1")
	b.exec("SET innodb_lock_wait_timeout = 1", "BEGIN", "UPDATE t SET v = 21 WHERE id = 2")
	b.fails("1205", "UPDATE t SET v = 12 WHERE id = 1")
	a.exec("COMMIT")
	b.want("SELECT v FROM t ORDER BY id", "10", "21")
	b.exec("COMMIT")
	b.want("SELECT v FROM t ORDER BY id", "11", "21")
}

// TestKilledWaiter: a client that is killed while it waits leaves the queue, and one that is killed while it holds locks
// lets them go.
func TestKilledWaiter(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	ids := make([]string, 2)
	for i, c := range []on{a, b} {
		id, err := queryRows(c, "SELECT CONNECTION_ID()")
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id[0]
	}
	a.exec("BEGIN", "UPDATE t SET v = 11 WHERE id = 1")
	waiter := b.waits(r, "UPDATE t SET v = 12 WHERE id = 1")
	r.exec("KILL QUERY " + ids[1])
	waiter.ends("1317")
	waiter = b.waits(r, "UPDATE t SET v = 12 WHERE id = 1")
	r.exec("KILL " + ids[0])
	waiter.ends("")
	r.want("SELECT v FROM t WHERE id = 1", "12")
}

// TestStaleInProcedure: a statement of a procedure that must be run again is, even if a handler passes over its error.
func TestStaleInProcedure(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	r.exec("CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY)",
		"CREATE PROCEDURE add_one() BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; INSERT INTO note VALUES (); UPDATE t SET v = v + 1 WHERE id = 1; END")
	for round, around := range [][2]string{{"SET @x = 1", "SET @x = 1"}, {"BEGIN", "COMMIT"}} {
		r.exec("DELETE FROM note", "UPDATE t SET v = 10 WHERE id = 1")
		a.exec("BEGIN", "UPDATE t SET v = 100 WHERE id = 1")
		b.exec(around[0])
		call := b.waits(r, "CALL add_one()")
		a.exec("COMMIT")
		call.ends("")
		b.exec(around[1])
		r.want("SELECT v, (SELECT COUNT(*) FROM note) FROM t WHERE id = 1", "101|1")
		if n := r.server.figures.restarts.Get(); n != uint64(round+1) {
			t.Errorf("%d restarts in %d rounds", n, round+1)
		}
	}
}

// TestUniqueWait: who inserts a key that another transaction has inserted, or deleted, waits to see what becomes of it.
func TestUniqueWait(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	r.exec("CREATE TABLE u (id INT PRIMARY KEY, k VARCHAR(10), UNIQUE KEY (k))", "INSERT INTO u VALUES (1, 'one')")
	for _, end := range []string{"COMMIT", "ROLLBACK"} {
		a.exec("BEGIN", "INSERT INTO u VALUES (2, 'two')")
		byKey := b.waits(r, "INSERT INTO u VALUES (3, 'TWO')")
		a.exec(end)
		byKey.ends(map[string]string{"COMMIT": "1062", "ROLLBACK": ""}[end])
		r.exec("DELETE FROM u WHERE id > 1")

		a.exec("BEGIN", "DELETE FROM u WHERE id = 1")
		byRow := b.waits(r, "INSERT INTO u VALUES (1, 'new')")
		a.exec(end)
		byRow.ends(map[string]string{"COMMIT": "", "ROLLBACK": "1062"}[end])
		r.exec("REPLACE INTO u VALUES (1, 'one')")

		a.exec("BEGIN", "UPDATE u SET k = 'uno' WHERE id = 1")
		freed := b.waits(r, "INSERT INTO u VALUES (4, 'one')")
		a.exec(end)
		freed.ends(map[string]string{"COMMIT": "", "ROLLBACK": "1062"}[end])
		r.exec("DELETE FROM u", "INSERT INTO u VALUES (1, 'one')")
	}
}

// TestParentWait: a child waits for its parent's deletion, a deletion for the child; a change of the parent's other
// columns waits for neither.
func TestParentWait(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	r.exec("CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES t(id))")
	a.exec("BEGIN", "INSERT INTO child VALUES (1, 1)")
	b.exec("UPDATE t SET v = v + 1 WHERE id = 1") // does not wait
	deletion := b.waits(r, "DELETE FROM t WHERE id = 1")
	a.exec("COMMIT")
	deletion.ends("1451")
	a.exec("BEGIN", "DELETE FROM t WHERE id = 2")
	child := b.waits(r, "INSERT INTO child VALUES (2, 2)")
	a.exec("COMMIT")
	child.ends("1452")
	r.want("SELECT * FROM child", "1|1")
	r.database.CheckLaw(t)
}

// A foreign key may refer to columns that are not unique: their values stay, too, while a child of theirs is on its way.
func TestParentOfNoUniqueKey(t *testing.T) {
	for _, level := range []string{readCommitted, repeatableRead} {
		r, a, b := pair(t, level)
		r.exec("CREATE TABLE p (id INT PRIMARY KEY, k INT, KEY (k))", "CREATE TABLE c (k INT, FOREIGN KEY (k) REFERENCES p (k))", "INSERT INTO p VALUES (1, 5), (2, 6)")
		a.exec("BEGIN", "INSERT INTO c VALUES (5)")
		move := b.waits(r, "UPDATE p SET k = 7 WHERE id = 1")
		a.exec("COMMIT")
		move.ends("1451")
		b.exec("BEGIN", "UPDATE p SET k = 7 WHERE id = 2")
		child := a.waits(r, "INSERT INTO c VALUES (6)")
		b.exec("COMMIT")
		child.ends("1452")
		r.want("SELECT c.k, p.id FROM c LEFT JOIN p ON p.k = c.k", "5|1")
	}
}

// TestHotCounter: 32 clients count on one row, each statement by itself. None fails, none is lost.
func TestHotCounter(t *testing.T) {
	for _, level := range []string{readCommitted, repeatableRead} {
		t.Run(level, func(t *testing.T) {
			r := start(t)
			r.exec("CREATE TABLE c (id INT PRIMARY KEY, n INT)", "INSERT INTO c VALUES (1, 0)")
			const clients, each = 32, 15
			var g sync.WaitGroup
			for range clients {
				c := on{r.connection(), t}
				c.exec("SET SESSION TRANSACTION ISOLATION LEVEL " + level)
				g.Go(func() {
					for range each {
						if _, err := c.ExecContext(context.Background(), "UPDATE c SET n = n + 1 WHERE id = 1"); err != nil {
							t.Error(err)
						}
					}
				})
			}
			g.Wait()
			r.want("SELECT n FROM c", fmt.Sprint(clients*each))
		})
	}
}

// TestKeysUnderLoad: 32 writers try to break a unique and a foreign key.
func TestKeysUnderLoad(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY, k INT, UNIQUE KEY (k))",
		"CREATE TABLE c (id INT PRIMARY KEY AUTO_INCREMENT, p INT NOT NULL, FOREIGN KEY (p) REFERENCES p(id))")
	allowed := map[uint16]bool{1062: true, 1451: true, 1452: true, 1213: true}
	var g sync.WaitGroup
	for w := range 32 {
		c := on{r.connection(), t}
		if w%2 == 1 {
			c.exec("SET SESSION TRANSACTION ISOLATION LEVEL " + repeatableRead)
		}
		g.Go(func() {
			for i := range 30 {
				id := (w*7 + i*3) % 10
				statement := []string{
					fmt.Sprintf("INSERT INTO p VALUES (%d, %d)", id, (id+i)%8),
					fmt.Sprintf("INSERT INTO c (p) VALUES (%d)", id),
					fmt.Sprintf("DELETE FROM p WHERE id = %d", id),
					fmt.Sprintf("UPDATE p SET k = %d WHERE id = %d", (i*w)%8, id),
					fmt.Sprintf("DELETE FROM c WHERE p = %d", id),
				}[(w+i)%5]
				_, err := c.ExecContext(context.Background(), statement)
				var known *mysqldriver.MySQLError
				if err != nil && (!errors.As(err, &known) || !allowed[known.Number]) {
					t.Errorf("%s: %v", statement, err)
				}
			}
		})
	}
	g.Wait()
	r.want("SELECT COUNT(*) FROM c LEFT JOIN p ON p.id = c.p WHERE p.id IS NULL", "0")
	r.want("SELECT COUNT(*) FROM (SELECT k FROM p GROUP BY k HAVING COUNT(*) > 1) twice", "0")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

// TestLockingReads: FOR UPDATE and FOR SHARE take the rows that they show, and only those.
func TestLockingReads(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	r.exec("INSERT INTO t VALUES (3,30),(4,40)", "CREATE VIEW w AS SELECT id, v FROM t WHERE v < 25",
		"CREATE PROCEDURE take(n INT) BEGIN DECLARE got INT; SELECT v INTO got FROM t WHERE id = n FOR UPDATE; SELECT got; END")
	type step struct{ held, asked, outcome string } // outcome: waits, an error's part, or the rows
	for _, s := range []step{
		{"SELECT * FROM t WHERE id = 1 FOR UPDATE", "UPDATE t SET v = v WHERE id = 2", ""},
		{"SELECT * FROM t WHERE id = 1 FOR UPDATE", "", "waits"},
		{"SELECT * FROM t WHERE v = 30 FOR UPDATE", "SELECT id FROM t WHERE v = 40 FOR UPDATE NOWAIT", "4"},
		{"SELECT * FROM t WHERE v = 30 FOR UPDATE", "SELECT id FROM t FOR UPDATE NOWAIT", "3572"},
		{"SELECT * FROM t WHERE v = 30 FOR UPDATE", "SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED", "1 2 4"},
		{"SELECT * FROM t WHERE v = 30 FOR UPDATE", "SELECT id FROM t ORDER BY id", "1 2 3 4"},
		{"SELECT * FROM t WHERE id > 0 ORDER BY id LIMIT 1 FOR UPDATE", "SELECT id FROM t WHERE id > 0 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED", "2"},
		{"SELECT * FROM t WHERE id = 1 FOR SHARE", "SELECT id FROM t WHERE id = 1 LOCK IN SHARE MODE", "1"},
		{"SELECT * FROM t WHERE id = 1 FOR SHARE", "SELECT id FROM t WHERE id = 1 FOR SHARE NOWAIT", "1"},
		{"SELECT * FROM t WHERE id = 1 FOR SHARE", "SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT", "3572"},
		{"SELECT * FROM t WHERE id = 1 LOCK IN SHARE MODE", "DELETE FROM t WHERE id = 1 AND v < 0", ""},
		{"SELECT * FROM w FOR UPDATE", "SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED", "3 4"},
		{"SELECT * FROM t x JOIN t y WHERE x.id = 1 AND y.id = 2 FOR UPDATE OF y", "SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED", "1 3 4"},
		{"CALL take(2)", "SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED", "1 3 4"},
		{"SELECT * FROM t WHERE id IN (SELECT id FROM t WHERE id = 1 FOR UPDATE)", "SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED", "2 3 4"},
	} {
		a.exec("BEGIN")
		if _, err := queryRows(a, s.held); err != nil {
			t.Fatalf("%s: %v", s.held, err)
		}
		b.exec("BEGIN")
		if s.outcome == "waits" {
			waiting := b.waits(r, "UPDATE t SET v = v + 1 WHERE id = 1")
			a.exec("COMMIT")
			waiting.ends("")
			b.exec("COMMIT")
			continue
		}
		got, err := queryRows(b, s.asked)
		if len(s.outcome) == 4 && s.outcome > "3000" {
			if err == nil || !strings.Contains(err.Error(), s.outcome) {
				t.Errorf("%s\n%s: %v, %v, want error %s", s.held, s.asked, got, err, s.outcome)
			}
		} else if err != nil || strings.Join(got, " ") != s.outcome {
			t.Errorf("%s\n%s: %v, %v, want %q", s.held, s.asked, got, err, s.outcome)
		}
		b.exec("ROLLBACK")
		a.exec("ROLLBACK")
	}
	if locks := r.database.Engine.Locks(); len(locks) > 0 {
		t.Errorf("locks are left: %+v", locks)
	}
	b.fails("3568", "SELECT * FROM t FOR UPDATE OF nobody")
	b.fails("1235", "SELECT * FROM t AS OF SCN 2 FOR UPDATE")
}

// TestLockingReadSeesNewest: who waited for a row reads what it has become; a job queue gives each job once.
func TestLockingReadSeesNewest(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	a.exec("BEGIN", "UPDATE t SET v = 11 WHERE id = 1")
	b.exec("BEGIN")
	second := b.waits(r, "INSERT INTO t SELECT 5, v FROM t WHERE id = 1 FOR UPDATE")
	a.exec("COMMIT")
	second.ends("")
	b.want("SELECT v FROM t WHERE id = 5", "11")
	b.exec("COMMIT")

	r.exec("CREATE TABLE job (id INT PRIMARY KEY AUTO_INCREMENT, state VARCHAR(9) DEFAULT 'new', worker INT, KEY (state))")
	r.exec("INSERT INTO job (worker) VALUES (NULL)" + strings.Repeat(", (NULL)", 99))
	var g sync.WaitGroup
	for w := range 8 {
		c := on{r.connection(), t}
		g.Go(func() {
			for {
				c.exec("BEGIN")
				got, err := queryRows(c, "SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED")
				if err != nil || len(got) == 0 {
					if err != nil {
						t.Error(err)
					}
					c.exec("ROLLBACK")
					return
				}
				c.exec(fmt.Sprintf("UPDATE job SET state = 'done', worker = COALESCE(worker, 0) * 1000 + %d WHERE id = %s", w+1, got[0]), "COMMIT")
			}
		})
	}
	g.Wait()
	r.want("SELECT state, COUNT(*), MAX(worker) < 10 FROM job GROUP BY state", "done|100|1")
}

// TestLockViews: V$LOCK and V$TRANSACTION tell who holds what, and who waits for whom.
func TestLockViews(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	a.exec("BEGIN", "UPDATE t SET v = 11 WHERE id = 1")
	b.exec("BEGIN", "INSERT INTO t VALUES (3, 30)")
	waiting := b.waits(r, "UPDATE t SET v = 12 WHERE id = 1")
	r.want("SELECT table_name, index_name, lock_key, mode, status, waiting_since IS NULL, waits_for IS NULL FROM v$lock ORDER BY lock_key, status",
		"t|NULL|018000000000000001|UPDATE|GRANTED|1|1", "t|NULL|018000000000000001|UPDATE|WAITING|0|0", "t|NULL|018000000000000003|EXCLUSIVE|GRANTED|1|1")
	r.want("SELECT isolation, read_only, changes, locks, waits_for IS NULL FROM v$transaction WHERE locks > 0 ORDER BY xid",
		"READ COMMITTED|0|1|1|1", "READ COMMITTED|0|1|1|0")
	r.want("SELECT l.connection_id = CONNECTION_ID(), h.status FROM v$lock l JOIN v$lock h ON FIND_IN_SET(h.xid, l.waits_for)", "0|GRANTED")
	a.exec("COMMIT")
	waiting.ends("")
	b.exec("ROLLBACK")
	r.want("SELECT COUNT(*) FROM v$lock", "0")
}

// The isolation level has two names, in a session and for sessions to come.
func TestNamesOfTheIsolationLevel(t *testing.T) {
	r := start(t)
	defer r.exec("SET GLOBAL transaction_isolation = 'READ-COMMITTED'")
	const levels = "SELECT @@global.tx_isolation, @@global.transaction_isolation, @@tx_isolation, @@transaction_isolation"
	for _, set := range []string{
		"SET GLOBAL tx_isolation = 'SERIALIZABLE'", "SET GLOBAL transaction_isolation = 'REPEATABLE-READ'", "SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE",
	} {
		r.exec(set)
		level := "SERIALIZABLE"
		if strings.Contains(set, "REPEATABLE") {
			level = "REPEATABLE-READ"
		}
		db := r.connect("test", "")
		got, err := queryRows(db, levels)
		if want := strings.Join([]string{level, level, level, level}, "|"); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("after %s a new session has %v, %v, want %s", set, got, err, want)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
