package main

import (
	"context"
	"fmt"

	"redoubt/bench/measure"
	"redoubt/bench/replay"
	"redoubt/bench/server"
)

// replay measures T8.
func (p *plan) replay(ctx context.Context, r *measure.Report) error {
	p = p.brief()
	c := replay.Config{
		Binary: p.binary("redoubt"), Rows: pick(p.quick, 100_000, 1_000_000), Transactions: pick(p.quick, 20_000, 200_000), Threads: 8,
	}
	fewer := c.Transactions / 10
	r.Title = "The log, replayed"
	r.How = []string{
		fmt.Sprintf("A table of %d rows; then %d transactions of sysbench's oltp_write_only (an update of an indexed column, one of another, a delete and an "+
			"insert) by %d clients (mariadb: %d). The replay of their log onto the state of before is timed by itself. Medians of %d rounds.",
			c.Rows, c.Transactions, c.Threads, fewer, p.rounds),
		"redoubt: redoubt recover --latest from a repository with a backup and the archived log; its step replay, up to the durable state. postgresql: redo " +
			"after kill -9, as it tells itself; its recovery to a point does the same. mariadb: mariadb-binlog into a server that flushes at commit and has no " +
			"binary log, over a copy of the files of before.",
	}
	for _, kind := range []*server.Kind{server.PostgreSQL(), server.MariaDB()} {
		if v, err := kind.Installed(ctx); err == nil {
			r.Versions = append(r.Versions, measure.Version{Name: kind.Name, Version: v})
		}
	}
	var sides []measure.Side
	for _, system := range []string{replay.Redoubt, replay.PostgreSQL, replay.MariaDB} {
		sides = append(sides, measure.Side{Name: system, Job: func(dir string) measure.Job {
			own := c
			own.System, own.Dir = system, dir
			if system == replay.MariaDB {
				own.Transactions = fewer
			}
			return p.job("replay", own)
		}})
	}
	s, err := p.compare(ctx, r, sides)
	if err != nil {
		return err
	}
	r.Tables = append(r.Tables, measure.Compare("Replay", s, sides, []measure.Column{
		{Figure: "per_second", Title: "transactions/s", Spread: true, Ratio: true},
		{Figure: "redo_mb_per_second", Title: "MB/s of redo"},
		{Figure: "redo_bytes", Title: "B of redo a transaction"},
		{Figure: "seconds", Title: "s"},
	}))
	r.Targets = append(r.Targets,
		measure.Target{ID: "T8", What: "transactions/s ÷ postgresql", Value: s.Ratio(replay.Redoubt, replay.PostgreSQL, "per_second"), Limit: 3, Unit: "×"},
		measure.Target{ID: "T8", What: "transactions/s ÷ mariadb-binlog", Value: s.Ratio(replay.Redoubt, replay.MariaDB, "per_second"), Limit: 100, Unit: "×"},
		measure.Target{ID: "T8", What: "redo", Value: s.Median(replay.Redoubt, "redo_mb_per_second"), Limit: 200, Unit: " MB/s"})
	return nil
}
