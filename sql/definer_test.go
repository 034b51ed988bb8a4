package sql

import "testing"

// TestTriggersRunAsDefiner: triggers need no rights of who fires them, nor of who writes to another table, whichever way the
// statement goes; who makes one must have the rights.
func TestTriggersRunAsDefiner(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "CREATE TABLE tg (id INT PRIMARY KEY, v INT)", "CREATE TABLE lg (id INT PRIMARY KEY)",
		"CREATE TABLE chain (id INT PRIMARY KEY)", "CREATE TABLE own (id INT PRIMARY KEY)",
		"CREATE TRIGGER tr AFTER INSERT ON tg FOR EACH ROW INSERT INTO lg VALUES (new.id)",
		"CREATE TRIGGER tr2 AFTER INSERT ON lg FOR EACH ROW INSERT INTO chain VALUES (new.id + 1)",
		"CREATE USER low@localhost", "GRANT SELECT, INSERT, UPDATE, DELETE ON test.t TO low@localhost",
		"GRANT INSERT ON test.tg TO low@localhost", "GRANT CREATE, DROP, TRIGGER ON test.own TO low@localhost")
	r.exec("INSERT INTO mysql.user (Host, User) VALUES ('localhost', 'other')") // tables that have no triggers
	db := r.connectAs("low", "test")
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	low := on{conn, t}
	low.exec("INSERT INTO t VALUES (4,4) /* the full way */", "UPDATE t SET v = 5 WHERE id + 0 = 4", "DELETE FROM t WHERE id + 0 = 4", "INSERT INTO tg VALUES (1,1)")
	r.want("SELECT * FROM lg", "1")
	r.want("SELECT * FROM chain", "2")
	low.fails("1142", "INSERT INTO lg VALUES (7)")
	low.fails("1142", "SELECT * FROM lg")
	low.fails("1142", "CREATE TRIGGER mine AFTER INSERT ON own FOR EACH ROW INSERT INTO lg VALUES (new.id)")
	low.exec("DROP TABLE own")
}
