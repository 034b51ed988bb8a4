package node

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/telemetry"
)

// until waits until a query gives what is wanted.
func until(t *testing.T, db *sql.DB, query, want string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		var got sql.NullString
		if err := db.QueryRow(query).Scan(&got); err != nil && err != sql.ErrNoRows {
			t.Fatalf("%s: %v", query, err)
		}
		if got.String == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %q, want %q", query, got.String, want)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// session is one connection, and its number.
func session(t *testing.T, n *Node) (c *sql.Conn, id string) {
	t.Helper()
	c, err := connect(t, n).Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.QueryRowContext(context.Background(), "SELECT CONNECTION_ID()").Scan(&id); err != nil {
		t.Fatal(err)
	}
	return c, id
}

// TestWhoBlockedWhom: a session that waits for a row shows it, with its blocker, while it waits and in the history, and so after
// a restart.
func TestWhoBlockedWhom(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	defer func() { n.Close() }()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v INT)", "INSERT INTO app.t VALUES (1, 1)")
	ctx := context.Background()
	blocker, blockerID := session(t, n)
	waiter, waiterID := session(t, n)
	if _, err := blocker.ExecContext(ctx, "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if _, err := blocker.ExecContext(ctx, "UPDATE app.t SET v = 2 WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := waiter.ExecContext(ctx, "UPDATE app.t SET v = 3 WHERE id = 1")
		done <- err
	}()
	mine := " FROM v$session WHERE sid = " + waiterID
	until(t, db, "SELECT event"+mine, "enq: TX - row lock contention")
	for column, want := range map[string]string{
		"state": "WAITING", "status": "ACTIVE", "wait_class": "Application", "blocking_session": blockerID, "command": "update",
		"current_object": "app.t", "username": "root", "program": "Go-MySQL-Driver",
	} {
		if got := get(t, db, "SELECT "+column+mine); got != want {
			t.Errorf("%s of the waiter: %s, want %s", column, got, want)
		}
	}
	until(t, db, "SELECT event FROM v$session WHERE sid = "+blockerID, "SQL*Net message from client") // its answer may still be on its way
	until(t, db, "SELECT COUNT(*) >= 2 FROM v$active_session_history WHERE session_id = "+waiterID+" AND blocking_session = "+blockerID, "1")
	until(t, db, "SELECT COUNT(*) >= 1 FROM dba_hist_active_sess_history WHERE session_id = "+waiterID+" AND blocking_session = "+blockerID, "1")
	if _, err := blocker.ExecContext(ctx, "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := get(t, db, "SELECT total_waits FROM v$system_event WHERE event = 'enq: TX - row lock contention'"); got != "1" {
		t.Errorf("%s row lock waits, want 1", got)
	}
	if got := get(t, db, "SELECT time_waited_us > 1000000 FROM v$system_event WHERE event = 'enq: TX - row lock contention'"); got != "1" {
		t.Error("the wait is shorter than a second")
	}
	digest := get(t, db, "SELECT sql_id FROM v$active_session_history WHERE session_id = "+waiterID+" AND event LIKE '%row lock%' LIMIT 1")
	if got := get(t, db, "SELECT CONCAT_WS('|', sql_text, executions, errors, rows_changed, application_wait_time > 1000000) FROM v$sql WHERE sql_id = '"+digest+"'"); got != "update app.t set v = ? where id = ?|2|0|2|1" {
		t.Errorf("V$SQL: %s", got)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = start(t, f)
	db = connect(t, n)
	if got := get(t, db, "SELECT COUNT(*) >= 1 FROM dba_hist_active_sess_history WHERE session_id = "+waiterID+" AND blocking_session = "+blockerID); got != "1" {
		t.Error("the history is gone after a restart")
	}
}

// TestCountersAgree: what a client did is what the counters say.
func TestCountersAgree(t *testing.T) {
	n := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v INT)")
	c, id := session(t, n)
	ctx := context.Background()
	for i := range 50 {
		if _, err := c.ExecContext(ctx, fmt.Sprintf("INSERT INTO app.t VALUES (%d, 0)", i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.ExecContext(ctx, "INSERT INTO app.t VALUES (1, 0)"); err == nil {
		t.Fatal("a duplicate was taken")
	}
	for range 20 {
		rows, err := c.QueryContext(ctx, "SELECT v FROM app.t WHERE id < 10")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
		}
		rows.Close()
	}
	stat := func(name string) string {
		return get(t, db, "SELECT value FROM v$sesstat WHERE sid = "+id+" AND name = '"+name+"'")
	}
	for name, want := range map[string]string{"user calls": "72", "statement errors": "1", "user commits": "50", "rows changed": "50", "rows sent": "201", "rows read": "200"} {
		if got := stat(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := get(t, db, "SELECT CONCAT_WS('|', executions, errors, rows_processed, rows_read, rows_changed) FROM v$sql WHERE sql_text LIKE 'insert into app.t%'"); got != "51|1|0|0|50" {
		t.Errorf("V$SQL of the INSERT: %s", got)
	}
	if got := get(t, db, "SELECT CONCAT_WS('|', executions, rows_processed, rows_read, p50_us > 0, p99_us >= p50_us, max_us >= p99_us) FROM v$sqlarea WHERE sql_text LIKE 'select v from app.t%'"); got != "20|200|200|1|1|1" {
		t.Errorf("V$SQL of the SELECT: %s", got)
	}
	if got := get(t, db, "SELECT total_waits FROM v$session_event WHERE sid = "+id+" AND event = 'log file sync'"); got != "50" {
		t.Errorf("%s waits for the log, want 50", got)
	}
	if got := get(t, db, "SELECT COUNT(*) FROM v$bgprocess WHERE name IN ('LGWR', 'APPL', 'CKPT', 'MMNL', 'UPKP')"); got != "5" {
		t.Errorf("%s background processes", got)
	}
	if got := get(t, db, "SELECT time_waited_us > 0 FROM v$system_event WHERE event = 'log file parallel write'"); got != "1" {
		t.Error("the log was written in no time")
	}
	get(t, db, "SELECT sessions FROM v$instance")
}

// TestSlowStatement: a statement that takes long is kept with its plan, and is seen while it runs; max_execution_time ends one.
func TestSlowStatement(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["slow-statement-time"] = "50ms"
	n := start(t, f)
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v INT)")
	for i := range 10 {
		run(t, db, fmt.Sprintf("INSERT INTO app.t VALUES (%d, %d)", i, i))
	}
	c, id := session(t, n)
	ctx := context.Background()
	done := make(chan error)
	go func() {
		_, err := c.ExecContext(ctx, "SELECT COUNT(*), SLEEP(1.5) FROM app.t a JOIN app.t b ON a.v = b.v")
		done <- err
	}()
	until(t, db, "SELECT event FROM v$sql_monitor WHERE sid = "+id, "PL/SQL lock timer")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	plan := get(t, db, "SELECT plan_text FROM v$sql_slow WHERE session_id = "+id)
	if !strings.Contains(plan, "-> ") || !strings.Contains(plan, "Table scan on") {
		t.Errorf("the plan that was kept:\n%s", plan)
	}
	if got := get(t, db, "SELECT CONCAT_WS('|', kind, elapsed_us > 1400000, sql_fulltext) FROM v$sql_slow WHERE session_id = "+id); got != "select|1|SELECT COUNT(*), SLEEP(1.5) FROM app.t a JOIN app.t b ON a.v = b.v" {
		t.Errorf("V$SQL_SLOW: %s", got)
	}
	for _, statements := range [][]string{{"SET max_execution_time = 100", "SELECT SLEEP(20)"}, {"SET max_execution_time = 0", "SELECT /*+ MAX_EXECUTION_TIME(100) */ SLEEP(20)"}} {
		if _, err := c.ExecContext(ctx, statements[0]); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := c.ExecContext(ctx, statements[1]); err == nil || !strings.Contains(err.Error(), "3024") {
			t.Errorf("%s: %v, want error 3024", statements[1], err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	}
	if _, err := c.ExecContext(ctx, "SELECT SLEEP(0.2)"); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

// TestPlanMonitor: while a query runs, each operator of its plan says how far it is; samples name the line, and the plan that is kept
// of it has what each operator gave.
func TestPlanMonitor(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["slow-statement-time"] = "200ms"
	n := start(t, f)
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v INT)",
		"INSERT INTO app.t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, i % 10 FROM n")
	c, id := session(t, n)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done := make(chan error)
	go func() {
		_, err := c.ExecContext(ctx, "SELECT COUNT(*) FROM app.t a JOIN app.t b ON a.v + b.id > b.v + a.id JOIN app.t c ON a.v + c.id > c.v + a.id")
		done <- err
	}()
	mine := " FROM v$sql_plan_monitor WHERE sid = " + id
	until(t, db, "SELECT MAX(rows_given) > 5000 AND MAX(running) = 1 AND COUNT(*) > 4"+mine, "1")
	if got := get(t, db, "SELECT rows_estimated"+mine+" AND operation LIKE '%Table scan on t%' LIMIT 1"); got != "1000" {
		t.Errorf("rows that are expected of the table: %s", got)
	}
	until(t, db, "SELECT MAX(time_us) > 500000"+mine, "1")
	if got := get(t, db, "SELECT COUNT(DISTINCT sql_plan_line_id) > 0 FROM v$active_session_history WHERE session_id = "+id+" AND sql_plan_line_id > 0"); got != "1" {
		t.Error("no sample knows a line of the plan")
	}
	run(t, db, "KILL QUERY "+id)
	if err := <-done; err == nil || !strings.Contains(err.Error(), "1317") {
		t.Errorf("the killed query: %v, want error 1317", err)
	}
	plan := get(t, db, "SELECT plan_text FROM v$sql_slow WHERE session_id = "+id+" ORDER BY number DESC LIMIT 1")
	if !strings.Contains(plan, "(actual rows=") || strings.Contains(plan, "time=") {
		t.Errorf("the plan that was kept:\n%s", plan)
	}
}

// TestStoreReads: reads that the cache lacks are counted for the node.
func TestStoreReads(t *testing.T) {
	n := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v TEXT)")
	run(t, db, "INSERT INTO app.t VALUES (1, '"+strings.Repeat("x", 100)+"')")
	if _, err := n.engine.Persist(context.Background()); err != nil {
		t.Fatal(err)
	}
	get(t, db, "SELECT v FROM app.t")
	for _, e := range n.slots.EventTotals() {
		if (e.Event == telemetry.StoreRead || e.Event == telemetry.StoreWrite) && e.Waits == 0 {
			t.Errorf("no %s", e.Event)
		}
	}
}
