package replication

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/raft"

	"redoubt/wal"
	"redoubt/wal/redo"
)

var errDisk = errors.New("the disk is gone")

func (m *member) awaitFatal() error {
	m.t.Helper()
	select {
	case err := <-m.fatal:
		return err
	case <-testContext(m.t).Done():
		m.t.Fatalf("%s does not fail", m.id)
		return nil
	}
}

// expectFatal waits for OnFatal and checks that the node takes nothing any more.
func (m *member) expectFatal(cause error) {
	m.t.Helper()
	if err := m.awaitFatal(); !errors.Is(err, cause) {
		m.t.Errorf("OnFatal got %v, want %v", err, cause)
	}
	if _, err := m.propose("too late="); !errors.Is(err, ErrClosed) || errors.Is(err, ErrOutcomeUnknown) {
		m.t.Errorf("after the failure: %v", err)
	}
	if got := m.node.Stats().Failure; !errors.Is(got, cause) {
		m.t.Errorf("stats name %v", got)
	}
}

func TestFailedWriteStopsTheNode(t *testing.T) {
	for _, partial := range []bool{false, true} {
		t.Run(fmt.Sprintf("written=%v", partial), func(t *testing.T) {
			m := single(t, nil)
			m.mustPropose("before=")
			m.faulty.set(func() { m.faulty.appendErr, m.faulty.partial = errDisk, partial })
			appends := m.faulty.appends
			var wg sync.WaitGroup
			book := newOutcomes()
			for i := range 20 {
				wg.Go(func() {
					body := fmt.Sprintf("k%d=", i)
					r, err := m.node.Propose(testContext(t), &Proposal{XID: uint64(i), Body: []byte(body)})
					book.note(body, r, err)
					var unknown *OutcomeUnknownError
					switch {
					case errors.As(err, &unknown):
						if unknown.XID != uint64(i) || !errors.Is(err, errDisk) {
							t.Errorf("transaction %d heard %v", i, err)
						}
					case !errors.Is(err, ErrClosed) && !errors.Is(err, ErrNotLeader): // it had not been stored
						t.Errorf("transaction %d heard %v", i, err)
					}
				})
			}
			wg.Wait()
			m.expectFatal(errDisk)
			m.faulty.set(func() {
				if m.faulty.appends != appends+1 {
					t.Errorf("%d writes after the first failed one", m.faulty.appends-appends-1)
				}
			})
			m.crash()
			m.start()
			m.ready()
			rows := m.check()
			book.audit(t, rows)
			if len(book.unknown) == 0 {
				t.Error("nobody heard that the outcome is unknown")
			}
			if !partial && len(rows) != 1 {
				t.Errorf("%d rows, want 1", len(rows))
			}
			m.mustPropose("after=")
		})
	}
}

func TestFailedApplyStopsTheNode(t *testing.T) {
	m := single(t, nil)
	m.mustPropose("before=")
	m.sm.mu.Lock()
	m.sm.applyErr = errDisk
	m.sm.mu.Unlock()
	if _, err := m.propose("lost="); !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("got %v", err)
	}
	m.expectFatal(errDisk)
	m.crash()
	m.start()
	m.ready()
	if rows := m.check(); len(rows) != 2 {
		t.Errorf("%d rows after the restart, want 2: it was in the log", len(rows))
	}
}

func TestFailedStableStoreStopsTheNode(t *testing.T) {
	c := newCluster(t, nil)
	book := newOutcomes()
	c.commit(book, "before=")
	c.converge()
	leader := c.leader()
	victim, _ := c.others(leader)
	victim.kv.setFail(errDisk)
	// Its next term cannot be stored: a new leader's first message brings one.
	c.down[leader] = true
	c.connect()
	if err := victim.awaitFatal(); !errors.Is(err, errDisk) {
		t.Errorf("OnFatal got %v", err)
	}
	victim.stop()
	victim.kv.setFail(nil)
	victim.start()
	delete(c.down, leader)
	c.connect()
	book.audit(t, c.converge())
}

// others are the two members besides m.
func (c *cluster) others(m *member) (a, b *member) {
	for _, o := range c.members {
		switch {
		case o == m:
		case a == nil:
			a = o
		default:
			b = o
		}
	}
	return a, b
}

// A leader that cannot read what it should send stops too.
func TestDamagedEntryStopsTheNodeWithoutPanic(t *testing.T) {
	c := newCluster(t, nil)
	book := newOutcomes()
	c.commit(book, "before=")
	c.converge()
	// The victim misses entries, so that another must read them from its log to send them.
	victim, _ := c.others(c.leader())
	a, b := c.others(victim) // the leader, and the one that might become it
	c.down[victim] = true
	c.connect()
	for i := range 10 {
		c.commit(book, fmt.Sprintf("k%d=", i))
	}
	for _, m := range []*member{a, b} {
		m.faulty.set(func() { m.faulty.getErr = errDisk })
		m.forgetCache()
	}
	delete(c.down, victim)
	c.connect()
	select {
	case err := <-a.fatal:
		expectReadFailure(t, err)
	case err := <-b.fatal:
		expectReadFailure(t, err)
	case <-testContext(t).Done():
		t.Fatal("nobody has noticed")
	}
	for _, m := range []*member{a, b} {
		m.stop()
		m.start()
	}
	c.connect()
	book.audit(t, c.converge())
}

func expectReadFailure(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, errDisk) || !strings.Contains(err.Error(), "log entry") {
		t.Errorf("OnFatal got %v", err)
	}
}

// appendRaw puts an entry into a stopped node's log.
func (m *member) appendRaw(l *raft.Log) {
	m.t.Helper()
	m.openLog()
	store := newLogStore(m.log, newGuard(), func() uint64 { return 0 })
	last, _ := store.LastIndex()
	l.Index = last + 1
	if err := store.StoreLog(l); err != nil {
		m.t.Fatal(err)
	}
	if err := m.log.Close(); err != nil {
		m.t.Fatal(err)
	}
}

func groupEntry(term, certTerm uint64, g *redo.Group) *raft.Log {
	return &raft.Log{Term: term, Type: raft.LogCommand, Data: redo.AppendGroup(nil, g), Extensions: groupTag(certTerm)}
}

func TestGroupsThatDoNotCountAreSkipped(t *testing.T) {
	m := single(t, nil)
	m.mustPropose("one=")
	term := m.node.Stats().Term
	m.crash()
	txn := func(body string) []redo.GroupTxn { return []redo.GroupTxn{{TimeMicros: 1 << 60, Body: []byte(body)}} }
	m.appendRaw(groupEntry(term, term, &redo.Group{FirstSCN: 3, Txns: txn("a gap=")}))
	m.appendRaw(groupEntry(term, term, &redo.Group{FirstSCN: 1, Txns: txn("again=")}))
	m.appendRaw(groupEntry(term, term-1, &redo.Group{FirstSCN: 2, Txns: txn("of another term=")}))
	m.appendRaw(groupEntry(term, term, &redo.Group{FirstSCN: 2, Txns: txn("two=")}))
	m.start()
	m.ready()
	if s := m.node.Stats(); s.SkippedGroups != 3 {
		t.Errorf("%d skipped, want 3", s.SkippedGroups)
	}
	if r := m.mustPropose("three="); r.SCN != 3 || r.TimeMicros != 1<<60+1 {
		t.Errorf("got %+v", r)
	}
	rows := m.check()
	for i, want := range []string{"one=", "two=", "three="} {
		if rows[i].body != want {
			t.Errorf("SCN %d is %q, want %q", i+1, rows[i].body, want)
		}
	}
	if got := readCommitted(t, m, Position{}); len(got) != 3 {
		t.Errorf("the reader gives %q", got)
	}
}

// A group that follows one which was rejected must not count, and its proposer may retry.
func TestSupersededProposalsHearSo(t *testing.T) {
	m := single(t, nil)
	m.mustPropose("one=")
	n := m.node
	// What a leader would do that certified on top of an entry which raft then refused.
	g := &redo.Group{FirstSCN: 3, Txns: []redo.GroupTxn{{TimeMicros: 1 << 60, Body: []byte("orphan=")}}}
	f := n.raft.ApplyLog(raft.Log{Data: redo.AppendGroup(nil, g), Extensions: groupTag(n.raft.CurrentTerm())}, 0)
	if err := f.Error(); err != nil {
		t.Fatal(err)
	}
	err := f.Response().(*applyResult).err
	if !errors.Is(err, ErrSuperseded) || !isCertain(err) {
		t.Errorf("the proposer hears %v", err)
	}
	m.mustPropose("two=")
	if rows := m.check(); len(rows) != 2 || rows[1].body != "two=" {
		t.Errorf("%v", rows)
	}
}

func TestUndecodableGroupStopsTheNode(t *testing.T) {
	m := single(t, nil)
	m.mustPropose("one=")
	term := m.node.Stats().Term
	m.crash()
	bad := groupEntry(term, term, &redo.Group{FirstSCN: 2, Txns: []redo.GroupTxn{{Body: []byte("x")}}})
	bad.Data[len(bad.Data)-1] ^= 1
	m.appendRaw(bad)
	m.start()
	err := m.awaitFatal()
	var damage *CorruptError
	if !errors.As(err, &damage) || damage.SCN != 1 || !strings.Contains(damage.What, "log entry") {
		t.Errorf("OnFatal got %v", err)
	}
}

// Raft panics if it cannot read an entry that it is about to apply. The node must stop in good order instead.
func TestDamagedCommittedEntryStopsTheNodeWithoutPanic(t *testing.T) {
	m := single(t, nil)
	const entries = cacheEntries + 10 // the first are not in the cache when they are to be applied again
	for i := range entries {
		m.mustPropose(fmt.Sprintf("k%d=", i))
	}
	m.crash()
	m.tune = func(o *Options) { o.Log = &rottingLog{m.faulty} }
	m.start()
	if err := m.awaitFatal(); !errors.Is(err, errDisk) {
		t.Errorf("OnFatal got %v", err)
	}
	if _, err := m.propose("too late="); !errors.Is(err, ErrClosed) {
		t.Errorf("after the failure: %v", err)
	}
	m.crash()
	m.tune = nil
	m.reopens(entries)
}

// rottingLog can be read until it is written.
type rottingLog struct{ *faultyLog }

func (r *rottingLog) Append(batch []wal.Entry) error {
	r.set(func() { r.getErr = errDisk })
	return r.faultyLog.Append(batch)
}
