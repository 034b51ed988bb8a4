package replication

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// cluster is three members over in-memory transports.
type cluster struct {
	t       *testing.T
	members []*member
	down    map[*member]bool // cut off
}

func newCluster(t *testing.T, tune func(*Options)) *cluster {
	c := &cluster{t: t, down: map[*member]bool{}}
	servers := []Server{{"n1", "n1"}, {"n2", "n2"}, {"n3", "n3"}}
	for _, s := range servers {
		m := newMember(t, s.ID, servers)
		m.tune = tune
		c.members = append(c.members, m)
	}
	for _, m := range c.members {
		m.start()
		t.Cleanup(m.stop)
	}
	c.connect()
	return c
}

// connect links all that are up and not cut off.
func (c *cluster) connect() {
	for _, a := range c.members {
		for _, b := range c.members {
			if a == b || a.node == nil || b.node == nil {
				continue
			}
			if c.down[a] || c.down[b] {
				a.transport.Disconnect(b.addr)
			} else {
				a.transport.Connect(b.addr, b.transport)
			}
		}
	}
}

func (c *cluster) leader() *member {
	c.t.Helper()
	var leader *member
	waitUntil(c.t, "there is a leader", func() bool {
		for _, m := range c.members {
			if m.node == nil || c.down[m] {
				continue
			}
			if _, _, self := m.node.Leader(); self {
				leader = m
				return true
			}
		}
		return false
	})
	return leader
}

// commit proposes at whoever leads until one attempt is acknowledged. Each attempt has a body of its own, in the book.
func (c *cluster) commit(book *outcomes, body string) Result {
	c.t.Helper()
	for attempt := 0; ; attempt++ {
		this := fmt.Sprintf("%d-%s", attempt, body)
		r, err := c.leader().propose(this)
		book.note(this, r, err)
		if err == nil {
			return r
		}
		if attempt > 1000 {
			c.t.Fatalf("no attempt to commit succeeds: %v", err)
		}
	}
}

// level waits until everybody has all of the leader's log: each of them can be elected then.
func (c *cluster) level() {
	c.t.Helper()
	end := c.leader().node.Stats().LastIndex
	waitUntil(c.t, "everybody has the log up to its end", func() bool {
		for _, m := range c.members {
			if m.node.Stats().LastIndex < end {
				return false
			}
		}
		return true
	})
}

// converge waits until all have applied the same, and compares.
func (c *cluster) converge() []row {
	c.t.Helper()
	leader := c.leader()
	waitUntil(c.t, "a barrier passes", func() bool {
		_, err := leader.node.Barrier(testContext(c.t))
		if err != nil {
			leader = c.leader()
		}
		return err == nil
	})
	at := leader.sm.Position()
	waitUntil(c.t, "everybody has applied "+at.String(), func() bool {
		for _, m := range c.members {
			if m.sm.Position().SCN < at.SCN {
				return false
			}
		}
		return true
	})
	want := leader.check()
	for _, m := range c.members {
		got := m.check()
		if len(got) != len(want) {
			c.t.Fatalf("%s has %d rows, %s has %d", m.id, len(got), leader.id, len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				c.t.Fatalf("%s has %+v, %s has %+v", m.id, got[i], leader.id, want[i])
			}
		}
	}
	return want
}

func TestClusterCommits(t *testing.T) {
	c := newCluster(t, nil)
	book := newOutcomes()
	for i := range 100 {
		if r := c.commit(book, fmt.Sprintf("k%d=", i)); r.Index == 0 {
			t.Fatal("no index")
		}
	}
	book.audit(t, c.converge())
	waitUntil(t, "the followers name the leader", func() bool {
		leader := c.leader()
		for _, m := range c.members {
			if m == leader {
				continue
			}
			_, err := m.propose("elsewhere=")
			var not *NotLeaderError
			if !errors.As(err, &not) || not.LeaderID != leader.id || not.LeaderAddr != string(leader.addr) {
				return false
			}
		}
		return true
	})
}

// outcomes is a client's book, kept outside the cluster.
type outcomes struct {
	mu      sync.Mutex
	ok      map[string]Result
	failed  map[string]error
	unknown map[string]error
}

func newOutcomes() *outcomes {
	return &outcomes{ok: map[string]Result{}, failed: map[string]error{}, unknown: map[string]error{}}
}

func (o *outcomes) note(body string, r Result, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil:
		o.ok[body] = r
	case errors.Is(err, ErrOutcomeUnknown):
		o.unknown[body] = err
	default:
		o.failed[body] = err
	}
}

func (o *outcomes) acknowledged() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.ok)
}

// audit: each ok exactly once where its proposer was told, no failed one, unknown either way.
func (o *outcomes) audit(t *testing.T, rows []row) {
	t.Helper()
	seen := map[string]row{}
	for _, r := range rows {
		if _, twice := seen[r.body]; twice {
			t.Errorf("%q committed twice", r.body)
		}
		seen[r.body] = r
	}
	for body, r := range o.ok {
		if got, ok := seen[body]; !ok || got.scn != r.SCN || got.micros != r.TimeMicros {
			t.Errorf("%q was acknowledged with %+v and is %+v (there: %v)", body, r, got, ok)
		}
	}
	for body, err := range o.failed {
		if got, ok := seen[body]; ok {
			t.Errorf("%q surely failed (%v) and is there: %+v", body, err, got)
		}
	}
	committed := 0
	for body := range o.unknown {
		if _, ok := seen[body]; ok {
			committed++
		}
	}
	t.Logf("%d ok, %d failed, %d unknown of which %d committed", len(o.ok), len(o.failed), len(o.unknown), committed)
}

// load proposes at whoever may lead until stop is closed.
func (c *cluster) load(book *outcomes, prefix string, callers int, stop <-chan struct{}) *sync.WaitGroup {
	nodes := make([]*Node, len(c.members))
	for i, m := range c.members {
		nodes[i] = m.node
	}
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			at := caller % len(nodes)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				body := fmt.Sprintf("%s-%d-%d=payload", prefix, caller, i)
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				r, err := nodes[at].Propose(ctx, &Proposal{XID: uint64(i), Body: []byte(body)})
				cancel()
				book.note(body, r, err)
				if err == nil {
					continue
				}
				at = (at + 1) % len(nodes)
				if errors.Is(err, ErrNotLeader) {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	return &wg
}

func TestLeaderChangesUnderLoad(t *testing.T) {
	rnd := newRand(t)
	c := newCluster(t, func(o *Options) { o.CheckpointBytes = 64 << 10; o.TrailingEntries = 1 << 20 })
	c.leader()
	stop := make(chan struct{})
	book := newOutcomes()
	wg := c.load(book, "c", 24, stop)
	changes, until := 0, time.Now().Add(time.Duration(*secondsFlag)*time.Second)
	for time.Now().Before(until) {
		c.disturb(rnd)
		changes++
	}
	close(stop)
	wg.Wait()
	c.down = map[*member]bool{}
	c.connect()
	rows := c.converge()
	book.audit(t, rows)
	skipped := uint64(0)
	for _, m := range c.members {
		skipped += m.node.Stats().SkippedGroups
	}
	t.Logf("%d disturbances, %d skips", changes, skipped)
	if perSecond := len(book.ok) / *secondsFlag; perSecond < 100 {
		t.Errorf("void: %d acknowledgements a second, want 100", perSecond)
	}
	if len(book.unknown)+len(book.failed) == 0 {
		t.Error("void: no disturbance was felt")
	}
	for _, m := range c.members {
		if got := readCommitted(t, m, Position{}); len(got) != len(rows) {
			t.Errorf("%s: the committed reader gives %d transactions, want %d", m.id, len(got), len(rows))
		}
	}
}

// disturb cuts the leader off for a moment or makes it hand over, then lets work go on.
func (c *cluster) disturb(rnd *rand.Rand) {
	leader := c.leader()
	before := leader.node.Stats().Committed
	if rnd.IntN(2) == 0 {
		_ = leader.node.raft.LeadershipTransfer().Error() // may fail, that is a disturbance as well
	} else {
		c.down[leader] = true
		c.connect()
		c.leader()
		delete(c.down, leader)
		c.connect()
	}
	next := c.leader()
	deadline := time.Now().Add(time.Duration(20+rnd.IntN(200)) * time.Millisecond)
	for time.Now().Before(deadline) && (next != leader || next.node.Stats().Committed < before+50) {
		time.Sleep(time.Millisecond)
	}
}

func TestDeposedLeaderStopsCertifying(t *testing.T) {
	c := newCluster(t, nil)
	book := newOutcomes()
	c.commit(book, "before=")
	c.converge()
	old := c.leader()
	c.down[old] = true
	c.connect()
	// The old leader cannot reach a quorum: what it takes now has an unknown outcome.
	out := make(chan error, 1)
	go func() {
		r, err := old.propose("orphan=")
		book.note("orphan=", r, err)
		out <- err
	}()
	for i := range 10 {
		c.commit(book, fmt.Sprintf("after%d=", i))
	}
	if err := <-out; !errors.Is(err, ErrOutcomeUnknown) && !errors.Is(err, ErrNotLeader) {
		t.Errorf("on the cut-off leader: %v", err)
	}
	waitUntil(t, "it gives up", func() bool { return !old.node.leads() })
	delete(c.down, old)
	c.connect()
	book.audit(t, c.converge())
	old.sm.mu.Lock()
	defer old.sm.mu.Unlock()
	if old.sm.abandons == 0 || len(old.sm.inFlight) != 0 {
		t.Errorf("the old leader holds %v after %d abandons", old.sm.inFlight, old.sm.abandons)
	}
}

func TestRestartsUnderLoad(t *testing.T) {
	rnd := newRand(t)
	c := newCluster(t, func(o *Options) { o.CheckpointBytes = 32 << 10; o.TrailingEntries = 1 << 20 })
	all := newOutcomes()
	for round := range 6 {
		c.leader()
		stop := make(chan struct{})
		wg := c.load(all, fmt.Sprintf("r%d", round), 12, stop)
		victim := c.members[rnd.IntN(3)]
		target := victim.sm.Position().SCN + 200
		waitUntil(t, "some work is done", func() bool { return victim.sm.Position().SCN > target })
		victim.crash() // what is in flight there is answered first
		close(stop)
		wg.Wait()
		victim.start()
		c.connect()
	}
	all.audit(t, c.converge())
}
