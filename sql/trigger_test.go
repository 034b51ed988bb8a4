package sql

import "testing"

// TestTriggerOfAnotherDatabase: names in a trigger are of the database in which it was made, whatever the client's current one is.
func TestTriggerOfAnotherDatabase(t *testing.T) {
	r := start(t)
	r.exec("CREATE DATABASE other", "CREATE DATABASE third")
	for _, database := range []string{"test", "other"} {
		r.exec("CREATE TABLE "+database+".t (id INT PRIMARY KEY, v INT)", "CREATE TABLE "+database+".note (what VARCHAR(10), id INT)")
	}
	r.exec("CREATE TRIGGER ins AFTER INSERT ON t FOR EACH ROW INSERT INTO note VALUES ('insert', new.id)",
		"CREATE TRIGGER upd BEFORE UPDATE ON t FOR EACH ROW BEGIN INSERT INTO note VALUES ('update', new.id); SET new.v = (SELECT COUNT(*) FROM note); END",
		"CREATE TRIGGER del AFTER DELETE ON t FOR EACH ROW BEGIN INSERT INTO note VALUES ('delete', old.id); INSERT INTO third.far VALUES (old.id); END",
		"CREATE TABLE third.far (id INT)", "CREATE TABLE third.heard (id INT)")
	third := r.connect("third", "")
	if _, err := third.Exec("CREATE TRIGGER hear AFTER INSERT ON far FOR EACH ROW INSERT INTO heard VALUES (new.id)"); err != nil {
		t.Fatal(err)
	}
	third.Close()
	for _, current := range []string{"test", "other", "third", ""} {
		c := r.connect(current, "")
		c.SetMaxOpenConns(1)
		for _, s := range []string{
			"INSERT INTO test.t VALUES (1, 0), (2, 0)", "INSERT INTO test.t SELECT 3, 0", "UPDATE test.t SET v = 9 WHERE id = 1", "DELETE FROM test.t WHERE id = 2", "DELETE FROM test.t WHERE id + 0 = 3",
		} {
			if _, err := c.Exec(s); err != nil {
				t.Fatalf("%s in %q: %v", s, current, err)
			}
		}
		got, err := queryRows(c, "SELECT IFNULL(DATABASE(), '')")
		if err != nil || len(got) != 1 || got[0] != current {
			t.Errorf("the current database is %v, %v, and was %q", got, err, current)
		}
		c.Close()
		r.want("SELECT what, id FROM note ORDER BY what, id", "delete|2", "delete|3", "insert|1", "insert|2", "insert|3", "update|1")
		r.want("SELECT v FROM t", "4")
		r.want("SELECT id FROM third.heard ORDER BY id", "2", "3")
		r.want("SELECT (SELECT COUNT(*) FROM other.t), (SELECT COUNT(*) FROM other.note)", "0|0")
		r.exec("TRUNCATE TABLE t", "TRUNCATE TABLE note", "TRUNCATE TABLE third.far", "TRUNCATE TABLE third.heard")
	}
}

// A trigger AFTER INSERT sees what a REPLACE or an INSERT … ON DUPLICATE KEY UPDATE inserted, and no row that was updated. Statements
// that would pass over triggers are refused.
func TestTriggerAfterReplace(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "CREATE TABLE l (i INT PRIMARY KEY AUTO_INCREMENT, m VARCHAR(50))", "INSERT INTO t VALUES (1, 10)",
		"CREATE TRIGGER one AFTER INSERT ON t FOR EACH ROW INSERT INTO l (m) VALUES (CONCAT(new.id, '=', new.n))",
		"CREATE TRIGGER two AFTER INSERT ON t FOR EACH ROW FOLLOWS one INSERT INTO l (m) VALUES (CONCAT('two ', new.id))",
		"REPLACE INTO t VALUES (1, 99), (50, 50)")
	r.want("SELECT m FROM l ORDER BY i", "1=99", "two 1", "50=50", "two 50")
	r.exec("DELETE FROM l", "INSERT INTO t VALUES (1, 100), (51, 51) ON DUPLICATE KEY UPDATE n = VALUES(n)")
	r.want("SELECT m FROM l ORDER BY i", "51=51", "two 51")
	r.want("SELECT * FROM t", "1|100", "50|50", "51|51")
	r.exec("CREATE TRIGGER gone AFTER DELETE ON t FOR EACH ROW SET @gone = 1")
	r.fails(1235, "REPLACE INTO t VALUES (1, 1)")
	r.exec("INSERT INTO t VALUES (1, 101) ON DUPLICATE KEY UPDATE n = VALUES(n)", "CREATE TRIGGER changed BEFORE UPDATE ON t FOR EACH ROW SET new.n = 7")
	r.exec("INSERT INTO t VALUES (1, 102) ON DUPLICATE KEY UPDATE n = VALUES(n)")
	r.want("SELECT n FROM t WHERE id = 1", "7")
	r.exec("DROP TRIGGER changed")
	r.exec("CREATE TABLE u (id INT PRIMARY KEY)", "REPLACE INTO u VALUES (1)")
}

// Of two triggers, one with a block, each fires for the rows of the statement and not for those of the other.
func TestTriggersApart(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "CREATE TABLE l (i INT PRIMARY KEY AUTO_INCREMENT, m VARCHAR(50))", "CREATE TABLE m (m VARCHAR(50))",
		"CREATE TRIGGER zero BEFORE INSERT ON t FOR EACH ROW BEGIN SET new.n = new.n + 1; INSERT INTO l (m) VALUES ('zero'); END",
		"CREATE TRIGGER one AFTER INSERT ON t FOR EACH ROW INSERT INTO l (m) VALUES (CONCAT(new.id, '=', new.n))",
		"CREATE TRIGGER two AFTER INSERT ON t FOR EACH ROW FOLLOWS one BEGIN INSERT INTO l (m) VALUES (CONCAT('two ', new.id)); END",
		"CREATE TRIGGER of_l AFTER INSERT ON l FOR EACH ROW INSERT INTO m VALUES (new.m)",
		"INSERT INTO t VALUES (1, 10)")
	r.want("SELECT m FROM l ORDER BY i", "zero", "1=11", "two 1")
	r.want("SELECT m FROM m", "zero", "1=11", "two 1")
	r.exec("DELETE FROM l", "CREATE TRIGGER three AFTER UPDATE ON t FOR EACH ROW UPDATE m SET m = 'x' WHERE m = '1=11'",
		"CREATE TRIGGER four AFTER UPDATE ON t FOR EACH ROW FOLLOWS three BEGIN UPDATE m SET m = CONCAT(m, new.n) WHERE m = 'x'; END", "UPDATE t SET n = 20")
	r.want("SELECT m FROM m", "zero", "x20", "two 1")
}

// ON DUPLICATE KEY UPDATE fires the triggers for UPDATE of the rows that it updates, and those for INSERT before.
func TestTriggersOfDuplicates(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT, m INT DEFAULT 0)", "CREATE TABLE l (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40))",
		"INSERT INTO t VALUES (1, 10, 0), (2, 20, 0)",
		"CREATE TRIGGER first BEFORE UPDATE ON t FOR EACH ROW SET NEW.m = OLD.m + 1",
		`CREATE TRIGGER second BEFORE UPDATE ON t FOR EACH ROW FOLLOWS first
		BEGIN
			IF NEW.n < 0 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'negative'; END IF;
			SET NEW.n = NEW.n + 1;
		END`,
		"CREATE TRIGGER after_it AFTER UPDATE ON t FOR EACH ROW INSERT INTO l (what) VALUES (CONCAT('update ', OLD.n, ' to ', NEW.n))",
		"CREATE TRIGGER inserted AFTER INSERT ON t FOR EACH ROW INSERT INTO l (what) VALUES (CONCAT('insert ', NEW.n))")
	r.exec("INSERT INTO t (id, n) VALUES (1, 100), (3, 30), (2, 200) ON DUPLICATE KEY UPDATE n = n + VALUES(n)")
	r.want("SELECT * FROM t ORDER BY id", "1|111|1", "2|221|1", "3|30|0")
	r.want("SELECT what FROM l ORDER BY id", "update 10 to 111", "insert 30", "update 20 to 221")
	r.fails(1644, "INSERT INTO t (id, n) VALUES (4, 4), (1, 0) ON DUPLICATE KEY UPDATE n = -5")
	r.want("SELECT * FROM t ORDER BY id", "1|111|1", "2|221|1", "3|30|0")
	r.want("SELECT COUNT(*) FROM l", "3")
	c := on{r.connection(), t}
	if _, err := c.ExecContext(t.Context(), "INSERT INTO t (id, n) VALUES (?, ?) ON DUPLICATE KEY UPDATE n = VALUES(n)", 3, 33); err != nil {
		t.Fatal(err)
	}
	c.want("SELECT n, m FROM t WHERE id = 3", "34|1")
}
