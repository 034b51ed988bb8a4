package sql

import (
	"fmt"
	"strings"
	"testing"
)

// column gives one column of the only row that a statement answers.
func (r *running) column(n int, query string, args ...any) string {
	r.t.Helper()
	rows := r.rows(query, args...)
	if len(rows) != 1 {
		r.t.Fatalf("%s: %d rows", query, len(rows))
	}
	return strings.Split(rows[0], "|")[n]
}

func TestFlashbackTable(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(9), n INT, KEY (n))", "INSERT INTO t (a, n) VALUES ('x', 1), ('y', 2), ('z', 3)")
	then := r.scn()
	r.exec("UPDATE t SET n = 0", "DELETE FROM t WHERE id = 2", "ALTER TABLE t ADD COLUMN b INT DEFAULT 7, ADD KEY kb (b), DROP COLUMN a", "INSERT INTO t (n, b) VALUES (9, 9)")
	broken := r.rows("SELECT * FROM t ORDER BY id")

	answer := r.rows("FLASHBACK TABLE t TO SCN ?", then)
	if len(answer) != 1 || !strings.HasPrefix(answer[0], "FLASHBACK TABLE|test.t|") {
		t.Fatalf("the statement answered %v", answer)
	}
	cells := strings.Split(answer[0], "|")
	if cells[3] != fmt.Sprint(then) || cells[5] != "1" || cells[6] != "3" || cells[7] != "3" || cells[8] == "NULL" || cells[9] != "1" {
		t.Errorf("the statement answered %v", answer)
	}
	want := []string{"1|x|1", "2|y|2", "3|z|3"}
	r.want("SELECT * FROM t ORDER BY id", want...)
	r.want("SELECT id FROM t WHERE n = 2", "2")
	r.want("SELECT id FROM t WHERE n = 0")
	if plan := strings.Join(r.rows("EXPLAIN SELECT id FROM t WHERE n = 2"), "\n"); !strings.Contains(plan, "using n") {
		t.Errorf("the index did not come back:\n%s", plan)
	}
	r.exec("INSERT INTO t (a, n) VALUES ('new', 5)")
	r.want("SELECT id FROM t WHERE a = 'new'", "5") // 4 was given, and is not given twice
	r.exec("DELETE FROM t WHERE id = 5")
	r.restart()
	r.want("SELECT * FROM t ORDER BY id", want...)
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)

	// The abandoned timeline is readable, and comes back by the statement that the answer names.
	r.want(fmt.Sprintf("SELECT * FROM t AS OF SCN %s - 1 ORDER BY id", cells[2]), broken...)
	r.exec(cells[10])
	r.want("SELECT * FROM t ORDER BY id", broken...)
	r.want("SELECT n FROM t WHERE b = 9", "9")
	r.rows("UNFLASHBACK TABLE t")
	r.want("SELECT * FROM t ORDER BY id", want...)
	r.rows("FLASHBACK TABLE t TO SCN ? REWIND AUTO_INCREMENT", then)
	r.exec("INSERT INTO t (a) VALUES ('four')")
	r.want("SELECT id FROM t WHERE a = 'four'", "4")
	r.database.CheckIndexes(t)
}

// TestFlashbackPoints: every way to name a point, by text and by prepared statements.
func TestFlashbackPoints(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1, 1)", "CREATE RESTORE POINT before_it")
	then := r.scn()
	when := r.column(0, "SELECT scn_to_timestamp(?)", then)
	damage := func() {
		r.exec("UPDATE t SET n = n + 1", "INSERT INTO t VALUES (2, 2)")
		r.want("SELECT COUNT(*) FROM t", "2")
	}
	xid := func() string { // of the first statement of the damage
		return r.column(0, "SELECT xid FROM FLASHBACK_TRANSACTION_QUERY WHERE table_name = 't' AND operation = 'UPDATE' ORDER BY scn DESC LIMIT 1")
	}
	for _, back := range []func() (string, []any){
		func() (string, []any) { return fmt.Sprintf("FLASHBACK TABLE t TO SCN %d", then), nil },
		func() (string, []any) { return "FLASHBACK TABLE test.t TO SCN ?", []any{then} },
		func() (string, []any) { return "FLASHBACK TABLE t TO TIMESTAMP '" + when + "'", nil },
		func() (string, []any) { return "FLASHBACK TABLE t TO TIMESTAMP ?", []any{when} },
		func() (string, []any) { return "FLASHBACK TABLE t TO RESTORE POINT before_it", nil },
		func() (string, []any) { return "FLASHBACK TABLE t TO 'before_it'", nil },
		func() (string, []any) { return "FLASHBACK TABLE t TO BEFORE SCN ?", []any{r.scn() - 1} },
		func() (string, []any) { return "FLASHBACK TABLE t TO BEFORE TRANSACTION " + xid(), nil },
		func() (string, []any) { return "FLASHBACK TABLE t TO BEFORE STATEMENT ?", []any{xid()} },
		func() (string, []any) { return "FLASHBACK SCHEMA test TO SCN ?", []any{then} },
		func() (string, []any) { return "FLASHBACK DATABASE TO SCN ?", []any{then} },
		func() (string, []any) { return "flashback database test to restore point `before_it`", nil },
	} {
		damage()
		query, args := back()
		r.rows(query, args...)
		r.wantArgs("SELECT * FROM t", nil, "1|1")
	}
}

func TestFlashbackErrors(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)")
	r.exec("CREATE TABLE u (id INT PRIMARY KEY)")
	first := r.scn()
	r.exec("INSERT INTO t VALUES (1)")
	r.exec("ALTER TABLE u RENAME TO v", "CREATE TABLE u (id INT PRIMARY KEY)")
	for _, c := range []struct {
		errno uint16
		query string
	}{
		{1525, "FLASHBACK TABLE t TO SCN 999999"},
		{1105, "FLASHBACK TABLE t TO RESTORE POINT nothing"},
		{1146, "FLASHBACK TABLE t TO SCN 1"},
		{1146, "FLASHBACK TABLE nothing TO SCN 5"},
		{1146, "FLASHBACK TABLE nothing.t TO SCN 5"},
		{1146, "FLASHBACK SCHEMA nothing TO SCN 5"},
		{1146, "FLASHBACK TABLE t TO BEFORE DROP"},
		{1146, "FLASHBACK SCHEMA nothing TO BEFORE DROP"},
		{1146, "PURGE TABLE nothing"},
		{1105, fmt.Sprintf("FLASHBACK TABLE u TO SCN %d", first)}, // it is v now
		{1105, "UNFLASHBACK"},
		{1105, "UNFLASHBACK TABLE t"},
		{1064, "FLASHBACK t TO SCN 1"},
		{1064, "FLASHBACK TABLE t"},
		{1064, "FLASHBACK TABLE t TO SCN 1 NOW"},
		{1064, "FLASHBACK DATABASE TO BEFORE DROP"},
		{1064, "FLASHBACK TABLE t, u TO BEFORE DROP"},
		{1064, "FLASHBACK TABLE t TO SCN 1 INCLUDE CONTROL"},
		{1064, "FLASHBACK TABLE t TO BEFORE TRANSACTION 12"},
		{1050, "CREATE TABLE u CLONE t"},
		{1146, "CREATE TABLE w CLONE nothing"},
		{1146, "CREATE TABLE w CLONE t AS OF SCN 1"},
		{1050, "CREATE DATABASE test CLONE test"},
	} {
		r.fails(c.errno, c.query)
	}
	r.want("SELECT COUNT(*) FROM t", "1")
	if got := r.rows("CREATE TABLE IF NOT EXISTS u CLONE t"); len(got) != 0 {
		t.Errorf("CREATE TABLE IF NOT EXISTS … CLONE answered %v", got)
	}
}

func TestFlashbackPrivileges(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "CREATE USER anna IDENTIFIED BY 'pw'", "GRANT SELECT ON test.* TO anna")
	then := r.scn()
	r.exec("INSERT INTO t VALUES (1)", "CREATE TABLE d (id INT PRIMARY KEY)", "DROP TABLE d")
	anna := &running{t: t, db: r.connectAs("anna:pw", "test")}
	for _, query := range []string{
		fmt.Sprintf("FLASHBACK TABLE t TO SCN %d", then), fmt.Sprintf("FLASHBACK SCHEMA test TO SCN %d", then), fmt.Sprintf("FLASHBACK DATABASE TO SCN %d", then),
		"FLASHBACK TABLE d TO BEFORE DROP", "UNFLASHBACK", "PURGE TABLE d", "PURGE DBA_RECYCLEBIN", "CREATE TABLE c CLONE t", "CREATE DATABASE c CLONE test",
		fmt.Sprintf("EXPLAIN FLASHBACK TABLE t TO SCN %d", then),
	} {
		if _, err := anna.db.Exec(query); err == nil {
			t.Errorf("anna may do %s", query)
		}
	}
	if n := r.column(0, "SELECT COUNT(*) FROM t"); n != "1" {
		t.Errorf("t has %s rows", n)
	}
	anna.want("PURGE RECYCLEBIN", "0") // nothing of hers
	r.exec("GRANT ALTER, INSERT, DELETE ON test.t TO anna")
	anna.rows("FLASHBACK TABLE t TO SCN ?", then)
	r.want("SELECT COUNT(*) FROM t", "0")
}

// TestFlashbackBesideOthers: open readers keep what they see, and who read before cannot write afterwards.
func TestFlashbackBesideOthers(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1, 1), (2, 2)")
	then := r.scn()
	r.exec("UPDATE t SET n = 10")
	reader, writer, fresh := on{r.connection(), t}, on{r.connection(), t}, on{r.connection(), t}
	reader.exec("SET SESSION transaction_isolation = 'REPEATABLE-READ'", "BEGIN")
	reader.want("SELECT n FROM t ORDER BY id", "10", "10")
	writer.exec("SET SESSION transaction_isolation = 'REPEATABLE-READ'", "BEGIN")
	writer.want("SELECT n FROM t WHERE id = 1", "10")
	writer.exec("UPDATE t SET n = 11 WHERE id = 1")
	fresh.exec("BEGIN", "UPDATE t SET n = 12 WHERE id = 2")
	r.rows("FLASHBACK TABLE t TO SCN ?", then)
	r.want("SELECT n FROM t ORDER BY id", "1", "2")
	reader.want("SELECT n FROM t ORDER BY id", "10", "10")
	reader.exec("COMMIT")
	reader.want("SELECT n FROM t ORDER BY id", "1", "2")
	writer.fails("1213", "COMMIT")
	fresh.fails("1213", "COMMIT")
	writer.exec("UPDATE t SET n = n + 1 WHERE id = 1")
	r.want("SELECT n FROM t ORDER BY id", "2", "2")
	r.database.CheckIndexes(t)
}

func TestFlashbackForeignKeys(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY, name VARCHAR(9))", "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id))",
		"INSERT INTO p VALUES (1, 'a'), (2, 'b')", "INSERT INTO c VALUES (10, 1)")
	then := r.scn()
	r.exec("INSERT INTO p VALUES (3, 'c')", "INSERT INTO c VALUES (11, 3)", "UPDATE p SET name = 'x'")
	r.fails(1451, fmt.Sprintf("FLASHBACK TABLE p TO SCN %d", then))
	preview := strings.Join(r.rows("EXPLAIN FLASHBACK TABLE p TO SCN ?", then), "\n")
	if !strings.Contains(preview, "test.c (id=11) refers to test.p (id=3)") {
		t.Errorf("the preview names no conflict:\n%s", preview)
	}
	r.want("SELECT COUNT(*) FROM p", "3")
	r.rows("FLASHBACK TABLE p TO SCN ? NOVALIDATE", then)
	r.want("SELECT c.id FROM c LEFT JOIN p ON p.id = c.p WHERE p.id IS NULL", "11")
	r.rows("UNFLASHBACK TABLE p")
	r.rows("FLASHBACK TABLE p TO SCN ? INCLUDE DEPENDENTS", then)
	r.want("SELECT id, name FROM p", "1|a", "2|b")
	r.want("SELECT id, p FROM c", "10|1")
	r.fails(1452, "INSERT INTO c VALUES (12, 3)")
	r.rows("UNFLASHBACK TABLE p, c")
	later := r.scn()
	r.exec("DELETE FROM c WHERE id = 11", "DELETE FROM p WHERE id = 3")
	r.fails(1451, fmt.Sprintf("FLASHBACK TABLE c TO SCN %d", later)) // its parent is gone
	r.rows("FLASHBACK TABLE p TO SCN ?", later)
	r.rows("FLASHBACK TABLE c TO SCN ?", later)
	r.want("SELECT id, p FROM c", "10|1", "11|3")
	r.restart()
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

func TestRecycleBin(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT, KEY (n))", "CREATE TABLE log (n INT)",
		"CREATE TRIGGER note AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.n)", "INSERT INTO t VALUES (1, 1)", "DROP TABLE t",
		"CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (7), (8)", "DROP TABLE t")
	bin := r.rows("SHOW RECYCLEBIN")
	if len(bin) != 2 || !strings.HasPrefix(bin[0], "test.t|BIN$") || !strings.HasSuffix(bin[0], "|root|2") || !strings.HasSuffix(bin[1], "|root|1") {
		t.Fatalf("the recycle bin has %v", bin)
	}
	older := strings.Split(bin[1], "|")[1]
	r.want("SELECT original_name, owner, type, row_count FROM DBA_RECYCLEBIN ORDER BY dropscn DESC", "t|test|TABLE|2", "t|test|TABLE|1")
	r.want("SELECT object_name FROM dba_recyclebin WHERE row_count = 1", older)
	r.want("SELECT kind, object FROM V$FLASHBACK")
	r.restart()
	r.rows("FLASHBACK TABLE t TO BEFORE DROP") // the last one dropped
	r.want("SELECT * FROM t", "7", "8")
	r.want("SELECT kind, object FROM V$FLASHBACK", "BEFORE DROP|test.t")
	r.fails(1050, "FLASHBACK TABLE t TO BEFORE DROP")
	r.rows("FLASHBACK TABLE t TO BEFORE DROP RENAME TO u")
	r.want("SELECT * FROM u", "1|1")
	r.want("SHOW RECYCLEBIN")
	r.exec("DROP TABLE u", "DROP TABLE t")
	r.rows("FLASHBACK TABLE `" + older + "` TO BEFORE DROP RENAME TO t")
	r.want("SELECT * FROM t WHERE n = 1", "1|1")
	r.exec("DROP TABLE t")
	r.rows("FLASHBACK TABLE t TO BEFORE DROP")
	r.exec("DROP TABLE log PURGE")
	if bin := r.rows("SHOW RECYCLEBIN"); len(bin) != 1 || !strings.HasPrefix(bin[0], "test.t|") { // the younger of the two
		t.Errorf("the recycle bin has %v", bin)
	}
	r.want("PURGE RECYCLEBIN", "1")
}

func TestRecycledTrigger(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "CREATE TABLE log (n INT)",
		"CREATE TRIGGER note AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.n)", "INSERT INTO t VALUES (1, 1)", "DROP TABLE t")
	r.rows("FLASHBACK TABLE t TO BEFORE DROP")
	r.exec("INSERT INTO t VALUES (2, 2)")
	r.want("SELECT n FROM log ORDER BY n", "1", "2")
	r.exec("DROP TABLE t PURGE")
	r.want("SHOW RECYCLEBIN")
	r.fails(1146, "FLASHBACK TABLE t TO BEFORE DROP")
}

func TestSchemaComesBack(t *testing.T) {
	r := start(t)
	r.exec("CREATE DATABASE shop", "CREATE TABLE shop.t (id INT PRIMARY KEY, n INT, KEY (n))", "INSERT INTO shop.t VALUES (1, 1), (2, 2)",
		"CREATE VIEW shop.v AS SELECT n FROM shop.t", "CREATE PROCEDURE shop.p() SELECT 42", "DROP DATABASE shop")
	r.restart()
	r.rows("FLASHBACK DATABASE shop TO BEFORE DROP")
	r.want("SELECT * FROM shop.v ORDER BY n", "1", "2")
	r.want("CALL shop.p()", "42")
	r.exec("DROP DATABASE shop")
	r.rows("FLASHBACK SCHEMA shop TO BEFORE DROP RENAME TO store")
	r.want("SELECT id FROM store.t WHERE n = 2", "2")
	r.rows("UNFLASHBACK SCHEMA store")
	r.fails(1049, "USE store")
	r.exec("CREATE DATABASE a", "DROP DATABASE a PURGE")
	if bin := r.rows("SHOW RECYCLEBIN"); len(bin) != 1 || !strings.HasPrefix(bin[0], "store.t|") {
		t.Errorf("the recycle bin has %v", bin)
	}
	r.database.CheckLaw(t)
}

func TestTruncateAndClone(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, n INT, UNIQUE KEY (n))", "INSERT INTO t (n) VALUES (1), (2), (3)")
	then := r.scn()
	r.exec("TRUNCATE TABLE t")
	r.want("SELECT COUNT(*) FROM t", "0")
	r.want("SELECT COUNT(*) FROM t WHERE n > 0", "0")
	r.exec("INSERT INTO t (n) VALUES (2)") // the unique key is free, and numbering starts again
	r.want("SELECT * FROM t", "1|2")
	r.rows("CREATE TABLE c CLONE t AS OF SCN ?", then)
	r.want("SELECT * FROM c ORDER BY id", "1|1", "2|2", "3|3")
	r.fails(1062, "INSERT INTO c (n) VALUES (3)")
	r.exec("DELETE FROM c WHERE n = 1", "INSERT INTO c (n) VALUES (9)", "UPDATE c SET n = 33 WHERE n = 3")
	r.want("SELECT n FROM c ORDER BY n", "2", "9", "33")
	r.want("SELECT * FROM t", "1|2")
	r.rows("FLASHBACK TABLE t TO SCN ?", then)
	r.want("SELECT * FROM t ORDER BY id", "1|1", "2|2", "3|3")
	r.exec("CREATE VIEW v AS SELECT n FROM t", "CREATE TABLE k (a INT)", "INSERT INTO k VALUES (1), (1)") // k has no key
	r.rows("CREATE DATABASE dup CLONE test")
	r.exec("INSERT INTO dup.k VALUES (2)", "INSERT INTO k VALUES (3)")
	r.want("SELECT a FROM dup.k ORDER BY a", "1", "1", "2")
	r.want("SELECT a FROM k ORDER BY a", "1", "1", "3")
	r.want("SELECT n FROM dup.v ORDER BY n", "1", "2", "3")
	r.restart()
	r.want("SELECT n FROM dup.c ORDER BY n", "2", "9", "33")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

func TestFlashbackDatabase(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE a (id INT PRIMARY KEY, n INT)", "CREATE TABLE b (id INT PRIMARY KEY)", "INSERT INTO a VALUES (1, 1)", "CREATE VIEW v AS SELECT n FROM a",
		"CREATE USER anna IDENTIFIED BY 'pw'", "GRANT SELECT ON test.* TO anna")
	then := r.scn()
	r.exec("UPDATE a SET n = 2", "DROP TABLE b", "DROP VIEW v", "CREATE TABLE c (id INT PRIMARY KEY)", "CREATE DATABASE other", "ALTER TABLE a ADD COLUMN x INT",
		"REVOKE SELECT ON test.* FROM anna", "CREATE USER bert", "CREATE RESTORE POINT later")
	anna := r.connectAs("anna:pw", "")
	if got := r.column(9, "FLASHBACK DATABASE TO SCN ?", then); got != "2" {
		t.Errorf("incarnation %s, want 2", got)
	}
	r.want("SELECT * FROM a", "1|1")
	r.want("SHOW TABLES", "a", "b", "v")
	r.want("SELECT n FROM v", "1")
	r.fails(1049, "USE other")
	if _, err := queryRows(anna, "SELECT n FROM test.a"); err == nil {
		t.Error("a revoked grant came back with the data")
	}
	r.want("SELECT name FROM V$RESTORE_POINT", "later")
	r.want("SELECT COUNT(*) FROM mysql.user WHERE user = 'bert'", "1")
	r.want("SELECT incarnation, parent, status FROM V$DATABASE_INCARNATION ORDER BY incarnation", "1|NULL|PARENT", "2|1|CURRENT")
	abandoned := r.scn() - 1
	r.want(fmt.Sprintf("SELECT * FROM a AS OF SCN %d", abandoned), "1|2|NULL")
	r.exec("INSERT INTO a VALUES (2, 2)")
	r.restart()
	r.rows("UNFLASHBACK")
	r.want("SELECT * FROM a", "1|2|NULL")
	r.want("SHOW TABLES", "a", "c")
	r.want("SELECT incarnation, parent, status FROM V$DATABASE_INCARNATION ORDER BY incarnation", "1|NULL|PARENT", "2|1|ORPHAN", "3|1|CURRENT")
	r.rows("FLASHBACK DATABASE TO SCN ? INCLUDE CONTROL", then)
	r.want("SELECT COUNT(*) FROM V$RESTORE_POINT", "0")
	r.want("SELECT COUNT(*) FROM mysql.user WHERE user = 'bert'", "0")
	if rows, err := queryRows(r.connectAs("anna:pw", ""), "SELECT n FROM test.a"); err != nil || rows[0] != "1" {
		t.Errorf("with INCLUDE CONTROL anna reads %v, %v", rows, err)
	}
	r.database.CheckLaw(t)
}

func TestExplainFlashback(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
	then := r.scn()
	r.exec("UPDATE t SET n = 9 WHERE id = 1", "DELETE FROM t WHERE id = 2", "INSERT INTO t VALUES (4, 4), (5, 5)", "ALTER TABLE t ADD COLUMN x INT, RENAME COLUMN n TO m")
	before := r.scn()
	for _, query := range []string{"EXPLAIN FLASHBACK TABLE t TO SCN ?", "EXPLAIN FLASHBACK SCHEMA test TO SCN ?", "EXPLAIN FLASHBACK DATABASE TO SCN ?"} {
		rows := r.rows(query, then)
		last := strings.Split(rows[len(rows)-1], "|")
		if strings.Join(last[:7], "|") != "table test.t|rows go back|4|3|1|1|2" || !strings.Contains(last[8], "column x goes") || !strings.Contains(last[8], "column m is called n") {
			t.Errorf("%s: %v", query, rows)
		}
	}
	if r.scn() != before {
		t.Error("a preview changed something")
	}
	r.rows("FLASHBACK TABLE t TO SCN ?", then)
	if rows := r.rows("EXPLAIN UNFLASHBACK TABLE t"); !strings.HasPrefix(rows[1], "table test.t|rows go back|3|4|2|1|1") {
		t.Errorf("EXPLAIN UNFLASHBACK: %v", rows)
	}
}

// TestDeleteAll: DELETE without a condition is a transaction like any other, also of a table in another database.
func TestDeleteAll(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
	nowhere := r.connect("", "")
	defer nowhere.Close()
	if result, err := nowhere.Exec("DELETE FROM test.t"); err != nil {
		t.Fatal(err)
	} else if n, _ := result.RowsAffected(); n != 2 {
		t.Errorf("%d rows deleted, want 2", n)
	}
	c := on{r.connection(), t}
	c.exec("INSERT INTO t VALUES (1), (2)", "BEGIN", "INSERT INTO t VALUES (3)", "DELETE FROM t")
	c.want("SELECT COUNT(*) FROM t", "0")
	c.exec("ROLLBACK")
	c.want("SELECT id FROM t ORDER BY id", "1", "2")
	r.want("SELECT COUNT(*) FROM V$FLASHBACK", "0")
}
