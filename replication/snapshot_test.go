package replication

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/hashicorp/raft"
)

// fixSnapshot makes length and checksum match the content.
func fixSnapshot(b []byte) {
	binary.LittleEndian.PutUint32(b[12:], uint32(len(b)-snapshotHeaderSize))
	binary.LittleEndian.PutUint32(b[16:], snapshotChecksum(b))
}

func TestSnapshotDamageOfEachKindIsRefused(t *testing.T) {
	m := filled(t, 20, nil)
	path := "data/" + SnapshotFile
	good, err := readFile(m.fs, path)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(b []byte) []byte) []byte { return f(append([]byte(nil), good...)) }
	for name, c := range map[string]struct {
		content []byte
		word    string
	}{
		"empty":     {nil, "shorter than its header"},
		"cut short": {good[:len(good)-1], "bytes of content"},
		"too long":  {append(change(func(b []byte) []byte { return b }), 0), "bytes of content"},
		"magic":     {change(func(b []byte) []byte { b[0] ^= 1; return b }), "not a snapshot file"},
		"version":   {change(func(b []byte) []byte { b[8] = 9; fixSnapshot(b); return b }), "version 9"},
		"key":       {change(func(b []byte) []byte { b[10] = 3; fixSnapshot(b); return b }), "key 3"},
		"checksum":  {change(func(b []byte) []byte { b[16] ^= 1; return b }), "checksum"},
		"body":      {change(func(b []byte) []byte { b[len(b)-1] ^= 1; return b }), "checksum"},
		"ragged":    {change(func(b []byte) []byte { b = append(b, 0); fixSnapshot(b); return b }), "too many"},
		"zeroed":    {make([]byte, len(good)), "not a snapshot file"},
	} {
		t.Run(name, func(t *testing.T) {
			m.t = t
			writeFile(t, m.fs, path, c.content)
			m.expectRefusal(ErrCorrupt, SnapshotFile, c.word)
		})
	}
	for i := range good { // any one bit
		b := change(func(b []byte) []byte { b[i] ^= 1 << (i % 8); return b })
		if _, err := decodeSnapshot(b, path); !errors.Is(err, ErrCorrupt) {
			t.Errorf("bit %d of byte %d: %v", i%8, i, err)
		}
	}
	m.t = t
	writeFile(t, m.fs, path, good)
	m.reopens(20)
}

func writeFile(t *testing.T, fs vfs.FS, path string, content []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(append([]byte(nil), content...)); err != nil { // which may scribble on it
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// An error at any step of writing, or a crash after it, leaves the old snapshot or the new one.
func TestSnapshotIsReplacedAtomically(t *testing.T) {
	rnd := newRand(t)
	const path = "data/" + SnapshotFile
	sites := 0
	for n := 0; ; n++ {
		mem := crashableFS(t)
		store := &snapshotStore{fs: mem, dir: "data", log: newLogStore(nil, newGuard(), nil)}
		old := sampleSnapshot()
		if err := store.write(old); err != nil {
			t.Fatal(err)
		}
		next := sampleSnapshot()
		next.Index, next.State.Index = 2000, 1999
		failAt := errorfs.OnIndex(int32(n))
		store.fs = errorfs.Wrap(mem, errorfs.ErrInjected.If(failAt))
		err := store.write(next)
		if err == nil && store.current().Index != 2000 {
			t.Fatal("the new snapshot does not show")
		}
		for percent := 0; percent <= 100; percent += 25 {
			crashed := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rnd})
			b, readErr := readFile(crashed, path)
			if readErr != nil {
				t.Fatalf("error at operation %d: %v", n, readErr)
			}
			got, readErr := decodeSnapshot(b, path)
			if readErr != nil || (got.Index != 1000 && got.Index != 2000) || (err == nil && got.Index != 2000) {
				t.Fatalf("error at operation %d (%v): after a crash %+v, %v", n, err, got, readErr)
			}
		}
		if err == nil {
			break
		}
		sites++
	}
	if sites < 5 {
		t.Errorf("only %d operations could fail", sites)
	}
}

func TestCheckpointsComeByBytes(t *testing.T) {
	m := single(t, func(o *Options) { o.CheckpointBytes = 100 << 10; o.TrailingEntries = 5 })
	const perCheckpoint = 10
	proposed := 0
	waitUntil(t, "checkpoints were taken", func() bool { // while one is taken, others propose: it may be due to more than its bytes
		m.mustPropose(number(uint64(proposed)) + "=" + strings.Repeat("x", 100<<10/perCheckpoint))
		proposed++
		return m.node.Stats().Checkpoints >= 5
	})
	s := m.node.Stats()
	if s.CheckpointErrors != 0 || s.SnapshotIndex == 0 || s.Durable.SCN == 0 || s.Checkpoints > uint64(proposed/perCheckpoint+2) {
		t.Errorf("stats %+v", s)
	}
	m.crash()
	m.reopens(proposed)
}

// A state machine that does not keep its word about what is durable must not cost log.
func TestCheckpointOfALyingStateMachineFails(t *testing.T) {
	m := single(t, func(o *Options) { o.StateMachine = forgetful{o.StateMachine.(*ledger)} })
	m.mustPropose("a=")
	err := m.node.Checkpoint(testContext(t))
	if err == nil || !strings.Contains(err.Error(), "want SCN 1") {
		t.Errorf("got %v", err)
	}
	if s := m.node.Stats(); s.SnapshotIndex != 0 || s.CheckpointErrors != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestTransferOfAWholeStateIsRefused(t *testing.T) {
	store := &snapshotStore{fs: vfs.NewMem(), dir: "", log: newLogStore(nil, newGuard(), nil)}
	if _, _, err := store.Open("1-1"); !errors.Is(err, ErrSnapshotTransfer) { // there is none
		t.Error(err)
	}
	sink, err := store.Create(1, 5, 1, raft.Configuration{}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sink.Write([]byte("x")); !errors.Is(err, ErrSnapshotTransfer) {
		t.Error(err)
	}
	if err := sink.Close(); !errors.Is(err, ErrSnapshotTransfer) {
		t.Error("a peer's snapshot without content is accepted")
	}
	if err := (&fsm{}).Restore(io.NopCloser(nil)); !errors.Is(err, ErrSnapshotTransfer) {
		t.Error(err)
	}
	if store.current() != nil {
		t.Error("a snapshot appeared")
	}
}
