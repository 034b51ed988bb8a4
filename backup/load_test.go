package backup

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"redoubt/backup/store"
)

// countingStore counts the objects that are read.
type countingStore struct {
	store.Store
	reads atomic.Int64
}

func (s *countingStore) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	s.reads.Add(1)
	return s.Store.Get(ctx, name)
}

// TestManifestsKnown: who looks again reads what is new, what has another size, and, after an hour, everything.
func TestManifestsKnown(t *testing.T) {
	ctx := context.Background()
	dir, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &countingStore{Store: dir}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	put := func(n int) *Manifest {
		t.Helper()
		m := &Manifest{
			Format: manifestFormat, ID: fmt.Sprintf("20260102T030405-1-%d", n), Kind: Full, DatabaseID: strings.Repeat("0", 32), Incarnation: 1, SCN: 7, StateHash: strings.Repeat("a", 16),
			Started: now, Finished: now, BlockBytes: blockBytes, Files: []File{{Name: "x.sst", Bytes: 1, SHA256: strings.Repeat("b", 64), Blocks: strings.Repeat("c", 16)}},
		}
		if err := m.write(ctx, dir); err != nil {
			t.Fatal(err)
		}
		return m
	}
	for n := range 50 {
		put(n + 1)
	}
	var known Manifests
	look := func(want, reads int) []Damaged {
		t.Helper()
		s.reads.Store(0)
		list, damaged, err := known.Load(ctx, s, now)
		if err != nil || len(list) != want || int(s.reads.Load()) != reads {
			t.Errorf("%d manifests by %d reads, %v; want %d by %d: %v", len(list), s.reads.Load(), err, want, reads, damaged)
		}
		return damaged
	}
	look(50, 50)
	look(50, 0)
	put(51)
	look(51, 1)
	object := put(51).Object()
	if err := dir.Put(ctx, object, bytes.NewReader([]byte("{}"))); err != nil {
		t.Fatal(err)
	}
	if damaged := look(50, 1); len(damaged) != 1 || damaged[0].Object != object {
		t.Errorf("damaged: %v", damaged)
	}
	look(50, 1) // what could not be read is read each time
	if err := dir.Delete(ctx, object); err != nil {
		t.Fatal(err)
	}
	look(50, 0)
	now = now.Add(knownFor)
	look(50, 50)
	look(50, 0)
}
