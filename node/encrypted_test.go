package node

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/crypt"
	"redoubt/backup/keyring"
	"redoubt/backup/repository"
	"redoubt/pitr"
	"redoubt/scn"
	"redoubt/sql"
)

// newKey makes a key file.
func newKey(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup.key")
	if _, err := keyring.CreateFile(path, time.Now()); err != nil {
		t.Fatal(err)
	}
	return path
}

// openWith opens a repository with a key file.
func openWith(t *testing.T, address, keyFile string) *repository.Repository {
	t.Helper()
	k, err := (&keyring.Source{KeyFile: keyFile}).KEK()
	if err != nil {
		t.Fatal(err)
	}
	r, err := repository.Open(context.Background(), address, repository.Options{KEK: k, Who: "the test"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// findCanary names the files of a repository that have "canary" in them.
func findCanary(t *testing.T, r *repository.Repository) (found []string) {
	t.Helper()
	err := filepath.WalkDir(strings.TrimPrefix(r.String(), "file://"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(bytes.ToLower(b), []byte("canary")) || strings.Contains(strings.ToLower(path), "canary") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// sing makes canaries: the names of a database, a table, a column, a view, a user, a restore point, and values.
func sing(t *testing.T, n *Node) {
	t.Helper()
	run(t, connect(t, n), "CREATE DATABASE canarydb", "CREATE TABLE canarydb.canarytable (id INT PRIMARY KEY, canarycolumn VARCHAR(100), KEY canaryindex (canarycolumn))",
		"INSERT INTO canarydb.canarytable VALUES (1, 'the canary sings'), (2, 'canary')", "UPDATE canarydb.canarytable SET canarycolumn = 'another canary' WHERE id = 2",
		"CREATE VIEW canarydb.canaryview AS SELECT * FROM canarydb.canarytable", "CREATE USER canaryuser IDENTIFIED BY 'canarypassword'", "CREATE RESTORE POINT canarypoint")
}

// TestEncryptedArchive archives a random life to an encrypted repository, with backups and three rotations of its key while it
// runs. Nothing that a client wrote or named is in the repository; each point is recovered with its state hash, from the backups of
// each key; and the same life in a repository that is not encrypted can be read by anybody.
func TestEncryptedArchive(t *testing.T) {
	ctx := context.Background()
	f, plain := archived(t)
	n := start(t, f)
	sing(t, n)
	if _, err := n.Backup(ctx, sql.BackupRequest{Kind: "full", Tag: "canarytag"}); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if len(findCanary(t, plain)) < 3 {
		t.Fatalf("the search finds canaries in %v only: it would not find any", findCanary(t, plain))
	}

	key := newKey(t)
	f, empty := archived(t)
	f["archive-key"], f["segment-size"] = key, "16KiB"
	n = start(t, f)
	random := rand.New(rand.NewPCG(7, 7))
	live(t, n, random, 40)
	sing(t, n)
	var backups []scn.SCN
	for i := range 4 {
		live(t, n, random, 30)
		b, err := n.Backup(ctx, sql.BackupRequest{Kind: "full", Tag: fmt.Sprint("canary ", i)})
		if err != nil {
			t.Fatal(err)
		}
		backups = append(backups, b.SCN)
		if i < 3 {
			if _, err := openWith(t, empty.String(), key).Rotate(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	hashes, _ := lives(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if found := findCanary(t, empty); len(found) > 0 {
		t.Errorf("canaries are in %v", found)
	}
	s := openWith(t, empty.String(), key)
	list, err := backup.List(ctx, s)
	if err != nil || len(list) != len(backups) || list[0].Tag != "canary 0" {
		t.Fatalf("%d backups, %v", len(list), err)
	}
	keys, other, err := s.Keys(ctx)
	if err != nil || len(keys) != 4 || len(other) != 0 {
		t.Fatalf("%d keys, not encrypted: %v; %v", len(keys), other, err)
	}
	if keys[len(keys)-1].Objects == 0 || keys[0].Objects == 0 {
		t.Errorf("the first key is needed for %d objects, the newest for %d", keys[len(keys)-1].Objects, keys[0].Objects)
	}
	if v := verifyWhole(t, s); len(v.Damage) > 0 || v.Backups != len(list) {
		t.Errorf("of %d backups, damaged: %+v", v.Backups, v.Damage)
	}
	for _, at := range append(backups, scn.SCN(len(hashes)-1), backups[1]+1) {
		r, err := Recover(ctx, RecoverOptions{Repository: s, Data: filepath.Join(t.TempDir(), "again"), Target: pitr.Target{SCN: at}})
		if err != nil || r.StateHash != hashes[at] || r.Backup == "" || len(r.Notes) > 0 {
			t.Fatalf("to SCN %d: %+v, want hash %x; %v", at, r, hashes[at], err)
		}
	}
	refusedWithWrongKeys(t, f, empty.String())
	damageEncrypted(t, s, list, hashes)
}

// refusedWithWrongKeys: without the key nothing is recovered, backed up or archived, and it is said why.
func refusedWithWrongKeys(t *testing.T, f map[string]string, address string) {
	t.Helper()
	ctx := context.Background()
	if _, err := repository.Open(ctx, address, repository.Options{}); !errors.Is(err, repository.ErrEncrypted) {
		t.Errorf("without a key: %v", err)
	}
	f["archive-key"] = newKey(t)
	n := start(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE later")
	awaitThat(t, "the failure of the archive with the wrong key", func() bool { return get(t, db, "SELECT status FROM V$ARCHIVE") == "FAILED" })
	if got := get(t, db, "SELECT error FROM V$ARCHIVE"); !strings.Contains(got, "wrong key: it is locked with key file") {
		t.Errorf("V$ARCHIVE says %s", got)
	}
	if _, err := db.Exec("BACKUP DATABASE"); err == nil || !strings.Contains(err.Error(), "wrong key") {
		t.Errorf("a backup with the wrong key: %v", err)
	}
	if _, err := db.Exec("BACKUP DATABASE TAG 'x' ENCRYPT KEY '/etc/passwd'"); err == nil || !strings.Contains(err.Error(), "/etc/passwd") || strings.Contains(err.Error(), "root") {
		t.Errorf("a file that is no key: %v", err)
	}
	elsewhere, own := "file://"+filepath.Join(t.TempDir(), "elsewhere"), newKey(t)
	run(t, db, fmt.Sprintf("BACKUP DATABASE TO '%s' TAG 'elsewhere' ENCRYPT KEY '%s'", elsewhere, own))
	if list, err := backup.List(ctx, openWith(t, elsewhere, own)); err != nil || len(list) != 1 || list[0].Tag != "elsewhere" {
		t.Errorf("with a key of its own: %v, %v", list, err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

// verifyWhole reads everything in a repository.
func verifyWhole(t *testing.T, s *repository.Repository) *backup.Verification {
	t.Helper()
	v, err := backup.Verify(context.Background(), backup.VerifyOptions{Store: s, Level: backup.Whole, Dir: t.TempDir(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// damageEncrypted flips bits, cuts off and exchanges: what is damaged is named with its block and its SCNs, and a recovery passes
// it over.
func damageEncrypted(t *testing.T, s *repository.Repository, list []backup.Manifest, hashes []uint64) {
	t.Helper()
	ctx := context.Background()
	root := strings.TrimPrefix(s.String(), "file://")
	inside := func(name string) string {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(name)) + ".key-*")
		if err != nil || len(found) != 1 {
			t.Fatalf("%s is there %d times, %v", name, len(found), err)
		}
		return found[0]
	}
	change := func(path string, by func([]byte) []byte) (undo func()) {
		whole, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, by(bytes.Clone(whole)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	last := scn.SCN(len(hashes) - 1)
	recovered := func() (Recovered, error) {
		return Recover(ctx, RecoverOptions{Repository: s, Data: filepath.Join(t.TempDir(), "again"), Target: pitr.Target{SCN: last}})
	}
	pieces, err := archive.Pieces(ctx, s)
	if err != nil || len(pieces) < 2 {
		t.Fatalf("%d pieces, %v", len(pieces), err)
	}
	piece := inside(pieces[0].Name)
	another, err := os.ReadFile(inside(pieces[1].Name))
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		by     func([]byte) []byte
		reason error
		detail string
	}{
		"one bit":   {flip, crypt.ErrDamaged, "block 1 of 1 MiB"},
		"cut off":   {func(b []byte) []byte { return b[:len(b)-7] }, crypt.ErrTruncated, "block 1"},
		"exchanged": {func([]byte) []byte { return another }, crypt.ErrSwapped, pieces[1].Name},
		"plaintext": {func([]byte) []byte { return []byte("plaintext") }, crypt.ErrPlaintext, ""},
	} {
		undo := change(piece, c.by)
		r, err := recovered() // from a backup: the piece is only a part of its past
		notes := strings.Join(r.Notes, "\n")
		if err != nil || r.StateHash != hashes[last] || r.LogAfter < pieces[0].Last {
			t.Errorf("%s: %+v, %v", what, r, err)
		}
		for _, want := range []string{c.reason.Error(), c.detail, pieces[0].Name, fmt.Sprintf("SCN %d to %d", pieces[0].First, pieces[0].Last)} {
			if !strings.Contains(notes, want) {
				t.Errorf("%s: notes %s, want %q", what, notes, want)
			}
		}
		undo()
	}
	newest := &list[len(list)-1]
	file := slices.MaxFunc(newest.Files, func(a, b backup.File) int { return cmp.Compare(a.Bytes, b.Bytes) })
	undo := change(inside("files/"+file.SHA256[:2]+"/"+file.SHA256), flip)
	v := verifyWhole(t, s)
	if i := slices.IndexFunc(v.Damage, func(d backup.Damage) bool { return d.Object == file.Object() }); i < 0 || v.Damage[i].Kind != backup.Mismatch ||
		!slices.Contains(v.Damage[i].Backups, newest.ID) || !strings.Contains(v.Damage[i].Detail, "block 1 of 1 MiB") {
		t.Errorf("a damaged file of a backup: %+v", v.Damage)
	}
	if r, err := recovered(); err != nil || r.StateHash != hashes[last] || len(r.Notes) == 0 || !strings.Contains(r.Notes[0], file.SHA256) {
		t.Errorf("past a damaged backup: %+v, %v", r, err)
	}
	undo()
}
