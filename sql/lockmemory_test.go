package sql

import (
	"fmt"
	"strings"
	"testing"
)

// manyRows makes a table of so many rows.
func (r *running) manyRows(table string, rows int) {
	r.t.Helper()
	r.exec("CREATE TABLE " + table + " (id INT PRIMARY KEY, n INT)")
	for first := 0; first < rows; first += 1000 {
		var text strings.Builder
		for id := first; id < min(first+1000, rows); id++ {
			fmt.Fprintf(&text, ",(%d,0)", id)
		}
		r.exec("INSERT INTO " + table + " VALUES " + text.String()[1:])
	}
}

// A SELECT … FOR UPDATE whose locks take more than a transaction may is refused; the transaction may still be ended.
func TestLockingReadTooLarge(t *testing.T) {
	r := startWith(t, func(o *Options) { o.TransactionBytesMax = 1 << 20 })
	r.manyRows("t", 6000)
	a := on{r.connection(), t}
	for _, query := range []string{
		"SELECT COUNT(*) FROM t FOR UPDATE",
		"SELECT SUM(n) FROM t WHERE n = 0 FOR SHARE",
	} {
		for _, end := range []string{"ROLLBACK", "COMMIT"} {
			a.exec("BEGIN", "INSERT INTO t VALUES (-1, 7)")
			a.fails("1197", query)
			a.exec(end)
			a.exec("DELETE FROM t WHERE id = -1")
			r.want("SELECT id FROM t WHERE id = 100 FOR UPDATE NOWAIT", "100") // nobody has it any more
		}
		a.want("SELECT COUNT(*) FROM t WHERE id < 1000 FOR UPDATE", "1000")
	}
}
