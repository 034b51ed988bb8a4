package sysbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// Config of one measurement.
type Config struct {
	System   string // redoubt, redoubt-unwatched or mariadb
	Binary   string // of Redoubt
	Dir      string // an empty directory
	Workload string
	Threads  []int
	Tables   int
	Rows     int     // of each table
	Seconds  float64 // of each run
	Warm     float64 // seconds before the first
	Profiles string  `json:",omitempty"` // a directory for profiles of a Redoubt node, one for each run; it costs some of the figures
}

// Workloads are sysbench's that are measured.
var Workloads = []string{
	"oltp_point_select", "oltp_read_only", "oltp_read_write", "oltp_insert", "oltp_update_index", "oltp_update_non_index", "oltp_delete",
	"select_random_ranges",
}

// Figure names a figure of a run.
func Figure(threads int, name string) string { return fmt.Sprintf("t%d_%s", threads, name) }

// Installed gives the version of sysbench, or an error that says that it is missing.
func Installed(ctx context.Context) (string, error) {
	b, err := exec.CommandContext(ctx, "sysbench", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("sysbench, of Debian's package of that name: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// retried is the only error that a client is expected to meet: the transaction is to be run again.
const retried = 1213

// Measure does a job.
func Measure(ctx context.Context, raw json.RawMessage) (f measure.Figures, err error) {
	var c Config
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if !slices.Contains(Workloads, c.Workload) {
		return nil, fmt.Errorf("there is no workload %q here", c.Workload)
	}
	t, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Kill()) }()
	out := measure.Figures{}
	for _, threads := range c.Threads {
		if err := c.run(ctx, t, threads, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// begin starts the server, fills its tables and lets it run warm. The caller kills it.
func (c *Config) begin(ctx context.Context) (*server.Running, error) {
	t, err := c.start(ctx)
	if err != nil {
		return nil, err
	}
	err = prepare(ctx, t)
	if err == nil {
		_, err = c.sysbench(ctx, t, "prepare", 1, 0)
	}
	if err == nil && c.Warm > 0 {
		_, err = c.sysbench(ctx, t, "run", slices.Max(c.Threads), c.Warm)
	}
	if err != nil {
		return nil, errors.Join(err, t.Kill())
	}
	return t, nil
}

// run adds the figures of one run.
func (c *Config) run(ctx context.Context, t *server.Running, threads int, out measure.Figures) error {
	before, err := t.ProcessorTime()
	if err != nil {
		return err
	}
	profiled := make(chan error, 1)
	if c.Profiles != "" {
		go func() { profiled <- c.profile(ctx, t, threads) }() // received below; it ends before the run does
	} else {
		profiled <- nil
	}
	said, err := c.sysbench(ctx, t, "run", threads, c.Seconds)
	if err := errors.Join(err, <-profiled); err != nil {
		return err
	}
	after, err := t.ProcessorTime()
	if err != nil {
		return err
	}
	r, err := parse(said)
	if err != nil {
		return err
	}
	out[Figure(threads, "per_second")] = r.perSecond
	out[Figure(threads, "p95_ms")] = r.p95
	out[Figure(threads, "cpu_us")] = measure.Micros(after-before) / r.statements
	out[Figure(threads, "again_percent")] = 100 * r.again / (r.transactions + r.again)
	return nil
}

// sysbench runs one step and gives what it printed.
func (c *Config) sysbench(ctx context.Context, t *server.Running, step string, threads int, seconds float64) (string, error) {
	host, port, err := net.SplitHostPort(t.Address())
	if err != nil {
		return "", err
	}
	// Its limit of time is in whole seconds.
	seconds = max(1, seconds)
	command := exec.CommandContext(ctx, "sysbench", c.Workload, "--db-driver=mysql", "--mysql-host="+host, "--mysql-port="+port,
		"--mysql-user=root", "--mysql-db=sbtest", fmt.Sprintf("--mysql-ignore-errors=%d", retried),
		"--tables="+strconv.Itoa(c.Tables), "--table-size="+strconv.Itoa(c.Rows), "--threads="+strconv.Itoa(threads),
		fmt.Sprintf("--time=%.0f", seconds), step)
	command.WaitDelay = 10 * time.Second
	b, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("sysbench %s %s with %d threads: %w: %s", c.Workload, step, threads, err, firstError(string(b)))
	}
	return string(b), nil
}
