package node

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"redoubt/replication/cluster"
	"redoubt/replication/peer"
)

// TestSetAsideOnce interrupts a copy: the next try leaves what was set aside, and what has come since.
func TestSetAsideOnce(t *testing.T) {
	data := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(data, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(name, want string) {
		t.Helper()
		if b, err := os.ReadFile(filepath.Join(data, name)); string(b) != want {
			t.Errorf("%s has %q, want %q; %v", name, b, want, err)
		}
	}
	put("quarantine/log/1", "of long ago")
	put("state/1", "damaged")
	put("log/2", "damaged")
	put("raft/stable.db", "votes")
	first := &joining{Info: cluster.Info{ID: "n1"}, Quarantine: true}
	if err := errors.Join(first.write(data), first.setAside(data)); err != nil {
		t.Fatal(err)
	}
	put("state/1", "copied")
	again, err := readJoining(data)
	if err == nil {
		err = again.setAside(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	expect("quarantine/state/1", "damaged")
	expect("quarantine/log/2", "damaged")
	expect("quarantine/log/1", "")
	expect("state/1", "copied")
	expect("raft/stable.db", "votes")
}

// TestSetAsideWithoutState sets aside what is left of a directory whose state is gone, where there is something from an earlier time.
func TestSetAsideWithoutState(t *testing.T) {
	data := t.TempDir()
	for _, dir := range []string{"quarantine/log/old", "quarantine/raft/old", "log/now", "raft/now"} {
		if err := os.MkdirAll(filepath.Join(data, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	j := &joining{Quarantine: true}
	if err := j.setAside(data); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]bool{"quarantine/log/now": true, "quarantine/log/old": false, "quarantine/raft": false, "raft/now": true} {
		if _, err := os.Stat(filepath.Join(data, dir)); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %v", dir, err, want)
		}
	}
}

// TestCopyWithoutLeader cuts the leader off for good when a node needs a copy: the one that is left gives it though it does not lead, and
// the two go on with all that was acknowledged. To a node of which it is not known what it has said to have it gives none.
func TestCopyWithoutLeader(t *testing.T) {
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	})
	leader := c.leader()
	left, behind := (leader+1)%3, (leader+2)%3
	retried(t, c.dbs[leader], "INSERT INTO app.t VALUES (1)")
	c.sameState()
	said := c.nodes[behind].log.LastIndex()
	if err := c.nodes[behind].wantCopy(false); err != nil {
		t.Fatal(err)
	}
	self := c.nodes[behind].self()
	c.stop(behind)
	retried(t, c.dbs[leader], "INSERT INTO app.t VALUES (2)")
	awaitThat(t, "the node that is left has all", func() bool {
		return c.nodes[left].engine.Applied() == c.nodes[leader].engine.Applied() && c.nodes[left].replication.Stats().AppliedIndex >= said
	})
	if err := c.nodes[leader].Kill(); err != nil && !errors.Is(err, errKilled) {
		t.Log(err)
	}
	c.nodes[leader] = nil
	awaitThat(t, "nobody leads", func() bool { id, _, _ := c.nodes[left].replication.Leader(); return id == "" })
	hello := peer.Hello{Node: self.ID}
	if _, _, err := receiveCopy(t.Context(), t.TempDir(), c.nodes[left].hub.Addr(), nil, hello, nil); err == nil {
		t.Error("a node gets a copy that may lack what it has said to have")
	}
	beyond := c.nodes[left].log.LastIndex() + 1
	if _, _, err := receiveCopy(t.Context(), t.TempDir(), c.nodes[left].hub.Addr(), &beyond, hello, nil); err == nil {
		t.Error("a node gets a copy that lacks what it has said to have")
	}
	c.restart(behind)
	retried(t, c.dbs[behind], "INSERT INTO app.t VALUES (3)")
	c.sameState()
	if got := get(t, c.dbs[left], "SELECT GROUP_CONCAT(id ORDER BY id) FROM app.t"); got != "1,2,3" {
		t.Errorf("the rows are %s", got)
	}
}
