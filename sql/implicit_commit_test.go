package sql

import "testing"

// TestUsingDefinitionsKeepsTheTransaction: reading a view, or firing a trigger, must not commit as making one does.
func TestUsingDefinitionsKeepsTheTransaction(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE base (id INT PRIMARY KEY)", "CREATE TABLE seen (id INT PRIMARY KEY)", "INSERT INTO base VALUES (1)",
		"CREATE VIEW v AS SELECT id FROM base", "CREATE TRIGGER tr AFTER INSERT ON base FOR EACH ROW INSERT INTO seen VALUES (new.id)")
	c := on{r.connection(), t}
	c.exec("START TRANSACTION", "INSERT INTO base VALUES (2)")
	c.want("SELECT id FROM v ORDER BY id", "1", "2")
	c.want("SELECT count(*) FROM seen", "1")
	c.exec("SAVEPOINT here", "INSERT INTO base VALUES (3)", "ROLLBACK TO SAVEPOINT here", "ROLLBACK")
	c.want("SELECT id FROM v", "1")
	c.want("SELECT count(*) FROM seen", "0")

	// Definitions themselves commit, also with autocommit off.
	c.exec("SET autocommit = 0", "INSERT INTO base VALUES (4)", "ALTER TABLE base ALTER COLUMN id SET DEFAULT 7", "ROLLBACK")
	c.want("SELECT id FROM base ORDER BY id", "1", "4")
	c.exec("INSERT INTO base VALUES (5)", "CREATE VIEW w AS SELECT 1", "ROLLBACK")
	c.want("SELECT id FROM base ORDER BY id", "1", "4", "5")
	c.want("SELECT * FROM w", "1")
}

// TestImplicitCommit: the statements that commit in MySQL and MariaDB, and some that do not.
func TestImplicitCommit(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "CREATE USER u@localhost")
	c := on{r.connection(), t}
	c.exec("SET autocommit = 0")
	for statement, commits := range map[string]bool{
		"LOCK TABLES t WRITE": true, "CHECK TABLE t": true, "ANALYZE TABLE t": true, "FLUSH TABLES": true, "OPTIMIZE TABLE t": true,
		"GRANT SELECT ON test.t TO u@localhost": true, "UNLOCK TABLES": false, "CHECKSUM TABLE t": false, "CREATE TEMPORARY TABLE tt (i INT)": false,
	} {
		c.exec("DELETE FROM t", "COMMIT", "INSERT INTO t VALUES (1)", statement, "ROLLBACK")
		c.exec("UNLOCK TABLES")
		want := "0"
		if commits {
			want = "1"
		}
		if got, err := queryRows(c, "SELECT count(*) FROM t"); err != nil || got[0] != want {
			t.Errorf("after %s and ROLLBACK there are %v rows, want %s; %v", statement, got, want, err)
		}
	}
}
