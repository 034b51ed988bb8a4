package replication

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redoubt/scn"
)

func TestCommitGivesDenseSCNsAndRisingTimes(t *testing.T) {
	m := single(t, nil)
	var wg sync.WaitGroup
	const callers, each = 32, 50
	var mu sync.Mutex
	got := map[scn.SCN]Result{}
	for c := range callers {
		wg.Go(func() {
			last := scn.SCN(0)
			for i := range each {
				r := m.mustPropose(fmt.Sprintf("c%d-%d=x", c, i))
				if r.SCN <= last {
					t.Errorf("caller %d got SCN %d after %d", c, r.SCN, last)
				}
				last = r.SCN
				mu.Lock()
				got[r.SCN] = r
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	rows := m.check()
	if len(rows) != callers*each || len(got) != callers*each {
		t.Fatalf("%d rows and %d results, want %d", len(rows), len(got), callers*each)
	}
	for _, r := range rows {
		if g := got[r.scn]; g.TimeMicros != r.micros || g.Index != r.index {
			t.Errorf("SCN %d was applied at index %d, time %d, its proposer heard %+v", r.scn, r.index, r.micros, g)
		}
	}
	s := m.node.Stats()
	if s.Committed != callers*each || s.AppliedTxns != callers*each || s.Failed != 0 || s.SkippedGroups != 0 {
		t.Errorf("stats %+v", s)
	}
	t.Logf("%d transactions in %d entries", s.Committed, s.Entries)
}

func TestCommitTimeRisesWhileTheClockStandsStillOrGoesBack(t *testing.T) {
	var clock atomic.Int64
	clock.Store(1_000_000)
	m := single(t, func(o *Options) { o.Now = func() time.Time { return time.UnixMicro(clock.Load()) } })
	want := []int64{1_000_000, 1_000_001, 1_000_002, 1_000_003, 2_000_000}
	for i, step := range []int64{1_000_000, 1_000_000, 1_000_000, 5, 2_000_000} {
		clock.Store(step)
		if r := m.mustPropose(fmt.Sprintf("k%d=", i)); r.TimeMicros != want[i] {
			t.Errorf("commit %d at %d, want %d", i, r.TimeMicros, want[i])
		}
	}
	clock.Store(7) // and over a restart
	m.crash()
	m.start()
	m.ready()
	if r := m.mustPropose("later="); r.TimeMicros != 2_000_001 || r.SCN != 6 {
		t.Errorf("after a restart got %+v", r)
	}
	m.check()
}

func TestRefusalBelongsToOneProposal(t *testing.T) {
	refused := errors.New("no")
	m := single(t, nil)
	m.sm.refuse = func(p *Proposal) error {
		if strings.HasPrefix(string(p.Body), "bad") {
			return refused
		}
		return nil
	}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			name := "good"
			if i%3 == 0 {
				name = "bad"
			}
			_, err := m.propose(fmt.Sprintf("%s%d=", name, i))
			if (name == "bad") != errors.Is(err, refused) || (name == "good" && err != nil) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wg.Wait()
	if rows := m.check(); len(rows) != 133 {
		t.Errorf("%d rows, want 133", len(rows))
	}
	if s := m.node.Stats(); s.Refused != 67 {
		t.Errorf("%d refused, want 67", s.Refused)
	}
}

func TestKeysStayHeldWhileInFlight(t *testing.T) {
	m := single(t, nil)
	gate := make(chan struct{})
	m.sm.mu.Lock()
	m.sm.applyGate = gate
	m.sm.mu.Unlock()
	first := make(chan error, 1)
	go func() {
		_, err := m.propose("a=1")
		first <- err
	}()
	waitUntil(t, "the first is in flight", func() bool { return m.node.Stats().InFlight == 1 })
	if _, err := m.propose("a=2"); !errors.Is(err, errConflict) {
		t.Errorf("second change of a key in flight: %v", err)
	}
	m.sm.mu.Lock()
	m.sm.applyGate = nil
	m.sm.mu.Unlock()
	close(gate)
	if err := <-first; err != nil {
		t.Error(err)
	}
	m.mustPropose("a=3")
	m.check()
}

// hold keeps appends waiting until the function it returns is called.
func (m *member) hold() (release func()) {
	gate := make(chan struct{})
	m.faulty.set(func() { m.faulty.gate = gate })
	return func() {
		m.faulty.set(func() { m.faulty.gate = nil })
		close(gate)
	}
}

func (m *member) certified() int {
	m.sm.mu.Lock()
	defer m.sm.mu.Unlock()
	return len(m.sm.inFlight)
}

func TestGroupLimits(t *testing.T) {
	m := single(t, nil)
	release := m.hold()
	// While the first entry waits for the disk, everything else collects.
	sizes := []int{1, groupBytesMax/2 + 1, groupBytesMax/2 + 1, groupBytesMax + 5, 10}
	var wg sync.WaitGroup
	for i, size := range sizes {
		wg.Go(func() { m.mustPropose(fmt.Sprintf("k%d=%s", i, strings.Repeat("x", size))) })
		waitUntil(t, "it is certified", func() bool { return m.certified() >= min(i+1, inFlightMax) })
	}
	for i := range 600 {
		wg.Go(func() { m.mustPropose(fmt.Sprintf("s%d=", i)) })
	}
	waitUntil(t, "all wait", func() bool { return m.node.Stats().Queued >= 590 })
	if n := m.node.Stats().InFlight; n != inFlightMax {
		t.Errorf("%d entries in flight, want %d", n, inFlightMax)
	}
	release()
	wg.Wait()
	perEntry := map[uint64]int{}
	bytes := map[uint64]int{}
	for _, r := range m.check() {
		perEntry[r.index]++
		bytes[r.index] += len(r.body)
	}
	full := 0
	for index, n := range perEntry {
		if n > groupTxnsMax || (n > 1 && bytes[index] > groupBytesMax+100) {
			t.Errorf("entry %d has %d transactions of %d bytes", index, n, bytes[index])
		}
		if n == groupTxnsMax {
			full++
		}
	}
	if full == 0 {
		t.Errorf("no full entry: %v", perEntry)
	}
}

// What comes while the disk is busy shares one entry; when it is idle nothing waits for company.
func TestGroupsFormWhileTheDiskIsBusy(t *testing.T) {
	m := single(t, nil)
	for i := range 10 {
		m.mustPropose(fmt.Sprintf("alone%d=", i))
	}
	if s := m.node.Stats(); s.Entries != 10 {
		t.Errorf("%d entries for 10 transactions one after the other", s.Entries)
	}
	release := m.hold()
	var wg sync.WaitGroup
	wg.Go(func() { m.mustPropose("first=") })
	waitUntil(t, "the first is with raft", func() bool { return m.node.Stats().InFlight == 1 && m.node.log.storing.busy() })
	for i := range 50 {
		wg.Go(func() { m.mustPropose(fmt.Sprintf("k%d=", i)) })
		waitUntil(t, "it is certified", func() bool { return m.certified() == i+2 })
	}
	if n := m.node.Stats().InFlight; n != 2 {
		t.Errorf("%d entries in flight, want 2", n)
	}
	release()
	wg.Wait()
	if s := m.node.Stats(); s.Entries != 12 {
		t.Errorf("%d entries, want 12", s.Entries)
	}
	m.check()
}

func TestTransactionSizeLimit(t *testing.T) {
	m := single(t, nil)
	big := make([]byte, MaxBodyBytes+1)
	copy(big, "big=")
	if _, err := m.node.Propose(testContext(t), &Proposal{Body: big}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a transaction over the limit: %v", err)
	}
	r, err := m.node.Propose(testContext(t), &Proposal{Body: big[:MaxBodyBytes]})
	if err != nil || r.SCN != 1 {
		t.Errorf("a transaction at the limit: %+v, %v", r, err)
	}
	m.crash()
	m.start()
	m.ready()
	if rows := m.check(); len(rows) != 1 || len(rows[0].body) != MaxBodyBytes {
		t.Error("it did not survive a restart")
	}
}

func TestCancelledProposal(t *testing.T) {
	m := single(t, nil)
	release := m.hold()
	const before = 1 + (inFlightMax-1)*groupTxnsMax
	var wg sync.WaitGroup
	for i := range before {
		wg.Go(func() { m.mustPropose(fmt.Sprintf("k%d=", i)) })
		if i == 0 {
			waitUntil(t, "it is with raft", func() bool { return m.node.log.storing.busy() })
		}
	}
	waitUntil(t, "all entries are in flight", func() bool { return m.certified() == before })
	// No slot is left: this one can be called back for certain.
	ctx, cancel := context.WithCancel(context.Background())
	out := make(chan error, 1)
	go func() {
		_, err := m.node.Propose(ctx, &Proposal{XID: 7, Body: []byte("never=")})
		out <- err
	}()
	cancel()
	if err := <-out; !errors.Is(err, context.Canceled) || errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("cancelled in the queue: %v", err)
	}
	release()
	wg.Wait()

	// This one is in flight when its caller goes.
	release = m.hold()
	ctx, cancel = context.WithCancel(context.Background())
	go func() {
		_, err := m.node.Propose(ctx, &Proposal{XID: 8, Body: []byte("maybe=")})
		out <- err
	}()
	waitUntil(t, "it is certified", func() bool { return m.certified() == 1 })
	cancel()
	var unknown *OutcomeUnknownError
	if err := <-out; !errors.As(err, &unknown) || unknown.XID != 8 || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in flight: %v", err)
	}
	release()
	m.mustPropose("last=")
	for _, r := range m.check() {
		if strings.HasPrefix(r.body, "never") {
			t.Error("a transaction that was called back has committed")
		}
	}
	if rows := m.check(); len(rows) != before+2 {
		t.Errorf("%d rows, want %d", len(rows), before+2)
	}
}

func TestBarrierSeesWhatWasCommitted(t *testing.T) {
	m := single(t, nil)
	r := m.mustPropose("a=")
	index, err := m.node.Barrier(testContext(t))
	if err != nil || index <= r.Index {
		t.Fatalf("barrier at %d after entry %d: %v", index, r.Index, err)
	}
	if err := m.node.WaitApplied(testContext(t), index); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := m.node.WaitApplied(ctx, index+1); !errors.Is(err, context.Canceled) {
		t.Errorf("wait for what is not there: %v", err)
	}
}

func TestCloseAnswersEverybody(t *testing.T) {
	m := single(t, nil)
	var wg sync.WaitGroup
	var ok, closed atomic.Int64
	started := make(chan struct{}, 64)
	for c := range 64 {
		wg.Go(func() {
			for i := 0; ; i++ {
				_, err := m.propose(fmt.Sprintf("c%d-%d=", c, i))
				if i == 0 {
					started <- struct{}{}
				}
				switch {
				case err == nil:
					ok.Add(1)
				case errors.Is(err, ErrClosed):
					closed.Add(1)
					return
				default:
					t.Errorf("while closing: %v", err)
					return
				}
			}
		})
	}
	for range 64 {
		<-started
	}
	if err := m.node.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if closed.Load() != 64 {
		t.Errorf("%d heard ErrClosed, want 64", closed.Load())
	}
	if rows := m.check(); int64(len(rows)) != ok.Load() {
		t.Errorf("%d rows, %d acknowledged", len(rows), ok.Load())
	}
	if err := m.node.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestStartIsFast(t *testing.T) {
	m := single(t, nil)
	for i := range 100 {
		m.mustPropose(fmt.Sprintf("k%d=", i))
	}
	m.crash()
	begin := time.Now()
	m.start()
	m.ready()
	took := time.Since(begin)
	t.Logf("ready after %v", took)
	if took > 150*time.Millisecond {
		t.Errorf("ready after %v: it waited for an election timeout", took)
	}
	if rows := m.check(); len(rows) != 100 {
		t.Errorf("%d rows after the restart, want 100", len(rows))
	}
}
