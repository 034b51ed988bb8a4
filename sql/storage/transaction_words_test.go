package storage

import "testing"

func TestCommitsFirst(t *testing.T) {
	for text, want := range map[string]bool{
		"LOCK TABLES t READ": true, " /* x */ lock table t write": true, "CHECK TABLE t": true, "analyze no_write_to_binlog table t": true,
		"FLUSH TABLES": true, "GRANT SELECT ON a.* TO b": true, "REVOKE ALL ON a.* FROM b": true, "OPTIMIZE TABLE t": true,
		"UNLOCK TABLES": false, "CHECKSUM TABLE t": false, "ANALYZE SELECT 1": false, "SELECT 1": false, "INSERT INTO lock VALUES (1)": false, "": false,
	} {
		if got := CommitsFirst(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestChangesDictionary(t *testing.T) {
	for text, want := range map[string]bool{
		"CREATE TABLE t (i INT)": true, "create temporary table t (i int)": false, "CREATE RESTORE POINT p": false, "DROP VIEW v": true,
		"ALTER TABLE t ADD x INT": true, "/*!50001 CREATE VIEW v AS SELECT 1 */": true, "-- a\nTRUNCATE t": true, "SELECT 1": false,
	} {
		if got := ChangesDictionary(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT * FROM Log": true, "SELECT `log`.id FROM x": true, "INSERT INTO t VALUES ('log', \"log\")": false,
		"SELECT 'it\\'s log'": false, "SELECT 'it''s' FROM log": true, "SELECT logs, mylog, log_ FROM x": false, "": false, "`log": false,
	} {
		if got := names(text, "log"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
