package sql

import (
	"strings"
	"testing"
)

// The columns of a UNION of several branches have the type that holds the values of all, whichever branch has NULL.
func TestUnionOfNulls(t *testing.T) {
	r := start(t)
	r.want("SELECT * FROM (SELECT 1 AS n) a UNION SELECT * FROM (SELECT NULL AS n) b UNION SELECT * FROM (SELECT 1 AS n) c ORDER BY n", "NULL", "1")
	r.want("SELECT * FROM (SELECT 1 AS n) a UNION SELECT * FROM (SELECT NULL AS n) b UNION SELECT * FROM (SELECT 1.5 AS n) c ORDER BY n", "NULL", "1.0", "1.5")
	r.want("SELECT n + 1 FROM (SELECT * FROM (SELECT 1 AS n) a UNION SELECT * FROM (SELECT NULL AS n) b UNION SELECT * FROM (SELECT 2 AS n) c) d ORDER BY 1", "NULL", "2", "3")
}

// A sorted UNION is sorted, whatever its first query has.
func TestSortedUnionOfLiterals(t *testing.T) {
	r := start(t)
	r.want("SELECT 2 UNION ALL SELECT 1 ORDER BY 1", "1", "2")
	r.want("SELECT 2 UNION SELECT 1 UNION SELECT 3 ORDER BY 1 DESC", "3", "2", "1")
	r.want("SELECT 'b', 1 UNION ALL SELECT 'a', 2 ORDER BY 1, 2", "a|2", "b|1")
	r.want("(SELECT 2) UNION ALL (SELECT 1) ORDER BY 1 LIMIT 1", "1")
	rows, err := r.db.Query("SELECT 2, 'b' UNION ALL SELECT 1, 'a' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if names, err := rows.Columns(); err != nil || strings.Join(names, ",") != "2,b" {
		t.Errorf("columns %q, %v", names, err)
	}
}

// The rows of a recursive common table expression are in the order of its columns; what is not heeded there is refused.
func TestRecursiveOrder(t *testing.T) {
	r := start(t)
	r.want("WITH RECURSIVE c(n, s) AS (SELECT 1, 5 UNION ALL SELECT n + 1, s - 1 FROM c WHERE n < 4 ORDER BY s) SELECT * FROM c", "4|2", "3|3", "2|4", "1|5")
	r.want("WITH RECURSIVE c(m) AS (SELECT 1 AS n UNION ALL SELECT m + 1 FROM c WHERE m < 9 ORDER BY m DESC LIMIT 2) SELECT * FROM c", "9", "8")
	r.want("WITH RECURSIVE c(n, s) AS (SELECT 1, 5 UNION ALL SELECT n + 1, s - 1 FROM c WHERE n < 4 ORDER BY 2 LIMIT 2) SELECT * FROM c", "4|2", "3|3")
	r.want("WITH RECURSIVE c(n) AS (SELECT 2 AS n UNION ALL SELECT 1 ORDER BY 1 LIMIT 1 OFFSET 1) SELECT * FROM c", "2")
	for _, end := range []string{"LIMIT 3 OFFSET 2", "LIMIT 2, 3", "ORDER BY 2", "ORDER BY -n"} {
		r.fails(1235, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10 "+end+") SELECT * FROM c")
	}
}
