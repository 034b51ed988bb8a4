package node

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/replication/peer"
)

// TestReinstate loses a commit with two nodes of three. They come back to the cluster that went on without them: it stands in a file, and
// they are what the cluster is.
func TestReinstate(t *testing.T) {
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	})
	c.sameState()
	left, lost := 2, 0
	if c.leader() == left {
		left = 1
	}
	c.kill(left)
	retried(t, c.dbs[lost], "INSERT INTO app.t VALUES (2)")
	at := get(t, c.dbs[lost], "SELECT ORA_ROWSCN FROM app.t WHERE id = 2")
	run(t, c.dbs[lost], "CREATE SNAPSHOT gone")
	for i := range c.nodes {
		if c.nodes[i] != nil {
			c.kill(i)
		}
	}
	if _, err := Failover(t.Context(), c.flags[left]["data"], true); err != nil {
		t.Fatal(err)
	}
	c.flags[left]["join"] = ""
	alone := start(t, c.flags[left])
	t.Cleanup(func() { alone.Close() })
	db := connect(t, alone)
	run(t, db, "INSERT INTO app.t VALUES (3)")

	f := c.flags[lost]
	f["reinstate"] = "true"
	if _, err := Load("", f); err == nil || !strings.Contains(err.Error(), "give join, too") {
		t.Errorf("reinstate without join: %v", err)
	}
	other := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	t.Cleanup(func() { other.Close() })
	f["join"] = other.Addresses().Raft
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Open(t.Context(), config, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "has database") {
		t.Errorf("reinstated in another database: %v, %v", n, err)
	}

	f["join"] = alone.Addresses().Raft
	apart := t.TempDir() // of a cluster of its own since another failover, which began an incarnation of the same number
	identity, err := readIdentity(f["data"])
	if err != nil {
		t.Fatal(err)
	}
	identity.Cluster = newID()
	if err := identity.write(apart); err != nil {
		t.Fatal(err)
	}
	if _, _, err := leave(t.Context(), &Config{Data: apart, Join: f["join"]}, nil, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "parted") {
		t.Errorf("reinstated in a cluster that did not give it up: %v", err)
	}
	back := start(t, f)
	if got := get(t, connect(t, back), "SELECT GROUP_CONCAT(id ORDER BY id) FROM app.t"); got != "1,3" {
		t.Errorf("the node that came back has rows %s", got)
	}
	if _, err := os.Stat(filepath.Join(f["data"], quarantineDir)); err != nil {
		t.Errorf("its state had what was lost on disk, and it was rewound: %v", err)
	}
	file := "SELECT MIN(file) FROM redoubt.`V$LOG` WHERE kind = 'discarded' AND first_scn <= " + at + " AND last_scn >= " + at
	name := get(t, connect(t, back), file)
	b, err := os.ReadFile(filepath.Join(f["data"], name))
	if err != nil || !strings.Contains(string(b), fmt.Sprintf(`"scn":%s,`, at)) || !strings.Contains(string(b), `"after":{"1":"2"}`) {
		t.Errorf("%s has %s; %v", name, b, err)
	}
	// A clone begins with the newest snapshot, but not with one of what was lost.
	retried(t, db, "INSERT INTO app.t VALUES (30)")
	retried(t, db, "INSERT INTO app.t VALUES (31)")
	at = get(t, connect(t, back), "SELECT ORA_ROWSCN FROM app.t WHERE id = 31")
	run(t, connect(t, back), "CREATE CLONE DATABASE lab AS OF SCN "+at)
	lab := start(t, flags(t, get(t, connect(t, back), "SELECT data FROM redoubt.`V$CLONE` WHERE name = 'lab'")))
	if got := get(t, connect(t, lab), "SELECT GROUP_CONCAT(id ORDER BY id) FROM app.t"); got != "1,3,30,31" {
		t.Errorf("the clone has rows %s", got)
	}
	if err := lab.Close(); err != nil {
		t.Fatal(err)
	}
	if err := back.Close(); err != nil { // and again: nothing is to be done any more
		t.Fatal(err)
	}
	run(t, db, "INSERT INTO app.t VALUES (4)")
	back = start(t, f)
	t.Cleanup(func() { back.Kill() })
	if got := get(t, connect(t, back), "SELECT GROUP_CONCAT(id ORDER BY id) FROM app.t"); got != "1,3,4,30,31" {
		t.Errorf("started again, the node that came back has rows %s", got)
	}
	awaitThat(t, "it counts for the quorum", func() bool {
		m, err := alone.replication.Member(back.identity.NodeID)
		return err == nil && m.Voter
	})
}

// TestReinstateRewinds: a node whose state has none of what was lost on disk goes back to where the cluster went on from, and comes up by its log.
// If that is interrupted, it takes a copy.
func TestReinstateRewinds(t *testing.T) {
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	})
	c.sameState()
	left := 2
	if c.leader() == left {
		left = 1
	}
	c.kill(left)
	retried(t, c.dbs[0], "INSERT INTO app.t VALUES (2)")
	at := get(t, c.dbs[0], "SELECT ORA_ROWSCN FROM app.t WHERE id = 2")
	for _, i := range []int{0, 3 - left} { // idle, it is on disk as a crash would leave it; one that is stopped writes its state
		crashed := filepath.Join(t.TempDir(), "data")
		if err := os.CopyFS(crashed, os.DirFS(c.flags[i]["data"])); err != nil {
			t.Fatal(err)
		}
		c.kill(i)
		c.flags[i]["data"] = crashed
	}
	if _, err := Failover(t.Context(), c.flags[left]["data"], true); err != nil {
		t.Fatal(err)
	}
	c.flags[left]["join"] = ""
	alone := start(t, c.flags[left])
	t.Cleanup(func() { alone.Kill() })
	db := connect(t, alone)
	run(t, db, "INSERT INTO app.t VALUES (3)", "CREATE TABLE app.u (id INT PRIMARY KEY)", "INSERT INTO app.u VALUES (4)")

	quarantined := func(i int) bool {
		_, err := os.Stat(filepath.Join(c.flags[i]["data"], quarantineDir))
		return err == nil
	}
	for _, i := range []int{0, 3 - left} {
		f := c.flags[i]
		f["reinstate"], f["join"] = "true", alone.Addresses().Raft
		if i != 0 { // it was interrupted when its state had been half brought back
			config, err := Load("", f)
			if err != nil {
				t.Fatal(err)
			}
			j, _, err := leave(t.Context(), config, nil, zerolog.Nop())
			if err == nil {
				err = takePlace(t.Context(), config, nil, &j)
			}
			if err == nil {
				_, err = j.rewind(t.Context(), f["data"], zerolog.Nop())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		back := start(t, f)
		t.Cleanup(func() { back.Kill() })
		if got := quarantined(i); got != (i != 0) {
			t.Errorf("node %d: what it had went aside, for a copy: %v", i, got)
		}
		here := connect(t, back)
		if got := get(t, here, "SELECT GROUP_CONCAT(id ORDER BY id) FROM app.t"); got != "1,3" {
			t.Errorf("the node that came back has rows %s", got)
		}
		if got := get(t, here, "SELECT COUNT(*) FROM redoubt.`V$LOG` WHERE kind = 'discarded' AND first_scn <= "+at+" AND last_scn >= "+at); got != "1" {
			t.Errorf("%s files have what was lost", got)
		}
		run(t, here, fmt.Sprintf("INSERT INTO app.u VALUES (%d)", 10+i))
		if got := get(t, here, "SELECT GROUP_CONCAT(id ORDER BY id) FROM app.t AS OF SCN "+at); got == "1,2" {
			t.Errorf("at SCN %s, in the past of the node that came back, there is what was lost", at)
		}
		awaitThat(t, "it counts for the quorum", func() bool {
			m, err := alone.replication.Member(back.identity.NodeID)
			return err == nil && m.Voter
		})
		awaitThat(t, "it has the state of the other one", func() bool { return back.engine.StateHash().Hash == alone.engine.StateHash().Hash })
	}
}

// TestReinstateRefuses looks at directories that are not reinstated, and at one that was, whose --join is down now.
func TestReinstateRefuses(t *testing.T) {
	data := t.TempDir()
	identity := &Identity{Format: dirFormat, DatabaseID: newID(), NodeID: "n1", Cluster: newID()}
	if err := identity.write(data); err != nil {
		t.Fatal(err)
	}
	config := &Config{Data: data, Join: "127.0.0.1:1"}
	if _, stays, err := leave(t.Context(), config, nil, zerolog.Nop()); stays || err == nil {
		t.Errorf("nobody can be asked, and it starts: %v, %v", stays, err)
	}
	identity.Reinstated = true
	if err := identity.write(data); err != nil {
		t.Fatal(err)
	}
	if _, stays, err := leave(t.Context(), config, nil, zerolog.Nop()); !stays || err != nil {
		t.Errorf("it was reinstated, and the node that it joined is down: %v, %v", stays, err)
	}
	if err := os.WriteFile(filepath.Join(data, failoverFile), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := leave(t.Context(), config, nil, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "not finished") {
		t.Errorf("reinstated in the middle of a failover: %v", err)
	}
}

// TestReinstateCertified does it with nodes that show each other certificates. The setting node-id is left away.
func TestReinstateCertified(t *testing.T) {
	authority := t.TempDir()
	if err := peer.CreateAuthority(authority, time.Hour); err != nil {
		t.Fatal(err)
	}
	c := newTrio(t, nil, authority, func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	})
	c.sameState()
	for i := range c.nodes {
		c.kill(i)
	}
	if _, err := Failover(t.Context(), c.flags[1]["data"], true); err != nil {
		t.Fatal(err)
	}
	c.flags[1]["join"] = ""
	alone := start(t, c.flags[1])
	t.Cleanup(func() { alone.Kill() })
	f := c.flags[0]
	f["join"], f["reinstate"], f["node-id"] = alone.Addresses().Raft, "true", ""
	back := start(t, f)
	t.Cleanup(func() { back.Kill() })
	run(t, connect(t, alone), "INSERT INTO app.t VALUES (2)")
	if got := get(t, connect(t, back), "SELECT GROUP_CONCAT(id ORDER BY id) FROM app.t"); got != "1,2" || back.identity.NodeID != "node1" {
		t.Errorf("node %s, which came back, has rows %s", back.identity.NodeID, got)
	}
}
