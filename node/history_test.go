package node

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redoubt/flashback/redolog"
	"redoubt/scn"
)

// scanAll reads a part of the history and checks that it is whole: every SCN once, in order, unless tables are named.
func scanAll(t *testing.T, n *Node, f redolog.Filter) (scns []scn.SCN, changes int) {
	t.Helper()
	for r, err := range n.history.Scan(context.Background(), f) {
		if err != nil {
			t.Fatalf("scan %v: %v", f.SCNs, err)
		}
		record, err := r.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if c, err := n.engine.CommitOf(r.SCN); err != nil || c.XID != record.XID || c.TimeMicros != r.TimeMicros {
			t.Fatalf("SCN %d is transaction %d of %d in the history, %d of %d in the state (%v)", r.SCN, record.XID, r.TimeMicros, c.XID, c.TimeMicros, err)
		}
		scns, changes = append(scns, r.SCN), changes+len(record.Changes)
	}
	if len(f.Tables) > 0 {
		return scns, changes
	}
	for i, at := range scns {
		if at != f.SCNs.After+scn.SCN(i)+1 {
			t.Fatalf("scan %v: SCN %d at place %d", f.SCNs, at, i)
		}
	}
	if len(scns) != int(f.SCNs.Len()) {
		t.Fatalf("scan %v gives %d transactions", f.SCNs, len(scns))
	}
	return scns, changes
}

// TestHistory reads what was committed from sealed segments and the live log while both move, large transactions and
// restarts included.
func TestHistory(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := startInParts(t, f)
	db := connect(t, n)
	db.SetMaxOpenConns(1)
	run(t, db, "CREATE DATABASE app", createMany, "CREATE TABLE app.other (id INT PRIMARY KEY, c VARCHAR(200))")
	stop, done := make(chan struct{}), make(chan struct{})
	writer := connect(t, n)
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := writer.Exec("REPLACE INTO app.other VALUES (?, ?)", i%50, strings.Repeat("y", 150)); err != nil {
				t.Errorf("write: %v", err)
				return
			}
		}
	}()
	run(t, db, append(insertMany(0), "COMMIT")...)
	large := n.engine.Applied()
	for range 40 {
		to := n.engine.Applied()
		scanAll(t, n, redolog.Filter{SCNs: scn.Range{To: to}})
		scanAll(t, n, redolog.Filter{SCNs: scn.Range{After: to - min(to, 5), To: to}})
	}
	close(stop)
	<-done
	check := func() {
		t.Helper()
		table, _ := n.engine.Catalog().Table("app", "t")
		scns, changes := scanAll(t, n, redolog.Filter{SCNs: scn.Range{To: n.engine.Applied()}, Tables: []scn.Space{table.ID}})
		if len(scns) != 1 || scns[0] > large || changes != 1000 {
			t.Fatalf("the table was changed at %v, %d rows, want 1000 rows at about %d", scns, changes, large)
		}
	}
	check()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	f["segment-size"], f["segment-time"] = "64MiB", "1h" // what comes now stays in the live log
	n = startInParts(t, f)
	defer n.Close()
	check()
	sealed := n.segments.Range().To
	db = connect(t, n)
	db.SetMaxOpenConns(1)
	run(t, db, append(insertMany(5000), "COMMIT")...)
	for i := range 20 {
		run(t, db, fmt.Sprintf("DELETE FROM app.t WHERE id = %d", i))
	}
	to := n.engine.Applied()
	if got := n.segments.Range().To; got != sealed {
		t.Fatalf("sealed up to %d, want %d", got, sealed)
	}
	scns, changes := scanAll(t, n, redolog.Filter{SCNs: scn.Range{After: sealed, To: to}})
	if changes < 1020 || !slices.Contains(scns, to) {
		t.Fatalf("%d changes at %v", changes, scns)
	}
	if _, record, err := redolog.Get(context.Background(), n.history, to); err != nil || len(record.Changes) != 1 {
		t.Fatalf("SCN %d: %+v, %v", to, record, err)
	}
	xid := get(t, db, "SELECT xid FROM flashback_transaction_query WHERE scn = "+to.String())
	if got := get(t, db, "SELECT undo_sql FROM flashback_transaction_query WHERE xid = "+xid); !strings.HasPrefix(got, "INSERT INTO `app`.`t` (`id`, `k`, `c`) VALUES (19, 19, 'xxx") {
		t.Errorf("undo SQL of what is not sealed: %s", got)
	}
	if got := get(t, db, fmt.Sprintf("SELECT count(*) FROM flashback_transaction_query WHERE table_name = 't' AND scn <= %d", sealed)); got != "1000" {
		t.Errorf("%s changes of the large transaction that is sealed", got)
	}
}
