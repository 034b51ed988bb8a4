package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// orderedFor is how long a node stands for election since it was ordered to: many elections.
const orderedFor = 10 * time.Second

// Order makes a node stand for election since nobody leads and nodes only observe. It returns when that one leads.
func (c *Cluster) Order(ctx context.Context, node string) error {
	m, err := c.options.Log.Member(node)
	switch {
	case c.options.Failover != Observe:
		return fmt.Errorf("%w: failover is automatic, so that nodes elect one by themselves", ErrNoLeader)
	case err != nil:
		return err
	case !m.Voter:
		return fmt.Errorf("node %s only follows and does not count for the quorum: it cannot lead", node)
	case node == c.options.ID:
		return c.stand(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, orderedFor+callingTimeout)
	defer cancel()
	var reply OrderReply
	if err := c.caller.Call(ctx, m.Addr, service+".Order", &OrderArgs{Node: node}, &reply); err != nil {
		return fmt.Errorf("node %s at %s does not answer, order one that does: %w", node, m.Addr, err)
	}
	if reply.Text != "" {
		return errors.New(reply.Text)
	}
	return nil
}

// OrderArgs names the node that is to lead.
type OrderArgs struct{ Node string }

// OrderReply is why it does not; empty: it does.
type OrderReply struct{ Text string }

// Order makes this node stand for election.
func (m *Methods) Order(a *OrderArgs, r *OrderReply) error {
	c := m.cluster
	err := fmt.Errorf("this is node %s, not %s", c.options.ID, a.Node)
	if a.Node == c.options.ID {
		err = c.Order(c.over, a.Node)
	}
	if err != nil {
		r.Text = fmt.Sprintf("node %s: %v", c.options.ID, err)
	}
	return nil
}

// stand makes this node stand for election, and waits until it leads.
func (c *Cluster) stand(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, orderedFor)
	defer cancel()
	if led, err := c.awaitLead(ctx, true); led || err != nil {
		return err
	}
	if err := c.electable(ctx); err != nil {
		return err
	}
	c.yielded.Store(&Announcement{Trigger: TriggerOrdered, To: c.options.ID, Time: c.options.Now()})
	c.options.Logger.Info().Msg("ordered to stand for election")
	c.options.Log.Stand(orderedFor)
	led, err := c.awaitLead(ctx, false)
	if !led {
		c.options.Log.Stand(0)
	}
	return err
}

// awaitLead waits until this node leads, or looks once.
func (c *Cluster) awaitLead(ctx context.Context, once bool) (leads bool, err error) {
	for {
		change := c.options.Log.LeaderChange()
		leader, _, leads := c.options.Log.Leader()
		switch {
		case leads:
			return true, nil
		case leader != "" && leader != c.options.ID:
			return false, fmt.Errorf("node %s leads: SWITCHOVER again, and it hands over", leader)
		case once:
			return false, nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return false, fmt.Errorf("it was not elected within %s: %s", orderedFor, c.whyNobodyLeads(c.over, ""))
		case <-c.over.Done():
			return false, fmt.Errorf("%w: this node is stopping", ErrNoLeader)
		}
	}
}

// electable asks the others for what raft will: a majority votes only for a node whose log lacks nothing that theirs have. Until it was asked for
// its vote a node that does not answer counts as one that gives none.
func (c *Cluster) electable(ctx context.Context) error {
	own := c.logEnd()
	voters, votes := 0, 0
	var ahead, silent []string
	for _, m := range c.options.Log.Members() {
		if !m.Voter {
			continue
		}
		voters++
		end := own
		if m.ID != c.options.ID {
			calling, cancel := context.WithTimeout(ctx, statusTimeout)
			err := c.caller.Call(calling, m.Addr, service+".LogEnd", &LogEndArgs{}, &end)
			cancel()
			if err != nil {
				silent = append(silent, m.ID)
				continue
			}
		}
		if end.ahead(own) {
			ahead = append(ahead, m.ID)
			continue
		}
		votes++
	}
	switch {
	case votes >= quorum(voters):
		return nil
	case len(ahead) > 0:
		return fmt.Errorf("it would not be elected: it has the log up to entry %d, and %s has more, which may be acknowledged commits: order that one", own.Index, strings.Join(ahead, ", "))
	}
	return fmt.Errorf("it would not be elected: %d of the %d nodes that count answer, and %s not: start them", votes, voters, strings.Join(silent, ", "))
}

// LogEnd is where the log of a node ends.
type LogEnd struct{ Index, Term uint64 }

// ahead tells whether a log has something that another one lacks, as raft sees it.
func (e LogEnd) ahead(of LogEnd) bool {
	return e.Term > of.Term || e.Term == of.Term && e.Index > of.Index
}

func (c *Cluster) logEnd() LogEnd {
	last := c.options.Log.Stats().LastIndex
	return LogEnd{last, c.options.Log.EntryTerm(last)}
}

// LogEndArgs has nothing.
type LogEndArgs struct{}

// LogEnd tells where this node's log ends.
func (m *Methods) LogEnd(_ *LogEndArgs, e *LogEnd) error {
	*e = m.cluster.logEnd()
	return nil
}

// orderInstead tells whether a change of who leads waits in vain: nobody does for a while, and nodes only observe. While the lead is handed over
// nobody does, either, but soon.
func (c *Cluster) orderInstead(change *Change) bool {
	if change.Action != Transfer || c.options.Failover != Observe {
		return false
	}
	leader, _, _ := c.options.Log.Leader()
	_, contact := c.options.Log.LastLeader()
	return leader == "" && time.Since(contact) > observeAfter
}
