package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/scn"
	"redoubt/sql"
)

// hashes are those of all files below a directory.
func hashes(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	out := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = sha256.Sum256(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// atClone starts a node on a clone.
func atClone(t *testing.T, dir string, more map[string]string) *Node {
	t.Helper()
	f := flags(t, dir)
	maps.Copy(f, more)
	return start(t, f)
}

// TestSnapshotsAndClones makes clones of a database that goes on, writes to all, and looks whether each is what it must be.
func TestSnapshotsAndClones(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	defer func() { n.Close() }()
	random := rand.New(rand.NewPCG(5, 5))
	live(t, n, random, 60)
	db := connect(t, n)
	run(t, db, "CREATE SNAPSHOT monday DESCRIPTION 'before the migration'")
	before := hashes(t, filepath.Join(f["data"], snapshotsDir))
	live(t, n, random, 60)
	sums, _ := lives(t, n)
	at := scn.SCN(0)
	fmt.Sscan(get(t, db, "SELECT scn FROM V$SNAPSHOT WHERE name = 'monday'"), &at)
	if got := get(t, db, "SELECT state_hash FROM V$SNAPSHOT WHERE name = 'monday'"); got != fmt.Sprintf("%016x", sums[at]) {
		t.Errorf("the snapshot has hash %s, SCN %d had %016x", got, at, sums[at])
	}
	later, earlier := at+7, at/2
	run(t, db, "CREATE CLONE DATABASE lab FROM SNAPSHOT monday PURPOSE 'to try it out' EXPIRES IN 2 DAY",
		fmt.Sprintf("CREATE CLONE DATABASE later AS OF SCN %d", later), fmt.Sprintf("CREATE CLONE DATABASE earlier AS OF SCN %d", earlier))
	if got := get(t, db, "SELECT MAX(bytes_unique) < 2000000 FROM V$CLONE"); got != "1" {
		t.Errorf("clones of next to nothing have %s bytes of their own", get(t, db, "SELECT GROUP_CONCAT(bytes_unique) FROM V$CLONE"))
	}
	for statement, want := range map[string]string{
		"CREATE SNAPSHOT monday":                                 "there is a snapshot monday",
		"CREATE CLONE DATABASE lab FROM SNAPSHOT monday":         "there is a clone lab",
		"CREATE CLONE DATABASE x FROM SNAPSHOT tuesday":          "snapshot tuesday: there is none",
		"CREATE CLONE DATABASE x AS OF SCN 100000":               "future",
		"CREATE SNAPSHOT `../x`":                                 "a name has letters",
		"DROP SNAPSHOT monday":                                   "snapshot monday has clones: lab; drop them first",
		"DROP SNAPSHOT tuesday":                                  "snapshot tuesday: there is none",
		"DROP CLONE DATABASE nothing":                            "clone nothing: there is none",
		"CREATE CLONE DATABASE x FROM SNAPSHOT monday EXPIRES 2": "syntax",
	} {
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", statement, err, want)
		}
	}
	for name, c := range map[string]scn.SCN{"lab": at, "later": later, "earlier": earlier} {
		dir := get(t, db, "SELECT data FROM V$CLONE WHERE name = ?", name)
		clone := atClone(t, dir, nil)
		for _, back := range []scn.SCN{3, c} {
			if h, err := clone.Engine().StateHashAt(back); err != nil || h.Hash != sums[back] {
				t.Errorf("clone %s has hash %x at SCN %d, it was %x; %v", name, h.Hash, back, sums[back], err)
			}
		}
		other := connect(t, clone)
		if got := get(t, other, "SELECT COUNT(*) FROM V$FLASHBACK WHERE kind = 'RECOVERY' AND to_scn = ?", uint64(c)); got != "1" {
			t.Errorf("clone %s notes %s recoveries", name, got)
		}
		if got := get(t, other, "SELECT COUNT(*) FROM FLASHBACK_TRANSACTION_QUERY WHERE scn <= 5"); got == "0" {
			t.Errorf("clone %s does not know its past", name)
		}
		live(t, clone, random, 30)
		if name == "lab" {
			if _, err := db.Exec("DROP CLONE DATABASE lab"); err == nil || !strings.Contains(err.Error(), "in use by a node") {
				t.Errorf("drop of an open clone: %v", err)
			}
			if got := get(t, db, "SELECT open FROM V$CLONE WHERE name = 'lab'"); got != "1" {
				t.Errorf("an open clone is shown as %s", got)
			}
		}
		sum, applied := clone.Engine().StateHash(), clone.Engine().Applied()
		if err := clone.Close(); err != nil {
			t.Error(err)
		}
		clone = atClone(t, dir, nil) // from its own log
		if h, err := clone.Engine().StateHashAt(applied); err != nil || h.Hash != sum.Hash {
			t.Errorf("clone %s after a restart: %x, was %x; %v", name, h.Hash, sum.Hash, err)
		}
		if err := clone.Close(); err != nil {
			t.Error(err)
		}
	}
	if after := hashes(t, filepath.Join(f["data"], snapshotsDir)); !maps.Equal(before, after) {
		t.Errorf("the snapshot has changed: %d files, had %d", len(after), len(before))
	}
	if again, _ := lives(t, n); again[at] != sums[at] || again[later] != sums[later] {
		t.Error("the original has changed")
	}
	run(t, db, "DROP CLONE DATABASE lab", "DROP SNAPSHOT monday", "DROP SNAPSHOT IF EXISTS monday", "DROP CLONE DATABASE later", "DROP CLONE DATABASE earlier")
	for _, dir := range []string{snapshotsDir, clonesDir} {
		if left, _ := os.ReadDir(filepath.Join(f["data"], dir)); len(left) > 0 {
			t.Errorf("%s has %v", dir, left)
		}
	}
}

// TestSnapshotIsLinks measures what a snapshot takes: next to nothing, however large the database is. One comes before the
// database goes back, if that is wanted.
func TestSnapshotIsLinks(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["snapshot-before-flashback"], f["snapshot-keep"] = "true", "2"
	n := start(t, f)
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARBINARY(4000))")
	for i := range 20 {
		var values []string
		for k := range 100 {
			values = append(values, fmt.Sprintf("(%d, RANDOM_BYTES(1000))", i*100+k))
		}
		run(t, db, "INSERT INTO app.t VALUES "+strings.Join(values, ", "))
	}
	at := n.Engine().Applied()
	for deadline := time.Now().Add(2 * time.Minute); n.segments.Range().To < at; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("sealed up to %d of %d", n.segments.Range().To, at)
		}
	}
	// State and log have 2 MB each. If files that the snapshot has are merged meanwhile, it alone has them: then another one is made.
	for deadline := time.Now().Add(2 * time.Minute); ; run(t, db, "DROP SNAPSHOT s") {
		run(t, db, "CREATE SNAPSHOT s")
		snapshots, err := n.shelves.Snapshots()
		if err != nil || len(snapshots) != 1 {
			t.Fatalf("%+v, %v", snapshots, err)
		}
		if s := snapshots[0]; s.Shared >= 4e6 && s.Unique <= 1e5 {
			t.Logf("%d bytes by links, %d of its own", s.Shared, s.Unique)
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("%d bytes by links, %d of its own", s.Shared, s.Unique)
		}
	}
	for range 3 {
		run(t, db, "DELETE FROM app.t WHERE id < 3", fmt.Sprintf("FLASHBACK DATABASE TO SCN %d", at))
	}
	if got := get(t, db, "SELECT COUNT(*) FROM V$SNAPSHOT WHERE name LIKE 'before-flashback-%'"); got != "2" {
		t.Errorf("%s snapshots are from before a flashback", got)
	}
}

// TestCloneFromNothing: a clone as of an SCN needs no snapshot.
func TestCloneFromNothing(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	live(t, n, rand.New(rand.NewPCG(6, 6)), 30)
	sums, _ := lives(t, n)
	db := connect(t, n)
	run(t, db, "CREATE CLONE DATABASE c AS OF SCN 9")
	dir := get(t, db, "SELECT data FROM V$CLONE")
	clone := atClone(t, dir, nil)
	if h, err := clone.Engine().StateHashAt(9); err != nil || h.Hash != sums[9] {
		t.Errorf("it has %x, want %x; %v", h.Hash, sums[9], err)
	}
	if err := errors.Join(clone.Close(), n.Close()); err != nil {
		t.Error(err)
	}
}

// TestClonesExpire: upkeep drops what is past its time, unless a node is on it, and a start what was half made.
func TestClonesExpire(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["upkeep-time"], f["snapshot-every"], f["snapshot-keep"] = "10ms", "1ms", "2"
	half := filepath.Join(f["data"], clonesDir, ".new-half")
	n := start(t, f)
	db := connect(t, n)
	await(t, db, "SELECT COUNT(*) > 0 FROM V$SNAPSHOT WHERE name LIKE 'scheduled-%'", "1") // of one second there is one
	run(t, db, "CREATE DATABASE app", "CREATE SNAPSHOT mine", "CREATE CLONE DATABASE short FROM SNAPSHOT mine EXPIRES IN 1 MINUTE", "CREATE CLONE DATABASE open FROM SNAPSHOT mine EXPIRES IN 1 MINUTE", "CREATE CLONE DATABASE long FROM SNAPSHOT mine")
	clone := atClone(t, get(t, db, "SELECT data FROM V$CLONE WHERE name = 'open'"), nil)
	if err := n.shelves.expire(time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	await(t, db, "SELECT GROUP_CONCAT(name ORDER BY name) FROM V$CLONE", "long,open")
	if err := clone.Close(); err != nil {
		t.Error(err)
	}
	if err := n.shelves.expire(time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	await(t, db, "SELECT GROUP_CONCAT(name) FROM V$CLONE", "long")
	await(t, db, "SELECT COUNT(*) FROM V$SNAPSHOT WHERE name LIKE 'scheduled-%'", "2")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	n = start(t, f)
	defer n.Close()
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a clone is left: %v", err)
	}
}

// TestCloneArchivesApart: a clone's log does not go where that of its original is.
func TestCloneArchivesApart(t *testing.T) {
	f, repository := archived(t)
	n := start(t, f)
	defer n.Close()
	live(t, n, rand.New(rand.NewPCG(7, 7)), 20)
	db := connect(t, n)
	awaitArchived(t, n)
	run(t, db, "CREATE SNAPSHOT s", "CREATE CLONE DATABASE c FROM SNAPSHOT s")
	dir := get(t, db, "SELECT data FROM V$CLONE")
	g := flags(t, dir)
	g["archive"], g["archive-every"] = repository.String(), "20ms"
	config, err := Load("", g)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := Open(context.Background(), config, n.logger); err == nil || !strings.Contains(err.Error(), "this database is a clone") {
		t.Errorf("the clone archives to its original's repository: %v, %v", other, err)
	}
	own := filepath.Join(t.TempDir(), "own")
	for range 2 {
		clone := atClone(t, dir, map[string]string{"archive": "file://" + own, "archive-every": "20ms"})
		live(t, clone, rand.New(rand.NewPCG(8, 8)), 10)
		awaitArchived(t, clone)
		if _, err := clone.Backup(context.Background(), sql.BackupRequest{Kind: "full", Repository: repository.String()}); err == nil || !strings.Contains(err.Error(), "this database is a clone") {
			t.Errorf("the clone is backed up to its original's repository: %v", err)
		}
		if err := clone.Close(); err != nil {
			t.Error(err)
		}
	}
}
