package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"redoubt/replication"
	"redoubt/scn"
)

// Status is how a node is.
type Status struct {
	ID         string
	Version    string
	State      string // raft's: Leader, Follower, Candidate
	Term       uint64
	Applied    scn.SCN
	Index      uint64 // applied
	Last       uint64 // end of its log
	TimeMicros int64  // of the newest commit that is applied
	Hash       string // of the state at HashAt
	HashAt     scn.SCN
	Unfit      string // why it should not lead; empty: it may
	Failover   Failover
	Observed   string // a failover that it observes; empty: none
	ClockNanos int64  // time of day when it told this, since 1970
}

// Node is a node of the cluster, with its status if it answers.
type Node struct {
	Info
	Member bool // it follows the log; else it has only joined
	Voter  bool
	Status *Status // nil: it does not answer
	Reason error   // why not

	ClockAhead time.Duration // of its time of day before this node's, if it answers; true to within ClockError
	ClockError time.Duration
}

func (c *Cluster) status() Status {
	s := c.options.Log.Stats()
	ill := c.options.diagnose(&s)
	at, hash := c.options.State.StateHash()
	observed := ""
	if o := c.Observed(); o != nil {
		observed = o.Reason
	}
	return Status{
		ID: c.options.ID, Version: c.options.Version, State: s.State, Term: s.Term, Applied: s.Applied.SCN, Index: s.AppliedIndex, Last: s.LastIndex, Failover: c.options.Failover, Observed: observed,
		TimeMicros: s.Applied.TimeMicros, Hash: hash, HashAt: at, Unfit: ill.text, ClockNanos: c.options.Now().UnixNano(),
	}
}

func (c *Cluster) statusOf(ctx context.Context, addr string) (s Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	err = c.caller.Call(ctx, addr, service+".Status", &StatusArgs{}, &s)
	return s, err
}

// askStatus asks a node how it is, and how late: half the way of question and answer is taken for the time of the answer.
func (c *Cluster) askStatus(ctx context.Context, n *Node) {
	began := time.Now()
	s, err := c.statusOf(ctx, n.Raft)
	if err != nil {
		n.Reason = err
		return
	}
	half := time.Since(began) / 2
	n.Status, n.ClockError = &s, half
	n.ClockAhead = time.Unix(0, s.ClockNanos).Sub(c.options.Now().Add(-half))
}

// errAwaited is why a node does not answer that has a place and nothing else.
var errAwaited = errors.New("it has not come yet: start it with redoubt serve --join")

// Nodes lists the nodes, each asked how it is.
func (c *Cluster) Nodes(ctx context.Context) ([]Node, error) {
	known, err := c.options.Registry.Nodes()
	if err != nil {
		return nil, err
	}
	if len(known) == 0 {
		known = []Info{c.options.Self()}
	}
	members := map[string]replication.Member{}
	for _, m := range c.options.Log.Members() {
		members[m.ID] = m
	}
	nodes := make([]Node, len(known))
	var asking sync.WaitGroup
	for i := range known {
		m, ok := members[known[i].ID]
		nodes[i] = Node{Info: known[i], Member: ok, Voter: m.Voter}
		asking.Go(func() {
			n := &nodes[i]
			if n.ID == c.options.ID {
				s := c.status()
				n.Status = &s
			} else if n.Raft == "" {
				n.Reason = errAwaited
			} else {
				c.askStatus(ctx, n)
			}
		})
	}
	asking.Wait()
	return nodes, nil
}
