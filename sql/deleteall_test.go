package sql

import (
	"strings"
	"testing"
)

// forms of a DELETE of all rows of test.t. The last are of a procedure and of a trigger.
var deletesAll = []string{
	"DELETE FROM t", "DELETE FROM test.t", "DELETE t FROM t", "DELETE FROM t USING t", "DELETE t FROM t WHERE id > 0",
	"CALL empty_t()", "CALL empty_named()", "INSERT INTO one VALUES (1)", "INSERT INTO many VALUES (1)",
}

// withDeletes makes what the forms need, beside the table t (id).
func withDeletes(r *running) {
	r.exec("CREATE PROCEDURE empty_t() DELETE FROM t", "CREATE PROCEDURE empty_named() BEGIN DELETE t FROM t; END",
		"CREATE TABLE one (id INT)", "CREATE TRIGGER of_one AFTER INSERT ON one FOR EACH ROW DELETE FROM t",
		"CREATE TABLE many (id INT)", "CREATE TRIGGER of_many AFTER INSERT ON many FOR EACH ROW BEGIN DELETE FROM t; SET @x = 1; END")
}

// TestDeleteAllWaits: a DELETE of all rows waits for those who have one of them.
func TestDeleteAllWaits(t *testing.T) {
	for _, level := range []string{readCommitted, repeatableRead} {
		r, a, b := pair(t, level)
		withDeletes(r)
		r.exec("CREATE PROCEDURE truncate_t() TRUNCATE TABLE t")
		a.exec("BEGIN", "SELECT * FROM t WHERE id = 2 FOR UPDATE")
		b.exec("SET innodb_lock_wait_timeout = 1")
		b.waits(r, "DELETE t FROM t").ends("1205")
		b.waits(r, "CALL truncate_t()").ends("1205")
		a.exec("COMMIT")
		b.exec("SET innodb_lock_wait_timeout = 50")
		for _, form := range append(deletesAll, "CALL truncate_t()") {
			r.exec("REPLACE INTO t VALUES (1,10),(2,20)")
			a.exec("BEGIN", "SELECT * FROM t WHERE id = 2 FOR UPDATE")
			waiting := b.waits(r, form)
			a.exec("COMMIT")
			waiting.ends("")
			r.want("SELECT COUNT(*) FROM t", "0")
		}
		r.database.CheckLaw(t)
	}
}

// TestDeleteAllKeepsParents: rows to which a table of another database refers stay, and TRUNCATE is refused; which is not for a table
// that only has the parent's name.
func TestDeleteAllKeepsParents(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)", "CREATE DATABASE other",
		"CREATE TABLE other.child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES test.t(id))", "INSERT INTO other.child VALUES (1, 2)")
	nowhere := r.connect("", "")
	defer nowhere.Close()
	for _, form := range []string{"DELETE FROM test.t", "DELETE test.t FROM test.t", "TRUNCATE TABLE test.t"} {
		if _, err := nowhere.Exec(form); err == nil || !strings.Contains(err.Error(), "oreign key") {
			t.Errorf("%s without a current database: %v", form, err)
		}
	}
	withDeletes(r)
	r.exec("CREATE PROCEDURE truncate_t() TRUNCATE TABLE t")
	for _, form := range deletesAll {
		r.fails(1451, form)
		r.want("SELECT COUNT(*) FROM t", "2")
	}
	for _, form := range []string{"TRUNCATE TABLE t", "TRUNCATE test.t", "CALL truncate_t()"} {
		r.fails(1701, form)
	}
	r.exec("CREATE TABLE other.t (id INT PRIMARY KEY)", "INSERT INTO other.t VALUES (1)", "TRUNCATE TABLE other.t", "DELETE FROM other.child", "DELETE t FROM t")
	r.want("SELECT (SELECT COUNT(*) FROM t), (SELECT COUNT(*) FROM other.t)", "0|0")
	r.exec("CREATE TABLE tree (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES tree(id))", "INSERT INTO tree VALUES (1, NULL), (2, 1)",
		"TRUNCATE TABLE tree", "INSERT INTO t VALUES (1)", "INSERT INTO other.child VALUES (1, 1)")
	r.want("SELECT COUNT(*) FROM tree", "0")
	loose := on{r.connection(), t}
	loose.exec("SET foreign_key_checks = 0", "TRUNCATE TABLE t")
	r.want("SELECT COUNT(*) FROM t", "0")
}

// TestDeleteAllFires: triggers run for each row that goes, and the rows that went are counted.
func TestDeleteAllFires(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE gone (id INT)")
	withDeletes(r)
	r.exec("CREATE TRIGGER notes AFTER DELETE ON t FOR EACH ROW INSERT INTO gone VALUES (old.id)")
	for _, form := range deletesAll {
		r.exec("INSERT INTO t VALUES (1), (2)")
		result, err := r.db.Exec(form)
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if n, _ := result.RowsAffected(); n != 2 && strings.HasPrefix(form, "DELETE") {
			t.Errorf("%s: %d rows", form, n)
		}
		r.want("SELECT * FROM gone ORDER BY id", "1", "2")
		r.exec("TRUNCATE TABLE gone")
	}
}
