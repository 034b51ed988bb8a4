package main

import (
	"context"
	"fmt"

	"redoubt/bench/flashback"
	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// flashback measures T5.
func (p *plan) flashback(ctx context.Context, r *measure.Report) error {
	rows, others := pick(p.quick, 100_000, 10_000_000), pick(p.quick, 100_000, 1_000_000)
	r.Title = "A table back"
	r.How = []string{
		fmt.Sprintf("A table of %d rows of about 100 B with a secondary index (mariadb, postgresql: %d). Two columns, one of them indexed, of "+
			"some of its rows are changed; then the table is brought back in each way, and the way undone, so often that the figure is the median of %d. "+
			"All commits are synced. Redoubt's figures: a commit of one row; the statement, answer included; the first range of 10 rows read after it.",
			rows, others, flashbackTimes),
		"mariadb: the table is WITH SYSTEM VERSIONING; UPDATE … AS OF writes the old values back; a load is DELETE and LOAD DATA INFILE of a file that was " +
			"written before. postgresql: TRUNCATE and COPY of such a file, in one transaction. Who has no such file has to restore a backup first.",
		"Oracle publishes: FLASHBACK DATABASE undid 400 GB of batch changes in under 5 minutes and 8 GB of OLTP changes in under 2 (Oracle MAA, on Exadata); " +
			"FLASHBACK TABLE there writes each changed row.",
	}
	for _, kind := range []*server.Kind{server.MariaDB(), server.PostgreSQL()} {
		if v, err := kind.Installed(ctx); err == nil {
			r.Versions = append(r.Versions, measure.Version{Name: kind.Name, Version: v})
		}
	}
	changes := func(rows int) (list []int) {
		for n := 1000; n <= rows; n *= 10 {
			list = append(list, n)
		}
		return list
	}
	var sides []measure.Side
	for _, system := range []string{flashback.Redoubt, flashback.MariaDB, flashback.PostgreSQL} {
		c := flashback.Config{System: system, Binary: p.binary("redoubt"), Rows: others, Times: flashbackTimes}
		if system == flashback.Redoubt {
			c.Rows = rows
		}
		c.Changes = changes(c.Rows)
		sides = append(sides, measure.Side{Name: system, Job: func(dir string) measure.Job {
			own := c
			own.Dir = dir
			return p.job("flashback", own)
		}})
	}
	s, err := p.single().compare(ctx, r, sides) // each way is taken several times within
	if err != nil {
		return err
	}
	flashbackTables(r, s, changes(rows))
	return nil
}

// flashbackTimes is how often each of redoubt's ways is taken.
const flashbackTimes = 11

func flashbackTables(r *measure.Report, s *measure.Samples, changes []int) {
	own := measure.Table{Title: "Redoubt, ms", Header: []string{
		"rows changed", "a commit", "FLASHBACK TABLE", "first read", "UNFLASHBACK", "FLASHBACK DATABASE", "TRUNCATE", "CLONE", "first read of it",
	}}
	beside := measure.Table{Title: "Beside others, ms", Header: []string{
		"rows changed", "redoubt", "mariadb UPDATE … AS OF", "mariadb load", "postgresql load", "best of them ÷ redoubt",
	}}
	worst := map[string]float64{}
	for _, n := range changes {
		ms := func(side, way string) float64 { return s.Median(side, fmt.Sprintf("%s_us_%d", way, n)) / 1000 }
		line := []string{fmt.Sprint(n)}
		commit := ms(flashback.Redoubt, "commit")
		for _, way := range []string{"commit", "table", "read", "undo", "database", "truncate", "clone", "clone_read"} {
			line = append(line, measure.Number(ms(flashback.Redoubt, way)))
		}
		for _, way := range []string{"table", "database", "truncate", "clone"} {
			worst["statement"] = max(worst["statement"], ms(flashback.Redoubt, way)-commit)
		}
		worst["read"] = max(worst["read"], ms(flashback.Redoubt, "read"), ms(flashback.Redoubt, "clone_read"))
		own.Rows = append(own.Rows, line)
		best := 0.0
		line = []string{fmt.Sprint(n), measure.Number(ms(flashback.Redoubt, "table"))}
		for _, other := range []struct{ side, way string }{{flashback.MariaDB, "as_of"}, {flashback.MariaDB, "load"}, {flashback.PostgreSQL, "load"}} {
			v := ms(other.side, other.way)
			if v > 0 && (best == 0 || v < best) {
				best = v
			}
			line = append(line, measure.Number(v))
		}
		if best > 0 {
			ratio := best / ms(flashback.Redoubt, "table")
			beside.Rows = append(beside.Rows, append(line, measure.Number(ratio)+"×"))
			if n == 1_000_000 {
				r.Targets = append(r.Targets, measure.Target{ID: "T5", What: "the best way of others ÷ FLASHBACK TABLE, 10⁶ changed rows", Value: ratio, Limit: 1000, Unit: "×"})
			}
		}
	}
	r.Tables = append(r.Tables, own, beside)
	r.Targets = append(r.Targets,
		measure.Target{ID: "T5", What: "the slowest flashback, truncate or clone, over a commit", Value: worst["statement"], Limit: 10, Most: true, Unit: " ms"},
		measure.Target{ID: "T5", What: "the slowest first read after it", Value: worst["read"], Limit: 10, Most: true, Unit: " ms"})
}
