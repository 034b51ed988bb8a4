package sql

import "testing"

// The columns of a UNION of several branches have the type that holds the values of all, whichever branch has NULL.
func TestUnionOfNulls(t *testing.T) {
	r := start(t)
	r.want("SELECT * FROM (SELECT 1 AS n) a UNION SELECT * FROM (SELECT NULL AS n) b UNION SELECT * FROM (SELECT 1 AS n) c ORDER BY n", "NULL", "1")
	r.want("SELECT * FROM (SELECT 1 AS n) a UNION SELECT * FROM (SELECT NULL AS n) b UNION SELECT * FROM (SELECT 1.5 AS n) c ORDER BY n", "NULL", "1.0", "1.5")
	r.want("SELECT n + 1 FROM (SELECT * FROM (SELECT 1 AS n) a UNION SELECT * FROM (SELECT NULL AS n) b UNION SELECT * FROM (SELECT 2 AS n) c) d ORDER BY 1", "NULL", "2", "3")
}
