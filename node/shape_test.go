package node

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestShapeOfLoad: a load of a known shape is what samples, counters and metrics say: three sessions wait for a row, two compute, one
// commits again and again, one sleeps.
func TestShapeOfLoad(t *testing.T) {
	n := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v INT)", "CREATE TABLE app.log (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
		"INSERT INTO app.t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, i % 10 FROM n")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	play := func(statement string, again bool) (id string) {
		c, id := session(t, n)
		group.Go(func() {
			for {
				if _, err := c.ExecContext(ctx, statement); err != nil || !again {
					return
				}
			}
		})
		return id
	}
	blocker, _ := session(t, n)
	for _, s := range []string{"BEGIN", "UPDATE app.t SET v = v + 1 WHERE id = 1"} {
		if _, err := blocker.ExecContext(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	var waiters, computers []string
	for range 3 {
		waiters = append(waiters, play("UPDATE app.t SET v = v + 1 WHERE id = 1", false))
	}
	for range 2 {
		computers = append(computers, play("SELECT COUNT(*) FROM app.t a JOIN app.t b ON a.v + b.id > b.v + a.id JOIN app.t c ON a.v + c.id > c.v + a.id", false))
	}
	committer, sleeper := play("INSERT INTO app.log (v) VALUES (1)", true), play("SELECT SLEEP(100)", false)
	until(t, db, "SELECT COUNT(*) FROM v$session WHERE event LIKE '%row lock%'", "3")
	until(t, db, "SELECT COUNT(*) FROM v$session WHERE event = 'PL/SQL lock timer'", "1")
	until(t, db, "SELECT COUNT(*) >= 45 FROM v$active_session_history_fine WHERE session_id = "+waiters[0], "1")
	samples := func(where string) int {
		t.Helper()
		n, err := strconv.Atoi(get(t, db, "SELECT COUNT(*) FROM v$active_session_history_fine WHERE sample_id > (SELECT MAX(sample_id) FROM v$active_session_history_fine) - 40 AND "+where))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	sweeps := samples("session_id = " + waiters[0])
	if sweeps < 20 {
		t.Fatalf("only %d sweeps in four seconds", sweeps)
	}
	near := func(what string, got, want int) {
		t.Helper()
		if got < want*85/100 || got > want*115/100+1 {
			t.Errorf("%s: %d samples, want about %d", what, got, want)
		}
	}
	for _, w := range waiters {
		near("waiter "+w, samples("session_id = "+w+" AND event = 'enq: TX - row lock contention' AND blocking_session IS NOT NULL"), sweeps)
	}
	for _, c := range computers {
		near("computing session "+c, samples("session_id = "+c+" AND session_state = 'ON CPU' AND sql_opname = 'select'"), sweeps)
	}
	if got := samples("session_id = " + sleeper); got != 0 {
		t.Errorf("%d samples of a session that sleeps", got)
	}
	inLog, all := samples("session_id = "+committer+" AND wait_class = 'Commit'"), samples("session_id = "+committer)
	t.Logf("the committer: %d of %d samples in a commit", inLog, all)
	if all > 0 && inLog == 0 {
		t.Error("the committer never waits for the log")
	}
	// One counter for each commit, and one sync each that its session waited for.
	commits := get(t, db, "SELECT value FROM v$sesstat WHERE name = 'user commits' AND sid = "+committer)
	waits := get(t, db, "SELECT total_waits FROM v$session_event WHERE event = 'log file sync' AND sid = "+committer)
	a, _ := strconv.Atoi(commits)
	b, _ := strconv.Atoi(waits)
	if a == 0 || b < a || b > a+200 { // it goes on between the two, and reserves numbers
		t.Errorf("%s commits and %s waits for the log", commits, waits)
	}
	text := fetch(t, "http://"+n.Addresses().HTTP+"/metrics")
	for _, want := range []string{`redoubt_sessions_active{class="Application"} 3`, `redoubt_waits_total{event="enq: TX - row lock contention",class="Application"} 3`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	if got := get(t, db, "SELECT COUNT(*) FROM v$lock WHERE status = 'WAITING'"); got != "3" {
		t.Errorf("%s wait for locks by V$LOCK", got)
	}
}
