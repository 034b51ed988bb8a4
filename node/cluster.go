package node

import (
	"context"
	"errors"
	"fmt"
	"net"

	"redoubt/internal/clock"
	"redoubt/node/bridge"
	"redoubt/replication/cluster"
	"redoubt/replication/peer"
)

// ErrNeedsCopy is the failure of a node that needs a copy of another one's state. It takes one when it is opened again.
var ErrNeedsCopy = cluster.ErrNeedsCopy

// openHub listens for other nodes.
func (n *Node) openHub(context.Context) (err error) {
	security, err := n.config.security()
	if err != nil {
		return err
	}
	id, err := n.identity.peers()
	if err != nil {
		return err
	}
	if n.hub, err = peer.Listen(peer.Options{Addr: n.config.Raft, Database: id, Node: n.identity.NodeID, Security: security, Network: n.config.network}); err != nil {
		return explainAddress(err, "raft", n.config.Raft)
	}
	n.closers = append(n.closers, n.hub.Close)
	return nil
}

// security is what this node shows to others. Without certificates nodes talk in the clear, which only one machine may.
func (c *Config) security() (*peer.Security, error) {
	if c.ClusterCert != "" {
		return peer.LoadSecurity(c.ClusterCert, c.ClusterKey, c.ClusterCA)
	}
	host, _, err := net.SplitHostPort(c.Raft)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil, nil
	}
	return nil, fmt.Errorf("setting raft: %s can be reached from other machines, and nodes would talk to it in the clear: give cluster-cert, cluster-key and cluster-ca (redoubt cert makes them), or a loopback address", c.Raft)
}

// self is this node as the others know it.
func (n *Node) self() cluster.Info {
	at := Addresses{MySQL: n.config.MySQL, HTTP: n.config.HTTP, Raft: n.hub.Addr()}
	if bound := n.bound.Load(); bound != nil {
		at = *bound
	}
	return cluster.Info{
		ID: n.identity.NodeID, Ordinal: n.identity.Ordinal, Raft: at.Raft, MySQL: at.MySQL, HTTP: at.HTTP, Standby: n.config.Standby,
	}
}

// openCluster makes this node one of its cluster.
func (n *Node) openCluster(ctx context.Context) (err error) {
	n.settled.Store(!n.identity.Alone)
	n.cluster, err = cluster.New(cluster.Options{
		ID: n.identity.NodeID, Self: n.self, Log: n.replication, Hub: n.hub, State: bridge.ClusterState{Engine: n.engine}, Registry: bridge.Nodes{Engine: n.engine},
		Refusals: bridge.Refusals{}, Version: Version, Lineage: n.identity.lineage(), Logger: n.logger.With().Str("part", "cluster").Logger(), Now: clock.Now,
		Lost: n.lost, Follows: n.copies.follows, Archive: n.archiveThrough, Settled: n.settled.Load, Peers: n.notePeers, Answer: n.answerPage, Unfit: n.unfit, LagFarOff: n.config.lagFarOff, Failover: n.config.Failover,
		Protection: cluster.Protection{Mode: n.config.Protection, Acks: n.config.ProtectionAcks, Timeout: n.config.ProtectionTimeout},
	})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, n.cluster.Close)
	n.engine.Propose(bridge.Proposer{Log: n.cluster, Committed: n.committed, Refuse: n.standby})
	n.hub.Handle(peer.Copy, n.sendCopy)
	return n.attach(ctx)
}

// unfit tells why this node should not lead.
func (n *Node) unfit() error { return checkDisk(n.config.Data, n.config.DiskReserve) }

// lost ends a node that cannot follow any more. If all that it needs is a copy of another node, it takes one when it starts again.
func (n *Node) lost(err error) {
	if errors.Is(err, ErrNeedsCopy) {
		err = errors.Join(err, n.wantCopy(errors.Is(err, cluster.ErrDiverged)))
	}
	n.fail(err)
}

// attach lets a node that has joined follow: until then no leader knows where it is.
func (n *Node) attach(ctx context.Context) error {
	if _, err := n.replication.Member(n.identity.NodeID); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := n.cluster.Attach(ctx, n.self()); err != nil {
		return fmt.Errorf("join the cluster: %w", err)
	}
	return nil
}

// current waits until this node has all that was acknowledged anywhere: it has just started.
func (n *Node) current(ctx context.Context) error {
	if !n.cluster.Several() || n.config.ApplyDelay > 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	go func() { // ends with ctx
		select {
		case <-n.failed:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		err := n.cluster.Current(ctx)
		if err == nil || ctx.Err() != nil || n.Failure() != nil {
			return errors.Join(err, n.Failure())
		}
		n.logger.Info().Err(err).Msg("waiting for the cluster")
	}
}

// leads tells whether this node takes the commits.
func (n *Node) leads() bool {
	_, _, ready := n.replication.Leader()
	return ready
}

// leadsIn tells whether this node takes the commits, and the term in which it does, or did last.
func (n *Node) leadsIn() (term uint64, leads bool) {
	leads = n.leads()
	term, _ = n.replication.LedIn() // not before: of two terms it is the later one
	return term, leads
}

// standby tells whether this node only reads.
func (n *Node) standby() bool {
	if !n.config.Standby {
		return false
	}
	self, err := n.replication.Member(n.identity.NodeID)
	return err != nil || !self.Voter // a voter was promoted
}
