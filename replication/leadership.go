package replication

import (
	"context"
	"sync"

	"github.com/hashicorp/raft"
)

// leadership follows who leads, as raft tells it.
type leadership struct {
	notify   chan bool             // from raft: this node gains or loses leadership
	observed chan raft.Observation // from raft: who leads changed
	observer *raft.Observer

	mu     sync.Mutex
	change chan struct{} // closed at the next change of anything here or of the batcher's readiness
	leads  bool          // raft says so
	ready  bool          // and proposals are taken
}

func newLeadership() *leadership {
	l := &leadership{
		notify:   make(chan bool, 16),
		observed: make(chan raft.Observation, 16),
		change:   make(chan struct{}),
	}
	// Not blocking: a lost observation only delays WaitReady on a follower until the next.
	l.observer = raft.NewObserver(l.observed, false, func(o *raft.Observation) bool {
		_, ok := o.Data.(raft.LeaderObservation)
		return ok
	})
	return l
}

func (l *leadership) update(set func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	set()
	close(l.change)
	l.change = make(chan struct{})
}

// watchLeadership passes on what raft tells until stop is closed. Raft waits for it, so it does nothing slow.
func (n *Node) watchLeadership(stop <-chan struct{}) {
	for {
		select {
		case leads := <-n.leadership.notify:
			n.stint.Add(1)
			n.leadership.update(func() { n.leadership.leads, n.leadership.ready = leads, false })
			n.batcher.poke()
			if !leads {
				n.opts.Logger.Info().Str("node", n.opts.NodeID).Msg("leadership lost")
			}
		case <-n.leadership.observed:
			n.leadership.update(func() {})
		case <-stop:
			return
		}
	}
}

func (n *Node) leads() bool {
	n.leadership.mu.Lock()
	defer n.leadership.mu.Unlock()
	return n.leadership.leads
}

// noteLeading is called when proposals are taken.
func (n *Node) noteLeading(m markResult) {
	n.fsm.applied.set(m.index)
	n.leadership.update(func() { n.leadership.ready = n.leadership.leads })
	n.opts.Logger.Info().Str("node", n.opts.NodeID).Uint64("term", m.term).Uint64("scn", uint64(m.at.SCN)).
		Msg("leading")
}

// notLeader says who leads.
func (n *Node) notLeader() error {
	addr, id := n.raft.LeaderWithID()
	if string(id) == n.opts.NodeID {
		return &NotLeaderError{} // raft has not yet cleared its own name
	}
	return &NotLeaderError{LeaderID: string(id), LeaderAddr: string(addr)}
}

// Leader gives the id and transport address of the leader, both empty while none is known, and whether that is this
// node and it takes proposals.
func (n *Node) Leader() (id, addr string, self bool) {
	a, i := n.raft.LeaderWithID()
	n.leadership.mu.Lock()
	defer n.leadership.mu.Unlock()
	return string(i), string(a), n.leadership.ready
}

// WaitReady blocks until this node takes proposals as the leader, or knows another node that leads.
func (n *Node) WaitReady(ctx context.Context) error {
	for {
		n.leadership.mu.Lock()
		ready, change := n.leadership.ready, n.leadership.change
		n.leadership.mu.Unlock()
		if _, id := n.raft.LeaderWithID(); ready || (id != "" && string(id) != n.opts.NodeID) {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		case <-n.stopping:
			return n.closedError()
		}
	}
}
