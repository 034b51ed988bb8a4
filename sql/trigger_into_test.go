package sql

import "testing"

// TestTriggersSelectInto: SELECT … INTO in a trigger takes the columns of its result, with and without conditions.
func TestTriggersSelectInto(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 10)", "CREATE TABLE one (v INT)", "INSERT INTO one VALUES (5)")
	for _, query := range []string{
		"SELECT v INTO x FROM one LIMIT 1", "SELECT v INTO x FROM one", "SELECT v INTO x FROM one LIMIT 1 FOR UPDATE",
		"SELECT v INTO x FROM one WHERE v > 0", "SELECT v INTO x FROM one ORDER BY v LIMIT 1",
		"SELECT v - 5 INTO x FROM t LIMIT 1",
	} {
		r.exec("DROP TABLE IF EXISTS u", "CREATE TABLE u (id INT PRIMARY KEY, v INT)",
			"CREATE TRIGGER tr BEFORE INSERT ON u FOR EACH ROW BEGIN DECLARE x INT; "+query+"; SET NEW.v = x; END")
		if _, err := r.db.Exec("INSERT INTO u VALUES (1, 0)"); err != nil {
			t.Errorf("%s, INSERT of values: %v", query, err)
		}
		if _, err := r.db.Exec("INSERT INTO u SELECT 2, 0"); err != nil {
			t.Errorf("%s, INSERT of a query: %v", query, err)
		}
		if got := r.rows("SELECT v FROM u"); len(got) != 2 || got[0] != "5" || got[1] != "5" {
			t.Errorf("%s gives %v", query, got)
		}
	}
}
