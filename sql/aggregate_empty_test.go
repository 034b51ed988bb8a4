package sql

import "testing"

// TestAggregateOfNothing: MAX and MIN of the key, which the engine reads from its end, are NULL where there are no rows.
func TestAggregateOfNothing(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT, n INT, v INT, PRIMARY KEY (id, n))")
	for _, way := range []string{"", " /* fully */"} {
		for _, where := range []string{"", " WHERE id > 5"} {
			for _, what := range []string{"MAX(id)", "MIN(id)", "MAX(v)", "MAX(id) + 1"} {
				r.want("SELECT "+what+" FROM t"+where+way, "NULL")
			}
			r.want("SELECT COUNT(*), MIN(id) FROM t"+where+way, "0|NULL")
			r.want("SELECT (SELECT MAX(id) FROM t"+where+")"+way, "NULL")
		}
	}
	r.exec("INSERT INTO t VALUES (1, 1, 1), (7, 1, 1), (7, 2, 9)")
	for _, way := range []string{"", " /* fully */"} {
		r.want("SELECT MAX(id) FROM t"+way, "7")
		r.want("SELECT MIN(id) FROM t WHERE id > 1"+way, "7")
		r.want("SELECT MAX(id) FROM t WHERE id > 7"+way, "NULL")
	}
}
