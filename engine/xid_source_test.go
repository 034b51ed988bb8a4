package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/engine"
	"redoubt/engine/txn"
	"redoubt/internal/crashfs"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// TestXIDsAfterCrashes: no transaction id is given twice, across crashes that leave nothing of those that were given, whatever the clock
// says meanwhile.
func TestXIDsAfterCrashes(t *testing.T) {
	fs := crashfs.New()
	given := map[uint64]bool{}
	clock := time.UnixMicro(1_700_000_000_000_000)
	for life, ahead := range []time.Duration{0, 0, time.Hour, -time.Hour, -time.Hour, 0} {
		now := clock.Add(ahead)
		e, err := engine.Open(engine.Options{
			FS: fs, Dir: "state", XIDFile: "xids", NodeOrdinal: 1, CacheBytes: 1 << 20, Now: func() time.Time { return now },
			StoreLogger: pebble.DefaultLogger, OnStoreError: func(err error) { t.Error(err) },
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			tx := e.Begin(txn.Options{})
			if given[tx.XID()] {
				t.Fatalf("in life %d the id %d is given again", life+1, tx.XID())
			}
			given[tx.XID()] = true
			tx.Rollback()
		}
		state := fs.CrashNow(uint64(life))
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		fs = state.FS
	}
}

// TestXIDFileDamaged: a state does not open with a damaged file of ids, and says what to do.
func TestXIDFileDamaged(t *testing.T) {
	fs := vfs.NewMem()
	f, err := fs.Create("xids", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("twelve bytes")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(engine.Options{FS: fs, Dir: "state", XIDFile: "xids", NodeOrdinal: 1, CacheBytes: 1 << 20, StoreLogger: pebble.DefaultLogger})
	if err == nil {
		e.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "xids is damaged") || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("a damaged file gives %v", err)
	}
}

// gatedFS lets syncs of the file of ids wait, or fail.
type gatedFS struct {
	vfs.FS
	entered chan struct{}     // told of each sync that begins
	leave   chan error        // what becomes of it
	open    func(string) bool // of files that pass at once
}

func newGatedFS() *gatedFS {
	return &gatedFS{FS: vfs.NewMem(), entered: make(chan struct{}, 1), leave: make(chan error), open: func(name string) bool { return !strings.HasPrefix(name, "xids") }}
}

func (g *gatedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := g.FS.Create(name, c)
	if err != nil || g.open(name) {
		return f, err
	}
	return gatedFile{f, g}, nil
}

type gatedFile struct {
	vfs.File
	gate *gatedFS
}

func (f gatedFile) Sync() error {
	f.gate.entered <- struct{}{}
	if err := <-f.gate.leave; err != nil {
		return err
	}
	return f.File.Sync()
}

// gatedEngine is an engine on such files whose first ids are kept, and its clock.
func gatedEngine(t *testing.T, failed func(error)) (*engine.Engine, *gatedFS, *atomic.Int64) {
	fs, clock := newGatedFS(), &atomic.Int64{}
	clock.Store(1_700_000_000_000_000)
	e, err := engine.Open(engine.Options{
		FS: fs, Dir: "state", XIDFile: "xids", NodeOrdinal: 1, CacheBytes: 1 << 20, Now: func() time.Time { return time.UnixMicro(clock.Load()) },
		StoreLogger: pebble.DefaultLogger, OnStoreError: failed,
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() { fs.leave <- nil }()
	e.Begin(txn.Options{}).Rollback()
	<-fs.entered
	return e, fs, clock
}

// TestXIDsAheadOfNeed: a transaction begins while the disk is slow to keep more ids, and waits only once there are none.
func TestXIDsAheadOfNeed(t *testing.T) {
	e, fs, clock := gatedEngine(t, func(err error) { t.Error(err) })
	clock.Add((6 * time.Second).Microseconds())
	first := e.Begin(txn.Options{}) // would hang if it waited
	<-fs.entered
	second := e.Begin(txn.Options{})
	if first.XID() >= second.XID() {
		t.Errorf("id %d is followed by %d", first.XID(), second.XID())
	}
	clock.Add((20 * time.Second).Microseconds())
	began := make(chan uint64)
	go func() {
		late := e.Begin(txn.Options{})
		late.Rollback()
		began <- late.XID()
	}()
	select {
	case xid := <-began:
		t.Fatalf("id %d was given before it was on disk", xid)
	case fs.leave <- nil: // the write that was under way, which is not enough for it
	}
	select {
	case xid := <-began:
		t.Fatalf("id %d was given before it was on disk", xid)
	case <-fs.entered:
	}
	fs.leave <- nil
	if xid := <-began; xid <= second.XID() {
		t.Errorf("id %d is followed by %d", second.XID(), xid)
	}
	first.Rollback()
	second.Rollback()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestXIDsNotKept: a failure in the background hurts nobody as long as there are ids. Who needs one that cannot be kept commits nothing.
func TestXIDsNotKept(t *testing.T) {
	broken := errors.New("the disk is broken")
	var failures []error
	e, fs, clock := gatedEngine(t, func(err error) { failures = append(failures, err) })
	commit := func() error {
		tx := e.Begin(txn.Options{})
		if err := tx.PutControl("name", []byte("value")); err != nil {
			t.Fatal(err)
		}
		_, err := tx.Commit(t.Context())
		return err
	}
	e.Propose(refusing{})
	clock.Add((6 * time.Second).Microseconds())
	if err := commit(); !errors.Is(err, errProposed) {
		t.Errorf("with ids at hand a commit gives %v", err)
	}
	<-fs.entered
	fs.leave <- broken
	for tried := false; !tried; { // again, once the first try is over
		if err := commit(); !errors.Is(err, errProposed) || len(failures) > 0 {
			t.Fatalf("with ids at hand a commit gives %v, and the node hears of %v", err, failures)
		}
		select {
		case <-fs.entered:
			tried = true
		default:
		}
	}
	fs.leave <- broken
	clock.Add((20 * time.Second).Microseconds())
	go func() {
		<-fs.entered
		fs.leave <- broken
	}()
	if err := commit(); !errors.Is(err, broken) || len(failures) != 1 || !errors.Is(failures[0], broken) {
		t.Errorf("without a kept id a commit gives %v, and the node hears of %v", err, failures)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// refusing is a log into which nothing gets.
type refusing struct{}

var errProposed = errors.New("it was proposed")

func (refusing) Propose(context.Context, uint64, []byte, *txn.Prepared) (scn.SCN, error) {
	return 0, errProposed
}

func (refusing) ProposePart(context.Context, []byte, *redo.Part) error { return errProposed }
