package cluster

import (
	"context"
	"time"
)

// The others cannot know why they heard no more of the node that led. If it lived on and was cut off, it knows: it gave up the lead since a quorum did
// not answer, before it heard of another leader. When it is back it says so, and LEADER LOST becomes PARTITION.
const (
	haltedAfter  = 300 * time.Millisecond // a process that did nothing for longer was stopped, or had no processor: it was not the network
	haltedNear   = 2 * time.Second        // of the loss: then it was because of that
	severedTries = 60                     // answers of a leader that has no takeover to which it fits
)

// severed is what this node has told of its losses of the lead.
type severed struct {
	told  uint64 // term in which it led, of the latest loss that needs no more words
	tries int
}

// tellSevered tells whoever leads that this node was cut off when it lost the lead.
func (c *Cluster) tellSevered(ctx context.Context, s *severed) error {
	loss := c.options.Log.Loss()
	if !loss.Severed || loss.Term <= s.told || time.Since(loss.At) < attendEvery {
		return nil // of the latter what halted may not be known yet
	}
	if c.Halted().Sub(loss.At).Abs() < haltedNear || s.tries >= severedTries {
		*s = severed{told: loss.Term}
		return nil
	}
	noted, answered, err := c.noteSevered(ctx, &SeveredArgs{Node: c.options.ID, Term: loss.Term})
	if answered {
		s.tries++
	}
	if noted {
		*s = severed{told: loss.Term}
	}
	return err
}

// noteSevered has it noted by whoever leads.
func (c *Cluster) noteSevered(ctx context.Context, a *SeveredArgs) (noted, answered bool, err error) {
	if _, _, leads := c.options.Log.Leader(); leads {
		noted, err = c.rewrite(ctx, a)
		return noted, err == nil, err
	}
	for _, addr := range c.mayLead() {
		var reply SeveredReply
		calling, cancel := context.WithTimeout(ctx, callingTimeout)
		err = c.caller.Call(calling, addr, service+".Severed", a, &reply)
		cancel()
		if err == nil && reply.Leads {
			return reply.Noted, true, nil
		}
	}
	return false, false, err
}

// SeveredArgs says that a node that led in a term was cut off.
type SeveredArgs struct {
	Node string
	Term uint64
}

// SeveredReply tells whether that needs to be said again.
type SeveredReply struct {
	Leads bool
	Noted bool
}

// Severed notes that the one that led before was cut off.
func (m *Methods) Severed(a *SeveredArgs, r *SeveredReply) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), callingTimeout)
	defer cancel()
	if _, _, r.Leads = m.cluster.options.Log.Leader(); r.Leads {
		r.Noted, err = m.cluster.rewrite(ctx, a)
	}
	return err
}

// rewrite corrects the takeover that followed, if there is one. To do it twice is the same as once.
func (c *Cluster) rewrite(ctx context.Context, a *SeveredArgs) (found bool, err error) {
	list, err := c.options.Registry.Takeovers()
	if err != nil {
		return false, err
	}
	for _, t := range list {
		if t.Term <= a.Term {
			continue
		}
		if t.Trigger != TriggerLost || t.Previous != a.Node {
			return true, nil // it was for another reason, or somebody led in between who was not noted
		}
		t.Trigger = TriggerPartition
		return true, c.options.Registry.NoteTakeover(ctx, t)
	}
	return false, nil
}

// Halted is when this process was last found to have done nothing for a while.
func (c *Cluster) Halted() (at time.Time) {
	if p := c.halted.Load(); p != nil {
		at = *p
	}
	return at
}
