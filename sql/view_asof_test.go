package sql

import (
	"fmt"
	"testing"
)

// TestViewAsOf reads views as they were: redefined, dropped, over other views, over tables that are gone.
func TestViewAsOf(t *testing.T) {
	r := start(t)
	scn := func() string { return r.rows("SELECT CURRENT_SCN()")[0] }
	r.exec("CREATE TABLE a (id INT PRIMARY KEY, x INT)", "INSERT INTO a VALUES (1, 1), (2, 2)")
	before := scn()
	r.exec("CREATE VIEW v AS SELECT id, x * 10 AS y FROM a", "CREATE VIEW w AS WITH c AS (SELECT y FROM v) SELECT SUM(y) AS s FROM c -- all")
	first := scn()
	r.exec("INSERT INTO a VALUES (3, 3)", "DROP VIEW v", "CREATE VIEW v AS SELECT id, x + 1000 AS y FROM a")
	second := scn()
	r.exec("DROP VIEW v", "RENAME TABLE a TO b", "CREATE TABLE v (id INT PRIMARY KEY, y INT)", "INSERT INTO v VALUES (9, 9)")
	r.want("SELECT * FROM v AS OF SCN "+first+" ORDER BY id", "1|10", "2|20")
	r.want("SELECT * FROM v AS OF SCN "+second+" ORDER BY id", "1|1001", "2|1002", "3|1003")
	r.want("SELECT * FROM w AS OF SCN "+first, "30")
	r.want("SELECT * FROM w AS OF SCN "+second, "3006")
	r.want("SELECT * FROM v", "9|9")
	r.want(fmt.Sprintf("SELECT o.y, n.y, (SELECT COUNT(*) FROM v) FROM v AS OF SCN %s o JOIN v AS OF SCN %s n ON n.id = o.id ORDER BY o.id", first, second),
		"10|1001|1", "20|1002|1")
	if got := r.rows("SELECT y FROM v AS OF SCN ? WHERE id = ?", first, 2); len(got) != 1 || got[0] != "20" {
		t.Errorf("prepared: %v", got)
	}
	r.fails(1146, "SELECT * FROM v AS OF SCN "+before)
}
