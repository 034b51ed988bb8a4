package sql

import "testing"

// TestForUpdatePrivileges: FOR UPDATE needs SELECT and one of UPDATE, DELETE and LOCK TABLES; FOR SHARE needs SELECT.
func TestForUpdatePrivileges(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)", "CREATE TABLE seen (id INT PRIMARY KEY)",
		"CREATE TRIGGER g BEFORE INSERT ON seen FOR EACH ROW SET @v = (SELECT MAX(v) FROM t FOR UPDATE)",
		"CREATE USER reader@localhost", "GRANT SELECT ON test.t TO reader@localhost", "GRANT INSERT ON test.seen TO reader@localhost")
	reader := &running{t: t, db: r.connectAs("reader", "test")}
	defer reader.db.Close()
	queries := []string{
		"SELECT * FROM t WHERE id = 1 FOR UPDATE", "SELECT v FROM t ORDER BY v LIMIT 1 FOR UPDATE", "SELECT 1 FROM (SELECT id FROM t FOR UPDATE) d",
		"SELECT (SELECT MAX(id) FROM t FOR UPDATE)", "SELECT * FROM t a JOIN t b ON a.id = b.id FOR UPDATE SKIP LOCKED", "SELECT 1 FROM t WHERE id IN (SELECT id FROM t FOR UPDATE)",
	}
	run := func(check func(query string, args ...any)) {
		for range 3 { // of which the later may go the short way
			for _, q := range queries {
				check(q)
			}
			check("SELECT * FROM t WHERE id = ? FOR UPDATE", 1)
		}
	}
	denied := func(query string, args ...any) { reader.fails(1142, query, args...) }
	run(denied)
	reader.want("SELECT v FROM t WHERE id = 1 FOR SHARE", "1")
	reader.want("SELECT v FROM t WHERE id = 1 LOCK IN SHARE MODE", "1")
	reader.exec("INSERT INTO seen VALUES (1)")
	for name, privilege := range map[string]string{"u": "UPDATE ON test.t", "d": "DELETE ON test.*", "l": "LOCK TABLES ON test.*"} {
		r.exec("CREATE USER "+name+"@localhost", "GRANT SELECT ON test.t TO "+name+"@localhost", "GRANT "+privilege+" TO "+name+"@localhost")
		other := &running{t: t, db: r.connectAs(name, "test")}
		run(func(query string, args ...any) { other.rows(query, args...) })
		other.db.Close()
	}
	run(denied)
}
