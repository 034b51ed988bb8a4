package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"redoubt/backup"
	"redoubt/pitr"
	"redoubt/scn"
	"redoubt/sql"
	"redoubt/wal/redo"
)

// TestBackup makes backups while clients write, and recovers from each, from what lies between them, and past damage.
func TestBackup(t *testing.T) {
	ctx := context.Background()
	f, repository := archived(t)
	n := start(t, f)
	random := rand.New(rand.NewPCG(3, 3))
	live(t, n, random, 40)
	var writing sync.WaitGroup
	writing.Go(func() { live(t, n, rand.New(rand.NewPCG(4, 4)), 150) })
	db := connect(t, n)
	for i := range 3 {
		run(t, db, fmt.Sprint("CREATE DATABASE own", i)) // so that each has a file of its own, however slow they are
		b, err := n.Backup(ctx, sql.BackupRequest{Kind: "full", Tag: fmt.Sprint("b", i)})
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && b.SentFiles >= b.Files {
			t.Errorf("backup %d sent all of its %d files again", i, b.Files)
		}
	}
	writing.Wait()
	live(t, n, random, 20)
	hashes, _ := lives(t, n)
	run(t, db, "BACKUP DATABASE TAG 'by SQL'")
	if _, err := db.Exec("BACKUP DATABASE TO 'nowhere'"); err == nil || !strings.Contains(err.Error(), "RD-1301") {
		t.Errorf("a backup to nowhere: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := backup.List(ctx, repository)
	if err != nil || len(list) != 4 || list[3].Tag != "by SQL" {
		t.Fatalf("backups: %v, %v", list, err)
	}
	recovered := func(at scn.SCN) Recovered {
		t.Helper()
		r, err := Recover(ctx, RecoverOptions{Repository: repository, Data: filepath.Join(t.TempDir(), "again"), Target: pitr.Target{SCN: at}})
		if err != nil {
			t.Fatal(err)
		}
		if r.StateHash != hashes[at] {
			t.Errorf("recovered to SCN %d from %q: hash %x, want %x", at, r.Backup, r.StateHash, hashes[at])
		}
		return r
	}
	for i := range list[:3] {
		m := &list[i]
		if fmt.Sprintf("%016x", hashes[m.SCN]) != m.StateHash {
			t.Errorf("manifest of SCN %d has hash %s, want %x", m.SCN, m.StateHash, hashes[m.SCN])
		}
		if r := recovered(m.SCN); r.From != m.SCN {
			t.Errorf("recovery to SCN %d began at %d", m.SCN, r.From)
		}
	}
	last := scn.SCN(len(hashes) - 1)
	if r := recovered(list[0].SCN - 1); r.Backup != "" {
		t.Errorf("recovery to before the first backup began at %d", r.From)
	}
	recovered(last)

	// A damaged backup is named, and passed over.
	own := uniqueFile(t, list)
	path := filepath.Join(strings.TrimPrefix(repository.String(), "file://"), "files", own.SHA256[:2], own.SHA256)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), whole...)
	flipped[len(flipped)/2] ^= 1
	for kind, damage := range map[backup.DamageKind]func() error{
		backup.Mismatch: func() error { return os.WriteFile(path, flipped, 0o600) },
		backup.Torn:     func() error { return os.WriteFile(path, whole[:len(whole)/2], 0o600) },
		backup.Missing:  func() error { return os.Remove(path) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		v, err := backup.Verify(ctx, backup.VerifyOptions{Store: repository, Level: backup.Whole, Dir: t.TempDir(), Now: time.Now})
		if err != nil || len(v.Damage) != 1 || v.Damage[0].Kind != kind || !strings.Contains(v.Damage[0].Object, own.SHA256) {
			t.Errorf("%s: Verify says %+v, %v", kind, v.Damage, err)
		}
		r := recovered(list[2].SCN)
		if r.Backup == list[2].ID || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], own.SHA256) {
			t.Errorf("%s: recovered from %q, notes %v", kind, r.Backup, r.Notes)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// uniqueFile is a file that only the third backup has.
func uniqueFile(t *testing.T, list []backup.Manifest) backup.File {
	t.Helper()
	others := map[string]bool{}
	for i := range list {
		for _, f := range list[i].Files {
			others[f.SHA256] = others[f.SHA256] || i < 2
		}
	}
	for _, f := range list[2].Files {
		if !others[f.SHA256] && f.Bytes > 0 {
			return f
		}
	}
	t.Fatal("the third backup has no file of its own")
	return backup.File{}
}

// TestBackupAtTheTarget recovers to the very SCN of a backup, in which a large transaction was under way: nothing is left to be
// replayed, and a node goes on from there.
func TestBackupAtTheTarget(t *testing.T) {
	ctx := context.Background()
	f, repository := archived(t)
	n := startInParts(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, n INT, v VARCHAR(200))", "INSERT INTO app.t VALUES (1, 1, 'one')")
	taken := false
	n.relay(func(part *redo.Part) error {
		if taken || part.Number < 3 {
			return nil
		}
		taken = true
		_, err := n.Backup(ctx, sql.BackupRequest{Kind: "full", Tag: "amid"})
		return err
	})
	db.SetMaxOpenConns(1)
	run(t, db, append(insertMany(1000), "COMMIT")...)
	if !taken {
		t.Fatal("no backup was made amid the transaction")
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := backup.List(ctx, repository)
	if err != nil || len(list) != 1 {
		t.Fatalf("backups: %v, %v", list, err)
	}
	f["data"] = filepath.Join(t.TempDir(), "again")
	r, err := Recover(ctx, RecoverOptions{Repository: repository, Data: f["data"], Target: pitr.Target{SCN: list[0].SCN}})
	if err != nil || r.Backup != list[0].ID || r.Replayed.Transactions != 0 {
		t.Fatalf("recovered %+v: %v", r, err)
	}
	n = start(t, f)
	defer n.Close()
	if k := n.engine.Underway(); k != 0 {
		t.Errorf("%d transactions are under way", k)
	}
	db = connect(t, n)
	run(t, db, "INSERT INTO app.t VALUES (2, 2, 'two')")
	if got := get(t, db, "SELECT GROUP_CONCAT(id) FROM app.t"); got != "1,2" {
		t.Errorf("rows %s", got)
	}
}
