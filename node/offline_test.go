package node

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redoubt/flashback/redolog"
	"redoubt/sql/logmine"
)

// mine reads events as JSON lines.
func mine(t *testing.T, m logmine.Miner, f logmine.Filter) (lines []string) {
	t.Helper()
	for e, err := range m.Events(context.Background(), f) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := e.JSON()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(string(b)))
	}
	return lines
}

// fingerprint sums up every file of a directory.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n%s\n", path, len(b), b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// TestOffline reads the log of a directory that no node has open, and finds what the running node had found: with the state
// that it left, with an older one and with none. Nothing in the directory changes.
func TestOffline(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	dir := f["data"]
	n := startInParts(t, f)
	db := connect(t, n)
	db.SetMaxOpenConns(1)
	run(t, db, "CREATE DATABASE app", createMany, "CREATE TABLE app.keyless (a INT, b VARCHAR(9))")
	run(t, db, append(insertMany(0), "COMMIT")...)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(t.TempDir(), "state")
	if err := os.CopyFS(older, os.DirFS(filepath.Join(dir, stateDir))); err != nil {
		t.Fatal(err)
	}
	f["segment-size"], f["segment-time"] = "64MiB", "1h" // what comes now stays in the live log
	n = startInParts(t, f)
	db = connect(t, n)
	db.SetMaxOpenConns(1)
	run(t, db, append(insertMany(5000), "COMMIT")...)
	run(t, db, "INSERT INTO app.keyless VALUES (1, 'x'), (2, 'y')", "UPDATE app.keyless SET b = 'z' WHERE a = 1", "ALTER TABLE app.keyless DROP COLUMN b",
		"DELETE FROM app.keyless WHERE a > 0", "USE app", "ALTER TABLE keyless RENAME TO other", "DROP TABLE other")
	want := mine(t, logmine.Miner{Engine: n.engine, Log: n.history}, logmine.Filter{})
	if len(want) < 2000 || !strings.Contains(strings.Join(want, "\n"), "SET `b` = 'x' WHERE `a` <=> 1") {
		t.Fatalf("%d events, the last %v", len(want), want[len(want)-7:])
	}
	if _, err := OpenOffline(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Fatalf("beside a running node: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	check := func(what string) {
		t.Helper()
		before := fingerprint(t, dir)
		o, err := OpenOffline(context.Background(), dir)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got := mine(t, o.Miner(), logmine.Filter{})
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %d events, the running node had %d:\n%s", what, len(got), len(want), firstOther(got, want))
		}
		cost := &redolog.Cost{}
		some := mine(t, o.Miner(), logmine.Filter{Schema: "APP", Table: "keyless", Operation: "update", Cost: cost})
		if cost.BlocksSkipped == 0 {
			t.Errorf("%s: no block was skipped: %+v", what, cost)
		}
		if len(some) != 1 || !strings.Contains(some[0], `"after":{"b":"z"}`) {
			t.Errorf("%s: updates of the table: %v", what, some)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if fingerprint(t, dir) != before {
			t.Errorf("%s: the directory has changed", what)
		}
	}
	check("its own state")
	own := filepath.Join(t.TempDir(), "state")
	if err := os.Rename(filepath.Join(dir, stateDir), own); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"", older, own} {
		if err := os.RemoveAll(filepath.Join(dir, stateDir)); err != nil {
			t.Fatal(err)
		}
		if state != "" {
			if err := os.CopyFS(filepath.Join(dir, stateDir), os.DirFS(state)); err != nil {
				t.Fatal(err)
			}
		}
		check("with state " + state)
	}
	n = startInParts(t, f) // the node still starts
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOffline(context.Background(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a data directory") {
		t.Errorf("another directory: %v", err)
	}
}

func firstOther(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] + "\n" + b[i]
		}
	}
	return "one is longer"
}
