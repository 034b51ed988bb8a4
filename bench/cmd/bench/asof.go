package main

import (
	"context"
	"fmt"
	"path/filepath"

	"redoubt/bench/asof"
	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// asof measures T6.
func (p *plan) asof(ctx context.Context, r *measure.Report) error {
	spread := pick(p.quick, 100_000, 1_000_000)
	r.Title = "Reading the past"
	r.How = []string{
		fmt.Sprintf("Two tables of %d rows of about 200 B. After the remembered moment, %d later versions were spread over all "+
			"rows of the first, and 100,000 written of one row of the second. Read are one row by key and a range of 100, now and as "+
			"of the moment, in slices of 20 ms that take turns, by one goroutine; figures are medians of %d rounds.", asof.Rows, spread, p.rounds),
		"Each server is measured by one process, since its tables take long to fill. The data lies in memory " +
			"where the machine has a file system for that, so that filling does not wait for a disk: all reads are of cached " +
			"data. Redoubt is read through SQL and through its engine; MariaDB's tables are WITH SYSTEM VERSIONING.",
	}
	if v, err := server.MariaDB().Installed(ctx); err == nil {
		r.Versions = append(r.Versions, measure.Version{Name: "mariadb", Version: v})
	}
	var sides []measure.Side
	for _, system := range []string{"redoubt", "mariadb"} {
		sides = append(sides, measure.Side{Name: system, Job: func(dir string) measure.Job {
			return p.job("asof", asof.Config{
				System: system, Dir: dir, SpreadVersions: spread, HotVersions: 100_000, Rounds: p.rounds, Seconds: pick(p.quick, 0.4, 1.5),
			})
		}})
	}
	s, err := p.once(ctx, r, sides)
	if err != nil {
		return err
	}
	asofTables(r, s, spread)
	return nil
}

// once measures each side once, in memory if that can be: the rounds are within.
func (p *plan) once(ctx context.Context, r *measure.Report, sides []measure.Side) (*measure.Samples, error) {
	q := p.single()
	dir, err := memoryDir()
	if err == nil {
		defer removeAll(dir)
		q.dir = dir
		r.How = append(r.How, "The data lay in "+filepath.Dir(dir)+".")
	}
	return q.compare(ctx, r, sides)
}

func asofTables(r *measure.Report, s *measure.Samples, spread int) {
	readers := []struct{ side, prefix, title string }{
		{"redoubt", "sql", "redoubt, SQL"}, {"redoubt", "engine", "redoubt, engine"}, {"mariadb", "sql", "mariadb, SQL"},
	}
	cases := []struct{ name, title string }{
		{"spread_row", fmt.Sprintf("one row; %d later versions spread over the table", spread)},
		{"spread_range", fmt.Sprintf("100 rows; %d later versions spread over the table", spread)},
		{"hot_row", "one row; 100000 later versions of it"},
		{"hot_range", "100 rows; 100000 later versions of one of them"},
	}
	for _, c := range cases {
		t := measure.Table{Title: c.title, Header: []string{"", "now µs", "AS OF µs", "AS OF ÷ now"}}
		for _, reader := range readers {
			if _, absent := s.Absent[reader.side]; absent {
				continue
			}
			figure := func(name string) float64 { return s.Median(reader.side, reader.prefix+"_"+c.name+"_"+name) }
			t.Rows = append(t.Rows, []string{
				reader.title, measure.Number(figure("now_us")), measure.Number(figure("past_us")), measure.Number(figure("ratio")) + "×",
			})
			if reader.side == "redoubt" {
				r.Targets = append(r.Targets, measure.Target{
					ID: "T6", What: "AS OF ÷ now, " + reader.title + ", " + c.title, Value: figure("ratio"), Limit: 1.2, Most: true, Unit: "×",
				})
			}
		}
		r.Tables = append(r.Tables, t)
	}
}
