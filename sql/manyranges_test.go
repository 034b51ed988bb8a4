package sql

import (
	"fmt"
	"strings"
	"testing"
)

// TestChangeManyRanges: a statement that looks up many keys, and moves rows from one to the other, finds each row as it was when it began.
func TestChangeManyRanges(t *testing.T) {
	r := start(t)
	numbers := func(n int, form string) string {
		var b strings.Builder
		for i := 1; i <= n; i++ {
			fmt.Fprintf(&b, form, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	for _, n := range []int{10, 3000} {
		fill := func() {
			r.exec("DROP TABLE IF EXISTS t", "CREATE TABLE t (id INT PRIMARY KEY, k INT, note INT DEFAULT 0, KEY (k))",
				"INSERT INTO t (id, k) VALUES "+numbers(n, "(%[1]d,%[1]d),"))
		}
		sums := fmt.Sprintf("%d|%d", n*(n+1)/2+n, n)
		list := numbers(n, "%d,")
		fill()
		r.exec("UPDATE t SET k = k + 1, note = note + LENGTH('x') WHERE k IN (" + list + ")")
		r.want("SELECT SUM(k), SUM(note) FROM t", sums)
		fill()
		r.exec("CREATE PROCEDURE up() UPDATE t SET k = k + 1, note = note + LENGTH('x') WHERE k IN ("+list+")", "CALL up()", "DROP PROCEDURE up")
		r.want("SELECT SUM(k), SUM(note) FROM t", sums)
		fill()
		r.exec(fmt.Sprintf("INSERT INTO t (id, k, note) SELECT id + %d, k + 1, LENGTH('x') FROM t WHERE k IN (%s)", 10*n, list))
		r.want("SELECT COUNT(*), SUM(note) FROM t", fmt.Sprintf("%d|%d", 2*n, n))
		fill()
		r.exec("UPDATE t SET k = k - 1, note = note + LENGTH('x') WHERE k IN (" + list + ") ORDER BY k DESC")
		r.want("SELECT SUM(k), SUM(note) FROM t", fmt.Sprintf("%d|%d", n*(n+1)/2-n, n))
		fill()
		r.exec("DELETE FROM t WHERE id % 2 = 0", "UPDATE t SET id = id + 1, note = note + LENGTH('x') WHERE id IN ("+list+")")
		r.want("SELECT SUM(id), SUM(note) FROM t", fmt.Sprintf("%d|%d", n/2*(n/2)+n/2, n/2))
	}
	r.database.CheckIndexes(t)
}
