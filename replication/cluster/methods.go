package cluster

import (
	"context"
	"errors"

	"redoubt/replication"
)

// service is the name under which nodes call each other.
const service = "Cluster"

// Methods are what other nodes call; the shape of the methods is that of net/rpc.
type Methods struct{ cluster *Cluster }

// ProposeArgs is a transaction, or a part of one, of another node.
type ProposeArgs struct {
	From string
	XID  uint64
	Body []byte
	Part bool
	Term uint64 // in which the other node takes this one for the leader
}

// Propose puts it into the log.
func (m *Methods) Propose(a *ProposeArgs, v *Verdict) error {
	*v = m.cluster.propose(a)
	return nil
}

// LineageArgs has nothing.
type LineageArgs struct{}

// Lineage tells what this node is one of.
func (m *Methods) Lineage(_ *LineageArgs, l *Lineage) error {
	*l = m.cluster.options.Lineage
	return nil
}

// OutcomeArgs names a transaction.
type OutcomeArgs struct {
	XID uint64
	Own bool // the node that asks ran it, and does not propose it again
}

// Outcome tells what became of it.
func (m *Methods) Outcome(a *OutcomeArgs, v *Verdict) error {
	ctx, cancel := context.WithTimeout(context.Background(), callingTimeout)
	defer cancel()
	found, err := m.cluster.outcomeHere(ctx, a)
	if err != nil {
		return err
	}
	*v = *found
	return nil
}

// ReadIndexArgs has nothing.
type ReadIndexArgs struct{}

// ReadIndexReply is the entry that must be applied. Leads is false if this node does not lead.
type ReadIndexReply struct {
	Leads bool
	At    replication.Notice
}

// ReadIndex gives the entry that a strong read must have applied.
func (m *Methods) ReadIndex(_ *ReadIndexArgs, r *ReadIndexReply) error {
	ctx, cancel := context.WithTimeout(context.Background(), callingTimeout)
	defer cancel()
	at, err := m.cluster.options.Log.ReadIndex(ctx)
	if errors.Is(err, replication.ErrNotLeader) {
		return nil
	}
	r.Leads, r.At = err == nil, at
	return err
}

// StatusArgs has nothing.
type StatusArgs struct{}

// Status tells how this node is.
func (m *Methods) Status(_ *StatusArgs, s *Status) error {
	*s = m.cluster.status()
	return nil
}

// ChangeReply tells who leads if this node does not.
type ChangeReply struct {
	Leads  bool
	Leader string // address
	Text   string // what went wrong; empty: it is done
	Gone   bool   // that is that there is no such node
}

// Change changes the members, or who leads.
func (m *Methods) Change(a *Change, r *ChangeReply) error {
	ctx, cancel := context.WithTimeout(context.Background(), changeTimeout)
	defer cancel()
	_, addr, ready := m.cluster.options.Log.Leader()
	if r.Leads, r.Leader = ready, addr; !ready {
		return nil
	}
	if err := m.cluster.changeHere(ctx, *a); a.again(err) {
		r.Leads = false
	} else if err != nil {
		var gone *replication.NoMemberError
		r.Text, r.Gone = err.Error(), errors.As(err, &gone) && gone.ID == a.Node
	}
	return nil
}

// Join takes a node in that has nothing yet.
func (m *Methods) Join(a *JoinArgs, r *JoinReply) error {
	ctx, cancel := context.WithTimeout(context.Background(), changeTimeout)
	defer cancel()
	_, addr, ready := m.cluster.options.Log.Leader()
	if r.Leads, r.Leader = ready, addr; !ready {
		return nil
	}
	err := m.cluster.joinHere(ctx, a, r)
	if leadMoved(err) || errors.Is(err, ErrStarting) { // it asks again
		*r = JoinReply{}
		return nil
	}
	return err
}

// FollowArgs names a node that follows, and tells where its log ends.
type FollowArgs struct {
	ID      string
	Ordinal uint16
	Last    uint64
}

// FollowReply is where the leader's log begins, and whether the node is one of the cluster's.
type FollowReply struct {
	Leads bool
	Known bool
	First uint64
}

// Follow tells a node whether it can still follow.
func (m *Methods) Follow(a *FollowArgs, r *FollowReply) error {
	_, _, r.Leads = m.cluster.options.Log.Leader()
	m.cluster.options.Follows(a.ID, a.Last)
	r.First = m.cluster.options.Log.Stats().FirstIndex
	known, err := m.cluster.info(a.ID)
	var none *replication.NoMemberError
	if r.Known = err == nil && known.Ordinal == a.Ordinal; errors.As(err, &none) { // of another ordinal is another one, which has the name now
		return nil
	}
	return err
}
