package node

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"redoubt/backup/archive"
	"redoubt/backup/store"
	"redoubt/scn"
)

// said is what a node has logged.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// TestCatchUp leaves a node behind for longer than the others keep their log. It comes up by the archived log, with the state of the others;
// and by a copy, saying why, if the archived log has a gap, or if its state is then another one than that of the others.
func TestCatchUp(t *testing.T) {
	home := t.TempDir()
	c := newTrio(t, map[string]string{"checkpoint-size": "64KiB", "log-keep": "64KiB", "log-file-size": "256KiB", "archive": "file://" + home, "archive-every": "20ms"}, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, s VARCHAR(4000))", "CREATE TABLE app.u (id INT PRIMARY KEY)", "INSERT INTO app.u VALUES (1), (2)")
	})
	archived := func() {
		t.Helper()
		want := c.nodes[c.leader()].Engine().Applied()
		awaitThat(t, "everything is archived", func() bool {
			a, err := c.nodes[c.leader()].archives()
			return err == nil && a[0].Archived >= want
		})
	}
	comesBack := func(away int) string {
		t.Helper()
		config, err := Load("", c.flags[away])
		if err != nil {
			t.Fatal(err)
		}
		var log said
		if c.nodes[away], err = Open(context.Background(), config, zerolog.New(&log)); err != nil {
			t.Fatalf("%v\n%s", err, &log)
		}
		c.dbs[away] = connect(t, c.nodes[away])
		c.sameState()
		if got := get(t, c.dbs[away], "SELECT count(*) FROM app.t"); got != "50" {
			t.Errorf("the node that was away has %s rows", got)
		}
		retried(t, c.dbs[away], "REPLACE INTO app.t VALUES (1, 'by the node that was away')")
		whole := c.nodes[away].segments.Range()
		if whole.After != 0 || c.nodes[away].segments.Verify() != nil {
			t.Errorf("its sealed log has SCNs %v; %v", whole, c.nodes[away].segments.Verify())
		}
		if left, err := os.Stat(filepath.Join(config.Data, catchUpDir)); err == nil {
			t.Errorf("%s is left", left.Name())
		}
		return log.String()
	}
	const byLog, byCopy = "came up to the others by the log", "copied the state"

	away := c.leaveBehind()
	archived()
	if log := comesBack(away); !strings.Contains(log, byLog) || strings.Contains(log, byCopy) {
		t.Errorf("with all of the log archived: %s", log)
	}
	missed := c.nodes[c.leader()].Engine().Applied()
	if away = c.leaveBehind(); c.nodes[c.leader()].segments.Range().To <= missed {
		t.Fatal("nothing was sealed meanwhile")
	}
	archived()
	removePieces(t, home, missed)
	if log := comesBack(away); strings.Contains(log, byLog) || !strings.Contains(log, byCopy) || !strings.Contains(log, "is missing, before piece") {
		t.Errorf("with a gap in the archived log: %s", log)
	}
	away = (c.leader() + 1) % 3
	state := filepath.Join(c.flags[away]["data"], stateDir)
	c.stop(away)
	if err := os.CopyFS(state+".before", os.DirFS(state)); err != nil {
		t.Fatal(err)
	}
	c.restart(away)
	retried(t, c.dbs[away], "INSERT INTO app.u VALUES (3)")
	c.sameState()
	table, _ := c.nodes[away].Engine().Catalog().Table("app", "u")
	position := c.nodes[away].Engine().Position()
	if got := c.leaveBehind(); got != away {
		t.Fatalf("node %d is left behind, not node %d", got+1, away+1)
	}
	archived()
	if err := errors.Join(os.RemoveAll(state), os.Rename(state+".before", state)); err != nil {
		t.Fatal(err)
	}
	damageState(t, state, table.ID, position)
	log := comesBack(away)
	// Who leads may have seen by then that the state differs: then the node does not even try, and what it had is in quarantine.
	_, err := os.Stat(filepath.Join(c.flags[away]["data"], quarantineDir))
	if strings.Contains(log, byLog) || !strings.Contains(log, byCopy) || err != nil && !strings.Contains(log, "it is of another history") {
		t.Errorf("with another state: %s", log)
	}
}

// removePieces removes the archived log behind an SCN, but for what is newest.
func removePieces(t *testing.T, home string, behind scn.SCN) {
	t.Helper()
	repo, err := store.Open("file://"+home, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pieces, err := archive.Pieces(t.Context(), repo)
	if err != nil || len(pieces) == 0 {
		t.Fatal(pieces, err)
	}
	removed := 0
	for i, p := range pieces {
		if p.Sealed && p.First > behind && i+1 < len(pieces) && removed < 2 {
			removed++
			if err := os.Remove(filepath.Join(home, p.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if removed == 0 {
		t.Fatalf("nothing is archived behind SCN %d: %v", behind, pieces)
	}
}
