package node

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"redoubt/replication/peer"
)

// TestJoinClone lets a node join a clone of a cluster that still runs: it is one of the clone's, not of the cluster's. And a node of the
// cluster takes no copy of a clone that is at an address where one of its own was.
func TestJoinClone(t *testing.T) {
	first := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	t.Cleanup(func() { first.Kill() })
	db := connect(t, first)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["join"], f["node-id"], f["standby"] = first.Addresses().Raft, "far", "true"
	standby := start(t, f)
	t.Cleanup(func() { standby.Kill() })
	run(t, db, "CREATE SNAPSHOT s", "CREATE CLONE DATABASE lab FROM SNAPSHOT s")
	lab := start(t, flags(t, get(t, db, "SELECT data FROM redoubt.`V$CLONE` WHERE name = 'lab'")))
	t.Cleanup(func() { lab.Kill() })
	run(t, connect(t, lab), "INSERT INTO app.t VALUES (100)")
	f = flags(t, filepath.Join(t.TempDir(), "data"))
	f["join"], f["node-id"] = lab.Addresses().Raft, "fresh"
	fresh := start(t, f)
	t.Cleanup(func() { fresh.Kill() })
	if got := get(t, connect(t, fresh), "SELECT GROUP_CONCAT(id ORDER BY id) FROM app.t"); got != "1,100" || fresh.identity.Cluster != lab.identity.Cluster {
		t.Errorf("the node that joined the clone has rows %s, is of cluster %s, not %s", got, fresh.identity.Cluster, lab.identity.Cluster)
	}
	if fresh.identity.Clone == "" || fresh.identity.Clone != lab.identity.Clone {
		t.Errorf("the node that joined the clone is of clone %q, not %q", fresh.identity.Clone, lab.identity.Clone)
	}
	config := &Config{Data: first.config.Data, Join: lab.Addresses().Raft}
	if _, _, err := leave(t.Context(), config, nil, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "clone") {
		t.Errorf("a node of the cluster is reinstated in a clone of it: %v", err)
	}

	j := joining{Info: standby.self(), Quarantine: true}
	hello, err := j.hello(standby.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := receiveCopy(t.Context(), t.TempDir(), lab.Addresses().Raft, nil, hello, nil); err == nil || !strings.Contains(err.Error(), "another database") {
		t.Errorf("a node of the cluster takes a copy of the clone: %v", err)
	}
	if _, _, err := receiveCopy(t.Context(), t.TempDir(), first.Addresses().Raft, nil, hello, nil); err != nil {
		t.Errorf("a node of the cluster takes no copy of the cluster: %v", err)
	}
	if _, _, err := receiveCopy(t.Context(), t.TempDir(), lab.Addresses().Raft, nil, peer.Hello{Node: "new"}, nil); err != nil {
		t.Errorf("a new node takes no copy of the clone: %v", err)
	}
}
