package main

import (
	"context"
	"fmt"

	"redoubt/bench/history"
	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// history measures T7.
func (p *plan) history(ctx context.Context, r *measure.Report) error {
	p = p.brief()
	c := history.Config{
		Binary: p.binary("redoubt"), Clients: 8, Seconds: pick(p.quick, 2.0, 10.0), Ahead: pick(p.quick, 5, 20), Passes: pick(p.quick, 30, 100), Still: 2,
	}
	r.Title = "What history costs"
	r.How = []string{
		fmt.Sprintf("A table of %d rows of ten columns and about 1 KB. %d clients update one column of 4 B of random rows, each update a "+
			"transaction, synced before it is answered, for %.0f s. Then every row is updated %d times and after that %d times more (mariadb: a tenth of "+
			"both), and what the files that hold rows grow by in these is divided by their number. Before a size is taken the server is stopped, "+
			"started again, and left alone until its files change no more. Medians of %d rounds.",
			history.Rows, c.Clients, c.Seconds, c.Ahead, c.Passes, p.rounds),
		"redoubt-without has a retention of one version, and lets go of the others every second. mariadb is measured with a plain table and with one WITH SYSTEM VERSIONING; it flushes at commit, has no binary log and a buffer pool of 4 GB.",
		"Redo and undo logs are not counted, since they are written over again. Redoubt's sealed segments are the log of everything, kept for " +
			"restores; they have a column of their own.",
	}
	if v, err := server.MariaDB().Installed(ctx); err == nil {
		r.Versions = append(r.Versions, measure.Version{Name: "mariadb", Version: v})
	}
	var sides []measure.Side
	for _, system := range []string{history.Redoubt, history.Without, history.Plain, history.Versioned} {
		sides = append(sides, measure.Side{Name: system, Job: func(dir string) measure.Job {
			own := c
			own.System, own.Dir = system, dir
			if system == history.Plain || system == history.Versioned { // a version is two kilobytes there
				own.Ahead, own.Passes = max(1, c.Ahead/10), c.Passes/10
			}
			return p.job("history", own)
		}})
	}
	s, err := p.compare(ctx, r, sides)
	if err != nil {
		return err
	}
	historyTables(r, s, sides)
	return nil
}

func historyTables(r *measure.Report, s *measure.Samples, sides []measure.Side) {
	r.Tables = append(r.Tables,
		measure.Compare("Updates of one column", s, sides, []measure.Column{
			{Figure: "per_second", Title: "updates/s", Spread: true, Ratio: true},
			{Figure: "cpu_us", Title: "CPU µs an update"},
			{Figure: "p50_us", Title: "p50 µs"},
			{Figure: "p99_us", Title: "p99 µs"},
		}),
		measure.Compare("On disk", s, sides, []measure.Column{
			{Figure: "bytes_per_version", Title: "B a version", Spread: true}, {Figure: "segment_bytes_per_version", Title: "B a version in sealed segments"},
		}))
	r.Targets = append(r.Targets,
		measure.Target{ID: "T7", What: "updates/s with history ÷ without, redoubt", Value: s.Ratio(history.Redoubt, history.Without, "per_second"), Limit: 0.9, Unit: "×"},
		measure.Target{
			ID: "T7", What: "a version of a row of 1 KB with one changed column", Value: s.Median(history.Redoubt, "bytes_per_version"),
			Limit: 50, Most: true, Unit: " B",
		})
	if _, absent := s.Absent[history.Versioned]; !absent {
		r.How = append(r.How, fmt.Sprintf("mariadb's versioned table takes %s of the updates of its plain one.",
			measure.Number(s.Ratio(history.Versioned, history.Plain, "per_second"))+"×"))
	}
}
