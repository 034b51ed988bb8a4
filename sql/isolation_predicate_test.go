package sql

import "testing"

// TestIsolationOfPredicates is the part of the hermitage suite in which transactions depend on each other by conditions, or by
// more than two of them.
func TestIsolationOfPredicates(t *testing.T) {
	each := eachLevel(t)
	// READ COMMITTED allows it; with a snapshot for the transaction it cannot happen, and who only reads is never refused.
	each("G-single-dependencies", func(t *testing.T, level string) {
		r, a, _ := pair(t, level)
		a.exec("BEGIN")
		a.want("SELECT * FROM t WHERE v % 5 = 0 ORDER BY id", "1|10", "2|20")
		r.exec("UPDATE t SET v = 12 WHERE v = 10")
		if level == readCommitted {
			a.want("SELECT * FROM t WHERE v % 3 = 0", "1|12")
		} else {
			a.want("SELECT * FROM t WHERE v % 3 = 0")
		}
		a.exec("COMMIT")
	})
	// No level forbids it if the one that deletes gives up: nothing of it is left. If it commits, the other updates a row that
	// is gone since it read it: no row under READ COMMITTED, else it is refused.
	for _, end := range []string{"ROLLBACK", "COMMIT"} {
		each("G-single-write-2 and "+end, func(t *testing.T, level string) {
			r, a, b := pair(t, level)
			a.exec("BEGIN")
			a.want("SELECT v FROM t WHERE id = 1", "10")
			b.exec("BEGIN")
			b.want("SELECT * FROM t ORDER BY id", "1|10", "2|20")
			b.exec("UPDATE t SET v = 12 WHERE id = 1")
			a.exec("DELETE FROM t WHERE v = 20") // does not wait for the row that it passes over
			second := b.waits(r, "UPDATE t SET v = 18 WHERE id = 2")
			a.exec(end)
			switch {
			case end == "ROLLBACK":
				second.ends("")
				b.exec("COMMIT")
				r.want("SELECT * FROM t ORDER BY id", "1|12", "2|18")
			case level == readCommitted:
				second.ends("")
				b.exec("COMMIT")
				r.want("SELECT * FROM t ORDER BY id", "1|12")
			default:
				second.ends("1213")
				r.want("SELECT * FROM t ORDER BY id", "1|10")
			}
		})
	}
	// Only SERIALIZABLE forbids it: neither of the two rows was there for the other, and there is no lock on what is not there.
	each("G2 anti-dependency cycle", func(t *testing.T, level string) {
		r, a, b := pair(t, level)
		for _, c := range []on{a, b} {
			c.exec("BEGIN")
			c.want("SELECT * FROM t WHERE v % 3 = 0")
		}
		a.exec("INSERT INTO t VALUES (3, 30)")
		b.exec("INSERT INTO t VALUES (4, 42)")
		a.exec("COMMIT")
		if level == serializable {
			b.fails("1213", "COMMIT")
			r.want("SELECT * FROM t WHERE v % 3 = 0", "3|30")
		} else {
			b.exec("COMMIT")
			r.want("SELECT * FROM t WHERE v % 3 = 0 ORDER BY id", "3|30", "4|42")
		}
	})
	// Only SERIALIZABLE forbids it: c, which only reads, has seen b without a, so a, which has not seen b, can no longer be first.
	each("G2-two-edges", func(t *testing.T, level string) {
		r, a, b := pair(t, level)
		c := on{r.connection(), t}
		c.exec("SET SESSION TRANSACTION ISOLATION LEVEL " + level)
		a.exec("BEGIN")
		a.want("SELECT * FROM t ORDER BY id", "1|10", "2|20")
		b.exec("BEGIN", "UPDATE t SET v = v + 5 WHERE id = 2", "COMMIT")
		c.exec("BEGIN")
		c.want("SELECT * FROM t ORDER BY id", "1|10", "2|25")
		c.exec("COMMIT")
		a.exec("UPDATE t SET v = 0 WHERE id = 1")
		if level == serializable {
			a.fails("1213", "COMMIT")
			r.want("SELECT * FROM t ORDER BY id", "1|10", "2|25")
		} else {
			a.exec("COMMIT")
			r.want("SELECT * FROM t ORDER BY id", "1|0", "2|25")
		}
	})
}
