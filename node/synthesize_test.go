package node

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"redoubt/backup"
	"redoubt/backup/repository"
	"redoubt/pitr"
	"redoubt/scn"
)

// TestSynthesize makes full backups without the node: at the newest backup that is only the log, and at the newest archived
// commit; both are what a recovery begins from, and a node goes on from them.
func TestSynthesize(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		f, s := archived(t)
		testSynthesize(t, f, s)
	})
	t.Run("encrypted", func(t *testing.T) {
		f, s := archived(t)
		f["archive-key"] = newKey(t)
		testSynthesize(t, f, openWith(t, s.String(), f["archive-key"]))
	})
}

func testSynthesize(t *testing.T, f map[string]string, repository *repository.Repository) {
	ctx := context.Background()
	n := start(t, f)
	db := connect(t, n)
	random := mathrand.New(mathrand.NewPCG(10, 10))
	live(t, n, random, 80)
	takeBackup(t, db, "BACKUP DATABASE")
	live(t, n, random, 20)
	run(t, db, "CREATE TABLE app.last (id INT PRIMARY KEY)")
	full := takeBackup(t, db, "BACKUP DATABASE DIFFERENTIAL")
	mark := takeBackup(t, db, "BACKUP DATABASE INCREMENTAL")
	if mark.of != "log" {
		t.Fatalf("the incremental backup is %+v", mark)
	}
	live(t, n, random, 20)
	hashes, _ := lives(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	killed := filepath.Join(work, "redoubt-synthetic-1") // of a process that is gone
	if err := errors.Join(os.Mkdir(killed, 0o700), os.WriteFile(filepath.Join(killed, lockFile), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	s, err := Synthesize(ctx, SynthesizeOptions{Repository: repository, Work: work, Tag: "made"})
	if err != nil {
		t.Fatal(err)
	}
	if uint64(s.SCN) != mark.scn || s.StateHash != mark.hash || s.Kind != backup.Full || !s.Synthetic || s.Sent == 0 {
		t.Errorf("made %+v, want the state of %+v", s.Manifest, mark)
	}
	t.Log(full.of, s.From, s.Sent, "of", len(s.Files), "files sent")
	if _, err := Synthesize(ctx, SynthesizeOptions{Repository: repository, Work: work}); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(work); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	list, err := backup.List(ctx, repository)
	if err != nil {
		t.Fatal(err)
	}
	newest := list[len(list)-1]
	if !newest.Synthetic || newest.SCN < scn.SCN(len(hashes)-1) {
		t.Errorf("the newest backup is %+v, want one of SCN %d", newest, len(hashes)-1)
	}
	for i := range list {
		if !list[i].HasState() {
			continue
		}
		dir := filepath.Join(t.TempDir(), "again")
		r, err := Recover(ctx, RecoverOptions{Repository: repository, Data: dir, Target: pitr.Target{SCN: list[i].SCN}, Backup: list[i].ID})
		if err != nil {
			t.Fatal(err)
		}
		if r.Backup != list[i].ID || fmt.Sprintf("%016x", r.StateHash) != list[i].StateHash {
			t.Errorf("recovered %+v from %s", r, list[i].ID)
		}
		g := flags(t, dir)
		again := start(t, g)
		db := connect(t, again)
		run(t, db, "CREATE TABLE app.more (id INT PRIMARY KEY)", "INSERT INTO app.more VALUES (1)")
		if err := again.Close(); err != nil {
			t.Error(err)
		}
		again = start(t, g)
		if got := get(t, connect(t, again), "SELECT COUNT(*) FROM app.more"); got != "1" {
			t.Errorf("from %s: %s rows after a restart", list[i].ID, got)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}
