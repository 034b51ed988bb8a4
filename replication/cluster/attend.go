package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"redoubt/replication"
)

// Why a node cannot follow the leader any more.
var (
	// ErrNeedsCopy: the node can go on with a copy of another one's state. It is one of the two that follow.
	ErrNeedsCopy = errors.New("this node needs a copy of another one's state")
	// ErrBehind: the leader's log begins behind the end of this node's.
	ErrBehind = fmt.Errorf("%w: the leader's log begins behind what it has", ErrNeedsCopy)
	// ErrDiverged: the state is not what the log makes it on the other nodes.
	ErrDiverged = fmt.Errorf("%w: its state differs from that of the others", ErrNeedsCopy)
	// ErrRemoved: the node was taken out of the cluster.
	ErrRemoved = errors.New("this node was taken out of the cluster: its directory is not needed any more, and it may join anew with an empty one")
)

// attend does what a node does for the cluster from time to time.
func (c *Cluster) attend(ctx context.Context) {
	tick := time.NewTicker(attendEvery)
	defer tick.Stop()
	var s severed
	var o owed
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c.tellPeers()
		err := errors.Join(c.present(ctx), c.tellSevered(ctx, &s))
		if _, _, leads := c.options.Log.Leader(); leads {
			err = errors.Join(err, c.lookForStandbys(), c.noteTakeover(ctx), c.promoteReady(ctx), c.compareDue(ctx), c.compareClocks(ctx))
		} else {
			err = errors.Join(err, c.follow(ctx), c.lookForSkipped(ctx, &o))
		}
		if err != nil && ctx.Err() == nil {
			c.options.Logger.Debug().Err(err).Msg("attend to the cluster: it is tried again")
		}
	}
}

// promoteReady lets nodes count for the quorum that have come up with the log, one at a time. A standby only follows.
func (c *Cluster) promoteReady(ctx context.Context) error {
	for _, m := range c.options.Log.Members() {
		if m.Voter {
			continue
		}
		info, err := c.info(m.ID)
		if err != nil || info.Standby {
			continue // it has been taken out meanwhile, or stays what it is
		}
		s, err := c.statusOf(ctx, m.Addr)
		if err != nil || c.behind(&s) > promoteBehind {
			continue
		}
		if err := c.options.Log.Promote(m.ID); err != nil {
			return err
		}
		c.options.Logger.Info().Str("node", m.ID).Msg("promoted: it counts for the quorum")
	}
	return nil
}

// present sees to it that the cluster knows this node, where it is now.
func (c *Cluster) present(ctx context.Context) error {
	self := c.options.Self()
	known, err := c.info(self.ID)
	var none *replication.NoMemberError
	if errors.As(err, &none) {
		return nil // alone until now, or not yet so far
	}
	if err != nil {
		return err
	}
	member, err := c.options.Log.Member(self.ID)
	self.Standby = known.Standby
	if err == nil && member.Addr == self.Raft && known == self {
		return nil
	}
	return c.Attach(ctx, self)
}

// Attach lets this node follow the log.
func (c *Cluster) Attach(ctx context.Context, self Info) error {
	return c.Change(ctx, Change{Action: Attach, Node: self.ID, Info: self})
}

// end tells the owner, once, why this node cannot follow any more.
func (c *Cluster) end(why error) { c.lost.Do(func() { c.options.Lost(why) }) }

// follow looks whether this node can still follow.
func (c *Cluster) follow(ctx context.Context) error {
	last := c.options.Log.Stats().LastIndex
	reply, err := c.askLeader(ctx, last)
	switch {
	case err != nil || !reply.Leads:
		return err
	case !reply.Known:
		c.end(ErrRemoved)
	case reply.First > last+1:
		c.end(fmt.Errorf("%w: it ends at entry %d, the leader's begins at %d", ErrBehind, last, reply.First))
	}
	return nil
}

// askLeader asks whoever leads about this node: a leader that does not know this node any more does not call it either, so all others
// are asked if none is known. last is where its log ends.
func (c *Cluster) askLeader(ctx context.Context, last uint64) (reply FollowReply, err error) {
	for _, addr := range c.mayLead() {
		reply = FollowReply{}
		calling, cancel := context.WithTimeout(ctx, callingTimeout)
		err = c.caller.Call(calling, addr, service+".Follow", &FollowArgs{ID: c.options.ID, Ordinal: c.options.Self().Ordinal, Last: last}, &reply)
		cancel()
		if err == nil && reply.Leads {
			return reply, nil
		}
	}
	return FollowReply{}, err
}

// mayLead gives the address of the leader, or of all others if none is known.
func (c *Cluster) mayLead() []string {
	if id, addr, self := c.options.Log.Leader(); !self && id != "" && id != c.options.ID {
		return []string{addr}
	}
	return c.options.Log.Others()
}

// tellPeers tells the owner who the others are, if they have changed.
func (c *Cluster) tellPeers() {
	now := c.options.Log.Others()
	if !slices.Equal(now, c.peers) {
		c.peers = now
		c.options.Peers(now)
	}
}
