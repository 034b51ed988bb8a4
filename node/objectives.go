package node

import (
	"context"
	"time"

	"redoubt/node/bridge"
	"redoubt/replication/cluster"
	"redoubt/sql"
)

// Takeovers implements sql.Cluster.
func (n nodes) Takeovers() (out []sql.Takeover, err error) {
	list, err := bridge.Nodes{Engine: n.engine}.Takeovers()
	for _, t := range list {
		out = append(out, sql.Takeover{Term: t.Term, Node: t.Node, Previous: t.Previous, Trigger: string(t.Trigger), Began: t.Began, Ended: t.Ended, SCN: t.SCN})
	}
	if o := n.cluster.Observed(); o != nil && err == nil {
		out = append(out, sql.Takeover{Term: o.Term, Node: o.Next, Previous: o.Previous, Trigger: "OBSERVED", Began: o.Began, Ended: o.Seen, SCN: o.SCN, Reason: o.Reason})
	}
	return out, err
}

// Objectives implements sql.Cluster: the time of takeovers after a loss, and how far nodes and repositories are behind.
func (n nodes) Objectives(ctx context.Context) (out []sql.Objective, err error) {
	rto, err := n.measuredRTO()
	if err != nil {
		return nil, err
	}
	if rto.Samples > 0 {
		out = append(out, rto)
	}
	list, err := n.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if node := &list[i]; node.Up && node.Role != "LEADER" {
			out = append(out, sql.Objective{Objective: "RPO", Subject: "node " + node.ID, Measured: node.LagTime, SCNs: node.Lag, Target: n.config.RPOTarget})
		}
	}
	archives, err := n.archives()
	if err != nil || !n.leads() {
		return out, err
	}
	for _, a := range archives {
		out = append(out, sql.Objective{
			Objective: "RPO", Subject: a.Destination, Measured: a.Gap, SCNs: a.Applied - min(a.Archived, a.Applied), Target: n.config.RPOTarget,
		})
	}
	return out, nil
}

// measuredRTO is the longest time that nobody took commits after the loss of the node that led.
func (n nodes) measuredRTO() (sql.Objective, error) {
	o := sql.Objective{Objective: "RTO", Subject: "loss of the leader", Target: n.config.RTOTarget}
	list, err := bridge.Nodes{Engine: n.engine}.Takeovers()
	for _, t := range list {
		switch t.Trigger {
		case cluster.TriggerLost, cluster.TriggerPartition, cluster.TriggerHealth, cluster.TriggerLag, cluster.TriggerOrdered:
		default:
			continue // it was ordered, or there was no quorum
		}
		took := t.Ended.Sub(t.Began)
		o.Measured = max(o.Measured, took)
		if o.Samples++; took > o.Target {
			o.Breaches++
		}
	}
	return o, err
}

// Targets of a recovery unless the settings say otherwise.
const (
	defaultRTO = time.Second
	defaultRPO = 10 * time.Second
)

// Standbys implements sql.Cluster.
func (n nodes) Standbys() (out []sql.Standby) {
	for _, s := range n.cluster.Standbys() {
		out = append(out, sql.Standby{
			ID: s.ID, Protection: n.config.Protection.String(), Status: s.Status, Index: s.Index, Lag: s.Lag, Answered: s.Answered,
		})
	}
	return out
}
