package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"redoubt/bench/measure"
	"redoubt/bench/server"
	"redoubt/bench/sysbench"
)

// sysbenchTargets are the least ratios of T4, by workload, at sysbenchCounts threads.
var sysbenchTargets = map[string]float64{
	"oltp_point_select": 2, "oltp_read_only": 1, "oltp_read_write": 1, "oltp_insert": 1.5, "oltp_update_index": 1.5,
}

// sysbenchCounts tells whether a figure with so many threads has a target.
func sysbenchCounts(threads int) bool { return threads >= 8 }

// sysbench measures T4.
func (p *plan) sysbench(ctx context.Context, r *measure.Report) error {
	p = p.brief()
	c := sysbench.Config{
		Binary: p.binary("redoubt"), Threads: pick(p.quick, []int{8}, []int{1, 8, 32}), Tables: 4, Rows: pick(p.quick, 10_000, 25_000),
		Seconds: pick(p.quick, 2.0, 4.0), Warm: pick(p.quick, 1.0, 2.0),
	}
	r.Title = "Sysbench"
	r.How = []string{
		fmt.Sprintf("Debian's sysbench over %d tables of %d rows, %.0f s for each number of threads after %.0f s that do not count, medians of "+
			"%d rounds. In each round each server starts over an empty directory. sysbench prepares its statements, so they go "+
			"by the binary protocol, and it shares the machine with the server.", c.Tables, c.Rows, c.Seconds, c.Warm, p.rounds),
		"Both servers run transactions under REPEATABLE READ and sync their log before they answer a commit. redoubt has its defaults; mariadb " +
			"has innodb_flush_log_at_trx_commit=1, no binary log, a buffer pool of 4 GB and 2 GiB of redo, so that all " +
			"data is in memory and no checkpoint is urgent.",
		"Error 1213 is the only one that a client may meet, and makes sysbench run the transaction again; any other would have ended the measurement. " +
			"p95 is of a transaction. CPU µs is the processor time of the server's process, in user mode and kernel, for each statement.",
	}
	version, err := sysbench.Installed(ctx)
	if err != nil {
		r.Leave(map[string]string{"sysbench": err.Error()})
		return nil
	}
	r.Versions = append(r.Versions, measure.Version{Name: "sysbench", Version: version})
	if v, err := server.MariaDB().Installed(ctx); err == nil {
		r.Versions = append(r.Versions, measure.Version{Name: "mariadb", Version: v})
	}
	samples := map[string]*measure.Samples{}
	for _, workload := range pick(p.quick, sysbench.Workloads[:5], sysbench.Workloads) {
		fmt.Printf(" %s\n", workload)
		if samples[workload], err = p.compare(ctx, r, p.sysbenchSides(c, workload)); err != nil {
			return err
		}
	}
	for _, threads := range c.Threads {
		sysbenchTable(r, samples, threads)
	}
	return p.sysbenchProfiles(ctx, c, slices.Sorted(maps.Keys(samples)))
}

// sysbenchProfiles runs the workloads once more, for profiles of the node and not for figures.
func (p *plan) sysbenchProfiles(ctx context.Context, c sysbench.Config, workloads []string) error {
	if p.profiles == "" {
		return nil
	}
	dir, err := filepath.Abs(p.profiles)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	c.Profiles = dir
	for _, workload := range workloads {
		if _, err := measure.Turns(ctx, p.sysbenchSides(c, workload)[:1], 1, p.dir, io.Discard); err != nil {
			return err
		}
	}
	fmt.Printf(" profiles of redoubt are in %s\n", p.profiles)
	return nil
}

func (p *plan) sysbenchSides(c sysbench.Config, workload string) []measure.Side {
	var sides []measure.Side
	for _, system := range []string{"redoubt", "mariadb"} {
		sides = append(sides, measure.Side{Name: system, Job: func(dir string) measure.Job {
			own := c
			own.System, own.Dir, own.Workload = system, dir, workload
			return p.job("sysbench", own)
		}})
	}
	return sides
}

// sysbenchTable adds a table with a row for each workload, and the targets that its figures have.
func sysbenchTable(r *measure.Report, samples map[string]*measure.Samples, threads int) {
	t := measure.Table{Title: fmt.Sprintf("%d threads", threads), Header: []string{
		"", "redoubt: statements/s", "p95 ms", "CPU µs", "run again %", "mariadb: statements/s", "p95 ms", "CPU µs", "run again %",
		"statements/s ratio", "p95 ratio", "CPU ratio",
	}}
	if threads == 1 {
		t.Title = "1 thread"
	}
	for _, workload := range sysbench.Workloads {
		s, measured := samples[workload]
		if !measured {
			continue
		}
		row := []string{workload}
		for _, side := range []string{"redoubt", "mariadb"} {
			for _, name := range []string{"per_second", "p95_ms", "cpu_us", "again_percent"} {
				row = append(row, measure.Number(s.Median(side, sysbench.Figure(threads, name))))
			}
		}
		ratio := func(name string) float64 { return s.Ratio("redoubt", "mariadb", sysbench.Figure(threads, name)) }
		for _, name := range []string{"per_second", "p95_ms", "cpu_us"} {
			row = append(row, measure.Number(ratio(name))+"×")
		}
		t.Rows = append(t.Rows, row)
		limit, has := sysbenchTargets[workload]
		if !has || !sysbenchCounts(threads) {
			continue
		}
		what := fmt.Sprintf(" ÷ mariadb's, %s, %d threads", workload, threads)
		r.Targets = append(r.Targets,
			measure.Target{ID: "T4", What: "statements/s" + what, Value: ratio("per_second"), Limit: limit, Unit: "×"},
			measure.Target{ID: "T4", What: "p95" + what, Value: ratio("p95_ms"), Limit: 1, Most: true, Unit: "×"})
	}
	r.Tables = append(r.Tables, t)
}
