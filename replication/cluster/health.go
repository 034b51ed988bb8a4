package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"redoubt/replication"
)

// A leader that is ill gives the lead away, each second anew if another node that counts is well; if none is, it goes on: an ill leader is
// better than none. If it can still commit, it hands over. If a write has gone on for too long, it cannot, since that waits for the same write:
// then it tells the others why and falls silent, so that they elect.
const (
	stallFarOff  = 5 * time.Second  // a write to the log goes on for longer: a node does not lead
	lagFarOff    = 30 * time.Second // Options.LagFarOff, if nothing is given
	healthyShare = 2                // a node may take the lead if it is below half of these
	healthPause  = 10 * time.Second // between two attempts
	silentFor    = 5 * time.Second  // many elections
)

// illness is why a node should not lead. An empty text: it may.
type illness struct {
	trigger Trigger
	text    string
	leaves  bool // it is so ill that it gives the lead away
	stuck   bool // it cannot hand over
}

// diagnose judges what a node knows of itself. What its owner says is not asked for while a disk hangs.
func (o *Options) diagnose(s *replication.Stats) illness {
	lagFarOff := cmp.Or(o.LagFarOff, lagFarOff)
	switch {
	case s.Storing > stallFarOff/healthyShare:
		text := fmt.Sprintf("a write to its log has been under way for %s", s.Storing.Round(100*time.Millisecond))
		return illness{TriggerHealth, text, s.Storing > stallFarOff, true}
	case s.Applying > lagFarOff/healthyShare:
		text := fmt.Sprintf("what is committed has been on its way into its state for %s", s.Applying.Round(100*time.Millisecond))
		return illness{TriggerLag, text, s.Applying > lagFarOff, true}
	case o.Unfit == nil:
		return illness{}
	}
	if err := o.Unfit(); err != nil {
		return illness{TriggerHealth, err.Error(), true, false}
	}
	return illness{}
}

// Ill tells why this node should not lead, if it does not.
func (c *Cluster) Ill() error {
	s := c.options.Log.Stats()
	if ill := c.options.diagnose(&s); ill.text != "" {
		return errors.New(ill.text)
	}
	return nil
}

// health is what the leader did about being ill.
type health struct {
	tried   time.Time // of the latest attempt
	handing chan error
}

// watchHealth looks each second how this node is. It waits for nothing that a disk can hold up.
func (c *Cluster) watchHealth(ctx context.Context) {
	tick := time.NewTicker(attendEvery)
	defer tick.Stop()
	var h health
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-h.handing:
			h.handing = nil
			if err != nil {
				c.options.Logger.Warn().Err(err).Msg("give the lead away: it is tried again")
			}
		case <-tick.C:
			if _, _, leads := c.options.Log.Leader(); leads {
				c.giveAway(ctx, &h)
			}
		}
	}
}

// giveAway lets another node lead if this one is ill and another one is not.
func (c *Cluster) giveAway(ctx context.Context, h *health) {
	s := c.options.Log.Stats()
	ill := c.options.diagnose(&s)
	if !ill.leaves || time.Since(h.tried) < healthPause || c.voters() < 2 {
		return
	}
	h.tried = time.Now()
	nodes, err := c.Nodes(ctx)
	if err != nil {
		c.options.Logger.Error().Err(err).Str("ill", ill.text).Msg("this node should not lead, and cannot ask the others")
		return
	}
	right, fit := fitToLead(nodes, c.options.ID)
	log := c.options.Logger.Error().Str("ill", ill.text)
	switch {
	case len(fit) == 0 || ill.stuck && len(fit) < quorum(c.voters()):
		log.Msg("this node should not lead, and no other one that could is well: it goes on")
	case ill.stuck:
		log.Msg("this node should not lead and cannot hand over: it falls silent, so that another one is elected")
		c.fallSilent(ctx, fit, Announcement{Trigger: ill.trigger, Time: c.options.Now().Add(right)})
	case h.handing == nil:
		log.Str("to", fit[0].ID).Msg("this node should not lead: another one shall")
		done := make(chan error, 1)
		h.handing = done
		c.attended.Go(func() { done <- c.handOver(ctx, ill.trigger, fit[0].ID, c.options.Now().Add(right)) })
	}
}

// fitToLead gives the other nodes that could lead, and how far the right clock is ahead of this node's.
func fitToLead(nodes []Node, self string) (right time.Duration, fit []Node) {
	read, right := readClocks(nodes)
	for _, n := range read {
		if n.ID != self && n.Status.Unfit == "" && n.clockRight(right) {
			fit = append(fit, n)
		}
	}
	return right, fit
}

// fallSilent tells the others why, and says nothing any more for a while.
func (c *Cluster) fallSilent(ctx context.Context, others []Node, why Announcement) {
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	told := make(chan error, len(others))
	for i := range others {
		go func() { // ends with ctx
			told <- c.caller.Call(ctx, others[i].Raft, service+".Yield", &why, &YieldReply{})
		}()
	}
	for range others {
		if err := <-told; err != nil {
			c.options.Logger.Debug().Err(err).Msg("tell why this node falls silent")
		}
	}
	c.options.Log.FallSilent(silentFor)
}

// YieldReply has nothing.
type YieldReply struct{}

// Yield tells this node why the one that leads is about to fall silent.
func (m *Methods) Yield(why *Announcement, _ *YieldReply) error {
	m.cluster.yielded.Store(why)
	return nil
}

// latest gives the later of what the log says of the lead and what was said past it.
func latest(logged Announcement, yielded *Announcement) Announcement {
	if yielded != nil && yielded.Time.After(logged.Time) {
		return *yielded
	}
	return logged
}
