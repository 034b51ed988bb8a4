package replication

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// holding is a transport that can keep back answers that have come.
type holding struct {
	*raft.InmemTransport
	mu   sync.Mutex
	gate chan struct{} // nil: nothing is kept back
	held int
}

func (h *holding) AppendEntriesPipeline(raft.ServerID, raft.ServerAddress) (raft.AppendPipeline, error) {
	return nil, raft.ErrPipelineReplicationNotSupported
}

func (h *holding) AppendEntries(id raft.ServerID, to raft.ServerAddress, a *raft.AppendEntriesRequest, r *raft.AppendEntriesResponse) error {
	err := h.InmemTransport.AppendEntries(id, to, a, r)
	h.mu.Lock()
	gate := h.gate
	if gate != nil && err == nil {
		h.held++
	}
	h.mu.Unlock()
	if gate != nil && err == nil {
		<-gate
	}
	return err
}

// TestReadIndexOldAnswer: a leader that was stopped finds answers of followers from before another one was elected. They do not
// confirm that it leads.
func TestReadIndexOldAnswer(t *testing.T) {
	transport := &holding{}
	c := newCluster(t, func(o *Options) {
		o.HeartbeatTimeout, o.LeaseTimeout = 1500*time.Millisecond, time.Second
		if o.NodeID == "n1" { // it does not notice how time goes by
			o.HeartbeatTimeout, o.LeaseTimeout = 30*time.Second, 30*time.Second
			transport.InmemTransport = o.Transport.(*raft.InmemTransport)
			o.Transport = transport
		}
	})
	n1 := c.members[0]
	waitUntil(t, "n1 leads", func() bool {
		if leader := c.leader(); leader != n1 {
			_ = leader.node.Transfer("n1") // it may not be ready yet
		}
		return c.leader() == n1
	})
	n1.mustPropose("old=")
	if _, err := n1.node.ReadIndex(testContext(t)); err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	t.Cleanup(open) // what is kept back would keep the node from closing
	transport.mu.Lock()
	transport.gate = gate
	transport.mu.Unlock()
	waitUntil(t, "both followers have answered", func() bool {
		transport.mu.Lock()
		defer transport.mu.Unlock()
		return transport.held >= 2
	})
	c.down[n1] = true
	c.connect()
	book := newOutcomes()
	fresh := c.commit(book, "new=")

	type reading struct {
		at  Notice
		err error
	}
	read := make(chan reading, 1)
	go func() {
		at, err := n1.node.ReadIndex(testContext(t))
		read <- reading{at, err}
	}()
	var r reading
	select {
	case r = <-read: // the question did not get out
	case <-time.After(100 * time.Millisecond): // it is out
		open()
		r = <-read
	}
	if !errors.Is(r.err, ErrNotLeader) {
		t.Errorf("entry %d is confirmed (%v) to have everything, and %d was acknowledged before", r.at.Index, r.err, fresh.Index)
	}
}

// TestReadIndexFollowers: nodes that only follow confirm nothing.
func TestReadIndexFollowers(t *testing.T) {
	c := newCluster(t, func(o *Options) { o.HeartbeatTimeout, o.LeaseTimeout = 5*time.Second, 5*time.Second })
	leader := c.leader()
	c.commit(newOutcomes(), "first=")
	var quiet []*member
	for _, m := range c.members {
		if m != leader {
			quiet = append(quiet, m)
		}
	}
	waitUntil(t, "one only follows", func() bool { return leader.node.Demote(quiet[0].id) == nil })
	c.down[quiet[1]] = true
	c.connect()
	if at, err := leader.node.ReadIndex(testContext(t)); !errors.Is(err, ErrNotLeader) {
		t.Errorf("entry %d is confirmed (%v) by a node that does not count", at.Index, err)
	}
	delete(c.down, quiet[1])
	c.connect()
	waitUntil(t, "it is confirmed", func() bool {
		_, err := leader.node.ReadIndex(testContext(t))
		return err == nil
	})
}

// TestProposalOfAnotherTerm: what was proposed for an earlier term does not get into the log in a later one.
func TestProposalOfAnotherTerm(t *testing.T) {
	c := newCluster(t, nil)
	c.commit(newOutcomes(), "first=")
	leader := c.leader()
	term, _ := leader.node.leadingIn()
	for _, part := range []bool{false, true} {
		for _, other := range []uint64{term - 1, term + 1} {
			if _, err := leader.node.Propose(testContext(t), &Proposal{Body: []byte("other="), Term: other, Part: part}); !errors.Is(err, ErrNotLeader) {
				t.Errorf("a proposal for term %d in term %d, part %t: %v", other, term, part, err)
			}
		}
	}
	if _, err := leader.node.Propose(testContext(t), &Proposal{Body: []byte("this="), Term: term}); err != nil {
		t.Error(err)
	}
}

// losing is a transport that loses the first question to each node whether another one leads: no answer comes while the test runs.
type losing struct {
	*raft.InmemTransport
	mu   sync.Mutex
	lost map[raft.ServerID]bool
	end  chan struct{}
}

func (l *losing) AppendEntries(id raft.ServerID, to raft.ServerAddress, a *raft.AppendEntriesRequest, r *raft.AppendEntriesResponse) error {
	l.mu.Lock()
	//lint:ignore SA1019 raft's own messages name the leader there, too, and the question does not
	question := a.Leader == nil
	lose := question && !l.lost[id]
	if lose {
		l.lost[id] = true
	}
	l.mu.Unlock()
	if lose {
		<-l.end
		return errors.New("lost")
	}
	return l.InmemTransport.AppendEntries(id, to, a, r)
}

// TestReadIndexAfterLostQuestion: questions that are lost, as between nodes that were cut off from each other, keep no later ones back.
func TestReadIndexAfterLostQuestion(t *testing.T) {
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	c := newCluster(t, func(o *Options) {
		o.Transport = &losing{InmemTransport: o.Transport.(*raft.InmemTransport), lost: map[raft.ServerID]bool{}, end: end}
	})
	c.commit(newOutcomes(), "first=")
	leader := c.leader()
	if _, err := leader.node.ReadIndex(testContext(t)); !errors.Is(err, ErrNotLeader) {
		t.Fatalf("nobody answered, and it is confirmed that the node leads: %v", err)
	}
	waitUntil(t, "it is confirmed", func() bool {
		_, err := leader.node.ReadIndex(testContext(t))
		return err == nil
	})
}
