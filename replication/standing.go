package replication

import (
	"errors"
	"time"

	"github.com/hashicorp/raft"
)

// A node that observes (Options.Observe) does not take the lead from another one by itself. It stands for election only if
//
//	(1) the leader hands over to it: raft does not ask first then, whether it would be elected;
//	(2) it was ordered to (Stand);
//	(3) the lead is its own: the vote that it gave in the newest term that it knows was for itself, and it has heard of nobody else who led in that
//	    term. So it led, or was about to, and lost touch with a quorum or was started again, and nobody was to lead since;
//	(4) it votes alone, and needs nobody's answer.
//
// (3) is no failover: the lead stays where it was. Without it a leader whose lease ran out on a busy machine, or that crashed and is back
// at once, would wait for an operator though there is nothing to decide. It is as safe as any election: the others do not vote for a node that lacks
// what was committed, nor while they hear a leader; and an order raises the term, after which an old leader's vote for itself is of an older one.
//
// Raft knows nothing of this. It becomes a candidate, and asks again and again, which raises no term. Those questions are not sent, and answered
// by no. It votes for others as ever.

// Stand lets a node that observes stand for election for a while, or until it leads. 0: not any more.
func (n *Node) Stand(d time.Duration) { n.standing.begin(time.Now().Add(d)) }

// mayAsk tells whether this node may ask to be elected.
func (n *Node) mayAsk() bool { return !n.opts.Observe || n.standing.on() || n.leadIsOwn() }

// leadIsOwn is (3).
func (n *Node) leadIsOwn() bool {
	term, own := n.stable.own()
	n.leadership.mu.Lock()
	defer n.leadership.mu.Unlock()
	return own && n.leadership.heard < term
}

// knowSelf tells the stable store who this node is as a candidate, and refuses to observe over a transport without questions before
// elections: then each candidate raises the term, for ever.
func (n *Node) knowSelf() error {
	if _, ok := n.transport.(raft.WithPreVote); n.opts.Observe && !ok {
		return errors.New("replication: Options.Observe wants a transport with pre-votes")
	}
	return n.stable.know(n.transport.EncodePeer(raft.ServerID(n.opts.NodeID), n.transport.LocalAddr()))
}

// LastLeader is the node that led last, as far as this one knows, and when this one last heard from it, or lost the lead.
func (n *Node) LastLeader() (id string, contact time.Time) {
	n.leadership.mu.Lock()
	defer n.leadership.mu.Unlock()
	return n.leadership.previous, n.raft.LastContact()
}
