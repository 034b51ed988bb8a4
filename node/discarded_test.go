package node

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDiscarded lets the node that leads write on when nobody follows any more. When it comes back what only it has goes, and a copy of it
// stays, a transaction a line.
func TestDiscarded(t *testing.T) {
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	})
	old := c.leader()
	others := []int{(old + 1) % 3, (old + 2) % 3}
	// Transactions that have read already commit without asking anybody: one after the other, while the others die.
	var open []*sql.Tx
	for i := range 100 {
		tx, err := c.dbs[old].Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("INSERT INTO app.t VALUES (?)", i); err != nil {
			t.Fatal(err)
		}
		open = append(open, tx)
	}
	var acknowledged sync.Map
	begun := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for i, tx := range open {
			if i == 10 {
				close(begun)
			}
			writing.Go(func() { // an error is 1290 or 1180: nobody leads
				if tx.Commit() == nil {
					acknowledged.Store(i, true)
				}
			})
			time.Sleep(5 * time.Millisecond)
		}
	})
	<-begun
	var killing sync.WaitGroup
	for _, i := range others {
		killing.Go(func() {
			if err := c.nodes[i].Kill(); err != nil {
				t.Error(err)
			}
		})
	}
	killing.Wait()
	kill := func(i int) {
		if err := c.nodes[i].Kill(); err != nil {
			t.Error(err)
		}
	}
	awaitThat(t, "the old leader to step down", func() bool { return !c.nodes[old].leads() })
	kill(old)
	writing.Wait()
	var starting sync.WaitGroup
	for _, i := range others {
		starting.Go(func() { c.nodes[i] = start(t, c.flags[i]) }) // one alone waits for the other
	}
	c.nodes[old] = nil
	starting.Wait()
	for _, i := range others {
		c.dbs[i] = connect(t, c.nodes[i])
	}
	retried(t, c.dbs[others[0]], "INSERT INTO app.t VALUES (1000000)")
	c.restart(old)
	c.sameState()

	query := "SELECT COUNT(*), MIN(first_scn), MIN(file) FROM redoubt.`V$LOG` WHERE kind = 'discarded'"
	var files, first int
	var file string
	if err := c.dbs[old].QueryRow(query).Scan(&files, &first, &file); err != nil || files != 1 {
		t.Fatalf("V$LOG has %d files of what went; %v", files, err)
	}
	b, err := os.ReadFile(filepath.Join(c.flags[old]["data"], file))
	if err != nil || !strings.HasPrefix(string(b), fmt.Sprintf(`{"scn":%d,`, first)) || !strings.Contains(string(b), `"operation":"I"`) {
		t.Errorf("%s has %s; %v", file, b, err)
	}
	acknowledged.Range(func(id, _ any) bool {
		if got := get(t, c.dbs[old], "SELECT COUNT(*) FROM app.t WHERE id = ?", id); got != "1" {
			t.Errorf("row %v was acknowledged, and is gone", id)
		}
		return true
	})
	kill(old)
	c.nodes[old] = nil
	pieces, err := LogPieces(c.flags[old]["data"])
	if err != nil {
		t.Fatal(err)
	}
	if p := pieces[len(pieces)-1]; p.Kind != "discarded" || p.File != file || p.FirstSCN != uint64(first) || p.Transactions == 0 {
		t.Errorf("the directory's last piece is %+v", p)
	}
	c.restart(old)
	if err := c.dbs[old].QueryRow(query).Scan(&files, &first, &file); err != nil || files != 1 {
		t.Errorf("after a restart V$LOG has %d files of what went; %v", files, err)
	}
}

// TestDiscardedHalfWritten lists what is whole.
func TestDiscardedHalfWritten(t *testing.T) {
	data := t.TempDir()
	if err := writeDiscarded(data, "entries-1-2-term-1.jsonl", nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, discardedDir, "entries-3-4-term-1.jsonl.new"), []byte(`{"scn":7,`), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := discarded(data); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}
