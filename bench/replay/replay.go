package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"redoubt/backup/repository"
	"redoubt/bench/measure"
	"redoubt/bench/server"
	"redoubt/bench/sysbench"
	"redoubt/node"
	"redoubt/pitr"
)

// Config of one measurement.
type Config struct {
	System       string
	Binary       string // of Redoubt
	Dir          string // an empty directory
	Rows         int    // of the table
	Transactions int
	Threads      int // that run them
}

// The systems.
const (
	Redoubt    = "redoubt"
	MariaDB    = "mariadb"
	PostgreSQL = "postgresql"
)

// Measure does a job.
func Measure(ctx context.Context, raw json.RawMessage) (measure.Figures, error) {
	var c Config
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	replay, ok := map[string]func(context.Context) (took, error){Redoubt: c.redoubt, MariaDB: c.mariadb, PostgreSQL: c.postgresql}[c.System]
	if !ok {
		return nil, fmt.Errorf("there is no system %q here", c.System)
	}
	t, err := replay(ctx)
	if err != nil {
		return nil, err
	}
	seconds := t.replay.Seconds()
	f := measure.Figures{"per_second": float64(c.Transactions) / seconds, "seconds": seconds}
	if t.redo > 0 {
		f["redo_mb_per_second"] = float64(t.redo) / 1e6 / seconds
		f["redo_bytes"] = float64(t.redo) / float64(c.Transactions)
	}
	return f, nil
}

// took is what a replay took.
type took struct {
	replay time.Duration
	redo   int64 // bytes; 0: not known
}

// sbtest is the table, for a session that names its database.
const sbtest = "sbtest.sbtest1"

// sum is what the table must be again.
func sum(table string) string {
	return "SELECT CONCAT(COUNT(*), ' ', SUM(id), ' ', SUM(k), ' ', SUM(CHAR_LENGTH(c))) FROM " + table
}

// sysbench runs a step of the workload.
func (c *Config) sysbench(ctx context.Context, r *server.Running, step string) error {
	args := []string{"--threads=" + strconv.Itoa(c.Threads), "--time=0", "--events=" + strconv.Itoa(c.Transactions)}
	if c.System != PostgreSQL {
		args = append(args, "--mysql-ignore-errors=1213") // it is run again
	}
	return sysbench.Step(ctx, r, "sbtest", c.Rows, step, args...)
}

func (c *Config) redoubt(ctx context.Context) (t took, err error) {
	address := "file://" + filepath.Join(c.Dir, "repository")
	r, err := server.Redoubt(c.Binary, "--archive="+address).StartNew(ctx, c.Dir)
	if err != nil {
		return t, err
	}
	_, err = r.Run(ctx, "CREATE DATABASE sbtest")
	if err == nil {
		err = c.sysbench(ctx, r, "prepare")
	}
	if err == nil {
		_, err = r.Run(ctx, "BACKUP DATABASE FULL")
	}
	if err == nil {
		err = c.sysbench(ctx, r, "run")
	}
	want := ""
	if err == nil {
		want, err = r.Run(ctx, sum(sbtest))
	}
	if err := errors.Join(err, r.Stop()); err != nil {
		return t, err
	}
	s, err := repository.Open(ctx, address, repository.Options{})
	if err != nil {
		return t, err
	}
	again := filepath.Join(c.Dir, "again")
	done, err := node.Recover(ctx, node.RecoverOptions{Repository: s, Data: again, Target: pitr.Target{}})
	if err != nil {
		return t, err
	}
	if done.Replayed.Transactions < uint64(c.Transactions) { // statistics are commits, too
		return t, fmt.Errorf("%d transactions were replayed, %d were run", done.Replayed.Transactions, c.Transactions)
	}
	return took{done.Replayed.Took, int64(done.Replayed.Bytes)}, c.check(ctx, server.Redoubt(c.Binary), again, want)
}

// check starts a server over what was replayed, and compares the table.
func (c *Config) check(ctx context.Context, k *server.Kind, data, want string) error {
	r, err := k.StartAgain(ctx, data)
	if err != nil {
		return err
	}
	return errors.Join(compare(ctx, r, sbtest, want), r.Stop())
}

func compare(ctx context.Context, r *server.Running, table, want string) error {
	is, err := r.Run(ctx, sum(table))
	if err == nil && is != want {
		err = fmt.Errorf("after the replay the table has %s, it had %s", is, want)
	}
	return err
}
