package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redoubt/backup/repository"
	"redoubt/backup/store"
)

// counted is a store that counts Puts that succeed, and refuses them when it is told so.
type counted struct {
	store.Store

	mu   sync.Mutex
	puts map[string]int
	left int // that succeed; -1: all
}

var errFull = errors.New("there is no room")

func (c *counted) Put(ctx context.Context, name string, r io.Reader) error {
	c.mu.Lock()
	if c.left == 0 {
		c.mu.Unlock()
		return errFull
	}
	c.left--
	c.mu.Unlock()
	err := c.Store.Put(ctx, name, r)
	if err == nil { // one that ends because another failed is not sent
		c.mu.Lock()
		defer c.mu.Unlock()
		c.puts[name]++
	}
	return err
}

func newCounted(t *testing.T) *counted {
	t.Helper()
	dir, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := repository.In(dir, repository.Options{}).Claim(context.Background(), [16]byte{1}); err != nil {
		t.Fatal(err)
	}
	return &counted{Store: dir, puts: map[string]int{}, left: -1}
}

// fakeState is a state of some files.
type fakeState map[string][]byte

func (f fakeState) checkpoint(dir string, m *Manifest) error {
	m.DatabaseID, m.Incarnation, m.SCN, m.StateHash = "01"+strings.Repeat("0", 30), 1, 7, strings.Repeat("a", 16)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for name, content := range f {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chtimes(path, time.Unix(9, 9), time.Unix(9, 9))); err != nil {
			return err
		}
	}
	return nil
}

func (f fakeState) options(t *testing.T, s store.Store) TakeOptions {
	return TakeOptions{
		Store: s, Kind: Full, Dir: filepath.Join(t.TempDir(), "checkpoint"), Parallel: 3, Now: time.Now, Checkpoint: f.checkpoint, Progress: &Progress{},
	}
}

// TestTakeResumes has the storage fail at random, and the backup begin again: each file is sent once, and there is no manifest
// until all are there.
func TestTakeResumes(t *testing.T) {
	seed := uint64(time.Now().UnixNano()) % 1e12
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	s, state := newCounted(t), fakeState{}
	for i := range 40 {
		content := make([]byte, random.IntN(1<<16))
		for j := range content {
			content[j] = byte(random.Uint32())
		}
		state[fmt.Sprintf("%06d.sst", i)] = content
	}
	tries := 0
	for ; ; tries++ {
		s.left = random.IntN(12)
		taken, err := Take(context.Background(), state.options(t, s))
		list, listErr := List(context.Background(), s)
		if listErr != nil || len(list) != 0 && err != nil {
			t.Fatalf("after %v there are %d backups, %v", err, len(list), listErr)
		}
		if err == nil {
			if len(list) != 1 || list[0].ID != taken.ID || len(list[0].Files) != len(state) {
				t.Fatalf("the backup is %+v", list)
			}
			break
		}
		if !errors.Is(err, errFull) {
			t.Fatal(err)
		}
	}
	t.Logf("%d tries", tries)
	for name, n := range s.puts {
		if n != 1 {
			t.Errorf("%s was sent %d times", name, n)
		}
	}
	s.left, s.puts = -1, map[string]int{}
	taken, err := Take(context.Background(), state.options(t, s))
	if err != nil || taken.Sent != 0 || len(s.puts) != 1 {
		t.Errorf("the same again sent %v, %v", slices.Sorted(maps.Keys(s.puts)), err)
	}
	if list, err := List(context.Background(), s); err != nil || len(list) != 2 || list[0].ID == list[1].ID {
		t.Errorf("two backups of one SCN are %+v, %v", list, err)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Take(stopped, state.options(t, s)); !errors.Is(err, context.Canceled) {
		t.Errorf("a backup that was stopped: %v", err)
	}
}

// TestKnown: an incremental backup does not read what is known; a full one does, and finds what the disk has lost.
func TestKnown(t *testing.T) {
	s, state := newCounted(t), fakeState{"000001.sst": []byte("one"), "000002.sst": []byte("two"), "MANIFEST-1": []byte("m")}
	known := filepath.Join(t.TempDir(), "known")
	take := func(kind Kind) (Taken, Point, error) {
		o := state.options(t, s)
		o.Kind, o.Known = kind, OpenKnown(known)
		w := &work{TakeOptions: o, ctx: context.Background(), taken: &Taken{}}
		w.BlockBytes = blockBytes
		err := errors.Join(w.checkpoint(), w.read())
		return *w.taken, o.Progress.Point(), err
	}
	if _, at, err := take(Full); err != nil || at.Files != 3 {
		t.Fatalf("read %d files, %v", at.Files, err)
	}
	taken, at, err := take(Incremental)
	if err != nil || at.Files != 1 || len(taken.Files) != 3 {
		t.Errorf("read %d files of %d, %v; only the one that may change was to be read", at.Files, len(taken.Files), err)
	}
	state["000002.sst"] = []byte("twO")
	if _, _, err := take(Full); err == nil || !strings.Contains(err.Error(), "000002.sst") {
		t.Errorf("a file that never changes has changed: %v", err)
	}
	if err := os.WriteFile(known, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, at, err := take(Incremental); err != nil || at.Files != 3 {
		t.Errorf("without knowledge %d files were read, %v", at.Files, err)
	}
}
