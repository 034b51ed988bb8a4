package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/backup/archive"
	"redoubt/backup/repository"
	"redoubt/pitr"
	"redoubt/scn"
)

var recoverSeed = flag.Uint64("recover-seed", 0, "seed of TestRecover; 0 takes one from the clock")

// archived runs a node that archives to a new repository.
func archived(t *testing.T) (map[string]string, *repository.Repository) {
	t.Helper()
	s, err := repository.Open(context.Background(), "file://"+filepath.Join(t.TempDir(), "repository"), repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["archive"], f["archive-every"] = s.String(), "20ms"
	return f, s
}

// TestRecover archives a random life of a database, loses the machine, and recovers it to random points: each has the state
// hash that the database had there, and it goes on from there, and is archived and recovered again.
func TestRecover(t *testing.T) {
	t.Run("plain", func(t *testing.T) { testRecover(t, "") })
	t.Run("encrypted", func(t *testing.T) { testRecover(t, newKey(t)) })
}

func testRecover(t *testing.T, key string) {
	seed := *recoverSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e12
	}
	t.Logf("replay: go test ./node -run '^TestRecover$' -recover-seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 5))
	f, s := archived(t)
	if key != "" {
		f["archive-key"], s = key, openWith(t, s.String(), key)
	}
	n := start(t, f)
	live(t, n, random, 150)
	hashes, times := lives(t, n)
	db := connect(t, n)
	point := get(t, db, "SELECT scn FROM V$RESTORE_POINT WHERE name = 'middle'")
	xid := get(t, db, "SELECT xid FROM FLASHBACK_TRANSACTION_QUERY WHERE scn > ? ORDER BY scn LIMIT 1", point)
	after := get(t, db, "SELECT scn FROM FLASHBACK_TRANSACTION_QUERY WHERE xid = ? LIMIT 1", xid)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	last := scn.SCN(len(hashes) - 1)
	number := func(s string) (at scn.SCN) {
		fmt.Sscan(s, &at)
		return at
	}
	targets := map[pitr.Target]scn.SCN{
		{RestorePoint: "middle"}: number(point), {SCN: 1}: 1, {SCN: last}: last,
	}
	var id uint64
	fmt.Sscan(xid, &id)
	targets[pitr.Target{Transaction: id}], targets[pitr.Target{Before: id}] = number(after), number(after)-1
	for range 6 {
		at := 1 + scn.SCN(random.Uint64N(uint64(last)))
		targets[pitr.Target{SCN: at}], targets[pitr.Target{Time: times[at]}] = at, at
	}
	for target, want := range targets {
		dir := filepath.Join(t.TempDir(), "again")
		r, err := Recover(context.Background(), RecoverOptions{Repository: s, Data: dir, Target: target})
		if err != nil {
			t.Fatalf("to %s: %v", target, err)
		}
		if r.SCN != want || r.StateHash != hashes[want] || r.Parent != 1 || r.Incarnation < 2 {
			t.Fatalf("to %s: reached %+v, want SCN %d with hash %x", target, r, want, hashes[want])
		}
	}
	// A clean stop gives numbers of sequences back, and archives that, too.
	r, err := Recover(context.Background(), RecoverOptions{Repository: s, Data: filepath.Join(t.TempDir(), "newest")})
	if err != nil || r.SCN < last {
		t.Errorf("to the newest commit: %+v, want SCN %d at least; %v", r, last, err)
	}
	goOn(t, s, key, random, hashes, last/2)
}

// live does some random things to a database.
func live(t *testing.T, n *Node, random *rand.Rand, steps int) {
	t.Helper()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE IF NOT EXISTS app", "CREATE TABLE IF NOT EXISTS app.t (id INT PRIMARY KEY, v VARCHAR(100), KEY (v))")
	for i := range steps {
		id := random.IntN(60)
		switch random.IntN(12) {
		case 0:
			run(t, db, fmt.Sprintf("DELETE FROM app.t WHERE id > %d", id))
		case 1:
			run(t, db, "CREATE TABLE IF NOT EXISTS app.u (id INT PRIMARY KEY)", "DROP TABLE app.u")
		case 2:
			now := n.Engine().Applied()
			run(t, db, fmt.Sprintf("FLASHBACK TABLE app.t TO SCN %d", now-scn.SCN(random.Uint64N(min(uint64(now)-2, 20)))))
		case 3:
			run(t, db, fmt.Sprintf("UPDATE app.t SET v = CONCAT(v, '%d') WHERE id < %d", i, id))
		default:
			run(t, db, fmt.Sprintf("REPLACE INTO app.t VALUES (%d, '%s')", id, strings.Repeat("x", random.IntN(60))))
		}
		if i == steps/2 {
			run(t, db, "DROP RESTORE POINT IF EXISTS middle", "CREATE RESTORE POINT middle")
		}
	}
}

// lives gives the state hash and the time of every SCN.
func lives(t *testing.T, n *Node) (hashes []uint64, times []time.Time) {
	t.Helper()
	for at := scn.SCN(0); at <= n.Engine().Applied(); at++ {
		h, err := n.Engine().StateHashAt(at)
		micros, timeErr := n.Engine().SCNToTime(at)
		if err := errors.Join(err, timeErr); err != nil {
			t.Fatal(err)
		}
		hashes, times = append(hashes, h.Hash), append(times, time.UnixMicro(micros))
	}
	return hashes, times
}

// goOn starts a recovered database, lets it live and be archived to the same repository, and recovers that.
func goOn(t *testing.T, s *repository.Repository, key string, random *rand.Rand, before []uint64, at scn.SCN) {
	t.Helper()
	f := flags(t, filepath.Join(t.TempDir(), "branch"))
	f["archive"], f["archive-every"], f["archive-key"] = s.String(), "20ms", key
	if _, err := Recover(context.Background(), RecoverOptions{Repository: s, Data: f["data"], Target: pitr.Target{SCN: at}}); err != nil {
		t.Fatal(err)
	}
	n := start(t, f)
	db := connect(t, n)
	if got := get(t, db, "SELECT GROUP_CONCAT(CONCAT(kind, ' ', to_scn)) FROM V$FLASHBACK WHERE kind = 'RECOVERY'"); got != fmt.Sprint("RECOVERY ", at) {
		t.Errorf("V$FLASHBACK has %s", got)
	}
	for _, back := range []scn.SCN{3, at} { // its history came along
		if h, err := n.Engine().StateHashAt(back); err != nil || h.Hash != before[back] {
			t.Errorf("hash of SCN %d after the recovery is %x, was %x; %v", back, h.Hash, before[back], err)
		}
	}
	live(t, n, random, 30)
	hashes, _ := lives(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	last := scn.SCN(len(hashes) - 1)
	for _, c := range []struct {
		incarnation scn.Incarnation
		target      pitr.Target
		want        uint64
	}{{0, pitr.Target{SCN: last}, hashes[last]}, {0, pitr.Target{SCN: at + 2}, hashes[at+2]}, {0, pitr.Target{SCN: 4}, hashes[4]}, {1, pitr.Target{SCN: scn.SCN(len(before) - 1)}, before[len(before)-1]}} {
		r, err := Recover(context.Background(), RecoverOptions{
			Repository: s, Data: filepath.Join(t.TempDir(), "again"), Target: c.target, Incarnation: c.incarnation,
		})
		if err != nil || r.StateHash != c.want {
			t.Errorf("incarnation %d to %s: %+v, want hash %x; %v", c.incarnation, c.target, r, c.want, err)
		}
	}
}

func TestRecoverErrors(t *testing.T) {
	f, s := archived(t)
	n := start(t, f)
	live(t, n, rand.New(rand.NewPCG(1, 1)), 60)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	try := func(name, want string, o RecoverOptions) {
		t.Helper()
		if o.Repository == nil {
			o.Repository = s
		}
		if o.Data == "" {
			o.Data = filepath.Join(t.TempDir(), "again")
		}
		if _, err := Recover(ctx, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", name, err, want)
		}
	}
	empty, err := repository.Open(ctx, "file://"+t.TempDir(), repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	try("no repository", "no repository of Redoubt", RecoverOptions{Repository: empty})
	try("in use", "is a data directory already", RecoverOptions{Data: f["data"]})
	try("too far", "does not reach", RecoverOptions{Target: pitr.Target{SCN: 100_000}})
	try("too early", "no commit", RecoverOptions{Target: pitr.Target{Time: time.Unix(1, 0)}})
	try("no point", "restore point nothing", RecoverOptions{Target: pitr.Target{RestorePoint: "nothing"}})
	try("no transaction", "transaction 12", RecoverOptions{Target: pitr.Target{Transaction: 12}})
	try("no incarnation", "incarnation 7", RecoverOptions{Incarnation: 7})

	// A recovery that was interrupted goes on; another one does not mix with it; a node does not start on it.
	half := filepath.Join(t.TempDir(), "half")
	stopped, stop := context.WithCancel(ctx)
	_, err = Recover(stopped, RecoverOptions{Repository: s, Data: half, Progress: func(step string, _, _ uint64) {
		if step == "replay" {
			stop()
		}
	}})
	if err == nil {
		t.Fatal("a recovery that was stopped succeeded")
	}
	try("another recovery", "another recovery", RecoverOptions{Data: half, Target: pitr.Target{SCN: 5}})
	config, err := Load("", map[string]string{"data": half})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := claimDirectory(config.Data, ""); err == nil || !strings.Contains(err.Error(), "not finished") {
		t.Errorf("a half recovered directory was taken: %v", err)
	}
	if _, err := Recover(ctx, RecoverOptions{Repository: s, Data: half}); err != nil {
		t.Errorf("the recovery does not go on: %v", err)
	}

	pieces, err := archive.Pieces(ctx, s)
	if err != nil || len(pieces) < 2 {
		t.Fatalf("%d pieces, %v", len(pieces), err)
	}
	path := filepath.Join(strings.TrimPrefix(s.String(), "file://"), filepath.FromSlash(pieces[0].Name))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flipped := append([]byte(nil), whole...)
	flipped[len(flipped)/2] ^= 1
	write(flipped)
	try("one bit", pieces[0].Name, RecoverOptions{})
	write(whole[:len(whole)-7])
	try("cut off", pieces[0].Name, RecoverOptions{})
	write(whole)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	try("missing", fmt.Sprintf("SCN 1 to %d is missing", pieces[0].Last), RecoverOptions{})
	write(whole)
	if _, err := Recover(ctx, RecoverOptions{Repository: s, Data: filepath.Join(t.TempDir(), "whole")}); err != nil {
		t.Errorf("whole again: %v", err)
	}
}

// TestArchiveRefuses: a repository takes one database, and one history of it.
func TestArchiveRefuses(t *testing.T) {
	f, s := archived(t)
	n := start(t, f)
	live(t, n, rand.New(rand.NewPCG(2, 2)), 20)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	other, _ := archived(t)
	other["archive"] = s.String()
	n = start(t, other)
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app")
	deadline := time.Now().Add(2 * time.Minute)
	for get(t, db, "SELECT status FROM V$ARCHIVE") != "FAILED" {
		if time.Now().After(deadline) {
			t.Fatal("another database's log went into the repository")
		}
		time.Sleep(10 * time.Millisecond) // the next round
	}
	if got := get(t, db, "SELECT error FROM V$ARCHIVE"); !strings.Contains(got, "is of database") {
		t.Errorf("V$ARCHIVE says %s", got)
	}
	if got := get(t, db, "SELECT message FROM V$HEALTH WHERE name = 'archive'"); !strings.Contains(got, "is of database") {
		t.Errorf("V$HEALTH says %s", got)
	}
}
