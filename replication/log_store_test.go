package replication

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/raft"

	"redoubt/wal"
)

func openStore(t *testing.T, fs vfs.FS) (*logStore, *wal.Log) {
	t.Helper()
	log, err := wal.Open(wal.Options{FS: fs, Dir: "wal", SegmentBytes: 4 << 10, SpareFiles: wal.NoSpareFiles})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return newLogStore(log, newGuard(), func() uint64 { return 0 }), log
}

func noop(index, term uint64) *raft.Log {
	return &raft.Log{Index: index, Term: term, Type: raft.LogNoop, Data: []byte(fmt.Sprintf("%d in %d", index, term))}
}

func noops(from, to, term uint64) []*raft.Log {
	var logs []*raft.Log
	for i := from; i <= to; i++ {
		logs = append(logs, noop(i, term))
	}
	return logs
}

// expectBounds checks the first and last index, and that everything between, and nothing else, is there.
func expectBounds(t *testing.T, s *logStore, first, last uint64) {
	t.Helper()
	f, _ := s.FirstIndex()
	l, _ := s.LastIndex()
	if f != first || l != last {
		t.Errorf("the log has %d to %d, want %d to %d", f, l, first, last)
	}
	var got raft.Log
	for i := max(first, 1); i <= last; i++ {
		if err := s.GetLog(i, &got); err != nil || got.Index != i {
			t.Errorf("entry %d: %+v, %v", i, got, err)
		}
	}
	for _, i := range []uint64{0, last + 1} {
		if err := s.GetLog(i, &got); err != raft.ErrLogNotFound {
			t.Errorf("entry %d: %v", i, err)
		}
	}
}

// TestScanEnds: raft may apply what it has looked at for configurations as soon as it has, and gets the entries themselves then.
func TestScanEnds(t *testing.T) {
	s, _ := openStore(t, vfs.NewMem())
	if err := s.StoreLogs(noops(1, 5, 1)); err != nil {
		t.Fatal(err)
	}
	s.scanning.Store(&scan{first: 2, last: 4, configs: map[uint64]raft.Log{}})
	for i := uint64(2); i <= 4; i++ {
		var l raft.Log
		if err := s.GetLog(i, &l); err != nil || l.Index != i || l.Data != nil {
			t.Errorf("raft looks at entry %d: %+v, %v", i, l, err)
		}
	}
	expectBounds(t, s, 1, 5)
	for i := uint64(1); i <= 5; i++ {
		var l raft.Log
		if err := s.GetLog(i, &l); err != nil || string(l.Data) != string(noop(i, 1).Data) {
			t.Errorf("raft applies entry %d: %+v, %v", i, l, err)
		}
	}
}

func TestLogStoreModel(t *testing.T) {
	rnd := newRand(t)
	fs := vfs.NewMem()
	s, log := openStore(t, fs)
	model := map[uint64]*raft.Log{}
	var last, term uint64 = 0, 1
	for range 3000 {
		switch op := rnd.IntN(20); {
		case op < 12:
			n := uint64(1 + rnd.IntN(5))
			logs := noops(last+1, last+n, term)
			if err := s.StoreLogs(logs); err != nil {
				t.Fatal(err)
			}
			for _, l := range logs {
				model[l.Index] = l
			}
			last += n
		case op < 15 && last > s.snapshotAt.Load():
			cut := s.snapshotAt.Load() + 1 + rnd.Uint64N(last-s.snapshotAt.Load())
			if err := s.DeleteRange(cut, last); err != nil {
				t.Fatal(err)
			}
			for i := cut; i <= last; i++ {
				delete(model, i)
			}
			last, term = cut-1, term+1
		case op < 17 && last > 0:
			first, _ := s.FirstIndex()
			s.snapshotAt.Store(max(s.snapshotAt.Load(), rnd.Uint64N(last+1)))
			if at := s.snapshotAt.Load(); at >= first && first > 0 {
				if err := s.DeleteRange(first, at); err != nil {
					t.Fatal(err)
				}
			}
		case op == 17:
			at, g := s.snapshotAt.Load(), s.guard
			if err := log.Close(); err != nil || g.failure() != nil {
				t.Fatal(err, g.failure())
			}
			s, log = openStore(t, fs)
			s.snapshotAt.Store(at)
		}
		checkModel(t, s, model, last, rnd)
	}
}

func checkModel(t *testing.T, s *logStore, model map[uint64]*raft.Log, last uint64, rnd *rand.Rand) {
	t.Helper()
	first, _ := s.FirstIndex()
	if l, _ := s.LastIndex(); l != last && (l != 0 || first != 0) {
		t.Fatalf("last index %d, want %d", l, last)
	}
	if first > s.snapshotAt.Load()+1 && first > 1 {
		t.Fatalf("first index %d after the snapshot at %d", first, s.snapshotAt.Load())
	}
	for range 3 {
		i := rnd.Uint64N(last + 2)
		var got raft.Log
		err := s.GetLog(i, &got)
		want, ok := model[i]
		if ok && i >= first && first > 0 {
			if err != nil || !sameLog(&got, want) {
				t.Fatalf("entry %d is %+v (%v), want %+v", i, got, err, want)
			}
		} else if !ok && err != raft.ErrLogNotFound {
			t.Fatalf("entry %d of %d to %d: %v", i, first, last, err)
		}
	}
}

func TestDeleteRange(t *testing.T) {
	s, _ := openStore(t, vfs.NewMem())
	if err := s.DeleteRange(1, 10); err != nil {
		t.Error("empty log:", err)
	}
	for _, l := range noops(1, 300, 1) {
		if err := s.StoreLog(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteRange(290, 300); err != nil {
		t.Error(err)
	}
	expectBounds(t, s, 1, 289)
	if err := s.StoreLogs(noops(290, 295, 2)); err != nil {
		t.Fatal(err)
	}
	var l raft.Log
	if err := s.GetLog(290, &l); err != nil || l.Term != 2 {
		t.Errorf("%+v, %v", l, err)
	}
	s.snapshotAt.Store(200)
	floor := uint64(100)
	s.retain = func() uint64 { return floor }
	if err := s.DeleteRange(1, 150); err != nil {
		t.Error(err)
	}
	first, _ := s.FirstIndex()
	if first == 1 || first > 100 {
		t.Errorf("starts at %d, want close below 100", first)
	}
	floor = 0
	if err := s.releaseFront(); err != nil {
		t.Error(err)
	}
	if again, _ := s.FirstIndex(); again <= first || again > 151 {
		t.Errorf("starts at %d after the release, want close below 151", again)
	}
	// Everything below the snapshot may go, but the last entry stays.
	s.snapshotAt.Store(295)
	if err := s.DeleteRange(1, 295); err != nil {
		t.Error(err)
	}
	if _, last := s.bounds(); last != 295 {
		t.Errorf("ends at %d", last)
	}
	if err := s.DeleteRange(400, 500); err != nil {
		t.Error("beyond the end:", err)
	}
}

func TestDeleteRangeOfAllThatIsNotCommitted(t *testing.T) {
	s, _ := openStore(t, vfs.NewMem())
	if err := s.StoreLogs(noops(1, 3, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteRange(1, 3); err != nil {
		t.Fatal(err)
	}
	expectBounds(t, s, 0, 0)
	if err := s.StoreLogs(noops(1, 2, 2)); err != nil {
		t.Fatal(err)
	}
	expectBounds(t, s, 1, 2)
}

func TestDeleteRangeInTheMiddleIsAFailure(t *testing.T) {
	s, _ := openStore(t, vfs.NewMem())
	if err := s.StoreLogs(noops(1, 10, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteRange(3, 5); err == nil || s.guard.failure() == nil {
		t.Error("it is accepted")
	}
	expectBounds(t, s, 1, 10)
}

func TestLogStoreStartsAnywhereWhenEmpty(t *testing.T) {
	s, _ := openStore(t, vfs.NewMem())
	if !s.IsMonotonic() {
		t.Error("not monotonic")
	}
	if err := s.StoreLogs(noops(500, 505, 3)); err != nil {
		t.Fatal(err)
	}
	expectBounds(t, s, 500, 505)
	if err := s.StoreLog(noop(507, 3)); !errors.Is(err, wal.ErrOutOfOrder) {
		t.Errorf("a gap: %v", err)
	}
	if err := s.StoreLog(noop(506, 3)); !errors.Is(err, wal.ErrOutOfOrder) {
		t.Errorf("after a failure: %v", err)
	}
}

func TestLogStoreSplitsHugeBatches(t *testing.T) {
	s, _ := openStore(t, vfs.NewMem())
	counting := &faultyLog{LogFile: s.file}
	s.file = counting
	var logs []*raft.Log
	for i := range 10 {
		l := noop(uint64(i+1), 1)
		l.Data = make([]byte, storeBytesMax/4)
		logs = append(logs, l)
	}
	if err := s.StoreLogs(logs); err != nil {
		t.Fatal(err)
	}
	if counting.appends != 3 {
		t.Errorf("%d appends, want 3", counting.appends)
	}
	if cap(s.buf) > bufferKeepMax {
		t.Errorf("a buffer of %d bytes is kept", cap(s.buf))
	}
	expectBounds(t, s, 1, 10)
}

func TestEntryCache(t *testing.T) {
	c := newEntryCache(8, 1000)
	var l raft.Log
	if c.get(0, &l) || c.get(1, &l) {
		t.Error("an empty cache has entries")
	}
	c.put(noops(1, 20, 1))
	for i := uint64(1); i <= 20; i++ {
		if got := c.get(i, &l); got != (i > 12) || (got && l.Index != i) {
			t.Errorf("entry %d: %v, %+v", i, got, l)
		}
	}
	c.truncateBack(18)
	if c.get(18, &l) || !c.get(17, &l) {
		t.Error("truncated wrongly")
	}
	c.put(noops(18, 18, 2))
	if !c.get(18, &l) || l.Term != 2 {
		t.Errorf("got %+v", l)
	}
	c.put(noops(50, 51, 3)) // a gap
	if c.get(18, &l) || !c.get(50, &l) || !c.get(51, &l) {
		t.Error("after a gap")
	}
	big := noop(52, 3)
	big.Data = make([]byte, 990)
	c.put([]*raft.Log{big})
	if c.get(50, &l) || !c.get(52, &l) {
		t.Error("too many bytes are kept")
	}
	big = noop(53, 3)
	big.Data = make([]byte, 5000)
	c.put([]*raft.Log{big}) // the last is always there: it is about to be applied
	if c.get(52, &l) || !c.get(53, &l) || c.bytes != 5000 {
		t.Errorf("%d bytes kept", c.bytes)
	}
	c.truncateBack(1)
	if c.get(53, &l) || c.bytes != 0 {
		t.Errorf("%d bytes kept", c.bytes)
	}
}

// TestDiscard: the end of the log goes once a copy of it is kept. If none can be, it stays, and the node ends.
func TestDiscard(t *testing.T) {
	s, _ := openStore(t, vfs.NewMem())
	if err := s.StoreLogs(noops(1, 9, 1)); err != nil {
		t.Fatal(err)
	}
	var kept []EntryInfo
	s.discard = func(entries []EntryInfo) error {
		kept = append(kept, entries...)
		return nil
	}
	if err := s.DeleteRange(8, 9); err != nil || len(kept) != 2 || kept[0].Index != 8 || kept[1].Index != 9 || kept[1].Term != 1 {
		t.Errorf("kept %+v; %v", kept, err)
	}
	expectBounds(t, s, 1, 7)
	full := errors.New("disk full")
	s.discard = func([]EntryInfo) error { return full }
	if err := s.DeleteRange(6, 7); !errors.Is(err, full) || !errors.Is(s.guard.failure(), full) {
		t.Errorf("what cannot be kept goes: %v", err)
	}
	if last := s.file.LastIndex(); last != 7 {
		t.Errorf("the log ends at %d", last)
	}
}
