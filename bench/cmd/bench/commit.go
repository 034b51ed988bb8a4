package main

import (
	"context"
	"fmt"

	"redoubt/bench/commit"
	"redoubt/bench/measure"
)

// Sides of Redoubt beside the opaque one.
const (
	oneColumn  = "redoubt row"
	tenColumns = "redoubt row of 10"
)

var commitCallers = []int{1, 64, 1024}

var commitPeers = []string{"raft-boltdb", "raft-wal", "etcd"}

const payloadBytes = 256

// least is how many times the commits of a peer are wanted, of opaque payloads and of rows of ten columns.
type least struct{ opaque, rows float64 }

// commit measures T2 and T3 on one node.
func (p *plan) commit(ctx context.Context, r *measure.Report) error {
	r.Title = "Durable commits on one node"
	return p.commits(ctx, r, 1, map[string]least{"raft-boltdb": {6, 3}, "raft-wal": {3, 1.5}})
}

// commitCluster measures T2 and T3 on three nodes.
func (p *plan) commitCluster(ctx context.Context, r *measure.Report) error {
	r.Title = "Durable commits on three nodes"
	return p.commits(ctx, r, 3, map[string]least{"raft-boltdb": {8, 4}, "raft-wal": {4, 2}})
}

func (p *plan) commits(ctx context.Context, r *measure.Report, nodes int, wanted map[string]least) error {
	r.How = []string{
		"Callers commit 256 bytes in a closed loop; each answer means durable and applied. Each measurement is a process of " +
			"its own with a new database; the sides take turns, and a ratio is taken within each round.",
		"redoubt is replication over the log with opaque payloads and a state that only remembers its position, as the raft " +
			"library over raft-boltdb and raft-wal has (512 entries a batch). “" + oneColumn + "” is a whole node: a transaction of the " +
			"engine that inserts a key and the payload, certified, logged and applied; “" + tenColumns + "” divides the payload " +
			"between ten columns. etcd puts the payload under a new key, asked in process.",
	}
	if nodes > 1 {
		r.How = append(r.How, fmt.Sprintf("All %d nodes are in the process that measures, on the same disk, and talk by TCP on loopback; callers commit at "+
			"the node that leads. So the processor and the disk do the work of all of them, on every side alike.", nodes))
	}
	for _, callers := range commitCallers {
		if err := p.commitCase(ctx, r, nodes, callers, wanted); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) commitCase(ctx context.Context, r *measure.Report, nodes, callers int, wanted map[string]least) error {
	config := func(system, dir string) any {
		return commit.Job{System: system, Dir: dir, Nodes: nodes, Callers: callers, PayloadBytes: payloadBytes, Seconds: pick(p.quick, 1.0, 3.0)}
	}
	var sides []measure.Side
	for _, name := range []string{"redoubt", oneColumn, tenColumns} {
		sides = append(sides, measure.Side{Name: name, Job: func(dir string) measure.Job { return p.job("commit", config(name, dir)) }})
	}
	sides = append(sides, p.addPeers(ctx, r, "commit", commitPeers, config)...)
	s, err := p.compare(ctx, r, sides)
	if err != nil {
		return err
	}
	r.Tables = append(r.Tables, measure.Compare(fmt.Sprintf("%d callers", callers), s, sides, []measure.Column{
		{Figure: "per_second", Title: "commits/s", Spread: true, Ratio: true},
		{Figure: "p50_us", Title: "p50 µs"},
		{Figure: "p99_us", Title: "p99 µs"},
		{Figure: "per_sync", Title: "a sync"},
		{Figure: "cpu_us", Title: "processor µs a commit"},
	}))
	faster := func(id, side, other string, limit float64) {
		r.Targets = append(r.Targets, measure.Target{
			ID: id, What: fmt.Sprintf("commits/s of %s ÷ %s's, %d callers", side, other, callers),
			Value: s.Ratio(side, other, "per_second"), Limit: limit, Unit: "×",
		})
	}
	faster("T3", oneColumn, "etcd", 5)
	if callers < 1024 {
		return nil
	}
	for _, other := range []string{"raft-boltdb", "raft-wal"} {
		faster("T2", "redoubt", other, wanted[other].opaque)
		r.Targets = append(r.Targets, measure.Target{
			ID: "T2", What: fmt.Sprintf("p99 of redoubt ÷ %s's, %d callers", other, callers),
			Value: s.Ratio("redoubt", other, "p99_us"), Limit: 1.0 / 3, Most: true, Unit: "×",
		})
	}
	for _, other := range []string{"raft-boltdb", "raft-wal"} {
		faster("T2", tenColumns, other, wanted[other].rows)
	}
	return nil
}
