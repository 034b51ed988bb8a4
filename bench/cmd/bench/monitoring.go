package main

import (
	"context"
	"fmt"

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
	c := sysbench.Config{
		Binary: p.binary("redoubt"), Threads: []int{8}, Tables: 4, Rows: pick(p.quick, 10_000, 25_000),
		Seconds: pick(p.quick, 3.0, 10.0), Warm: pick(p.quick, 1.0, 4.0),
	}
	r.Title = "What monitoring costs"
	r.How = []string{
		fmt.Sprintf("Debian's sysbench over %d tables of %d rows, 8 threads, %.0f s after %.0f s that do not count, medians of %d rounds in which the sides take "+
			"turns. In each round each node starts over an empty directory.", c.Tables, c.Rows, c.Seconds, c.Warm, p.rounds),
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
	t := measure.Table{Header: []string{"", "watched: statements/s", "p95 ms", "CPU µs", "unwatched: statements/s", "p95 ms", "CPU µs", "statements/s ratio", "CPU ratio"}}
	for _, workload := range []string{"oltp_point_select", "oltp_read_write"} {
		fmt.Printf(" %s\n", workload)
		var sides []measure.Side
		for _, system := range []string{watched, unwatched} {
			sides = append(sides, measure.Side{Name: system, Job: func(dir string) measure.Job {
				own := c
				own.System, own.Dir, own.Workload = system, dir, workload
				return p.job("sysbench", own)
			}})
		}
		s, err := p.compare(ctx, r, sides)
		if err != nil {
			return err
		}
		row := []string{workload}
		for _, side := range []string{watched, unwatched} {
			for _, name := range []string{"per_second", "p95_ms", "cpu_us"} {
				row = append(row, measure.Number(s.Median(side, sysbench.Figure(8, name))))
			}
		}
		ratio := func(name string) float64 { return s.Ratio(watched, unwatched, sysbench.Figure(8, name)) }
		t.Rows = append(t.Rows, append(row, measure.Number(ratio("per_second"))+"×", measure.Number(ratio("cpu_us"))+"×"))
		r.Targets = append(r.Targets, measure.Target{
			ID: "T11", What: "statements/s watched ÷ unwatched, " + workload + ", 8 threads", Value: ratio("per_second"), Limit: 0.99, Unit: "×",
		})
	}
	r.Tables = append(r.Tables, t)
	return nil
}
