package node

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// TestFailover loses two nodes of three for ever: the third goes on alone, with its past and its archived log, others join it anew, and
// those that were lost are not let in.
func TestFailover(t *testing.T) {
	home := plainRepository(t)
	c := newTrio(t, map[string]string{"archive": home.String(), "archive-every": "20ms"}, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	})
	before := get(t, c.dbs[0], "SELECT current_scn()")
	run(t, c.dbs[1], "INSERT INTO app.t VALUES (2)")
	c.sameState()
	hash := c.nodes[2].Engine().StateHash()
	dir := c.flags[2]["data"]
	awaitThat(t, "the node to know the others", func() bool {
		b, err := os.ReadFile(filepath.Join(dir, peersFile))
		return err == nil && strings.Count(string(b), ":") == 2
	})
	if _, err := Failover(t.Context(), dir, false); err == nil {
		t.Error("a node that runs fails over")
	}
	for i, n := range c.nodes {
		if err := n.Kill(); err != nil {
			t.Error(err)
		}
		c.nodes[i] = nil
	}
	r, err := Failover(t.Context(), dir, false)
	if err != nil || r.SCN < hash.SCN || len(r.Others) != 2 {
		t.Fatalf("preview: %+v, %v", r, err)
	}
	// Interrupted before its last step, it refuses to be started, and goes on.
	interrupt := filepath.Join(dir, segmentsNext)
	if err := os.WriteFile(interrupt, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err = Failover(t.Context(), dir, true); err != nil || r.SCN < hash.SCN || r.Incarnation != 2 {
		t.Fatalf("failover: %+v, %v", r, err)
	}
	c.flags[2]["join"] = ""
	alone := start(t, c.flags[2])
	t.Cleanup(func() { alone.Close() })
	db := connect(t, alone)
	if got := get(t, db, "SELECT count(*) FROM app.t"); got != "2" {
		t.Errorf("%s rows after the failover", got)
	}
	if got := get(t, db, "SELECT count(*) FROM app.t AS OF SCN ?", before); got != "1" {
		t.Errorf("%s rows as of before", got)
	}
	if got := get(t, db, "SELECT group_concat(node) FROM redoubt.V$NODE"); got != alone.identity.NodeID {
		t.Errorf("the nodes are %s", got)
	}
	run(t, db, "INSERT INTO app.t VALUES (3)")
	awaitThat(t, "everything is archived", func() bool {
		a, err := alone.archives()
		return err == nil && a[0].Status == "OK" && a[0].Archived >= alone.Engine().Applied()
	})
	want := alone.Engine().StateHash()
	if r, err := Recover(t.Context(), RecoverOptions{Repository: home, Data: filepath.Join(t.TempDir(), "again"), Target: targetSCN(want.SCN)}); err != nil || r.StateHash != want.Hash {
		t.Errorf("recovered: %+v, %v; want hash %x", r, err, want.Hash)
	}
	// One that was lost comes back as it was: it finds nobody, and disturbs nobody.
	lost, err := Load("", c.flags[0])
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if n, err := Open(t.Context(), lost, zerolog.Nop()); err == nil {
			n.Kill()
		}
	}()
	joined := flags(t, filepath.Join(t.TempDir(), "data"))
	joined["join"], joined["node-id"] = alone.Addresses().Raft, "fresh"
	fresh := start(t, joined)
	t.Cleanup(func() { fresh.Kill() })
	if got := get(t, connect(t, fresh), "SELECT count(*) FROM app.t"); got != "3" {
		t.Errorf("the node that has joined has %s rows", got)
	}
}

// TestFailoverInterrupted stops a failover behind its point of no return: the directory is not started, and the same call goes on.
func TestFailoverInterrupted(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	run(t, connect(t, n), "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	hash := n.Engine().StateHash()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	identity, lock, err := lockToRead(f["data"])
	if err != nil {
		t.Fatal(err)
	}
	half := &failing{ctx: t.Context(), dir: f["data"], identity: identity}
	if half.id, err = identity.Database(); err == nil {
		err = half.settle(true)
	}
	if err := errors.Join(err, lock.Close()); err != nil {
		t.Fatal(err)
	}
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Open(t.Context(), config, zerolog.Nop()); err == nil {
		n.Close()
		t.Fatal("a directory in the middle of a failover is started")
	}
	if r, err := Failover(t.Context(), f["data"], true); err != nil || r.Incarnation != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	n = start(t, f)
	defer n.Close()
	if got := get(t, connect(t, n), "SELECT count(*) FROM app.t"); got != "1" {
		t.Errorf("%s rows", got)
	}
	if at := n.Engine().Applied(); at < hash.SCN {
		t.Errorf("SCN %d, before it was %d", at, hash.SCN)
	}
}
