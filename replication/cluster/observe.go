package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redoubt/scn"
)

// Failover is what a node does when the one that leads is lost, or should not lead.
type Failover string

// What it does.
const (
	Automatic Failover = "automatic" // another one leads
	Observe   Failover = "observe"   // it says that another one would, and waits for an order
)

// ParseFailover reads the name of one.
func ParseFailover(name string) (Failover, error) {
	if f := Failover(name); f == Automatic || f == Observe {
		return f, nil
	}
	return "", errors.New("want automatic or observe")
}

// String is its name.
func (f Failover) String() string { return string(f) }

// observeAfter is how long nobody leads before it is told: a lead that is handed over, or taken up again, is back by then.
const observeAfter = 2 * time.Second

// Observation is a failover that does not happen, since nodes only observe.
type Observation struct {
	Previous string // who led, or leads and should not; empty: not known
	Next     string // who would lead
	Leads    bool   // Previous leads
	Began    time.Time
	Seen     time.Time // when Reason was found
	Reason   string
	Term     uint64
	SCN      scn.SCN // that this node has
}

// Observed is the failover that this node would have taken part in. Nil: none is due.
func (c *Cluster) Observed() *Observation {
	o := c.observed.Load()
	if leader, _, leads := c.options.Log.Leader(); o == nil || o.Leads != leads || !o.Leads && leader != "" {
		return nil // or none since just now
	}
	return o
}

// watchFailover looks each second whether a failover is due, on a node that observes.
func (c *Cluster) watchFailover(ctx context.Context) {
	tick := time.NewTicker(attendEvery)
	defer tick.Stop()
	began := c.options.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.noteObserved(c.observe(ctx, began))
		}
	}
}

// noteObserved keeps what was observed, and says so in the log when that changes.
func (c *Cluster) noteObserved(o *Observation) {
	was := c.observed.Load()
	if o != nil && o.Leads && was != nil && was.Leads {
		o.Began = was.Began
	}
	c.observed.Store(o)
	switch {
	case o == nil && was != nil:
		c.options.Logger.Info().Msg("no failover is due any more")
	case o != nil && (was == nil || was.Previous != o.Previous || was.Leads != o.Leads):
		c.options.Logger.Error().Str("reason", o.Reason).Msg("a failover is due, and failover is observe: SWITCHOVER TO a node orders it")
	}
}

// observe looks whether a failover is due. since is when this node began to look.
func (c *Cluster) observe(ctx context.Context, since time.Time) *Observation {
	leader, _, leads := c.options.Log.Leader()
	self, err := c.options.Log.Member(c.options.ID)
	switch {
	case err != nil || !self.Voter || c.voters() < 2:
		return nil
	case leads:
		return c.wouldGiveAway(ctx)
	case leader != "":
		return nil
	}
	previous, contact := c.options.Log.LastLeader()
	if contact.IsZero() {
		contact = since // nobody has led since this process began
	}
	if time.Since(contact) < observeAfter {
		return nil
	}
	o := c.observation(c.whyNobodyLeads(ctx, previous))
	o.Previous, o.Next, o.Began = previous, c.options.ID, contact
	if leader, _, _ := c.options.Log.Leader(); leader != "" {
		return nil // since just now
	}
	return o
}

func (c *Cluster) observation(reason string) *Observation {
	s, now := c.options.Log.Stats(), c.options.Now()
	return &Observation{Began: now, Seen: now, Reason: reason, Term: s.Term, SCN: s.Applied.SCN}
}

// wouldGiveAway tells why this node, which leads, would let another one lead: it is ill, or its clock is off.
func (c *Cluster) wouldGiveAway(ctx context.Context) *Observation {
	s := c.options.Log.Stats()
	ill, clock := c.options.diagnose(&s), c.wrongClock()
	if !ill.leaves && clock == "" {
		return nil
	}
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil // the next look may tell
	}
	_, fit := fitToLead(nodes, c.options.ID)
	if len(fit) == 0 || ill.stuck && len(fit) < quorum(c.voters()) {
		return nil // it would go on
	}
	trigger, text := ill.trigger, ill.text
	if !ill.leaves {
		trigger, text = TriggerClock, clock
	}
	o := c.observation(fmt.Sprintf("%s: node %s leads and should not: %s; node %s is well", trigger, c.options.ID, text, fit[0].ID))
	o.Previous, o.Next, o.Leads = c.options.ID, fit[0].ID, true
	return o
}

// whyNobodyLeads asks the others.
func (c *Cluster) whyNobodyLeads(ctx context.Context, previous string) string {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return fmt.Sprintf("nobody is known: %v", err)
	}
	voters, answer, lost := 0, 0, "who led is not known"
	for i := range nodes {
		n := &nodes[i]
		if !n.Voter {
			continue
		}
		voters++
		if n.Status != nil {
			answer++
		}
		switch {
		case n.ID != previous:
		case n.ID == c.options.ID:
			lost = "this node led and lost touch with a quorum"
		case n.Status != nil:
			lost = fmt.Sprintf("node %s led and gave up or was started again", previous)
		default:
			lost = fmt.Sprintf("node %s led and does not answer", previous)
		}
	}
	enough := "they could elect one"
	if answer < quorum(voters) {
		enough = "too few to elect one"
	}
	return fmt.Sprintf("%s; %d of the %d nodes that count answer, %s", lost, answer, voters, enough)
}

func quorum(voters int) int { return voters/2 + 1 }
