package replication

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"redoubt/scn"
)

// readCommitted reads all that was applied after a position.
func readCommitted(t *testing.T, m *member, after Position) []string {
	t.Helper()
	end := m.sm.Position()
	r := m.node.Committed(after)
	var bodies []string
	for at := after; at.SCN < end.SCN; {
		g, err := r.Next(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if g.Group.FirstSCN != at.SCN+1 || g.Index <= at.Index {
			t.Fatalf("group with SCN %d at index %d after %v", g.Group.FirstSCN, g.Index, at)
		}
		for _, txn := range g.Group.Txns {
			bodies = append(bodies, string(txn.Body))
		}
		at = g.Position()
	}
	return bodies
}

func TestCommittedReaderFollowsAndBlocks(t *testing.T) {
	m := single(t, nil)
	r := m.node.Committed(Position{})
	type item struct {
		first scn.SCN
		body  string
	}
	items := make(chan item, 100)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		for {
			g, err := r.Next(ctx)
			if err != nil {
				ended <- err
				return
			}
			items <- item{g.Group.FirstSCN, string(g.Group.Txns[0].Body)}
		}
	}()
	for i := range 20 {
		body := fmt.Sprintf("k%d=", i)
		m.mustPropose(body)
		if got := <-items; got != (item{scn.SCN(i + 1), body}) {
			t.Fatalf("got %+v", got)
		}
	}
	// An entry that is stored but not committed and applied must not show.
	gate := make(chan struct{})
	m.sm.mu.Lock()
	m.sm.applyGate = gate
	m.sm.mu.Unlock()
	var held sync.WaitGroup
	held.Go(func() { m.mustPropose("held=") })
	waitUntil(t, "it is in the log", func() bool { return m.log.LastIndex() > m.sm.Position().Index })
	select {
	case got := <-items:
		t.Errorf("read %+v before it was applied", got)
	case <-time.After(20 * time.Millisecond): // it cannot be waited for
	}
	close(gate)
	held.Wait()
	if got := <-items; got.body != "held=" {
		t.Errorf("got %+v", got)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestCommittedReaderAfterRestartAndRelease(t *testing.T) {
	floor := uint64(1)
	m := single(t, func(o *Options) {
		o.TrailingEntries = 1
		o.Retain = func() uint64 { return floor }
	})
	payload := make([]byte, 64<<10)
	for i := range 100 {
		m.mustPropose(fmt.Sprintf("k%d=%s", i, payload))
	}
	if err := m.node.Checkpoint(testContext(t)); err != nil {
		t.Fatal(err)
	}
	m.crash()
	m.start()
	m.ready()
	if got := readCommitted(t, m, Position{}); len(got) != 100 {
		t.Fatalf("%d transactions after a restart, want 100", len(got))
	}
	rows := m.check()
	half := Position{Index: rows[49].index, SCN: rows[49].scn}
	if got := readCommitted(t, m, half); len(got) != 50 {
		t.Errorf("%d transactions from the middle, want 50", len(got))
	}
	m.mustPropose("one more=")
	if err := m.node.Checkpoint(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if first := m.node.Stats().FirstIndex; first != 1 {
		t.Errorf("the log starts at %d although 1 is retained", first)
	}
	floor = half.Index
	if err := m.node.ReleaseLog(); err != nil {
		t.Fatal(err)
	}
	if first := m.node.Stats().FirstIndex; first == 1 || first > half.Index {
		t.Errorf("the log starts at %d, want up to %d", first, half.Index)
	}
	if _, err := m.node.Committed(Position{}).Next(testContext(t)); !errors.Is(err, ErrLogReleased) {
		t.Errorf("read of released log: %v", err)
	}
	if got := readCommitted(t, m, half); len(got) != 51 {
		t.Errorf("%d transactions from the middle, want 51", len(got))
	}
}

// TestSkipped: a node that is past an entry by which the leader had a commit, and has not that commit, says so.
func TestSkipped(t *testing.T) {
	m := single(t, nil)
	m.mustPropose("k=")
	at, err := m.node.ReadIndex(t.Context())
	if err != nil || at.SCN != 1 {
		t.Fatalf("%+v, %v", at, err)
	}
	if err := m.node.WaitNoticed(t.Context(), at); err != nil {
		t.Error(err)
	}
	at.SCN++
	if reached, err := m.node.Reached(at); !reached || !errors.Is(err, ErrSkipped) {
		t.Errorf("a commit that is not there: %v, %v", reached, err)
	}
	if err := m.node.WaitNoticed(t.Context(), at); !errors.Is(err, ErrSkipped) {
		t.Errorf("waited for a commit that is not there: %v", err)
	}
	at.Index += 10
	if reached, err := m.node.Reached(at); reached || err != nil {
		t.Errorf("an entry that is not there: %v, %v", reached, err)
	}
}

// TestWaitCommitted: an entry of raft's own at the end of what is committed, which nobody applies, is not waited for; what is before it is.
func TestWaitCommitted(t *testing.T) {
	m := single(t, nil)
	m.mustPropose("k=")
	if err := m.node.raft.Barrier(5 * time.Second).Error(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := m.node.WaitCommitted(ctx); err != nil {
		t.Errorf("%v; the log is committed to %d, and applied to %d", err, m.node.raft.CommitIndex(), m.node.fsm.applied.index.Load())
	}
	if len(m.check()) != 1 {
		t.Error("what was committed before is not applied")
	}
}
