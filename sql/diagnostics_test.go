package sql

import (
	"strings"
	"testing"
)

// TestDiagnostics: the error of a statement is among its warnings, which can be counted, until the next statement that is none of these.
func TestDiagnostics(t *testing.T) {
	for _, protocol := range []string{"text", "prepared"} {
		t.Run(protocol, func(t *testing.T) {
			r := start(t)
			r.db.SetMaxOpenConns(1)
			r.exec("CREATE TABLE t (id INT PRIMARY KEY, v TINYINT)", "INSERT INTO t VALUES (1, 1)",
				"CREATE PROCEDURE p() INSERT INTO t VALUES (1, 1)")
			var args []any
			if protocol == "prepared" {
				args = []any{1}
			}
			r.exec("INSERT IGNORE INTO t VALUES (1, 1), (1, 1)")
			for _, c := range []struct{ statement, code, message string }{
				{"INSERT INTO t VALUES (?, 1)", "1062", "Duplicate entry '1' for key 't.PRIMARY'"},
				{"SELECT * FROM gone WHERE id = ?", "1146", "table not found: gone"},
				{"SELECT ? FORM t", "1064", "You have an error"},
				{"CALL p() -- ?", "1062", "Duplicate entry '1' for key 't.PRIMARY'"},
			} {
				statement := c.statement
				if args == nil || strings.Contains(statement, "--") {
					statement = strings.ReplaceAll(statement, "?", "1")
				}
				given := args
				if !strings.Contains(statement, "?") {
					given = nil
				}
				if _, err := r.db.Exec(statement, given...); err == nil {
					t.Fatalf("%s succeeded", statement)
				}
				for _, show := range []string{"SHOW WARNINGS", "SHOW ERRORS", "SHOW ERRORS LIMIT 1", "show errors limit 0, 5", "SHOW ERRORS LIMIT 1 OFFSET 0"} {
					if got := r.rows(show); len(got) != 1 || !strings.HasPrefix(got[0], "Error|"+c.code+"|"+c.message) {
						t.Errorf("%s after %s: %q", show, statement, got)
					}
				}
				r.want("SHOW ERRORS LIMIT 0")
				r.want("SHOW ERRORS LIMIT 1, 5")
				r.want("SHOW COUNT(*) WARNINGS", "1")
				r.want("SHOW COUNT(*) ERRORS", "1")
				r.want("SELECT @@warning_count, @@session.error_count", "1|1")
				r.want("SHOW WARNINGS")
			}
		})
	}
}

// TestWarningCounts: warnings are no errors.
func TestWarningCounts(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "INSERT IGNORE INTO t VALUES (1), (1), (2)")
	r.want("SHOW COUNT(*) WARNINGS", "2")
	r.want("SHOW COUNT(*) ERRORS", "0")
	r.want("SHOW ERRORS")
	r.want("SELECT @@warning_count, @@error_count", "2|0")
	r.want("SELECT @@warning_count, @@error_count", "0|0")
	r.exec("INSERT IGNORE INTO t VALUES (1)")
	r.want("SHOW VARIABLES WHERE variable_name IN ('warning_count', 'error_count')", "error_count|0", "warning_count|1")
	r.fails(1238, "SET @@warning_count = 0")
	r.fails(1064, "SHOW ERRORS LIMIT x")
	r.fails(1064, "SHOW COUNT(*) TABLES")

	r.exec("CREATE PROCEDURE counts() BEGIN INSERT IGNORE INTO t VALUES (1), (2); SELECT @@warning_count AS n; END")
	r.want("CALL counts()", "2")
	r.exec("DROP TABLE IF EXISTS gone")
	r.fails(1062, "INSERT INTO t VALUES (1)")
	r.want("SHOW WARNINGS", "Error|1062|Duplicate entry '1' for key 't.PRIMARY'")
}
