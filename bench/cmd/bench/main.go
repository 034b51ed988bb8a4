package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"redoubt/bench/asof"
	"redoubt/bench/backups"
	"redoubt/bench/commit"
	"redoubt/bench/failover"
	"redoubt/bench/flashback"
	"redoubt/bench/history"
	"redoubt/bench/logappend"
	"redoubt/bench/measure"
	"redoubt/bench/replay"
	"redoubt/bench/rowcommit"
	"redoubt/bench/start"
	"redoubt/bench/sysbench"
	"redoubt/bench/tpcc"
)

const usage = `usage: go run ./bench/cmd/bench SUBJECT [flags]

subjects:
  log      appends to the log, beside raft-wal, etcd's log, raft-boltdb and a bare file
  commit   durable commits by many callers, beside the raft library over other stores, and etcd
  commit-cluster   the same on three nodes
  asof     reads of the past against reads of now, beside MariaDB
  sysbench the workloads of sysbench, beside MariaDB
  tpcc     new orders a minute of a workload like TPC-C's, beside MariaDB
  history  what kept history costs, beside MariaDB's versioned tables
  flashback a table back after ever more changes, beside MariaDB and PostgreSQL
  replay   the log replayed onto an older state, beside PostgreSQL and MariaDB
  backup   backups, and what a changed part of a table costs, beside mariadb-backup, pg_basebackup and restic
  start    the first answer after kill -9, beside MariaDB and PostgreSQL
  rest     memory of a new server, and the time of a build
  monitoring what it costs that sessions are sampled and the log is tapped, beside a node where nobody looks
  failover the first commit after the leader of a cluster is gone
  all      all of them

flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "run" {
		return measures().Serve(ctx, args[1:], os.Stdout)
	}
	p, err := parse(args)
	if err != nil {
		return err
	}
	return p.run(ctx)
}

// measures are what a process of its own can do.
func measures() measure.Measures {
	return measure.Measures{
		"log":           logappend.Measure(logappend.Redoubt(), logappend.Bare()),
		"commit":        commit.Measure(commit.Redoubt(), rowcommit.Rows(oneColumn, 1), rowcommit.Rows(tenColumns, 10)),
		"asof":          asof.Measure,
		"sysbench":      sysbench.Measure,
		"sysbench-pair": sysbench.MeasurePair,
		"tpcc":          tpcc.Measure,
		"history":       history.Measure,
		"flashback":     flashback.Measure,
		"replay":        replay.Measure,
		"backup":        backups.Measure,
		"crash":         start.Crash,
		"start":         start.Start,
		"rest":          start.Rest,
		"build":         start.Build,
		"failover":      failover.Measure,
		"calm":          failover.MeasureLoad,
	}
}

// parse reads the command line into a plan.
func parse(args []string) (*plan, error) {
	p := &plan{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprint(f.Output(), usage)
		f.PrintDefaults()
	}
	f.BoolVar(&p.quick, "quick", false, "fewer rounds, shorter and smaller: all subjects in ten minutes")
	f.IntVar(&p.rounds, "rounds", 0, "rounds of each comparison (default 5; with -quick 3, or 1 where each takes long)")
	f.IntVar(&p.warehouses, "warehouses", defaultWarehouses, "warehouses of tpcc; -quick has one")
	f.StringVar(&p.profiles, "profiles", "", "directory for profiles of the node under sysbench's workloads, taken in runs that do not count (default: none)")
	f.StringVar(&p.out, "out", "docs/bench", "directory of the files")
	f.StringVar(&p.dir, "dir", "", "directory on the disk to measure (default: a temporary one)")
	subject := ""
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		subject, args = args[0], args[1:]
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 || subject == "" {
		f.Usage()
		return nil, errors.New("want one subject, then flags")
	}
	return p, p.choose(subject)
}
