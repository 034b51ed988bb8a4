package node

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// TestStandbyOpenedForWrites clones the database on a standby. The clone is written to, while the standby goes on following; then it is
// dropped, and the standby is what the others are.
func TestStandbyOpenedForWrites(t *testing.T) {
	first := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	t.Cleanup(func() { first.Close() })
	db := connect(t, first)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)")
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["join"], f["node-id"], f["standby"] = first.Addresses().Raft, "far", "true"
	standby := start(t, f)
	t.Cleanup(func() { standby.Close() })
	there := connect(t, standby)
	if got := get(t, there, "SELECT COUNT(*) FROM app.t"); got != "1" {
		t.Fatalf("the standby has %s rows", got)
	}
	run(t, there, "CREATE SNAPSHOT s", "CREATE CLONE DATABASE lab FROM SNAPSHOT s")
	data := get(t, there, "SELECT data FROM redoubt.`V$CLONE` WHERE name = 'lab'")
	lab := start(t, flags(t, data))
	inLab := connect(t, lab)
	run(t, inLab, "INSERT INTO app.t VALUES (100)", "ALTER TABLE app.t ADD COLUMN v INT", "UPDATE app.t SET v = 7")
	if got := get(t, inLab, "SELECT GROUP_CONCAT(node) FROM redoubt.`V$NODE`"); got != lab.identity.NodeID {
		t.Errorf("the clone is one of the nodes %s", got)
	}
	run(t, db, "INSERT INTO app.t VALUES (2)")
	ids := "SELECT GROUP_CONCAT(id ORDER BY id) FROM app.t"
	for name, c := range map[string]struct {
		db   *sql.DB
		want string
	}{"clone": {inLab, "1,100"}, "standby": {there, "1,2"}, "first node": {db, "1,2"}} {
		if got := get(t, c.db, ids); got != c.want {
			t.Errorf("the %s has rows %s, want %s", name, got, c.want)
		}
	}
	if err := lab.Close(); err != nil {
		t.Fatal(err)
	}
	lab = start(t, flags(t, data)) // it is a database of its own, also the next time
	if got := get(t, connect(t, lab), ids); got != "1,100" {
		t.Errorf("started again the clone has rows %s", got)
	}
	if err := lab.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, there, "DROP CLONE DATABASE lab", "DROP SNAPSHOT s")
	awaitThat(t, "the standby to have the state of the first node", func() bool {
		a, b := standby.Engine().StateHash(), first.Engine().StateHash()
		return a.SCN == b.SCN && a.Hash == b.Hash
	})
}
