package cluster

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The leader's clock stamps commits, and AS OF TIMESTAMP is as right as it is. A jump back does no harm, since each commit is at least a
// microsecond behind the one before; a jump forwards puts all that follow into the future. So the leader compares the nodes' clocks each
// second. It says so when one is off, and lets another node lead when it is its own.
const (
	clockAlert  = 500 * time.Millisecond // off by more is told
	clockFarOff = 2 * time.Second        // off by more, a node does not lead
	clockVoters = 3                      // of two clocks nobody knows which one is right
)

// clocks is what the leader last found.
type clocks struct {
	mu      sync.Mutex
	problem error
	own     string // what is wrong with this node's, which leads; empty: nothing
}

// Clocks tells which clocks are off, as this node found when it last led.
func (c *Cluster) Clocks() error {
	c.clocks.mu.Lock()
	defer c.clocks.mu.Unlock()
	return c.clocks.problem
}

// compareClocks looks at the clocks of all nodes that count.
func (c *Cluster) compareClocks(ctx context.Context) error {
	if c.voters() < 2 {
		c.noteClocks(nil, "")
		return nil
	}
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	read, right := readClocks(nodes)
	if len(read) < clockVoters || right.Abs() <= clockFarOff {
		c.noteClocks(clocksOff(read, right), "")
		return nil
	}
	c.noteClocks(clocksOff(read, right), fmt.Sprintf("its clock is off by %s", (-right).Round(time.Millisecond)))
	if c.options.Failover == Observe {
		return nil // see wouldGiveAway
	}
	for i := range read {
		if n := &read[i]; n.ID != c.options.ID && n.clockRight(right) {
			c.options.Logger.Error().Dur("off", -right).Str("to", n.ID).Msg("this node's clock is off: another one shall lead")
			return c.handOver(ctx, TriggerClock, n.ID, c.options.Now().Add(right))
		}
	}
	return nil
}

func (c *Cluster) noteClocks(problem error, own string) {
	c.clocks.mu.Lock()
	defer c.clocks.mu.Unlock()
	c.clocks.problem, c.clocks.own = problem, own
}

// wrongClock tells what is wrong with this node's clock as it found when it last led; empty: nothing.
func (c *Cluster) wrongClock() string {
	c.clocks.mu.Lock()
	defer c.clocks.mu.Unlock()
	return c.clocks.own
}

// readClocks gives the nodes that count and answer, and how far the right clock is ahead of this node's.
func readClocks(nodes []Node) (read []Node, right time.Duration) {
	read = slices.DeleteFunc(slices.Clone(nodes), func(n Node) bool { return !n.Voter || n.Status == nil })
	return read, medianClock(read)
}

// clockRight tells whether a node's clock is right enough for it to lead.
func (n *Node) clockRight(right time.Duration) bool {
	return (n.ClockAhead - right).Abs() <= clockFarOff
}

// medianClock is how far the clock in the middle is ahead of this node's. Of an even number it is the one nearer to this node's.
func medianClock(nodes []Node) time.Duration {
	var ahead []time.Duration
	for i := range nodes {
		ahead = append(ahead, nodes[i].ClockAhead)
	}
	if len(ahead) == 0 {
		return 0
	}
	slices.Sort(ahead)
	low, high := ahead[(len(ahead)-1)/2], ahead[len(ahead)/2]
	if low.Abs() < high.Abs() {
		return low
	}
	return high
}

// clocksOff names the nodes whose clocks are off by more than can be the fault of the network.
func clocksOff(nodes []Node, right time.Duration) error {
	text := ""
	for i := range nodes {
		n := &nodes[i]
		if off := n.ClockAhead - right; off.Abs() > clockAlert+n.ClockError {
			text += fmt.Sprintf("; that of %s is off by %s", n.ID, off.Round(time.Millisecond))
		}
	}
	if text == "" {
		return nil
	}
	if len(nodes) < clockVoters {
		return fmt.Errorf("the clocks of two nodes differ, and no third tells which is right%s: set them by NTP", text)
	}
	return fmt.Errorf("clocks differ%s: set them by NTP", text)
}
