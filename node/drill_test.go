package node

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"redoubt/backup"
)

// TestDrill: drills are made by themselves, say what a loss would cost, compare with the live database, and leave nothing behind. What they
// found is known after a restart, and when the next one is due.
func TestDrill(t *testing.T) {
	f, repository := archived(t)
	f["archive-every"], f["drill-every"] = "1h", "30ms"
	n := start(t, f)
	t.Cleanup(func() { n.Close() })
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)", "BACKUP DATABASE")
	m := newest(t, repository)
	run(t, db, "INSERT INTO app.t VALUES (2)", "INSERT INTO app.t VALUES (3)")
	const drill = "SELECT CONCAT_WS(' ', status, scn, rpo_scn, rpo_milliseconds > 0, rto_milliseconds > 0, state_hash = live_hash, node) FROM V$DRILL "
	await(t, db, "SELECT COUNT(*) > 0 FROM V$DRILL", "1")
	await(t, db, drill+"ORDER BY started DESC LIMIT 1", fmt.Sprintf("OK %d 2 1 1 1 %s", m.SCN, n.identity.NodeID))
	if got := get(t, db, "SELECT state_hash FROM V$DRILL WHERE scn = ? LIMIT 1", m.SCN); got != m.StateHash {
		t.Errorf("the drill found hash %s, the backup has %s", got, m.StateHash)
	}
	run(t, db, "BACKUP ARCHIVELOG")
	at := n.engine.Applied()
	await(t, db, drill+"ORDER BY started DESC LIMIT 1", fmt.Sprintf("OK %d 0 0 1 1 %s", at, n.identity.NodeID))
	if got := get(t, db, "SELECT CONCAT(healthy, ' ', COALESCE(message, '')) FROM redoubt.V$HEALTH WHERE name = 'drill'"); got != "1 " {
		t.Errorf("V$HEALTH says %s", got)
	}
	for metric, want := range map[string]string{"rpo_scns": "0", "rpo_seconds": "0", "failed": "0", "rto_seconds": "[1-9]"} {
		line := regexp.MustCompile(regexp.QuoteMeta(fmt.Sprintf("redoubt_drill_%s{destination=%q} ", metric, repository.String())) + want)
		if !line.MatchString(metricsOf(t, n)) {
			t.Errorf("the metrics do not have %s", line)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	f["drill-every"] = "1h"
	n = start(t, f)
	db = connect(t, n)
	count := get(t, db, "SELECT COUNT(*) FROM V$DRILL")
	v := n.drilled[0]
	if v.due(time.Now()) || !v.due(time.Now().Add(time.Hour)) || count == "0" {
		t.Errorf("after a restart there are %s drills, and the next one is due at once", count)
	}
	if left, err := filepath.Glob(filepath.Join(n.config.Data, verifyDir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestDrillFails: a recovery that cannot be made, or has another state, is told until one succeeds.
func TestDrillFails(t *testing.T) {
	f, repository := archived(t)
	f["archive-every"] = "1h"
	n := start(t, f)
	t.Cleanup(func() { n.Close() })
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "BACKUP ARCHIVELOG", "INSERT INTO app.t VALUES (1)", "BACKUP ARCHIVELOG")
	v := n.drilled[0]
	health := func() string {
		return get(t, db, "SELECT CONCAT(healthy, ' ', COALESCE(message, '')) FROM redoubt.V$HEALTH WHERE name = 'drill'")
	}
	drill := func() {
		t.Helper()
		if err := errors.Join(v.drill(t.Context()), v.look(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	drill()
	if got := health(); got != "1 " {
		t.Errorf("V$HEALTH says %s", got)
	}
	pieces, err := filepath.Glob(filepath.Join(strings.TrimPrefix(repository.String(), "file://"), "tail", "*"))
	if err != nil || len(pieces) < 2 {
		t.Fatal(pieces, err)
	}
	if err := os.Rename(pieces[0], pieces[0]+"-away"); err != nil {
		t.Fatal(err)
	}
	drill()
	if got := health(); !strings.HasPrefix(got, "0 ") || !strings.Contains(got, v.newest().ID) {
		t.Errorf("V$HEALTH says %s", got)
	}
	if got := get(t, db, "SELECT CONCAT_WS(' ', status, rto_milliseconds, newest_scn, problem IS NULL) FROM V$DRILL WHERE drill = ?", v.newest().ID); got != fmt.Sprintf("FAILED %d 0", n.engine.Applied()) {
		t.Errorf("V$DRILL says %s", got)
	}
	if err := os.Rename(pieces[0]+"-away", pieces[0]); err != nil {
		t.Fatal(err)
	}
	drill()
	if got := health(); got != "1 " {
		t.Errorf("V$HEALTH says %s", got)
	}

	at := n.engine.Applied()
	r, err := testRestore(t.Context(), v.d.store, t.TempDir(), nil)
	if err != nil || r.SCN != at {
		t.Fatal(r.SCN, err)
	}
	r.StateHash++
	if err := v.compare(t.Context(), &backup.Drill{Newest: at}, &r); err == nil || !strings.Contains(err.Error(), "the live database had") {
		t.Errorf("another state: %v", err)
	}
	r.Parent++
	if err := v.compare(t.Context(), &backup.Drill{Newest: at}, &r); err == nil || !strings.Contains(err.Error(), "incarnation 2") {
		t.Errorf("another incarnation: %v", err)
	}
}

// TestDrillProblem: what is told, by what there was.
func TestDrillProblem(t *testing.T) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(hour int) time.Time { return began.Add(time.Duration(hour) * time.Hour) }
	ran := func(hour int, problem string) []backup.Drill {
		return []backup.Drill{{ID: "x", Started: at(hour), Problem: problem}}
	}
	for _, c := range []struct {
		name   string
		every  time.Duration
		list   []backup.Drill
		failed error
		now    int
		due    bool
		told   string
	}{
		{"new", 24 * time.Hour, nil, nil, 0, true, ""},
		{"no schedule", 0, nil, nil, 1000, false, ""},
		{"not yet due", 24 * time.Hour, ran(0, ""), nil, 23, false, ""},
		{"due", 24 * time.Hour, ran(0, ""), nil, 24, true, ""},
		{"overdue", 24 * time.Hour, ran(0, ""), nil, 49, true, "no drill for 49h"},
		{"failed", 24 * time.Hour, ran(0, "no way"), nil, 1, false, "drill x failed: no way"},
		{"cannot", 24 * time.Hour, ran(0, ""), errors.New("no route to host"), 1, false, "no route to host"},
	} {
		v := &drills{n: &Node{config: &Config{DrillEvery: c.every}}, began: began, scheduled: scheduled[backup.Drill]{list: c.list, failed: c.failed}}
		if got := v.due(at(c.now)); got != c.due {
			t.Errorf("%s: due is %v", c.name, got)
		}
		if got := v.problem(at(c.now)); (got == "") != (c.told == "") || !strings.Contains(got, c.told) {
			t.Errorf("%s: it says %q", c.name, got)
		}
	}
}

// TestDrillOnStandby: a standby makes drills of the cluster's repository, which all nodes know of.
func TestDrillOnStandby(t *testing.T) {
	c, _ := newArchivedTrio(t, "20ms")
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["join"], f["node-id"], f["standby"], f["drill-every"], f["archive"] = c.flags[0]["raft"], "spare", "true", "30ms", c.flags[0]["archive"]
	spare := start(t, f)
	t.Cleanup(func() { spare.Close() })
	run(t, c.dbs[0], "INSERT INTO app.t VALUES (2, 'two')")
	at := c.nodes[0].engine.Applied()
	asked := func(db *sql.DB) string {
		return get(t, db, "SELECT COUNT(*) > 0 FROM V$DRILL WHERE status = 'OK' AND node = 'spare' AND scn >= ? AND state_hash = live_hash", uint64(at))
	}
	awaitThat(t, "a drill of the standby", func() bool { return asked(connect(t, spare)) == "1" })
	if got := asked(c.dbs[c.follower()]); got != "1" {
		t.Errorf("another node knows of %s such drills", got)
	}
}
