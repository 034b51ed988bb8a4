package node

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"redoubt/backup/archive"
	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/scn"
	"redoubt/sql"
	"redoubt/sql/logmine"
)

// watched is a store that notes which pieces of the log are fetched, and asks before each.
type watched struct {
	store.Store
	before func(name string)

	mu      sync.Mutex
	fetched []string
}

func (w *watched) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if strings.HasPrefix(name, "log/") || strings.HasPrefix(name, "tail/") {
		w.mu.Lock()
		w.fetched = append(w.fetched, name)
		w.mu.Unlock()
		if w.before != nil {
			w.before(name)
		}
	}
	return w.Store.Get(ctx, name)
}

// take gives what was fetched since.
func (w *watched) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.fetched
	w.fetched = nil
	return list
}

func watch(t *testing.T, r *repository.Repository) (*watched, *repository.Repository) {
	t.Helper()
	w := &watched{Store: r.Base()}
	return w, repository.In(w, repository.Options{})
}

// records reads the SCNs of a range.
func records(t *testing.T, o *Offline, from, to uint64) (list []uint64) {
	t.Helper()
	for r, err := range o.Records(context.Background(), from, to) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r.SCN)
	}
	return list
}

// awaitSealed waits until all that is committed is in sealed pieces.
func awaitSealed(t *testing.T, n *Node, s store.Store) {
	t.Helper()
	to := n.Engine().Applied()
	waitFor(t, "SCN "+to.String()+" is sealed in the repository", func() bool {
		pieces, err := archive.Pieces(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		return sealedTo(pieces) >= to
	})
}

func sealedTo(pieces []archive.Piece) (to scn.SCN) {
	for i := range pieces {
		if pieces[i].Sealed {
			to = max(to, pieces[i].Last)
		}
	}
	return to
}

// TestRepositoryLogFetches: of the archived log only what has something of the range is fetched, and what a state needs that is not
// in a backup; nothing stays.
func TestRepositoryLogFetches(t *testing.T) {
	ctx := context.Background()
	f, s := archived(t)
	n := start(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	for i := range 5 {
		run(t, db, fmt.Sprintf("INSERT INTO app.t VALUES (%d)", i))
		awaitSealed(t, n, s)
	}
	at, err := n.Backup(ctx, sql.BackupRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := mine(t, logmine.Miner{Engine: n.engine, Log: n.history}, logmine.Filter{FromSCN: uint64(at.SCN)})
	awaitSealed(t, n, s)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	w, r := watch(t, s)
	pieces, err := archive.Pieces(ctx, s)
	if err != nil || len(pieces) < 5 {
		t.Fatalf("pieces %v, %v", pieces, err)
	}
	for i := range pieces {
		from, to := pieces[i].First, pieces[min(i+1, len(pieces)-1)].First
		o, err := OpenRepositoryLog(ctx, RepositoryLog{Repository: r, From: from, To: to})
		if err != nil {
			t.Fatal(err)
		}
		list := records(t, o, uint64(from), uint64(to))
		if len(list) != int(to-from)+1 || list[0] != uint64(from) {
			t.Errorf("SCN %d to %d: %v", from, to, list)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		fetched := w.take()
		if len(fetched) != min(2, len(pieces)-i) || fetched[0] != pieces[i].Name {
			t.Errorf("SCN %d to %d: fetched %v", from, to, fetched)
		}
	}
	o, err := OpenRepository(ctx, RepositoryLog{Repository: r, From: at.SCN, To: at.SCN})
	if err != nil {
		t.Fatal(err)
	}
	if fetched := w.take(); len(fetched) > 0 {
		t.Errorf("the state is a backup; fetched %v", fetched)
	}
	got := mine(t, o.Miner(), logmine.Filter{FromSCN: uint64(at.SCN), ToSCN: uint64(at.SCN)})
	if len(got) != 1 || got[0] != want[0] {
		t.Errorf("at SCN %d: %v, want %v", at.SCN, got, want[0])
	}
	if fetched := w.take(); len(fetched) != 1 {
		t.Errorf("one transaction: fetched %v", fetched)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if left, err := s.List(ctx, "leases/"); err != nil || len(left) > 0 {
		t.Errorf("leases: %v, %v", left, err)
	}
}

// TestRepositoryLogReplaced reads the tail of the archived log while the archiver puts a sealed piece in its place: nothing is
// missing, and nothing comes twice.
func TestRepositoryLogReplaced(t *testing.T) {
	ctx := context.Background()
	f, s := archived(t)
	f["segment-time"], f["segment-size"] = "1h", "64MiB"
	n := start(t, f)
	db := connect(t, n)
	for _, statement := range []string{"CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)", "INSERT INTO app.t VALUES (2)"} {
		run(t, db, statement)
		awaitArchived(t, n)
	}
	last := uint64(n.Engine().Applied())
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(strings.TrimPrefix(s.String(), "file://"))); err != nil {
		t.Fatal(err)
	}
	f["segment-time"] = "50ms"
	n = start(t, f)
	waitFor(t, "the tail is sealed", func() bool {
		tail, err := s.List(ctx, "tail/")
		if err != nil {
			t.Fatal(err)
		}
		return len(tail) == 0
	})
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	old, err := store.OpenDir(older)
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{Store: old}
	w.before = func(name string) {
		if len(w.fetched) == 2 { // the second piece of the tail
			w.Store = s.Base()
		}
	}
	o, err := OpenRepositoryLog(ctx, RepositoryLog{Repository: repository.In(w, repository.Options{}), To: scn.SCN(last)})
	if err != nil {
		t.Fatal(err)
	}
	list := records(t, o, 0, 0)
	if uint64(len(list)) != last || list[0] != 1 || list[last-1] != last {
		t.Errorf("SCNs %v, want 1 to %d", list, last)
	}
	fetched := w.take()
	if len(fetched) < 3 || !strings.HasPrefix(fetched[1], "tail/") || !strings.HasPrefix(fetched[2], "log/") {
		t.Errorf("fetched %v", fetched)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}
