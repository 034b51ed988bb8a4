package node

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"redoubt/node/bridge"
	"redoubt/replication/cluster"
)

// TestRemovedAndAdded takes a node out, and keeps a place by its name: the directory of old does not take it, whose node is another one, of its
// own ordinal. A new one does.
func TestRemovedAndAdded(t *testing.T) {
	first := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	t.Cleanup(func() { first.Kill() })
	join := func(name string) map[string]string {
		f := flags(t, filepath.Join(t.TempDir(), "data"))
		f["join"], f["node-id"], f["standby"] = first.Addresses().Raft, name, "true"
		return f
	}
	old := join("b")
	if err := start(t, old).Close(); err != nil {
		t.Fatal(err)
	}
	db := connect(t, first)
	run(t, db, "ALTER CLUSTER REMOVE NODE b")
	other := start(t, join("c"))
	t.Cleanup(func() { other.Kill() })
	run(t, db, "ALTER CLUSTER ADD NODE b STANDBY")
	config, err := Load("", old)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Open(t.Context(), config, zerolog.Nop()); !errors.Is(err, cluster.ErrRemoved) {
		t.Errorf("the directory of old is started: %v", err)
		if err == nil {
			n.Kill()
		}
	}
	fresh := start(t, join("b"))
	t.Cleanup(func() { fresh.Kill() })
	if fresh.identity.Ordinal == other.identity.Ordinal {
		t.Errorf("two nodes have ordinal %d", fresh.identity.Ordinal)
	}
}

// TestOrdinals: no node gets the ordinal of one that was taken out, not even the highest, and none when there are no more; and a name that
// nodes cannot say is refused, and a node that is not there is not taken out.
func TestOrdinals(t *testing.T) {
	n := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	t.Cleanup(func() { n.Kill() })
	db := connect(t, n)
	registry := bridge.Nodes{Engine: n.engine}
	ordinal := func(name string) uint16 {
		t.Helper()
		run(t, db, "ALTER CLUSTER ADD NODE "+name)
		list, err := registry.Nodes()
		for _, known := range list {
			if known.ID == name {
				return known.Ordinal
			}
		}
		t.Fatal(list, err)
		return 0
	}
	if b := ordinal("b"); b != 2 {
		t.Errorf("the second node has ordinal %d", b)
	}
	run(t, db, "ALTER CLUSTER REMOVE NODE b")
	if c := ordinal("c"); c != 3 {
		t.Errorf("once node 2 was taken out, the next has ordinal %d", c)
	}
	run(t, db, "ALTER CLUSTER REMOVE NODE c")
	refused := func(statement, why string) {
		t.Helper()
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%.60s: %v, want %q", statement, err, why)
		}
	}
	refused("ALTER CLUSTER REMOVE NODE c", "the cluster has no node c")
	refused("ALTER CLUSTER ADD NODE `"+strings.Repeat("x", 256)+"`", "has 256 bytes: a node's has at most 255")
	ordinal(strings.Repeat("x", 255))
	if err := errors.Join(registry.Put(t.Context(), cluster.Info{ID: "last", Ordinal: 4095}), registry.Drop(t.Context(), "last")); err != nil {
		t.Fatal(err)
	}
	refused("ALTER CLUSTER ADD NODE d", "no more nodes can be added to this database")
	config, err := Load("", flags(t, filepath.Join(t.TempDir(), "data")))
	if err != nil {
		t.Fatal(err)
	}
	config.Join = n.Addresses().Raft
	if d, err := Open(t.Context(), config, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "no more nodes can be added") {
		t.Errorf("it joins all the same: %v, %v", d, err)
	}
}
