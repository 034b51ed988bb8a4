package sql

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"redoubt/engine/catalog"
)

func TestForeignKeys(t *testing.T) {
	r := start(t)
	r.exec(
		"CREATE TABLE parent (id INT PRIMARY KEY, code VARCHAR(10) NOT NULL, UNIQUE KEY (code))",
		"CREATE TABLE cascading (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent(id) ON DELETE CASCADE ON UPDATE CASCADE)",
		"CREATE TABLE nulling (id INT PRIMARY KEY, code VARCHAR(10), CONSTRAINT byc FOREIGN KEY (code) REFERENCES parent(code) ON DELETE SET NULL)",
		"CREATE TABLE restricting (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent(id))",
		"CREATE TABLE tree (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES tree(id) ON DELETE CASCADE)",
		"INSERT INTO parent VALUES (1,'a'),(2,'b'),(3,'c')",
		"INSERT INTO cascading VALUES (1,1),(2,2),(3,NULL)",
		"INSERT INTO nulling VALUES (1,'a'),(2,'b')",
		"INSERT INTO restricting VALUES (1,3)",
		"INSERT INTO tree VALUES (1,NULL),(2,1),(3,2),(4,3),(5,NULL)",
	)
	r.fails(1452, "INSERT INTO cascading VALUES (9,9)")
	r.fails(1452, "UPDATE nulling SET code='z' WHERE id=1")
	r.fails(1451, "DELETE FROM parent WHERE id=3")
	r.exec("UPDATE parent SET id=10 WHERE id=1", "DELETE FROM parent WHERE id=2", "DELETE FROM tree WHERE id=1")
	r.want("SELECT id, p FROM cascading ORDER BY id", "1|10", "3|NULL")
	r.want("SELECT id, code FROM nulling ORDER BY id", "1|a", "2|NULL")
	r.want("SELECT id FROM tree", "5")
	r.fails(3730, "DROP TABLE parent")
	r.exec("SET FOREIGN_KEY_CHECKS=0", "DROP TABLE restricting")
	r.restart()
	r.fails(1452, "INSERT INTO cascading VALUES (9,9)")
	r.want("SELECT constraint_name, table_name, referenced_table_name, delete_rule FROM information_schema.referential_constraints WHERE constraint_schema='test' ORDER BY table_name",
		"cascading_ibfk_1|cascading|parent|CASCADE", "byc|nulling|parent|SET NULL", "tree_ibfk_1|tree|tree|CASCADE")
	r.exec("ALTER TABLE nulling DROP FOREIGN KEY byc", "INSERT INTO nulling VALUES (7,'nowhere')")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

// TestUniqueRace inserts the same unique value in many connections: exactly one may win.
func TestUniqueRace(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE u (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20) COLLATE utf8mb4_general_ci, UNIQUE KEY (v))")
	var group sync.WaitGroup
	for _, v := range []string{"same", "SAME", "Same", "sAmE", "same", "SAME"} {
		group.Go(func() {
			for range 5 {
				_, _ = r.db.Exec("INSERT INTO u (v) VALUES (?)", v)
			}
		})
	}
	group.Wait()
	r.want("SELECT COUNT(*) FROM u", "1")
}

func TestChecksAndDefaults(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE c (id INT PRIMARY KEY, a INT DEFAULT 5, b INT DEFAULT (a * 2), d INT GENERATED ALWAYS AS (a + 1) STORED, e INT AS (a + 2) VIRTUAL, u VARCHAR(36) DEFAULT (UUID()), t DATETIME DEFAULT CURRENT_TIMESTAMP, CONSTRAINT pos CHECK (a > 0), CHECK (b < 100), KEY (e))",
		"INSERT INTO c (id) VALUES (1)", "INSERT INTO c (id, a) VALUES (2, 7)")
	r.want("SELECT id, a, b, d, e, LENGTH(u), t IS NOT NULL FROM c ORDER BY id", "1|5|10|6|7|36|1", "2|7|14|8|9|36|1")
	r.want("SELECT id FROM c WHERE e = 9", "2")
	r.fails(3819, "INSERT INTO c (id, a) VALUES (3, -1)")
	r.fails(3819, "UPDATE c SET b = 200 WHERE id = 1")
	r.exec("UPDATE c SET a = 20 WHERE id = 1")
	r.want("SELECT d, e FROM c WHERE id = 1", "21|22")
	r.exec("ALTER TABLE c DROP CONSTRAINT pos", "INSERT INTO c (id, a) VALUES (3, -1)")
	r.fails(3819, "ALTER TABLE c ADD CONSTRAINT pos2 CHECK (a > 0)")
	r.restart()
	r.want("SELECT id FROM c WHERE e = 1", "3")
	r.database.CheckIndexes(t)
}

func TestAutoIncrement(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, v INT)", "INSERT INTO a (v) VALUES (1),(2)", "INSERT INTO a VALUES (10, 3)", "INSERT INTO a (v) VALUES (4)", "INSERT INTO a VALUES (NULL, 5),(0, 6)")
	r.want("SELECT id, v FROM a ORDER BY id", "1|1", "2|2", "10|3", "11|4", "12|5", "13|6")
	r.exec("ALTER TABLE a AUTO_INCREMENT = 100", "INSERT INTO a (v) VALUES (7)")
	r.want("SELECT MAX(id) FROM a", "100")
	result, err := r.db.Exec("INSERT INTO a (v) VALUES (8),(9)")
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := result.LastInsertId(); id != 101 {
		t.Fatalf("last insert id %d, want 101", id)
	}
	r.exec("ALTER TABLE a AUTO_INCREMENT = 5", "INSERT INTO a (v) VALUES (10)")
	r.want("SELECT MAX(id) FROM a", "103")
	r.exec("TRUNCATE TABLE a", "INSERT INTO a (v) VALUES (1)")
	r.want("SELECT id FROM a", "1")
	r.restart()
	r.exec("INSERT INTO a (v) VALUES (2)")
	r.want("SELECT COUNT(DISTINCT id), COUNT(*) FROM a", "2|2")
	r.exec("CREATE TABLE b (x INT, id INT AUTO_INCREMENT, KEY (id)) AUTO_INCREMENT=50", "INSERT INTO b (x) VALUES (1)")
	r.want("SELECT id FROM b", "50")
}

func TestKeylessTables(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE k (a INT, b VARCHAR(10), j JSON, KEY (a))", `INSERT INTO k VALUES (1,'x','{"a":1}'),(1,'x','{"a":1}'),(1,'x','{"a":1}'),(2,NULL,NULL),(NULL,'y',NULL)`)
	r.exec("DELETE FROM k WHERE a = 1 LIMIT 1")
	r.want("SELECT COUNT(*) FROM k WHERE a = 1", "2")
	r.exec("UPDATE k SET b = 'z' WHERE a = 1 LIMIT 1", "UPDATE k SET a = a + 1")
	r.want("SELECT a, b FROM k ORDER BY a, b", "NULL|y", "2|x", "2|z", "3|NULL")
	r.exec("DELETE FROM k WHERE b IS NULL OR b = 'y'")
	r.want("SELECT COUNT(*) FROM k", "2")
	r.restart()
	r.want("SELECT a, b FROM k ORDER BY a, b", "2|x", "2|z")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

// TestDeleteParentAndChild deletes both in one statement, though the parent's deletion takes the child along.
func TestDeleteParentAndChild(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY, k INT)", "INSERT INTO p VALUES (1,1),(2,2),(3,3)",
		"CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p(id) ON DELETE CASCADE)", "INSERT INTO c VALUES (10,1),(11,1),(20,2),(30,3)")
	r.exec("DELETE c, p FROM p JOIN c ON c.p = p.id WHERE p.k = 1")
	r.want("SELECT id FROM c", "20", "30")
	r.exec("DELETE p, c FROM p JOIN c ON c.p = p.id WHERE p.k = 2")
	r.want("SELECT id FROM c", "30")
	r.want("SELECT id FROM p", "3")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

// An index that a foreign key has by itself goes when one comes that serves it, and stays when one does not.
func TestIndexOfForeignKeyGivesWay(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE parent (id INT PRIMARY KEY)", "INSERT INTO parent VALUES (1)",
		"CREATE TABLE child (id INT PRIMARY KEY, p INT, q INT, FOREIGN KEY (p) REFERENCES parent (id))", "INSERT INTO child VALUES (1, 1, 1)")
	const indexes = "SELECT index_name, GROUP_CONCAT(column_name ORDER BY seq_in_index) FROM information_schema.statistics " +
		"WHERE table_name = 'child' GROUP BY index_name ORDER BY index_name"
	r.want(indexes, "p|p", "PRIMARY|id")
	r.exec("CREATE INDEX other ON child (q, p)")
	r.want(indexes, "other|q,p", "p|p", "PRIMARY|id")
	r.exec("CREATE INDEX both_ ON child (p, q)")
	r.want(indexes, "both_|p,q", "other|q,p", "PRIMARY|id")
	r.fails(1451, "DELETE FROM parent WHERE id = 1")
	r.fails(1452, "INSERT INTO child VALUES (2, 2, 2)")
	r.exec("CREATE INDEX asked ON child (p)")
	r.want(indexes, "asked|p", "both_|p,q", "other|q,p", "PRIMARY|id")
	r.restart()
	r.want(indexes, "asked|p", "both_|p,q", "other|q,p", "PRIMARY|id")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

// TestTriggerBlockKeepsKeys: what the statements of a trigger's block change keeps foreign keys, as what it does alone.
func TestTriggerBlockKeepsKeys(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY, v INT)", "CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p(id))",
		"CREATE TABLE gone (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p(id) ON DELETE CASCADE)",
		"INSERT INTO p VALUES (1, 1), (2, 2), (3, 3)", "INSERT INTO c VALUES (1, 1)", "INSERT INTO gone VALUES (1, 2)", "CREATE TABLE x (n INT)")
	for _, statement := range []string{"DELETE FROM p WHERE id = new.n", "UPDATE p SET id = id + 10 WHERE id = new.n", "INSERT INTO c VALUES (7, new.n + 6)", "UPDATE c SET p = new.n + 6", "REPLACE INTO c VALUES (1, new.n + 6)"} {
		errno := uint16(1452)
		if strings.Contains(statement, " p ") && !strings.Contains(statement, " c ") {
			errno = 1451
		}
		for _, body := range []string{statement, "BEGIN SET @x = 1; " + statement + "; END", "BEGIN IF new.n = 1 THEN " + statement + "; END IF; END"} {
			r.exec("CREATE TRIGGER tr AFTER INSERT ON x FOR EACH ROW " + body)
			r.fails(errno, "INSERT INTO x VALUES (1)")
			r.want("SELECT (SELECT COUNT(*) FROM p), (SELECT SUM(p) FROM c), (SELECT COUNT(*) FROM x)", "3|1|0")
			r.exec("DROP TRIGGER tr")
		}
	}
	r.exec("CREATE TRIGGER tr AFTER INSERT ON x FOR EACH ROW BEGIN DELETE FROM p WHERE id = new.n; INSERT INTO c VALUES (new.n, 3); END", "INSERT INTO x VALUES (2)")
	r.want("SELECT (SELECT COUNT(*) FROM gone), (SELECT SUM(p) FROM c)", "0|4")
}

// A column that another table's foreign key refers to, or the table's own, stays.
func TestReferredColumnStays(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY, k INT, v INT, KEY (k))", "INSERT INTO p VALUES (1, 5, 6)",
		"CREATE TABLE c (k INT, FOREIGN KEY (k) REFERENCES p (k))", "INSERT INTO c VALUES (5)", "CREATE TABLE d (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES p (id))")
	r.fails(1829, "ALTER TABLE p DROP COLUMN k")
	r.fails(1829, "ALTER TABLE p DROP v, DROP K")
	r.fails(1829, "ALTER TABLE p DROP PRIMARY KEY, DROP COLUMN id")
	r.exec("ALTER TABLE p DROP COLUMN v")
	r.fails(1452, "INSERT INTO c VALUES (6)")
	r.exec("INSERT INTO c VALUES (5)", "ALTER TABLE c DROP FOREIGN KEY c_ibfk_1", "ALTER TABLE p DROP COLUMN k")
	r.want("SELECT * FROM p", "1")
}

// A trigger that is made while its table is dropped goes with it, or is refused: it would fire on the next table of that name.
func TestTriggerOfDroppedTable(t *testing.T) {
	r := start(t)
	a, b := on{r.connection(), t}, on{r.connection(), t}
	for n := range 50 {
		r.exec(fmt.Sprintf("CREATE TABLE t%d (id INT PRIMARY KEY)", n))
		made := make(chan error)
		go func() {
			_, err := a.ExecContext(context.Background(), fmt.Sprintf("CREATE TRIGGER g%d BEFORE INSERT ON t%d FOR EACH ROW SET NEW.id = 1", n, n))
			made <- err
		}()
		b.exec(fmt.Sprintf("DROP TABLE t%d", n))
		if err := <-made; err != nil && !strings.Contains(err.Error(), "1146") {
			t.Fatal(err)
		}
	}
	r.want("SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = 'test'")
	if left := r.database.Engine.Catalog().Objects(catalog.Trigger, "test"); len(left) > 0 {
		t.Errorf("%d triggers are left, of no table", len(left))
	}
}
