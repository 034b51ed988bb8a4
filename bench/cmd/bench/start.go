package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"redoubt/bench/measure"
	"redoubt/bench/start"
)

// start measures the first half of T13.
func (p *plan) start(ctx context.Context, r *measure.Report) error {
	redo := pick[int64](p.quick, 256<<20, 1<<30)
	r.Title = "Start after kill -9"
	r.How = []string{
		fmt.Sprintf("Each server takes inserts of rows of 200 B, committed 1,000 or more at a time, until it has written %d MiB of redo, "+
			"and is killed. In each round a copy of what is left is started; measured are the seconds from its exec to the first answer "+
			"to a query by key, asked every 5 ms (PostgreSQL by psql, which takes some 10 ms).", redo>>20),
		"redoubt has its defaults: it flushes its state after each 256 MiB of redo, and has only what came later to apply again. " +
			"MariaDB and PostgreSQL are told to keep all the redo without a checkpoint. With a process killed and not the machine, " +
			"nothing here tests lost writes.",
	}
	sides, tables, err := p.crash(ctx, r, redo)
	if err != nil {
		return err
	}
	s, err := p.compare(ctx, r, sides)
	if err != nil {
		return err
	}
	r.Tables = append(r.Tables, measure.Compare("From exec to the first answer", s, sides, []measure.Column{
		{Figure: "seconds", Title: "s", Spread: true, Ratio: true},
	}), tables)
	r.Targets = append(r.Targets,
		measure.Target{ID: "T13", What: "start ÷ postgresql's", Value: s.Ratio("redoubt", "postgresql", "seconds"), Limit: 0.5, Most: true, Unit: "×"},
		measure.Target{
			ID: "T13", What: fmt.Sprintf("start with %d MiB of redo", redo>>20), Value: s.Median("redoubt", "seconds"), Limit: 5, Most: true, Unit: " s",
		})
	return nil
}

// crash makes a crashed directory for each server that is installed.
func (p *plan) crash(ctx context.Context, r *measure.Report, redo int64) ([]measure.Side, measure.Table, error) {
	t := measure.Table{Title: "What was killed", Header: []string{"", "redo MiB", "rows", "seconds to write"}}
	var sides []measure.Side
	for _, kind := range start.Kinds(p.binary("redoubt")) {
		version, err := kind.Installed(ctx)
		if err != nil {
			r.Leave(map[string]string{kind.Name: err.Error()})
			continue
		}
		if kind.Name != "redoubt" {
			r.Versions = append(r.Versions, measure.Version{Name: kind.Name, Version: version})
		}
		config := start.Config{
			System: kind.Name, Binary: p.binary("redoubt"), Crashed: filepath.Join(p.dir, "crashed-"+kind.Name), RedoBytes: redo,
		}
		f, err := p.job("crash", config).Run(ctx)
		if err != nil && kind.Name == "redoubt" || ctx.Err() != nil {
			return nil, t, errors.Join(err, ctx.Err())
		}
		if err != nil {
			r.Leave(map[string]string{kind.Name: err.Error()})
			continue
		}
		fmt.Printf("  killed %s: %s\n", kind.Name, measure.List(f))
		r.Commands = append(r.Commands, p.job("crash", config).Command())
		t.Rows = append(t.Rows, []string{
			kind.Name, measure.Number(f["redo_bytes"] / (1 << 20)), measure.Number(f["rows"]), measure.Number(f["seconds"]),
		})
		sides = append(sides, measure.Side{Name: kind.Name, Job: func(dir string) measure.Job {
			own := config
			own.Dir = dir
			return p.job("start", own)
		}})
	}
	return sides, t, nil
}

// rest measures the second half of T13.
func (p *plan) rest(ctx context.Context, r *measure.Report) error {
	r.Title = "At rest"
	r.How = []string{
		"A new server with nothing in it, 3 s after its first answer: resident memory of its main process, and the proportional " +
			"memory of all its processes, in which shared memory counts once. MariaDB and PostgreSQL have buffers of 4 GB, which " +
			"they touch as they need them.",
		"The build links `./cmd/redoubt` anew, with all packages compiled.",
	}
	var sides []measure.Side
	for _, kind := range start.Kinds(p.binary("redoubt")) {
		version, err := kind.Installed(ctx)
		if err != nil {
			r.Leave(map[string]string{kind.Name: err.Error()})
			continue
		}
		if kind.Name != "redoubt" {
			r.Versions = append(r.Versions, measure.Version{Name: kind.Name, Version: version})
		}
		sides = append(sides, measure.Side{Name: kind.Name, Job: func(dir string) measure.Job {
			return p.job("rest", start.Config{System: kind.Name, Binary: p.binary("redoubt"), Dir: dir})
		}})
	}
	s, err := p.compare(ctx, r, sides)
	if err != nil {
		return err
	}
	build := []measure.Side{{Name: "go build", Job: func(dir string) measure.Job {
		return p.job("build", start.BuildConfig{Module: p.module, Dir: dir})
	}}}
	b, err := p.compare(ctx, r, build)
	if err != nil {
		return err
	}
	r.Tables = append(r.Tables,
		measure.Compare("A new server", s, sides, []measure.Column{
			{Figure: "resident_mib", Title: "resident MiB", Spread: true},
			{Figure: "proportional_mib", Title: "proportional MiB"},
			{Figure: "first_start_seconds", Title: "first start s"},
		}),
		measure.Compare("Building", b, build, []measure.Column{{Figure: "seconds", Title: "s", Spread: true}}))
	r.Targets = append(r.Targets,
		measure.Target{ID: "T13", What: "resident memory of a new server", Value: s.Median("redoubt", "resident_mib"), Limit: 150, Most: true, Unit: " MiB"},
		measure.Target{ID: "T13", What: "go build, warm", Value: b.Median("go build", "seconds"), Limit: 20, Most: true, Unit: " s"})
	return nil
}

// memoryDir makes a directory in memory, or tells that there is no room for one.
func memoryDir() (string, error) { return os.MkdirTemp("/dev/shm", "redoubt-bench-") }

// removeAll removes what a measurement left behind; that it could not is told, and harms no figure.
func removeAll(dir string) {
	if err := os.RemoveAll(dir); err != nil {
		fmt.Printf("  left behind: %v\n", err)
	}
}
