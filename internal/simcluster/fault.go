package simcluster

import (
	"context"
	"math/rand/v2"
	"time"

	"redoubt/replication/cluster"
	"redoubt/replication/peer"
)

// fault is a thing that goes wrong for a while. It returns what ends it, nil if it could not begin.
type fault struct {
	name   string
	weight int
	begin  func(c *Cluster, r *rand.Rand) (end func())
	upTo   time.Duration
}

// How often something goes wrong.
const quietMin, quietMax = 50 * time.Millisecond, 600 * time.Millisecond

// faults are all that there are.
var faults = []fault{
	{"crash", 5, crashOne, 1500 * time.Millisecond},
	{"power cut of several", 2, crashSeveral, 1500 * time.Millisecond},
	{"clean restart", 1, restart, 500 * time.Millisecond},
	{"pause", 3, pauseOne, 1500 * time.Millisecond},
	{"partition", 3, isolate, 3 * time.Second},
	{"one-way partition", 3, oneWay, 3 * time.Second},
	{"bridge", 1, cutBetween, 3 * time.Second},
	{"slow and lossy link", 3, slowLink, 2 * time.Second},
	{"broken connections", 2, reset, 0},
	{"slow disk", 2, slowDisk, 2 * time.Second},
	{"clock jump", 2, jump, 0},
	{"leader transfer", 2, transfer, 0},
	{"echo of messages", 4, echo, 0},
}

// disturb lets things go wrong until ctx ends, and returns when all have ended.
func (c *Cluster) disturb(ctx context.Context) {
	defer c.faults.Wait()
	r := c.random(2)
	for {
		t := time.NewTimer(between(r, quietMin, quietMax))
		select {
		case <-t.C:
			c.strike(ctx, r)
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)))
}

// strike begins one fault.
func (c *Cluster) strike(ctx context.Context, r *rand.Rand) {
	total := 0
	for _, f := range faults {
		total += f.weight
	}
	n := r.IntN(total)
	own := rand.New(rand.NewPCG(r.Uint64(), 3)) // what a fault draws changes nothing for those after it
	for _, f := range faults {
		if n -= f.weight; n >= 0 {
			continue
		}
		lasts := time.Duration(0)
		if f.upTo > 0 {
			lasts = between(own, 30*time.Millisecond, f.upTo)
		}
		end := f.begin(c, own)
		if end == nil {
			return
		}
		c.note("%s begins, for %s", f.name, lasts)
		c.mu.Lock()
		c.fired[f.name]++
		c.mu.Unlock()
		c.faults.Go(func() {
			t := time.NewTimer(lasts)
			defer t.Stop()
			select {
			case <-t.C:
			case <-ctx.Done():
			}
			end()
			c.note("%s ends", f.name)
		})
		return
	}
}

// mend makes everything whole.
func (c *Cluster) mend() {
	for _, a := range c.nodes {
		a.resume()
		a.slow.Store(0)
		for _, b := range c.nodes {
			c.network.Heal(a.addr, b.addr)
		}
	}
}

func (c *Cluster) someone(r *rand.Rand) *node { return c.nodes[r.IntN(len(c.nodes))] }

func (n *node) restart() {
	if err := n.start(); err != nil {
		n.cluster.problem(err)
	}
}

func crashOne(c *Cluster, r *rand.Rand) func() {
	n := c.someone(r)
	if !n.crash(r.IntN(2) == 0, r.Uint64()) {
		return nil
	}
	return n.restart
}

// crashSeveral crashes a majority or all, at once.
func crashSeveral(c *Cluster, r *rand.Rand) func() {
	some := r.Perm(len(c.nodes))[:len(c.nodes)/2+1+r.IntN(len(c.nodes)/2+1)]
	var down []*node
	for _, i := range some {
		if c.nodes[i].crash(r.IntN(2) == 0, r.Uint64()) {
			down = append(down, c.nodes[i])
		}
	}
	if len(down) == 0 {
		return nil
	}
	return func() {
		for _, n := range down {
			n.restart()
		}
	}
}

func restart(c *Cluster, r *rand.Rand) func() {
	n := c.someone(r)
	if n.current() == nil {
		return nil
	}
	return func() {
		if err := n.stop(); err != nil {
			c.note("%s stops: %v", n.id, err)
		}
		n.restart()
	}
}

func pauseOne(c *Cluster, r *rand.Rand) func() {
	n := c.someone(r)
	if !n.pause() {
		return nil
	}
	return n.resume
}

// cut cuts ways from the nodes of one side to those of the other.
func (c *Cluster) cut(from, to []*node) (heal func()) {
	for _, a := range from {
		for _, b := range to {
			c.network.Cut(a.addr, b.addr)
		}
	}
	return func() {
		for _, a := range from {
			for _, b := range to {
				c.network.Heal(a.addr, b.addr)
			}
		}
	}
}

// sides splits the nodes.
func (c *Cluster) sides(r *rand.Rand) (few, many []*node) {
	of := 1 + r.IntN(len(c.nodes)/2)
	for place, i := range r.Perm(len(c.nodes)) {
		if place < of {
			few = append(few, c.nodes[i])
		} else {
			many = append(many, c.nodes[i])
		}
	}
	return few, many
}

func isolate(c *Cluster, r *rand.Rand) func() {
	few, many := c.sides(r)
	there, back := c.cut(few, many), c.cut(many, few)
	return func() {
		there()
		back()
	}
}

func oneWay(c *Cluster, r *rand.Rand) func() {
	few, many := c.sides(r)
	if r.IntN(2) == 0 {
		few, many = many, few
	}
	return c.cut(few, many)
}

// cutBetween cuts two nodes off from each other, and from nobody else.
func cutBetween(c *Cluster, r *rand.Rand) func() {
	p := r.Perm(len(c.nodes))
	a, b := []*node{c.nodes[p[0]]}, []*node{c.nodes[p[1]]}
	there, back := c.cut(a, b), c.cut(b, a)
	return func() {
		there()
		back()
	}
}

func slowLink(c *Cluster, r *rand.Rand) func() {
	a, b := c.someone(r), c.someone(r)
	if a == b {
		return nil
	}
	c.network.Slow(a.addr, b.addr, between(r, time.Millisecond, 300*time.Millisecond), r.IntN(40))
	return func() { c.network.Heal(a.addr, b.addr) }
}

func reset(c *Cluster, r *rand.Rand) func() {
	a, b := c.someone(r), c.someone(r)
	if a == b {
		return nil
	}
	c.network.Reset(a.addr, b.addr)
	return func() {}
}

func slowDisk(c *Cluster, r *rand.Rand) func() {
	n := c.someone(r)
	n.slow.Store(int64(between(r, time.Millisecond, 250*time.Millisecond)))
	return func() { n.slow.Store(0) }
}

// jump sets a node's clock, forwards or back, by little or much.
func jump(c *Cluster, r *rand.Rand) func() {
	n := c.someone(r)
	reach := []time.Duration{50 * time.Millisecond, 10 * time.Second, 24 * time.Hour}[r.IntN(3)]
	n.offset.Store(int64(between(r, -reach, reach)))
	return func() {}
}

func transfer(c *Cluster, r *rand.Rand) func() {
	l := c.pick(r)
	if l == nil || !l.enter() {
		return nil
	}
	to := ""
	if r.IntN(2) == 0 {
		to = c.someone(r).id
	}
	return func() {
		defer l.users.Done()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		err := l.cluster.Change(ctx, cluster.Change{Action: cluster.Transfer, Node: to})
		c.note("leader transfer to %q: %v", to, err)
	}
}

// echo lets messages of raft come again, and late. No stream repeats anything, and calls between nodes rely on that; raft does not.
func echo(c *Cluster, _ *rand.Rand) func() {
	ofLog := func(hello []byte) bool { return len(hello) > 5 && hello[5] == byte(peer.Log) }
	if !c.network.Echo(ofLog) {
		return nil
	}
	return func() {}
}
