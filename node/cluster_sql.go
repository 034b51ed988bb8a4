package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redoubt/replication/cluster"
	"redoubt/scn"
	"redoubt/sql"
)

// nodes is the cluster as statements see it.
type nodes struct{ *Node }

var _ sql.Cluster = nodes{}

// Several implements sql.Cluster.
func (n nodes) Several() bool { return n.cluster.Several() }

// Leads implements sql.Cluster.
func (n nodes) Leads() bool { return n.leads() }

// Standby implements sql.Cluster.
func (n nodes) Standby() bool { return n.standby() }

// Late implements sql.Cluster.
func (n nodes) Late() bool { return n.config.ApplyDelay > 0 }

// Current implements sql.Cluster.
func (n nodes) Current(ctx context.Context) error {
	if d := n.config.ApplyDelay; d > 0 {
		return fmt.Errorf("this standby applies what is %s old: SET redoubt_read_mode = 'stale' and redoubt_read_staleness to no less", d)
	}
	return n.cluster.Current(ctx)
}

// Fresh implements sql.Cluster.
func (n nodes) Fresh(ctx context.Context, within time.Duration) error {
	if d := n.config.ApplyDelay; d > within {
		return fmt.Errorf("this standby applies what is %s old, and redoubt_read_staleness is %s", d, within)
	}
	return n.cluster.Fresh(ctx, within-n.config.ApplyDelay, n.config.ApplyDelay > 0)
}

// reachTimeout is how long a read waits for an SCN that its session names.
const reachTimeout = 10 * time.Second

// Reach implements sql.Cluster.
func (n nodes) Reach(ctx context.Context, at scn.SCN) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	for {
		next := n.advance.wait()
		if n.engine.Applied() >= at {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return fmt.Errorf("this node has SCN %d, and waited for %d: %w", n.engine.Applied(), at, context.Cause(ctx))
		}
	}
}

// Nodes implements sql.Cluster.
func (n nodes) Nodes(ctx context.Context) (out []sql.ClusterNode, err error) {
	list, err := n.cluster.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	newest := cluster.Status{}
	for i := range list {
		if s := list[i].Status; s != nil && s.Applied > newest.Applied {
			newest = *s
		}
	}
	for i := range list {
		out = append(out, clusterNode(&list[i], &newest, n.identity.NodeID))
	}
	return out, nil
}

func clusterNode(c *cluster.Node, newest *cluster.Status, self string) sql.ClusterNode {
	v := sql.ClusterNode{
		ID: c.ID, Raft: c.Raft, MySQL: c.MySQL, HTTP: c.HTTP, Voter: c.Voter, Self: c.ID == self, Up: c.Status != nil, Role: "FOLLOWER",
	}
	switch {
	case c.Status != nil && c.Status.State == "Leader":
		v.Role = "LEADER"
	case !c.Member:
		v.Role = "JOINING"
	case c.Standby:
		v.Role = "STANDBY"
	}
	if c.Reason != nil {
		v.Message = c.Reason.Error()
	}
	if s := c.Status; s != nil {
		if s.Unfit != "" {
			v.Message = "it should not lead: " + s.Unfit
		}
		if s.Observed != "" {
			v.Message = "failover is observe: " + s.Observed
		}
		v.Failover = s.Failover.String()
		v.Version, v.Term, v.Applied, v.HashAt, v.Hash = s.Version, s.Term, s.Applied, s.HashAt, s.Hash
		v.Lag = newest.Applied - s.Applied
		v.LagTime = time.Duration(max(0, newest.TimeMicros-s.TimeMicros)) * time.Microsecond
		v.ClockAhead = c.ClockAhead
	}
	return v
}

// Add implements sql.Cluster.
func (n nodes) Add(ctx context.Context, node string, standby bool) error {
	return n.cluster.Change(ctx, cluster.Change{Action: cluster.Add, Node: node, Info: cluster.Info{ID: node, Standby: standby}})
}

// Promote implements sql.Cluster.
func (n nodes) Promote(ctx context.Context, node string) error {
	return n.cluster.Change(ctx, cluster.Change{Action: cluster.Promote, Node: node})
}

// Demote implements sql.Cluster.
func (n nodes) Demote(ctx context.Context, node string) error {
	return n.cluster.Change(ctx, cluster.Change{Action: cluster.Demote, Node: node})
}

// Remove implements sql.Cluster.
func (n nodes) Remove(ctx context.Context, node string) error {
	return n.cluster.Change(ctx, cluster.Change{Action: cluster.Remove, Node: node})
}

// Switchover implements sql.Cluster. If nobody leads and nodes only observe, it is an order.
func (n nodes) Switchover(ctx context.Context, node string) (from, to string, took time.Duration, err error) {
	from, _, _ = n.replication.Leader()
	if n.config.Failover != cluster.Observe && from == "" {
		return "", "", 0, cluster.ErrNoLeader
	}
	if !n.cluster.Several() {
		return "", "", 0, errors.New("there is no other node")
	}
	began := time.Now()
	err = n.cluster.Change(ctx, cluster.Change{Action: cluster.Transfer, Node: node})
	if n.config.Failover == cluster.Observe && errors.Is(err, cluster.ErrNoLeader) {
		if from, began = n.replication.LastLeader(); began.IsZero() {
			began = time.Now() // nobody has led since this node began
		}
		err = n.order(ctx, node)
	}
	if err != nil {
		return "", "", 0, err
	}
	if err := n.cluster.Current(ctx); err != nil {
		return "", "", 0, err
	}
	to, _, _ = n.replication.Leader()
	return from, to, time.Since(began), nil
}

// order makes a node lead since nobody does.
func (n nodes) order(ctx context.Context, node string) error {
	if node == "" {
		return fmt.Errorf("%w, and failover is observe: say which node shall, SWITCHOVER TO node", cluster.ErrNoLeader)
	}
	if err := n.cluster.Order(ctx, node); err != nil {
		return fmt.Errorf("order node %s to lead: %w", node, err)
	}
	return nil
}

// Outcome implements sql.Cluster.
func (n nodes) Outcome(ctx context.Context, xid uint64) (scn.SCN, bool, error) {
	return n.cluster.Outcome(ctx, xid)
}
