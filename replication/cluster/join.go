package cluster

import (
	"context"
	"fmt"
	"slices"

	"redoubt/replication/peer"
)

// JoinArgs is a node that wants to join.
type JoinArgs struct{ Info Info } // ID may be empty

// JoinReply is what it is from then on.
type JoinReply struct {
	Leads  bool
	Leader string // address of who leads if this node does not
	Info   Info
	Peers  []string // addresses of the nodes that there are
}

// joinHere takes a node in: it gets its place, and hears who the others are.
func (c *Cluster) joinHere(ctx context.Context, a *JoinArgs, r *JoinReply) error {
	if !c.options.Settled() {
		return ErrStarting
	}
	if err := checkName(a.Info.ID); err != nil {
		return err
	}
	c.joining.Lock()
	defer c.joining.Unlock()
	nodes, err := c.known(ctx)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if n.Raft != a.Info.Raft && n.Raft != "" {
			r.Peers = append(r.Peers, n.Raft)
		}
	}
	r.Info = a.Info
	i := slices.IndexFunc(nodes, func(n Info) bool { return n.ID == a.Info.ID })
	if i < 0 {
		if err := c.allot(&r.Info, nodes); err != nil {
			return err
		}
		return c.options.Registry.Put(ctx, r.Info)
	}
	place := nodes[i]
	if place.Raft != "" && place.Raft != a.Info.Raft || c.follows(place.ID) {
		return fmt.Errorf("the cluster has a node %s already: choose another name with --node-id, or take the old one out with redoubt node remove %s", place.ID, place.ID)
	} // else it was kept for it, or it has asked before, and did not hear the answer
	r.Info.Ordinal, r.Info.Standby = place.Ordinal, place.Standby || a.Info.Standby
	if r.Info == place {
		return nil
	}
	return c.options.Registry.Put(ctx, r.Info)
}

// add keeps a place for a node that is to come. To do it again is the same.
func (c *Cluster) add(ctx context.Context, n Info) error {
	if err := checkName(n.ID); err != nil {
		return err
	}
	c.joining.Lock()
	defer c.joining.Unlock()
	nodes, err := c.known(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(nodes, func(known Info) bool { return known.ID == n.ID })
	if i < 0 {
		if err := c.allot(&n, nodes); err != nil {
			return err
		}
		return c.options.Registry.Put(ctx, n)
	}
	if n.Ordinal = nodes[i].Ordinal; nodes[i] != n {
		return fmt.Errorf("the cluster has a node %s already: choose another name, or take the old one out with redoubt node remove %s", n.ID, n.ID)
	}
	return nil
}

// known lists the nodes as of now, this one with its addresses of now. A node that was alone until now is the first.
func (c *Cluster) known(ctx context.Context) ([]Info, error) {
	if err := c.Current(ctx); err != nil {
		return nil, err
	}
	nodes, err := c.options.Registry.Nodes()
	if err != nil {
		return nil, err
	}
	self := c.options.Self()
	i := slices.IndexFunc(nodes, func(n Info) bool { return n.ID == self.ID })
	if i < 0 {
		i, nodes = len(nodes), append(nodes, Info{})
	} else {
		self.Ordinal, self.Standby = nodes[i].Ordinal, nodes[i].Standby
	}
	if nodes[i] != self { // who joins asks here for a copy: where the node was when it started last does not count
		if err := c.options.Registry.Put(ctx, self); err != nil {
			return nil, err
		}
		nodes[i] = self
	}
	return nodes, c.options.Log.SetAddr(c.options.ID, self.Raft)
}

// ordinalMax is what transaction ids have room for.
const ordinalMax = 4095

// checkName refuses a name that no node can say.
func checkName(name string) error {
	if len(name) > peer.NodeNameBytes {
		return fmt.Errorf("the name of the node has %d bytes: a node's has at most %d, choose a shorter one", len(name), peer.NodeNameBytes)
	}
	return nil
}

// allot gives a node an ordinal that no node has, or ever had: transactions of one that was taken out are in the log, and it may run yet, with
// a clock of its own. And it gives it a name if it has none.
func (c *Cluster) allot(n *Info, others []Info) error {
	given, err := c.options.Registry.Ordinal()
	if err != nil {
		return err
	}
	for _, o := range others {
		given = max(given, o.Ordinal)
	}
	if given >= ordinalMax {
		return fmt.Errorf("no more nodes can be added to this database: transaction ids tell %d nodes apart, and so many have been added in the course of time", ordinalMax)
	}
	n.Ordinal = given + 1
	for i := len(others) + 1; n.ID == ""; i++ {
		name := fmt.Sprint("n", i)
		if !slices.ContainsFunc(others, func(o Info) bool { return o.ID == name }) {
			n.ID = name
		}
	}
	return nil
}

// follows tells whether a node is in the log's list.
func (c *Cluster) follows(id string) bool {
	_, err := c.options.Log.Member(id)
	return err == nil
}

// AskToJoin asks a cluster for a place in it, for a node that is none yet. addr is that of any of its nodes.
func AskToJoin(ctx context.Context, addr string, a *JoinArgs, security *peer.Security) (r JoinReply, err error) {
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	hello := peer.Hello{Node: a.Info.ID}
	for first := addr; ; {
		r = JoinReply{}
		if err := peer.CallOnce(ctx, addr, hello, security, service+".Join", a, &r); err != nil {
			return r, err
		}
		if r.Leads {
			return r, nil
		}
		if addr = r.Leader; addr == "" {
			addr = first
		}
		if err := pause(ctx); err != nil {
			return r, fmt.Errorf("%w (%w)", ErrNoLeader, err)
		}
	}
}

// AskLineage asks the node at an address what it is one of.
func AskLineage(ctx context.Context, addr, node string, security *peer.Security) (l Lineage, err error) {
	ctx, cancel := context.WithTimeout(ctx, callingTimeout)
	defer cancel()
	return l, peer.CallOnce(ctx, addr, peer.Hello{Node: node}, security, service+".Lineage", &LineageArgs{}, &l)
}
