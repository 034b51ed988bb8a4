package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"redoubt/bench/failover"
	"redoubt/bench/measure"
)

// failover measures T10. Its rounds are faults, not repetitions of a measurement.
func (p *plan) failover(ctx context.Context, r *measure.Report) error {
	rounds := p.rounds
	if !p.given {
		rounds = pick(p.quick, 5, 100)
	}
	r.Title = "Failover"
	r.How = []string{
		fmt.Sprintf("Three processes on loopback, and a client at each of them that inserts the next number in a closed loop, and tries again if a "+
			"connection breaks or there is no answer for 250 ms. The leader gets the fault %d times, each time after all three nodes were up and voting again. Measured is the "+
			"time from the fault to the acknowledgement of the first commit that was begun after it, at whichever node.", rounds),
		"Lost are commits that were acknowledged and that, at the end, any of the nodes does not have.",
	}
	t := measure.Table{Title: "From the fault to the first commit", Header: []string{"", "faults", "p50 ms", "p99 ms", "max ms", "commits acknowledged", "lost"}}
	for _, fault := range []string{failover.Kill, failover.Stop, failover.Partition, failover.Switchover} {
		dir := filepath.Join(p.dir, strings.ReplaceAll(fault, " ", ""))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		job := p.job("failover", failover.Config{Binary: p.binary("redoubt"), Dir: dir, Fault: fault, Rounds: rounds})
		f, err := job.Run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", fault, err)
		}
		fmt.Printf("  %s: %s\n", fault, measure.List(f))
		r.Commands = append(r.Commands, job.Command())
		row := []string{fault}
		for _, name := range []string{"rounds", "p50_ms", "p99_ms", "max_ms", "acknowledged", "lost"} {
			row = append(row, measure.Number(failover.Figure(f, name)))
		}
		t.Rows = append(t.Rows, row)
		failoverTargets(r, fault, f)
	}
	r.Tables = append(r.Tables, t)
	return p.calm(ctx, r)
}

// calm counts elections under full load.
func (p *plan) calm(ctx context.Context, r *measure.Report) error {
	dir := filepath.Join(p.dir, "calm")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	c := failover.LoadConfig{Binary: p.binary("redoubt"), Dir: dir, Clients: 24, Seconds: pick(p.quick, 60, 600)}
	job := p.job("calm", c)
	f, err := job.Run(ctx)
	if err != nil {
		return fmt.Errorf("full load: %w", err)
	}
	fmt.Printf("  full load: %s\n", measure.List(f))
	r.Commands = append(r.Commands, job.Command())
	r.How = append(r.How, fmt.Sprintf("Full load: %d clients of all three nodes insert as fast as they can for %d s. Nothing is wrong, so each election is a false alarm. "+
		"The longest gap is the longest time in which no commit was acknowledged.", c.Clients, c.Seconds))
	t := measure.Table{Title: "Under full load", Header: []string{"seconds", "elections", "commits a second", "errors", "longest gap ms"}}
	var row []string
	for _, name := range []string{"seconds", "elections", "commits_per_s", "errors", "longest_gap_ms"} {
		row = append(row, measure.Number(failover.Figure(f, name)))
	}
	t.Rows = append(t.Rows, row)
	r.Tables = append(r.Tables, t)
	r.Targets = append(r.Targets, measure.Target{ID: "T10", What: "full load: elections", Value: failover.Figure(f, "elections"), Limit: 0, Most: true})
	return nil
}

func failoverTargets(r *measure.Report, fault string, f measure.Figures) {
	target := func(what, name string, limit float64, unit string) {
		r.Targets = append(r.Targets, measure.Target{ID: "T10", What: fault + ": " + what, Value: failover.Figure(f, name), Limit: limit, Most: true, Unit: unit})
	}
	if fault == failover.Switchover {
		target("the statement, p50", "handed_p50_ms", 50, " ms")
	} else {
		target("first commit, p50", "p50_ms", 500, " ms")
		target("first commit, max", "max_ms", 1000, " ms")
	}
	target("acknowledged commits lost", "lost", 0, "")
}
