package sql

import (
	"fmt"
	"testing"
)

func TestAlterColumns(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(5), n INT, KEY vn (v, n), UNIQUE KEY un (n))", "INSERT INTO a VALUES (1,'one',10),(2,'two',20),(3,NULL,NULL)")
	r.exec("ALTER TABLE a ADD COLUMN c INT NOT NULL DEFAULT 7", "ALTER TABLE a ADD COLUMN first VARCHAR(3) FIRST", "ALTER TABLE a ADD COLUMN after_v DATE AFTER v", "ALTER TABLE a ADD COLUMN z INT NOT NULL")
	r.want("SELECT * FROM a ORDER BY id", "NULL|1|one|NULL|10|7|0", "NULL|2|two|NULL|20|7|0", "NULL|3|NULL|NULL|NULL|7|0")
	r.exec("INSERT INTO a (id, c, z) VALUES (4, 8, 1)", "UPDATE a SET c = 9 WHERE id = 1")
	r.want("SELECT id, c FROM a ORDER BY id", "1|9", "2|7", "3|7", "4|8")
	r.exec("ALTER TABLE a ALTER COLUMN c SET DEFAULT 70", "INSERT INTO a (id, z) VALUES (5, 1)")
	r.want("SELECT id, c FROM a WHERE id IN (2, 5) ORDER BY id", "2|7", "5|70")
	r.exec("ALTER TABLE a DROP COLUMN first, DROP COLUMN z", "ALTER TABLE a RENAME COLUMN c TO cc", "ALTER TABLE a CHANGE COLUMN after_v dd DATETIME")
	r.want("SELECT * FROM a WHERE id = 1", "1|one|NULL|10|9")
	r.exec("ALTER TABLE a MODIFY COLUMN v VARCHAR(50)", "UPDATE a SET v = 'a longer text' WHERE id = 3", "ALTER TABLE a MODIFY COLUMN n BIGINT")
	r.want("SELECT id FROM a WHERE v = 'a longer text'", "3")
	r.fails(1406, "ALTER TABLE a MODIFY COLUMN v VARCHAR(5)")
	r.exec("ALTER TABLE a MODIFY COLUMN n VARCHAR(20)", "ALTER TABLE a MODIFY COLUMN cc DECIMAL(6,2)")
	r.want("SELECT id, n, cc FROM a ORDER BY id", "1|10|9.00", "2|20|7.00", "3|NULL|7.00", "4|NULL|8.00", "5|NULL|70.00")
	r.want("SELECT id FROM a WHERE n = '20'", "2")
	r.fails(1062, "INSERT INTO a (id, n) VALUES (9, '20')")
	r.fails(1048, "ALTER TABLE a MODIFY COLUMN n VARCHAR(20) NOT NULL")
	r.exec("ALTER TABLE a DROP COLUMN n")
	r.want("SELECT id FROM a WHERE v = 'two'", "2")
	r.want("SELECT index_name, column_name FROM information_schema.statistics WHERE table_name = 'a' ORDER BY 1, 2", "PRIMARY|id", "vn|v")
	r.restart()
	r.want("SELECT * FROM a WHERE id = 1", "1|one|NULL|9.00")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

func TestAlterKeys(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE k (a INT, b INT, c VARCHAR(20))")
	for i := range 100 {
		r.exec(fmt.Sprintf("INSERT INTO k VALUES (%d, %d, 'c%d')", i, i%10, i%50))
	}
	r.exec("CREATE INDEX kb ON k (b)", "ALTER TABLE k ADD UNIQUE KEY ka (a)", "ALTER TABLE k ADD KEY kc (c(2)), ADD COLUMN d INT DEFAULT 3")
	r.fails(1062, "CREATE UNIQUE INDEX bad ON k (b)")
	r.want("SELECT COUNT(*) FROM k WHERE b = 3 AND d = 3", "10")
	r.want("SELECT a FROM k WHERE c = 'c7' ORDER BY a", "7", "57")
	r.fails(1062, "INSERT INTO k (a) VALUES (5)")
	r.exec("ALTER TABLE k ADD PRIMARY KEY (a)")
	r.fails(1062, "INSERT INTO k (a) VALUES (5)")
	r.fails(1068, "ALTER TABLE k ADD PRIMARY KEY (b)")
	r.exec("ALTER TABLE k RENAME INDEX kb TO kb2", "DROP INDEX kc ON k", "ALTER TABLE k DROP PRIMARY KEY", "ALTER TABLE k DROP KEY ka", "INSERT INTO k (a, b) VALUES (5, 3)")
	r.want("SELECT COUNT(*) FROM k WHERE b = 3", "11")
	r.fails(1062, "ALTER TABLE k ADD PRIMARY KEY (a)")
	r.exec("RENAME TABLE k TO moved", "CREATE TABLE k (id INT PRIMARY KEY)")
	r.want("SELECT COUNT(*) FROM moved", "101")
	r.fails(1050, "RENAME TABLE moved TO k")
	r.restart()
	r.want("SELECT index_name FROM information_schema.statistics WHERE table_name = 'moved'", "kb2")
	r.want("SELECT COUNT(*) FROM moved WHERE b = 3", "11")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

func TestAlterEnumAndCollation(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE e (id INT PRIMARY KEY, v ENUM('a','b'), w VARCHAR(10) COLLATE utf8mb4_bin, KEY (w), KEY (v))", "INSERT INTO e VALUES (1,'a','x'),(2,'b','X'),(3,NULL,'y')")
	r.exec("ALTER TABLE e MODIFY COLUMN v ENUM('a','b','c')", "INSERT INTO e VALUES (4,'c','z')")
	r.want("SELECT id FROM e WHERE v = 'b'", "2")
	r.exec("ALTER TABLE e MODIFY COLUMN v ENUM('c','b','a')")
	r.want("SELECT id, v FROM e ORDER BY v, id", "3|NULL", "4|c", "2|b", "1|a")
	r.want("SELECT id FROM e WHERE w = 'x' ORDER BY id", "1")
	r.exec("ALTER TABLE e MODIFY COLUMN w VARCHAR(10) COLLATE utf8mb4_general_ci")
	r.want("SELECT id FROM e WHERE w = 'x' ORDER BY id", "1", "2")
	r.fails(1062, "ALTER TABLE e ADD UNIQUE KEY uw (w)")
	r.exec("DELETE FROM e WHERE id = 2", "ALTER TABLE e ADD UNIQUE KEY uw (w)")
	r.fails(1062, "INSERT INTO e VALUES (5, 'a', 'X')")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

func TestObjectsSurvive(t *testing.T) {
	r := start(t)
	r.exec(
		"CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
		"CREATE TABLE log (what VARCHAR(20), v INT)",
		"CREATE VIEW big AS SELECT id, v FROM t WHERE v > 10",
		"CREATE TRIGGER t1 BEFORE INSERT ON t FOR EACH ROW SET NEW.v = NEW.v + 1",
		"CREATE TRIGGER t2 AFTER UPDATE ON t FOR EACH ROW INSERT INTO log VALUES ('update', NEW.v - OLD.v)",
		"CREATE PROCEDURE add_one(IN x INT) INSERT INTO t (v) VALUES (x)",
		"INSERT INTO t (v) VALUES (5),(20)", "UPDATE t SET v = v * 2", "CALL add_one(100)",
	)
	check := func() {
		t.Helper()
		r.want("SELECT * FROM big ORDER BY id", "1|12", "2|42", "3|101")
		r.want("SELECT what, v FROM log ORDER BY v", "update|6", "update|21")
	}
	check()
	r.restart()
	check()
	r.exec("CALL add_one(1)", "DROP VIEW big", "DROP TRIGGER t1", "DROP PROCEDURE add_one", "INSERT INTO t (v) VALUES (3)")
	r.want("SELECT v FROM t ORDER BY id DESC LIMIT 2", "3", "2")
	r.fails(1146, "SELECT * FROM big")
	r.exec("DROP TABLE t", "DROP DATABASE test")
}

// TestModifyKeepsLabels: values of ENUM and SET go into another type by their text.
func TestModifyKeepsLabels(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE d (id INT PRIMARY KEY, e ENUM('x','y','z'), s SET('a','b','c'), k ENUM('p','q'))",
		"INSERT INTO d VALUES (1,'z','a,c','q'),(2,'x','','p'),(3,NULL,NULL,NULL)",
		"ALTER TABLE d MODIFY e VARCHAR(10)", "ALTER TABLE d MODIFY s VARCHAR(20)", "ALTER TABLE d MODIFY k ENUM('q','r','p')")
	r.want("SELECT id, e, s, k FROM d ORDER BY id", "1|z|a,c|q", "2|x||p", "3|NULL|NULL|NULL")
	r.exec("ALTER TABLE d MODIFY e ENUM('z','x')")
	r.want("SELECT e, e+0 FROM d WHERE id = 1", "z|1")
}

// TestPrimaryKeyMoves: a statement may take AUTO_INCREMENT from a column and its key at once, in any order.
func TestPrimaryKeyMoves(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE k (id INT AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL, b VARCHAR(5))", "INSERT INTO k (a) VALUES (5), (6)",
		"ALTER TABLE k DROP PRIMARY KEY, MODIFY id INT NOT NULL, ADD PRIMARY KEY (a), MODIFY b TEXT")
	r.fails(1062, "INSERT INTO k (id, a) VALUES (9, 5)")
	r.exec("INSERT INTO k (id, a) VALUES (1, 7)", "DELETE FROM k WHERE a = 7",
		"ALTER TABLE k MODIFY id INT NOT NULL AUTO_INCREMENT, DROP PRIMARY KEY, ADD PRIMARY KEY (id)", "INSERT INTO k (a) VALUES (5)")
	r.want("SELECT id, a, b FROM k ORDER BY id", "1|5|NULL", "2|6|NULL", "3|5|NULL")
	r.fails(1075, "ALTER TABLE k DROP PRIMARY KEY, ADD PRIMARY KEY (a)")
}

func TestCreateTableSelect(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE src (id INT PRIMARY KEY, v TEXT)", "INSERT INTO src VALUES (1, 'a'), (2, 'b')",
		"CREATE TABLE a AS (SELECT id, v FROM src WHERE (id > 1))", "CREATE TABLE IF NOT EXISTS test.b (SELECT id FROM src);", "CREATE TABLE d SELECT * FROM src")
	r.want("SELECT * FROM a", "2|b")
	r.want("SELECT * FROM b ORDER BY id", "1", "2")
	r.fails(1235, "CREATE TABLE e (id INT PRIMARY KEY, n INT DEFAULT (1 + 1)) SELECT id FROM src")
	r.fails(1235, "CREATE TABLE e (id INT) ENGINE=InnoDB AS (SELECT id FROM src)")
}

// A renaming acts on the database that it names, whatever the current one is.
func TestRenameInOtherDatabase(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (here INT PRIMARY KEY)", "CREATE DATABASE other", "CREATE TABLE other.t (there INT PRIMARY KEY)", "INSERT INTO other.t VALUES (1)")
	r.exec("RENAME TABLE other.t TO other.u")
	r.want("SELECT there FROM other.u", "1")
	r.want("SELECT COUNT(*) FROM t", "0")
	r.exec("ALTER TABLE other.u RENAME TO other.w, ADD COLUMN n INT DEFAULT 5")
	r.want("SELECT there, n FROM other.w", "1|5")
	r.want("SELECT DATABASE() IS NOT NULL", "1")
	r.fails(1235, "RENAME TABLE other.w TO w")
	r.fails(1235, "RENAME TABLE t TO other.t")
	r.fails(1146, "RENAME TABLE other.none TO other.some")
	r.want("SELECT COUNT(*) FROM other.w", "1")
}

// The only column of a table stays, and so do the connection and the table.
func TestDropOnlyColumn(t *testing.T) {
	r := start(t)
	c := on{r.connection(), t}
	c.exec("CREATE TABLE p (id INT PRIMARY KEY)", "CREATE TABLE q (a INT)", "CREATE TABLE two (a INT, b INT)", "INSERT INTO p VALUES (1)")
	for _, statement := range []string{"ALTER TABLE p DROP COLUMN id", "ALTER TABLE q DROP a", "ALTER TABLE two DROP a, DROP b"} {
		c.fails("1090", statement)
	}
	c.want("SELECT id FROM p", "1")
	c.want("SELECT * FROM two")
	c.exec("ALTER TABLE p ADD n INT, DROP COLUMN id", "ALTER TABLE two DROP a")
	c.want("SELECT n FROM p", "NULL")
	c.exec("CREATE TABLE x (a INT, b INT, c INT, PRIMARY KEY (a, b))", "INSERT INTO x VALUES (1, 1, 1), (1, 2, 2)", "ALTER TABLE x ADD d INT DEFAULT 7, DROP COLUMN a")
	c.want("SELECT b, c, d FROM x ORDER BY b", "1|1|7", "2|2|7")
}
