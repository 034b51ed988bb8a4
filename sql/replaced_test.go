package sql

import (
	"strconv"
	"testing"
)

// TestReplaceCounts: a REPLACE tells each row that goes and each that comes.
func TestReplaceCounts(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, a INT UNIQUE, b INT UNIQUE)", "INSERT INTO t VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4)")
	for _, c := range []struct {
		statement string
		want      int64
	}{
		{"REPLACE INTO t VALUES (9, 9, 9)", 1},
		{"REPLACE INTO t VALUES (9, 9, 10)", 2},
		{"REPLACE INTO t VALUES (1, 2, 3)", 4},
		{"REPLACE INTO t VALUES (7, 7, 7), (4, 9, 8)", 4},
		{"REPLACE INTO t SELECT 4, 7, 20", 3},
	} {
		result, err := r.db.Exec(c.statement)
		if err != nil {
			t.Fatalf("%s: %v", c.statement, err)
		}
		if n, err := result.RowsAffected(); n != c.want || err != nil {
			t.Errorf("%s: %d rows, %v, want %d", c.statement, n, err, c.want)
		}
		r.want("SELECT ROW_COUNT()", strconv.FormatInt(c.want, 10))
	}
	r.want("SELECT * FROM t", "1|2|3", "4|7|20")
}
