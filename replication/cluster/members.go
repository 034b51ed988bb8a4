package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redoubt/replication"
)

// Action is a kind of change of the cluster.
type Action string

// Actions.
const (
	Add      Action = "add"    // keeps a place for a node that is to come
	Attach   Action = "attach" // a node that has joined follows from now on, or has other addresses
	Promote  Action = "promote"
	Demote   Action = "demote"
	Remove   Action = "remove"
	Transfer Action = "transfer"
)

// Change is one of the members, or of who leads.
type Change struct {
	Action Action
	Node   string // empty for Transfer: any
	Info   Info   // of Add and Attach
}

// Change makes a change, on whichever node leads.
func (c *Cluster) Change(ctx context.Context, change Change) error {
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	_, err := c.info(change.Node)
	known := err == nil
	for {
		var done bool
		var err error
		if c.orderInstead(&change) {
			return ErrNoLeader
		}
		if _, _, self := c.options.Log.Leader(); self {
			err = c.changeHere(ctx, change)
			done = !change.again(err)
		} else {
			done, err = c.ask(ctx, change)
		}
		var gone *replication.NoMemberError
		if known && change.Action == Remove && errors.As(err, &gone) {
			return nil // it was there at first: a try that was not answered has done it, or somebody else
		}
		if done {
			return err
		}
		if pauseErr := pause(ctx); pauseErr != nil {
			return errors.Join(fmt.Errorf("%w (%w)", ErrNoLeader, pauseErr), err)
		}
	}
}

// again tells whether a change that failed may be tried at whoever leads next: the lead was lost over it, and to do it twice is the same as
// once. If anyone may take the lead, it has moved already.
func (change *Change) again(err error) bool {
	return (change.Action != Transfer || change.Node != "") && leadMoved(err)
}

// leadMoved tells whether something failed only because this node no longer leads.
func leadMoved(err error) bool {
	return errors.Is(err, replication.ErrNotLeader) || errors.Is(err, replication.ErrSuperseded) || errors.Is(err, replication.ErrOutcomeUnknown) ||
		errors.Is(err, ErrNoLeader)
}

// ask asks whoever leads for a change. Not done: it should be tried again.
func (c *Cluster) ask(ctx context.Context, change Change) (done bool, err error) {
	for _, addr := range c.mayLead() {
		var reply ChangeReply
		callErr := c.callLeader(ctx, addr, service+".Change", &change, &reply)
		switch {
		case callErr != nil:
			err = fmt.Errorf("ask the node at %s: %w", addr, callErr)
		case reply.Gone:
			return true, &replication.NoMemberError{ID: change.Node}
		case reply.Text != "":
			return true, errors.New(reply.Text)
		case reply.Leads:
			return true, nil
		}
	}
	return false, err
}

// changeHere is the leader's part of it.
func (c *Cluster) changeHere(ctx context.Context, change Change) error {
	log := c.options.Log
	switch change.Action {
	case Add:
		return c.add(ctx, change.Info)
	case Attach:
		return c.attach(ctx, change.Info)
	case Promote:
		return c.promote(ctx, change.Node)
	case Demote:
		if err := c.setStandby(ctx, change.Node, true); err != nil {
			return err
		}
		return log.Demote(change.Node)
	case Remove:
		c.joining.Lock() // the node must not be attached again in between
		defer c.joining.Unlock()
		var gone *replication.NoMemberError
		if err := log.Remove(change.Node); err != nil {
			if _, known := c.info(change.Node); known != nil || !errors.As(err, &gone) {
				return err
			} // it does not follow any more, or never has
		}
		return c.options.Registry.Drop(ctx, change.Node)
	case Transfer:
		return c.handOver(ctx, TriggerSwitchover, change.Node, c.options.Now())
	}
	return fmt.Errorf("there is no action %q", change.Action)
}

// handOver lets another node lead, an empty name any. at is the time of day.
func (c *Cluster) handOver(ctx context.Context, why Trigger, to string, at time.Time) error {
	if err := c.options.Registry.Announce(ctx, Announcement{Trigger: why, To: to, Time: at}); err != nil {
		return err
	}
	return c.options.Log.Transfer(to)
}

// promote makes a node that follows count for the quorum. It must have come up with the log: until then it would only be in the way.
func (c *Cluster) promote(ctx context.Context, id string) error {
	m, err := c.options.Log.Member(id)
	if err != nil {
		return err
	}
	s, err := c.statusOf(ctx, m.Addr)
	if err != nil {
		return fmt.Errorf("node %s does not answer: %w", id, err)
	}
	if behind := c.behind(&s); behind > promoteBehind {
		return fmt.Errorf("node %s is %d log entries behind: try again when it has come up", id, behind)
	}
	if err := c.setStandby(ctx, id, false); err != nil {
		return err
	}
	return c.options.Log.Promote(id)
}

// behind is how many entries a node lacks.
func (c *Cluster) behind(s *Status) uint64 {
	commit := c.options.Log.Stats().CommitIndex
	return commit - min(s.Index, commit)
}

// setStandby notes whether a node only follows.
func (c *Cluster) setStandby(ctx context.Context, id string, standby bool) error {
	info, err := c.info(id)
	if err != nil || info.Standby == standby {
		return err
	}
	info.Standby = standby
	return c.options.Registry.Put(ctx, info)
}

func (c *Cluster) info(id string) (Info, error) {
	nodes, err := c.options.Registry.Nodes()
	if err != nil {
		return Info{}, err
	}
	for _, n := range nodes {
		if n.ID == id {
			return n, nil
		}
	}
	return Info{}, &replication.NoMemberError{ID: id}
}

// attach lets a node that has joined follow, or notes where it is now.
func (c *Cluster) attach(ctx context.Context, now Info) error {
	c.joining.Lock()
	defer c.joining.Unlock()
	known, err := c.info(now.ID)
	if err != nil {
		return err
	}
	if now.Ordinal != known.Ordinal { // two nodes of one ordinal would give two transactions the same id
		return fmt.Errorf("%w: there is another node %s", ErrRemoved, now.ID)
	}
	now.Standby = known.Standby
	if now != known {
		if err := c.options.Registry.Put(ctx, now); err != nil {
			return err
		}
	}
	err = c.options.Log.SetAddr(now.ID, now.Raft)
	var fresh *replication.NoMemberError
	if errors.As(err, &fresh) {
		return c.options.Log.AddFollower(now.ID, now.Raft)
	}
	return err
}
