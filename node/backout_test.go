package node

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestFlashbackTransaction takes transactions back that are sealed, and that are not, from before a restart, large ones
// that went in parts included.
func TestFlashbackTransaction(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := startInParts(t, f)
	db := connect(t, n)
	db.SetMaxOpenConns(1)
	run(t, db, "CREATE DATABASE app", createMany)
	run(t, db, append(insertMany(0), "COMMIT")...)
	// xid is the newest transaction that changed the table; the node's own, such as statistics, may be newer.
	xid := func() string {
		return get(t, db, "SELECT xid FROM redoubt.FLASHBACK_TRANSACTION_QUERY WHERE table_name = 't' ORDER BY scn DESC LIMIT 1")
	}
	large := xid()
	run(t, db, "UPDATE app.t SET c = 'one' WHERE id < 10")
	sealed := xid()
	waitSealed(t, n, n.engine.Applied())
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	f["segment-size"], f["segment-time"] = "64MiB", "1h"
	n = startInParts(t, f)
	db = connect(t, n)
	db.SetMaxOpenConns(1)
	run(t, db, "UPDATE app.t SET k = -1 WHERE id < 5")
	live := xid()
	run(t, db, "UPDATE app.t SET k = -2 WHERE id BETWEEN 3 AND 7")
	later := xid()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = startInParts(t, f)
	defer n.Close()
	db = connect(t, n)
	db.SetMaxOpenConns(1)
	run(t, db, "FLASHBACK TRANSACTION "+sealed)
	if got := get(t, db, "SELECT count(*) FROM app.t WHERE c = repeat('x', 180)"); got != "1000" {
		t.Fatalf("%s rows as before the sealed transaction", got)
	}
	if _, err := db.Exec("FLASHBACK TRANSACTION " + live); err == nil || !strings.Contains(err.Error(), later) {
		t.Fatalf("one that another depends on: %v", err)
	}
	run(t, db, "FLASHBACK TRANSACTION "+live+" CASCADE")
	if got := get(t, db, "SELECT count(*) FROM app.t FORCE INDEX (k) WHERE k < 0"); got != "0" {
		t.Fatalf("%s rows of the transactions that are not sealed", got)
	}
	run(t, db, "FLASHBACK TRANSACTION "+large+" CASCADE")
	if got := get(t, db, "SELECT count(*) FROM app.t"); got != "0" {
		t.Fatalf("%s rows after the large transaction was taken back", got)
	}
	run(t, db, "FLASHBACK TRANSACTION "+xid())
	if got := get(t, db, "SELECT concat(count(*), ' ', sum(k)) FROM app.t WHERE c = repeat('x', 180)"); got != "1000 24500" {
		t.Fatalf("after it came again: %s", got)
	}
}
