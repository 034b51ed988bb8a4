package node

import (
	"bytes"
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/keyring"
	"redoubt/backup/repository"
	"redoubt/scn"
)

// damaged is a repository with backups of each way, and what is known of it.
type damaged struct {
	store  *repository.Repository
	root   string
	hashes []uint64
	list   []backup.Manifest
	files  map[string]string // victims: an object of each kind
	others map[string]string // another object of the same kind, older if that can be
	paths  map[string]string // by object
}

// newDamaged makes it, encrypted with a key file if one is named.
func newDamaged(t *testing.T, key string) *damaged {
	t.Helper()
	f, repository := archived(t)
	if key != "" {
		f["archive-key"] = key
	}
	f["segment-time"], f["segment-size"] = "1h", "8KiB" // so that there are sealed pieces and a tail
	n := start(t, f)
	db := connect(t, n)
	random := mathrand.New(mathrand.NewPCG(11, 11))
	for i := range 3 {
		live(t, n, random, 50)
		for range 30 {
			run(t, db, fmt.Sprintf("REPLACE INTO app.t VALUES (%d, '%s')", 70+random.IntN(20), noise(t, 98)))
		}
		if i == 1 {
			run(t, db, "CREATE TABLE app.x (id INT PRIMARY KEY)")
		}
		takeBackup(t, db, "BACKUP DATABASE")
	}
	run(t, db, "DROP TABLE app.x")
	if mark := takeBackup(t, db, "BACKUP DATABASE INCREMENTAL"); mark.of != "log" {
		t.Fatalf("the incremental backup is %+v", mark)
	}
	live(t, n, random, 5)
	d := &damaged{store: repository, root: strings.TrimPrefix(repository.String(), "file://"), files: map[string]string{"repository": "repository.json"}, others: map[string]string{}, paths: map[string]string{}}
	for tails := 0; tails < 2; { // a segment that is sealed meanwhile takes them away
		for i := range 2 {
			run(t, db, fmt.Sprintf("REPLACE INTO app.t VALUES (90, '%d')", i), "BACKUP ARCHIVELOG")
		}
		d.hashes, _ = lives(t, n)
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		if key != "" {
			repository = openWith(t, f["archive"], key)
			d.store = repository
		}
		if tails = countTails(t, repository); tails < 2 {
			n = start(t, f)
			db = connect(t, n)
		}
	}
	var err error
	if d.list, err = backup.List(context.Background(), repository); err != nil || len(d.list) != 4 {
		t.Fatalf("%d backups, %v", len(d.list), err)
	}
	d.choose(t)
	return d
}

func countTails(t *testing.T, from *repository.Repository) (tails int) {
	t.Helper()
	pieces, err := archive.Pieces(context.Background(), from)
	if err != nil {
		t.Fatal(err)
	}
	for i := range pieces {
		if !pieces[i].Sealed {
			tails++
		}
	}
	return tails
}

// choose finds the victims.
func (d *damaged) choose(t *testing.T) {
	t.Helper()
	d.files["manifest"], d.others["manifest"] = d.list[2].Object(), d.list[1].Object()
	for _, f := range d.list[2].Files {
		for _, old := range d.list[0].Files {
			if f.Name == old.Name && f.SHA256 != old.SHA256 && f.Bytes > 64 {
				d.files["file"], d.others["file"] = f.Object(), old.Object()
			}
		}
	}
	pieces, err := archive.Pieces(context.Background(), d.store)
	if err != nil {
		t.Fatal(err)
	}
	sealed := slices.IndexFunc(pieces, func(p archive.Piece) bool { return !p.Sealed })
	if sealed < 2 || len(pieces)-sealed < 2 {
		t.Fatalf("%d sealed pieces of %d", sealed, len(pieces))
	}
	d.files["sealed piece"], d.others["sealed piece"] = pieces[1].Name, pieces[0].Name
	d.files["tail piece"], d.others["tail piece"] = pieces[len(pieces)-1].Name, pieces[len(pieces)-2].Name
	for kind, name := range d.files {
		if name == "" {
			t.Fatalf("there is no %s to damage", kind)
		}
	}
}

// path is the file of an object. That of an encrypted one has the id of a key behind its name.
func (d *damaged) path(object string) string {
	if d.paths[object] == "" {
		plain := filepath.Join(d.root, filepath.FromSlash(object))
		d.paths[object] = plain
		if sealed, err := filepath.Glob(plain + ".*"); err == nil && len(sealed) == 1 {
			d.paths[object] = sealed[0]
		}
	}
	return d.paths[object]
}

func (d *damaged) verify(t *testing.T, level backup.Level, olderThan time.Duration) *backup.Verification {
	t.Helper()
	dir := t.TempDir()
	v, err := backup.Verify(context.Background(), backup.VerifyOptions{
		Store: d.store, Level: level, OlderThan: olderThan, Dir: dir, Now: time.Now,
		Recover: func(ctx context.Context, m *backup.Manifest) error { return TestRestore(ctx, d.store, dir, m) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("a verification left %v, %v", left, err)
	}
	return v
}

// TestVerify damages each kind of object in each way. A verification names the object, the kind and the SCNs; a recovery refuses
// or finds another way, and says so; it never gives another state.
func TestVerify(t *testing.T) {
	t.Run("plain", func(t *testing.T) { testVerify(t, "") })
	t.Run("encrypted", func(t *testing.T) { testVerify(t, newKey(t)) })
}

func testVerify(t *testing.T, key string) {
	d := newDamaged(t, key)
	keys, err := d.store.List(context.Background(), keyring.Folder)
	if err != nil || (len(keys) > 0) != (key != "") {
		t.Fatal(keys, err)
	}
	all := func(v *backup.Verification) int { return v.Objects - len(keys) } // that a verification reads
	if v := d.verify(t, backup.Restore, 0); len(v.Damage) != 0 || v.Restored != 5 || v.Read != all(v) {
		t.Fatalf("of the whole repository: %+v", v)
	}
	if v := d.verify(t, backup.Standard, time.Hour); len(v.Damage) != 0 || v.Read != len(d.list)+1 {
		t.Errorf("right after that, level standard reads %d objects, want repository.json and %d manifests: %v", v.Read, len(d.list), v.Damage)
	}
	if v := d.verify(t, backup.Standard, 0); v.Read != all(v) {
		t.Errorf("level standard read %d of %d objects that were read too long ago", v.Read, v.Objects)
	}
	ways := []struct {
		name  string
		kinds []backup.DamageKind
		quick bool // level quick finds it, too
		do    func(whole, other []byte) []byte
	}{
		{"flipped", []backup.DamageKind{backup.Mismatch, backup.BadHeader, backup.BadData, backup.OtherContent}, false, func(whole, _ []byte) []byte {
			b := bytes.Clone(whole)
			b[len(b)/2] ^= 1
			return b
		}},
		{"first byte", []backup.DamageKind{backup.BadHeader, backup.Mismatch, backup.BadData}, false, func(whole, _ []byte) []byte {
			b := bytes.Clone(whole)
			b[0] ^= 0x10
			return b
		}},
		{"truncated", []backup.DamageKind{backup.Torn, backup.BadData}, true, func(whole, _ []byte) []byte { return whole[:len(whole)*2/3] }},
		{"emptied", []backup.DamageKind{backup.Torn, backup.BadData}, true, func([]byte, []byte) []byte { return nil }},
		{"deleted", []backup.DamageKind{backup.Missing}, true, nil},
		{"replaced", []backup.DamageKind{backup.OtherContent, backup.OlderCopy}, false, func(_, other []byte) []byte { return other }},
	}
	for kind, object := range d.files {
		whole, err := os.ReadFile(d.path(object))
		if err != nil {
			t.Fatal(err)
		}
		var other []byte
		if d.others[kind] != "" {
			if other, err = os.ReadFile(d.path(d.others[kind])); err != nil {
				t.Fatal(err)
			}
		}
		for _, way := range ways {
			if way.name == "replaced" && other == nil {
				continue // there is one repository.json, and it never changes
			}
			t.Run(kind+" "+way.name, func(t *testing.T) {
				if way.do == nil {
					err = os.Remove(d.path(object))
				} else {
					err = os.WriteFile(d.path(object), way.do(whole, other), 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := os.WriteFile(d.path(object), whole, 0o600); err != nil {
						t.Fatal(err)
					}
				}()
				d.check(t, kind, object, way.kinds, way.quick)
			})
		}
	}
	if v := d.verify(t, backup.Restore, 0); len(v.Damage) != 0 {
		t.Errorf("whole again: %+v", v.Damage)
	}
	found, err := backup.Verifications(context.Background(), d.store)
	if err != nil || len(found) < 40 || len(found[0].Damage) != 0 || len(found[5].Damage) == 0 {
		t.Errorf("%d verifications are kept, %v", len(found), err)
	}
}

// check verifies, and recovers to the newest commit that was noted and to the damaged backup.
func (d *damaged) check(t *testing.T, kind, object string, kinds []backup.DamageKind, quick bool) {
	t.Helper()
	levels := []backup.Level{backup.Whole}
	if quick {
		levels = append(levels, backup.Quick)
	}
	if kinds[0] == backup.Missing { // a recovery that fails leaves nothing behind
		levels = append(levels, backup.Restore)
	}
	for _, level := range levels {
		v := d.verify(t, level, 0)
		i := slices.IndexFunc(v.Damage, func(g backup.Damage) bool { return g.Object == object })
		if i < 0 {
			t.Errorf("level %s does not name %s: %v", level, object, v.Damage)
			continue
		}
		g := &v.Damage[i]
		if !slices.Contains(kinds, g.Kind) {
			t.Errorf("level %s says %s", level, g.Error())
		}
		if kind != "repository" && (g.First == 0 || g.Last < g.First || int(g.Last) >= len(d.hashes)+5) {
			t.Errorf("level %s says SCN %d to %d: %s", level, g.First, g.Last, g.Error())
		}
		if level == backup.Whole {
			t.Log(g.Error())
		}
	}
	for _, to := range []scn.SCN{scn.SCN(len(d.hashes) - 1), d.list[2].SCN} {
		r, err := Recover(context.Background(), RecoverOptions{Repository: d.store, Data: filepath.Join(t.TempDir(), "again"), Target: targetSCN(to)})
		switch {
		case err != nil:
			if kind == "file" {
				t.Errorf("a recovery to SCN %d finds no other way: %v", to, err)
			}
		case r.StateHash != d.hashes[to]:
			t.Errorf("a recovery to SCN %d gave another state: %+v", to, r)
		case kind == "file" && (len(r.Notes) == 0 || !strings.Contains(r.Notes[0], object)):
			t.Errorf("a recovery passed %s over without a word: %+v", object, r)
		case kind == "manifest" && r.Backup == d.list[2].ID:
			t.Errorf("a recovery began from the damaged backup: %+v", r)
		}
	}
}
