package replication

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/hashicorp/raft"
)

// filled gives a stopped member with n transactions of 1 KiB, a checkpoint after the first half, and its ledger as a
// clean stop leaves it.
func filled(t *testing.T, n int, tune func(*Options)) *member {
	m := single(t, tune)
	for i := range n {
		m.mustPropose(fmt.Sprintf("k%d=%s", i, strings.Repeat("x", 1024)))
		if i == n/2-1 {
			if err := m.node.Checkpoint(testContext(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	m.stop()
	return m
}

func (m *member) reopens(rows int) {
	m.t.Helper()
	m.start()
	m.ready()
	if got := m.check(); len(got) != rows {
		m.t.Errorf("%d rows, want %d", len(got), rows)
	}
}

func TestRestartFromEveryPosition(t *testing.T) {
	// Checkpoints fall due while the log is repeated below the state.
	m := filled(t, 20, func(o *Options) { o.CheckpointBytes = 2 << 10; o.TrailingEntries = 1000 })
	full := m.sm
	rows, _ := full.snapshot()
	// The state may be anywhere: empty, behind the snapshot, at it, ahead of it, complete.
	for keep := 0; keep <= len(rows); keep++ {
		m.sm = newLedger()
		for _, r := range rows[:keep] {
			m.sm.rows = append(m.sm.rows, r)
			m.sm.at = Position{Index: r.index, Term: full.at.Term, SCN: r.scn, TimeMicros: r.micros}
		}
		m.sm.durable = m.sm.at
		m.reopens(len(rows))
		if err := m.node.Checkpoint(testContext(t)); err != nil {
			t.Error(err)
		}
		m.stop()
		full.at.Term = max(full.at.Term, m.sm.at.Term)
	}
}

// expectRefusal opens and wants an error that names all of the words.
func (m *member) expectRefusal(want error, words ...string) {
	m.t.Helper()
	err := m.open()
	if err == nil {
		m.stop()
		m.t.Fatalf("it opens, want %v", want)
	}
	m.node = nil
	if !errors.Is(err, want) {
		m.t.Errorf("got %v, want %v", err, want)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			m.t.Errorf("%q does not name %q", err, w)
		}
	}
	m.t.Log(err)
}

// cutLog drops entries of a stopped member's log.
func (m *member) cutLog(cut func(log LogFile) error) {
	m.t.Helper()
	m.openLog()
	if err := cut(m.log); err != nil {
		m.t.Fatal(err)
	}
	if err := m.log.Close(); err != nil {
		m.t.Fatal(err)
	}
}

func TestRefusesALogThatLostAcknowledgedEntries(t *testing.T) {
	t.Run("state ahead of the log", func(t *testing.T) {
		m := filled(t, 20, nil)
		m.cutLog(func(log LogFile) error { return log.TruncateBack(m.sm.at.Index - 3) })
		m.expectRefusal(ErrLogLost, "SCN 20", "SCN 17")
	})
	t.Run("snapshot ahead of the log", func(t *testing.T) {
		m := filled(t, 20, nil)
		m.sm = newLedger()
		m.cutLog(func(log LogFile) error { return log.TruncateBack(8) })
		m.expectRefusal(ErrLogLost, "SCN 10")
	})
	t.Run("log is gone", func(t *testing.T) {
		m := filled(t, 20, nil)
		if err := m.fs.RemoveAll("data/wal"); err != nil {
			t.Fatal(err)
		}
		m.expectRefusal(ErrLogLost, "SCN 20", "index 0")
	})
	t.Run("log, state and snapshot are gone", func(t *testing.T) {
		m := filled(t, 20, nil)
		m.sm = newLedger()
		for _, path := range []string{"data/wal", "data/" + SnapshotFile} {
			if err := m.fs.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
		m.expectRefusal(ErrLogLost, "term")
	})
}

func TestRefusesAGap(t *testing.T) {
	big := func(o *Options) { o.TrailingEntries = 1 }
	payload := strings.Repeat("x", 300<<10)
	released := func(t *testing.T) *member {
		m := single(t, big)
		for i := range 20 {
			m.mustPropose(fmt.Sprintf("k%d=%s", i, payload))
		}
		if err := m.node.Checkpoint(testContext(t)); err != nil {
			t.Fatal(err)
		}
		if first := m.node.Stats().FirstIndex; first == 1 {
			t.Fatal("no log was dropped")
		}
		m.stop()
		return m
	}
	t.Run("state is gone", func(t *testing.T) {
		m := released(t)
		m.sm = newLedger()
		m.expectRefusal(ErrLogGap, "SCN 0", "SCN 20")
	})
	t.Run("snapshot is gone", func(t *testing.T) {
		m := released(t)
		if err := m.fs.Remove("data/" + SnapshotFile); err != nil {
			t.Fatal(err)
		}
		m.expectRefusal(ErrLogGap, "SCN 0")
	})
	t.Run("nothing is gone", func(t *testing.T) {
		m := released(t)
		m.crash()
		m.reopens(20)
	})
}

func TestRefusesAnotherHistory(t *testing.T) {
	m := filled(t, 20, nil)
	t.Run("SCN", func(t *testing.T) {
		m.t = t
		m.sm.at.SCN++
		m.expectRefusal(ErrForeignState, "SCN 21", "SCN 20")
		m.sm.at.SCN--
	})
	t.Run("term", func(t *testing.T) {
		m.t = t
		m.sm.at.Term++
		m.expectRefusal(ErrForeignState)
		m.sm.at.Term--
	})
	t.Run("kind of entry", func(t *testing.T) {
		m.t = t
		at := m.sm.at
		m.sm.at.Index = 2 // the leader's no-op
		m.expectRefusal(ErrForeignState, "LogNoop")
		m.sm.at = at
	})
	m.t = t
	m.reopens(20)
}

func TestRefusesADamagedEntry(t *testing.T) {
	m := filled(t, 20, nil)
	m.appendRaw(&raft.Log{Term: 1 << 20, Type: raft.LogCommand, Extensions: []byte{99}})
	m.expectRefusal(ErrCorrupt, "log entry", "SCN 20")
}

func TestRefusesATermThatGoesBack(t *testing.T) {
	m := filled(t, 20, nil)
	m.appendRaw(&raft.Log{Term: 1, Type: raft.LogNoop})
	m.expectRefusal(ErrCorrupt, "term 1 after term", "SCN 20")
}

func TestBootstrapSurvivesACrashInTheMiddle(t *testing.T) {
	m := newMember(t, "n1", []Server{{"n1", "n1"}})
	t.Cleanup(m.stop)
	if err := m.kv.Set(stableTermKey, encodeTerm(1)); err != nil { // and then the crash
		t.Fatal(err)
	}
	m.start()
	m.ready()
	m.mustPropose("one=")
	m.crash()
	m.servers = nil // needed only once
	m.reopens(1)
}

func TestANodeWithoutBootstrapWaits(t *testing.T) {
	m := newMember(t, "n1", nil)
	m.start()
	t.Cleanup(m.stop)
	if _, err := m.propose("x="); !errors.Is(err, ErrNotLeader) {
		t.Errorf("got %v", err)
	}
}

// Power is cut at any moment: what was not synced is lost, all of it or in part. What was acknowledged before stays.
func TestPowerCut(t *testing.T) {
	rnd := newRand(t)
	m := newMember(t, "n1", []Server{{"n1", "n1"}})
	m.fs = crashableFS(t)
	m.tune = func(o *Options) { o.CheckpointBytes = 16 << 10; o.TrailingEntries = 4 }
	t.Cleanup(m.stop)
	sure := map[string]Result{}
	cuts := 25
	for round := range cuts {
		m.start()
		m.ready()
		m.holds(sure)
		book, stop := newOutcomes(), make(chan struct{})
		c := &cluster{t: t, members: []*member{m}}
		wg := c.load(book, fmt.Sprintf("r%d", round), 4, stop)
		target := len(sure) + 1 + rnd.IntN(150)
		waitUntil(t, "some work is done", func() bool { return len(sure)+book.acknowledged() >= target })

		book.mu.Lock()
		maps.Copy(sure, book.ok)
		book.mu.Unlock()
		m.sm.mu.Lock() // so that no checkpoint ends between the two copies
		disk := m.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rnd.IntN(101), RNG: rnd})
		durable := m.sm.crashLocked()
		m.sm.mu.Unlock()

		close(stop) // what is acknowledged from here on, nobody will find
		wg.Wait()
		m.stop()
		m.fs, m.sm = disk, durable
	}
	m.start()
	m.ready()
	m.holds(sure)
	t.Logf("%d transactions acknowledged before %d power cuts are there", len(sure), cuts)
}

func crashableFS(t *testing.T) *vfs.MemFS {
	fs := vfs.NewCrashableMem()
	if err := fs.MkdirAll("data", 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := fs.OpenDir("/")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		t.Fatal(err)
	}
	return fs
}

// holds asserts that the acknowledged are there, where they were acknowledged.
func (m *member) holds(sure map[string]Result) {
	m.t.Helper()
	rows := m.check()
	for body, r := range sure {
		if uint64(r.SCN) > uint64(len(rows)) || rows[r.SCN-1].body != body || rows[r.SCN-1].micros != r.TimeMicros {
			m.t.Fatalf("%q was acknowledged with %+v and is lost; there are %d rows", body, r, len(rows))
		}
	}
}
