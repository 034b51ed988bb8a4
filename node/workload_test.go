package node

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestWorkloadSnapshots: what is done between two snapshots is what they differ by, as the client counts it; they are there after a
// restart, which takes one at its end and one at its beginning.
func TestWorkloadSnapshots(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	defer func() { n.Close() }()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v INT, KEY by_v (v))")
	take := func() (id int) {
		t.Helper()
		var scn uint64
		var when string
		if err := db.QueryRow("CALL dbms_workload_repository.create_snapshot()").Scan(&id, &scn, &when); err != nil || scn == 0 {
			t.Fatal(id, scn, err)
		}
		return id
	}
	first := take()
	for i := range 20 {
		run(t, db, fmt.Sprintf("INSERT INTO app.t VALUES (%d, %d)", i, i%4))
	}
	for range 5 {
		var rows int
		if err := db.QueryRow("SELECT COUNT(*) FROM app.t WHERE UPPER(v) = '3'").Scan(&rows); err != nil || rows != 5 {
			t.Fatal(rows, err)
		}
	}
	if _, err := db.Exec("INSERT INTO app.t VALUES (1, 1)"); err == nil {
		t.Fatal("a row twice")
	}
	second := take()
	check := func() {
		t.Helper()
		sqlstat := fmt.Sprintf(" FROM dba_hist_sqlstat WHERE snap_id > %d AND snap_id <= %d AND sql_text ", first, second)
		until(t, db, "SELECT CONCAT_WS(' ', executions_delta, errors_delta, rows_changed_delta)"+sqlstat+"LIKE 'insert into app.t %'", "21 1 20")
		until(t, db, "SELECT CONCAT_WS(' ', executions_delta, rows_read_delta, rows_processed_delta, plan_text LIKE '%Table scan on t%', elapsed_time_delta > 0)"+sqlstat+"LIKE 'select count(*) from app.t %'", "5 100 5 1 1")
		stat := func(name string) string {
			return fmt.Sprintf("SELECT CAST(MAX(value) - MIN(value) AS SIGNED) FROM dba_hist_sysstat WHERE snap_id IN (%d, %d) AND stat_name = '%s'", first, second, name)
		}
		until(t, db, stat("user commits"), "20")
		until(t, db, stat("redoubt_commits_total"), "20")
		until(t, db, stat(`redoubt_sql_statement_errors_total{kind="insert"}`), "1")
		until(t, db, fmt.Sprintf("SELECT MAX(total_waits) - MIN(total_waits) FROM dba_hist_system_event WHERE snap_id IN (%d, %d) AND event_name = 'log file sync'", first, second), "20")
	}
	check()
	run(t, db, "ALTER TABLE app.t ADD COLUMN w INT") // the dictionary changes, the plans stay
	n.Close()
	n = start(t, f)
	db = connect(t, n)
	check()
	until(t, db, fmt.Sprintf("SELECT GROUP_CONCAT(CONCAT(snap_id - %d, ' ', reason) ORDER BY snap_id SEPARATOR ', ') FROM dba_hist_snapshot WHERE snap_id > %d", second, second), "1 stop, 2 start")
	until(t, db, "SELECT COUNT(DISTINCT startup_time) FROM dba_hist_snapshot", "2")
	if third := take(); third != second+3 {
		t.Errorf("snapshot %d after %d and a restart", third, second)
	}
	run(t, db, "CREATE USER ann")
	c := connectAs(t, n, "ann@", "")
	if _, err := c.Exec("CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT"); err == nil {
		t.Error("somebody without privileges took a snapshot")
	}
}
