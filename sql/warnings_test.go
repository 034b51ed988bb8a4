package sql

import (
	"strings"
	"testing"
)

// What IF EXISTS passes over is a note, what IGNORE does a warning.
func TestLevelsOfWarnings(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "DROP TABLE IF EXISTS gone")
	r.want("SHOW WARNINGS", "Note|1051|Unknown table 'gone'")
	r.exec("DROP DATABASE IF EXISTS gone")
	r.want("SHOW WARNINGS", "Note|1008|Can't drop database gone; database doesn't exist ")
	r.exec("INSERT IGNORE INTO t VALUES (1)")
	r.want("SHOW WARNINGS", "Warning|1062|Duplicate entry '1' for key 't.PRIMARY'")
}

// The schedule of an event has units of two parts.
func TestEventUnits(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT)",
		"CREATE EVENT e ON SCHEDULE EVERY '1:30' MINUTE_SECOND STARTS CURRENT_TIMESTAMP + INTERVAL '1 2' DAY_HOUR DISABLE DO INSERT INTO t VALUES (1)")
	r.want("SELECT interval_value, interval_field FROM information_schema.events WHERE event_name = 'e'", "'1:30'|MINUTE_SECOND")
}

// TestShowErrors: SHOW ERRORS lists no warnings, with the columns that SHOW WARNINGS has.
func TestShowErrors(t *testing.T) {
	_, a, _ := pair(t, readCommitted)
	a.fails("1062", "INSERT INTO t VALUES (1, 1)")
	for _, statement := range []string{"SHOW ERRORS", "SHOW ERRORS LIMIT 5", "show errors limit 1, 2"} {
		a.exec("INSERT IGNORE INTO t VALUES (1, 1)")
		rows, err := a.QueryContext(t.Context(), statement)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		columns, err := rows.Columns()
		if strings.Join(columns, " ") != "Level Code Message" || rows.Next() || err != nil {
			t.Errorf("%s: columns %v, %v, want three and no rows", statement, columns, err)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
}
