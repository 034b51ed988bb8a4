package main

import (
	"context"
	"fmt"
	"slices"

	"redoubt/bench/measure"
	"redoubt/bench/sysbench"
)

// Sides of the subject: a node as it is, and one that nobody looks at.
const (
	watched   = "redoubt"
	unwatched = "redoubt-unwatched"
)

// monitoring measures T11: what it costs that all sessions are looked at and the log is tapped.
func (p *plan) monitoring(ctx context.Context, r *measure.Report) error {
	c := sysbench.PairConfig{
		Config: sysbench.Config{
			System: watched, Binary: p.binary("redoubt"), Threads: []int{8}, Tables: 4, Rows: pick(p.quick, 10_000, 25_000), Seconds: 1,
			Warm: pick(p.quick, 1.0, 4.0),
		},
		Against: unwatched, Turns: pick(p.quick, 4, 30),
	}
	r.Title = "What monitoring costs"
	r.How = []string{
		fmt.Sprintf("Debian's sysbench over %d tables of %d rows, 8 threads. Two nodes run at the same time, and the workload goes from one to the other: %d turns of "+
			"a second each, after %.0f s that do not count, for the machine's speed changes from one second to the next by more than what is looked for. "+
			"That is done %d times, each with two new nodes over empty directories, for two nodes that do the same differ, too. Figures are medians over the turns and "+
			"then over these rounds.", c.Tables, c.Rows, c.Turns, c.Warm, p.rounds),
		"redoubt has its defaults; redoubt-unwatched runs with --sampling=false: nobody looks at its sessions or reads the tail of its log. Both say what " +
			"they wait for, and keep counters and statistics of statements.",
		"`go test ./telemetry/... -run - -bench .` measures a change of what a session waits for (T11: 20 ns) and a look at 1,024 sessions (10 µs).",
	}
	version, err := sysbench.Installed(ctx)
	if err != nil {
		r.Leave(map[string]string{"sysbench": err.Error()})
		return nil
	}
	r.Versions = append(r.Versions, measure.Version{Name: "sysbench", Version: version})
	t := measure.Table{Header: []string{
		"", "watched: statements/s", "p95 ms", "CPU µs", "unwatched: statements/s", "p95 ms", "CPU µs", "statements/s ratio", "of the rounds", "CPU ratio",
	}}
	for _, workload := range []string{"oltp_point_select", "oltp_read_write"} {
		fmt.Printf(" %s\n", workload)
		side := measure.Side{Name: watched, Job: func(dir string) measure.Job {
			own := c
			own.Dir, own.Workload = dir, workload
			return p.job("sysbench-pair", own)
		}}
		s, err := p.compare(ctx, r, []measure.Side{side})
		if err != nil {
			return err
		}
		row := []string{workload}
		for _, system := range []string{watched, unwatched} {
			for _, name := range []string{"per_second", "p95_ms", "cpu_us"} {
				row = append(row, measure.Number(s.Median(watched, sysbench.PairFigure(system, name))))
			}
		}
		times := func(ratio float64) string { return measure.Number(ratio) + "×" }
		ratios := s.Values(watched, sysbench.PairRatio)
		t.Rows = append(t.Rows, append(
			row, times(measure.Median(ratios)), times(slices.Min(ratios))+" to "+times(slices.Max(ratios)), times(s.Median(watched, sysbench.PairCPURatio)),
		))
		r.Targets = append(r.Targets, measure.Target{
			ID: "T11", What: "statements/s watched ÷ unwatched, " + workload + ", 8 threads", Value: s.Median(watched, sysbench.PairRatio), Limit: 0.99, Unit: "×",
		})
	}
	r.Tables = append(r.Tables, t)
	return nil
}
