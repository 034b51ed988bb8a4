package replication

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"redoubt/scn"
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
	term   uint64        // in which they are

	previous string   // the latest node that led, but for one that is about to
	heard    uint64   // the latest term in which another node was known to lead
	takeover Takeover // the latest
	loss     Loss     // the latest
}

// Takeover is how this node came to lead.
type Takeover struct {
	Term     uint64    // 0: it never did
	Previous string    // who led before, as far as this node knows
	Contact  time.Time // when this node last heard from that one
	Ready    time.Time // when it took commits
	SCN      scn.SCN   // from where it goes on
	Resumed  bool      // it led before, too, lost touch with a quorum, and nobody led in between
}

// Loss is how this node ceased to lead.
type Loss struct {
	Term    uint64 // in which it led; 0: it never did
	At      time.Time
	Severed bool // a quorum did not answer any more, and it had not heard of another leader
}

// Loss is how this node last ceased to lead.
func (n *Node) Loss() Loss {
	n.leadership.mu.Lock()
	defer n.leadership.mu.Unlock()
	return n.leadership.loss
}

// Takeover is how this node last came to lead.
func (n *Node) Takeover() Takeover {
	n.leadership.mu.Lock()
	defer n.leadership.mu.Unlock()
	return n.leadership.takeover
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
			contact, term := n.raft.LastContact(), n.raft.CurrentTerm()
			n.leadership.update(func() {
				n.leadership.leads, n.leadership.ready = leads, false
				n.leadership.takeover.Contact = contact
				if !leads && n.leadership.term > n.leadership.loss.Term {
					n.leadership.loss = Loss{Term: n.leadership.term, At: time.Now(), Severed: term == n.leadership.term}
				}
			})
			n.batcher.poke()
			if !leads {
				n.opts.Logger.Info().Str("node", n.opts.NodeID).Msg("leadership lost")
			}
		case <-n.leadership.observed:
			_, id := n.raft.LeaderWithID()
			term := n.raft.CurrentTerm()
			n.leadership.update(func() {
				if id != "" && string(id) != n.opts.NodeID {
					n.leadership.previous, n.leadership.heard = string(id), term
				}
			})
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
	n.leadership.update(func() {
		l := n.leadership
		l.ready, l.term = l.leads, m.term
		self := n.opts.NodeID
		l.takeover = Takeover{
			Term: m.term, Previous: l.previous, Contact: l.takeover.Contact, Ready: time.Now(), SCN: m.at.SCN, Resumed: l.previous == self && l.loss.Severed,
		}
		l.previous = self
	})
	n.standing.over()
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

// leadingIn gives the term in which this node takes proposals as the leader.
func (n *Node) leadingIn() (term uint64, ready bool) {
	n.leadership.mu.Lock()
	defer n.leadership.mu.Unlock()
	return n.leadership.term, n.leadership.ready
}

// Term is the newest term that this node knows of.
func (n *Node) Term() uint64 { return n.raft.CurrentTerm() }

// LeaderChange is closed when who leads may have changed.
func (n *Node) LeaderChange() <-chan struct{} {
	n.leadership.mu.Lock()
	defer n.leadership.mu.Unlock()
	return n.leadership.change
}

// Leader gives the id and transport address of the leader, both empty while none is known, and whether that is this
// node and it takes proposals.
func (n *Node) Leader() (id, addr string, self bool) {
	a, i := n.raft.LeaderWithID()
	n.leadership.mu.Lock()
	defer n.leadership.mu.Unlock()
	return string(i), string(a), n.leadership.ready
}

// LedIn gives the term that this node is in, if it leads in it, or did until it lost touch with the others: then its log has everything
// that anybody has said to have in that term or before.
func (n *Node) LedIn() (term uint64, ok bool) {
	n.leadership.mu.Lock()
	led := n.leadership.term
	n.leadership.mu.Unlock()
	return led, led > 0 && led == n.raft.CurrentTerm()
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

// Contact is when this node last heard from the leader; now if it leads.
func (n *Node) Contact() time.Time {
	if n.leads() {
		return time.Now()
	}
	return n.raft.LastContact()
}
