package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/backup/archive"
	"redoubt/backup/catalog"
	"redoubt/backup/path"
	"redoubt/backup/prune"
	"redoubt/backup/repository"
	"redoubt/backup/retention"
	"redoubt/backup/store"
	"redoubt/flashback/redolog"
	"redoubt/pitr"
	"redoubt/scn"
	"redoubt/sql"
	"redoubt/sql/logmine"
)

// awaitArchived waits until everything is in the s.
func awaitArchived(t *testing.T, n *Node) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		a, err := n.archiveState(n.followed[0])
		if err != nil || a.Error != nil {
			t.Fatal(err, a.Error)
		}
		if a.Archived >= n.Engine().Applied() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the log is not archived: %+v", a)
		}
	}
}

// TestExpire lets backups and log go, and recovers from what is left: the log begins behind the first commit, and the history of
// rows is as long as the state's own.
func TestExpire(t *testing.T) {
	ctx := context.Background()
	f, s := archived(t)
	n := start(t, f)
	random := rand.New(rand.NewPCG(6, 6))
	live(t, n, random, 80)
	db := connect(t, n)
	xid := get(t, db, "SELECT xid FROM FLASHBACK_TRANSACTION_QUERY WHERE table_name = 't' ORDER BY scn DESC LIMIT 1")
	var kept scn.SCN
	for i := range 2 {
		b, err := n.Backup(ctx, sql.BackupRequest{Kind: "full", Tag: fmt.Sprint("b", i)})
		if err != nil {
			t.Fatal(err)
		}
		live(t, n, random, 60)
		kept = b.SCN
	}
	hashes, _ := lives(t, n)
	events := mine(t, logmine.Miner{Engine: n.engine, Log: n.history}, logmine.Filter{})
	awaitArchived(t, n)
	for deadline := time.Now().Add(2 * time.Minute); n.segments.Range().To < kept; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is sealed")
		}
	}
	awaitArchived(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	expire(t, s)
	mineKept(t, s, events, kept)

	last := scn.SCN(len(hashes) - 1)
	recovered := func(at scn.SCN) string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "again")
		r, err := Recover(ctx, RecoverOptions{Repository: s, Data: dir, Target: pitr.Target{SCN: at}})
		if err != nil {
			t.Fatal(err)
		}
		if r.StateHash != hashes[at] || r.LogAfter == 0 || r.LogAfter >= kept {
			t.Errorf("to SCN %d: %+v, want hash %x", at, r, hashes[at])
		}
		return dir
	}
	_, err := Recover(ctx, RecoverOptions{Repository: s, Data: filepath.Join(t.TempDir(), "again"), Target: pitr.Target{SCN: kept - 1}})
	if !errors.Is(err, path.ErrGap) || !strings.Contains(err.Error(), fmt.Sprintf("is SCN %d", kept)) {
		t.Errorf("to before the oldest backup: %v", err)
	}
	for _, at := range []scn.SCN{kept, kept + 1, (kept + last) / 2} {
		recovered(at)
	}
	goOnFrom(t, recovered(kept), hashes, kept, xid)
	goOnFrom(t, recovered(last), hashes, kept, xid)

	// The node that still has all of its log does not send again what was let go.
	n = start(t, f)
	run(t, connect(t, n), "INSERT INTO app.t VALUES (1000, 'more')")
	awaitArchived(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	pieces, err := archive.Pieces(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pieces {
		if p.First == 1 {
			t.Errorf("%s was sent again", p.Name)
		}
	}
}

// expire keeps one backup, and proves that the repository is clean.
func expire(t *testing.T, s store.Store) {
	t.Helper()
	ctx := context.Background()
	if err := catalog.SetPolicy(ctx, s, &retention.Policy{Redundancy: 1}); err != nil {
		t.Fatal(err)
	}
	p, err := prune.Run(ctx, s, prune.Options{What: "test", Now: time.Now}, false, prune.Obsolete)
	if err != nil || len(p.Backups) != 1 || len(p.Pieces) == 0 {
		t.Fatalf("expire: %+v, %v", p, err)
	}
	findings, err := prune.Check(ctx, s, time.Now())
	if err != nil || len(findings) > 0 {
		t.Errorf("the check finds %+v, %v", findings, err)
	}
}

// mineKept looks into the log that was kept: what is there is as it was, the dictionary before the oldest backup too; that the rest
// was let go is told, and is no damage.
func mineKept(t *testing.T, s *repository.Repository, events []string, kept scn.SCN) {
	t.Helper()
	ctx := context.Background()
	v, err := VerifyRepositoryLog(ctx, RepositoryLog{Repository: s})
	if err != nil || v.Problems() != 0 || len(v.Damages) != 1 || !v.Damages[0].LetGo || v.Whole[0].SCNs.After != v.Damages[0].SCNs.To || v.Whole[0].SCNs.After >= kept {
		t.Fatalf("verified %+v, %v", v, err)
	}
	after := v.Whole[0].SCNs.After
	if _, err := OpenRepository(ctx, RepositoryLog{Repository: s, From: after}); !errors.Is(err, redolog.ErrGone) || !strings.Contains(err.Error(), fmt.Sprintf("SCN 1 to %d is missing", after)) {
		t.Errorf("what was let go: %v", err)
	}
	for _, to := range []scn.SCN{0, after + 1, kept - 1, kept} {
		if to > 0 && to <= after {
			continue
		}
		o, err := OpenRepository(ctx, RepositoryLog{Repository: s, To: to})
		if err != nil {
			t.Fatalf("to SCN %d: %v", to, err)
		}
		got := mine(t, o.Miner(), logmine.Filter{ToSCN: uint64(to)})
		want := slices.DeleteFunc(slices.Clone(events), func(line string) bool {
			var e struct{ SCN scn.SCN }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			return e.SCN <= after || to > 0 && e.SCN > to
		})
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) || to > 0 && len(got) > len(want) {
			t.Errorf("to SCN %d: %d events, want %d: %s", to, len(got), len(want), firstOther(got, want))
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// goOnFrom starts a recovered database whose log begins late, looks back, goes on, and is recovered again.
func goOnFrom(t *testing.T, dir string, hashes []uint64, kept scn.SCN, xid string) {
	t.Helper()
	f := flags(t, dir)
	f["archive"], f["archive-every"] = filepath.Join(t.TempDir(), "own"), "20ms"
	f["archive"] = "file://" + f["archive"]
	n := start(t, f)
	db := connect(t, n)
	for at := kept - 3; at <= kept; at++ { // of the state's own versions
		if h, err := n.Engine().StateHashAt(at); err != nil || h.Hash != hashes[at] {
			t.Errorf("hash of SCN %d is %x, was %x; %v", at, h.Hash, hashes[at], err)
		}
	}
	if _, err := db.Exec("FLASHBACK TRANSACTION " + xid); err == nil || !strings.Contains(err.Error(), "kept") {
		t.Errorf("a transaction from before the log: %v", err)
	}
	run(t, db, "INSERT INTO app.t VALUES (999, 'after')")
	if got := get(t, db, "SELECT COUNT(*) > 0 FROM FLASHBACK_TRANSACTION_QUERY WHERE table_name = 't' AND operation = 'INSERT'"); got != "1" {
		t.Errorf("the log of what came after has %s", got)
	}
	if _, err := n.Backup(context.Background(), sql.BackupRequest{Kind: "full"}); err != nil {
		t.Fatal(err)
	}
	live(t, n, rand.New(rand.NewPCG(7, 7)), 20)
	after, _ := n.Engine().StateHashAt(n.Engine().Applied())
	at := n.Engine().Applied()
	awaitArchived(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	own, err := repository.Open(context.Background(), f["archive"], repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "again")
	r, err := Recover(context.Background(), RecoverOptions{Repository: own, Data: again, Target: pitr.Target{SCN: at}})
	if err != nil || r.StateHash != after.Hash {
		t.Errorf("recovered again: %+v, %v, want hash %x", r, err, after.Hash)
	}

	// Without its state it cannot be made from a log that begins late; it says so.
	if err := os.RemoveAll(filepath.Join(dir, stateDir)); err != nil {
		t.Fatal(err)
	}
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Open(context.Background(), config, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "recover it from the repository") {
		t.Errorf("without its state: %v", err)
		if err == nil {
			n.Close()
		}
	}
}

// TestRecoverWithoutLog: a backup alone is enough for its own SCN, and the database goes on from there.
func TestRecoverWithoutLog(t *testing.T) {
	ctx := context.Background()
	f, s := archived(t)
	n := start(t, f)
	live(t, n, rand.New(rand.NewPCG(8, 8)), 40)
	b, err := n.Backup(ctx, sql.BackupRequest{Kind: "full"})
	if err != nil {
		t.Fatal(err)
	}
	live(t, n, rand.New(rand.NewPCG(9, 9)), 10)
	hashes, _ := lives(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"log/", "tail/"} {
		objects, err := s.List(ctx, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if err := s.Delete(ctx, o.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := filepath.Join(t.TempDir(), "again")
	r, err := Recover(ctx, RecoverOptions{Repository: s, Data: dir})
	if err != nil || r.SCN != b.SCN || r.StateHash != hashes[b.SCN] || r.Pieces != 0 || r.LogAfter != b.SCN {
		t.Fatalf("recovered %+v, %v", r, err)
	}
	f = flags(t, dir)
	f["archive"], f["archive-every"] = s.String(), "20ms"
	n = start(t, f)
	db := connect(t, n)
	run(t, db, "INSERT INTO app.t VALUES (999, 'after')")
	if got := get(t, db, "SELECT COUNT(*) FROM FLASHBACK_TRANSACTION_QUERY WHERE table_name = 't'"); got != "1" {
		t.Errorf("the log has %s changes of the table", got)
	}
	if got := get(t, db, "SELECT GROUP_CONCAT(DISTINCT reachable ORDER BY reachable) FROM V$RECOVERABILITY WHERE last_scn < "+b.ID[strings.LastIndex(b.ID, "-")+1:]); got != "NO" {
		t.Errorf("V$RECOVERABILITY says %s of what lies before the backup", got)
	}
	at := n.Engine().Applied()
	want, err := n.Engine().StateHashAt(at)
	if err != nil {
		t.Fatal(err)
	}
	awaitArchived(t, n)
	if got := get(t, db, "SELECT state FROM V$BACKUP"); got != "AVAILABLE" {
		t.Errorf("V$BACKUP says %s", got)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	r, err = Recover(ctx, RecoverOptions{Repository: s, Data: filepath.Join(t.TempDir(), "newest"), Target: pitr.Target{SCN: at}})
	if err != nil || r.StateHash != want.Hash || r.From != b.SCN || r.Parent != 2 {
		t.Errorf("recovered %+v, %v, want hash %x", r, err, want.Hash)
	}
}

// TestRecoverabilityAlert: a promised point that can no longer be reached is told.
func TestRecoverabilityAlert(t *testing.T) {
	ctx := context.Background()
	f, s := archived(t)
	f["recoverability-every"] = "20ms"
	n := start(t, f)
	defer n.Close()
	live(t, n, rand.New(rand.NewPCG(10, 10)), 20)
	b, err := n.Backup(ctx, sql.BackupRequest{Kind: "full"})
	if err != nil {
		t.Fatal(err)
	}
	if err := catalog.SetPolicy(ctx, s, &retention.Policy{Redundancy: 1}); err != nil {
		t.Fatal(err)
	}
	live(t, n, rand.New(rand.NewPCG(11, 11)), 20)
	awaitArchived(t, n)
	db := connect(t, n)
	health := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
			got := get(t, db, "SELECT COALESCE(message, 'well') FROM V$HEALTH WHERE name = 'recoverability'")
			if strings.Contains(got, want) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("V$HEALTH says %s, want %s", got, want)
			}
		}
	}
	health("well")
	for deadline, gone := time.Now().Add(2*time.Minute), false; !gone; time.Sleep(5 * time.Millisecond) {
		pieces, err := archive.Pieces(ctx, s)
		if err != nil || time.Now().After(deadline) {
			t.Fatal("nothing is sealed behind the backup", err)
		}
		for _, p := range pieces {
			if p.Sealed && p.Last > b.SCN && !gone {
				if err := s.Delete(ctx, p.Name); err != nil {
					t.Fatal(err)
				}
				gone = true
			}
		}
	}
	health("can no longer be recovered")
	run(t, db, "INSERT INTO app.t VALUES (2000, 'behind it')")
	awaitArchived(t, n)
	if got := get(t, db, "SELECT COUNT(*) > 0 FROM V$RECOVERABILITY WHERE reachable = 'NO' AND promised LIKE '%redundancy 1%'"); got != "1" {
		t.Errorf("V$RECOVERABILITY has no promised gap")
	}
}
