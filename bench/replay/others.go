package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"redoubt/bench/server"
)

// mariadb replays the binary log into a server over a copy of the files as they were before the workload.
func (c *Config) mariadb(ctx context.Context) (t took, err error) {
	kind := server.MariaDB("--log-bin=binlog", "--binlog-format=ROW")
	r, err := kind.StartNew(ctx, c.Dir)
	if err != nil {
		return t, err
	}
	_, err = r.Run(ctx, "CREATE DATABASE sbtest")
	if err == nil {
		err = c.sysbench(ctx, r, "prepare")
	}
	if err := errors.Join(err, r.Stop()); err != nil {
		return t, err
	}
	base := filepath.Join(c.Dir, "base")
	if said, err := exec.CommandContext(ctx, "cp", "-r", r.Dir, base).CombinedOutput(); err != nil {
		return t, fmt.Errorf("copy the data: %w: %s", err, said)
	}
	if r, err = kind.StartAgain(ctx, r.Dir); err != nil {
		return t, err
	}
	want := ""
	if err = c.sysbench(ctx, r, "run"); err == nil {
		want, err = r.Run(ctx, sum(sbtest))
	}
	if err := errors.Join(err, r.Stop()); err != nil {
		return t, err
	}
	logs, err := newer(r.Dir, base)
	if err != nil {
		return t, err
	}
	if r, err = server.MariaDB().StartAgain(ctx, base); err != nil {
		return t, err
	}
	_, port, _ := strings.Cut(r.Address(), ":")
	began := time.Now()
	said, err := exec.CommandContext(ctx, "sh", "-c", `mariadb-binlog "$@" | mariadb --no-defaults -h 127.0.0.1 -u root -P "$0"`, port, logs[0], strings.Join(logs[1:], " ")).CombinedOutput()
	t.replay = time.Since(began)
	if err != nil {
		err = fmt.Errorf("mariadb-binlog: %w: %s", err, said)
	} else {
		err = compare(ctx, r, sbtest, want)
	}
	return t, errors.Join(err, r.Stop())
}

// newer are the binary logs that a directory has and its older copy has not.
func newer(data, base string) (logs []string, err error) {
	all, err := filepath.Glob(filepath.Join(data, "binlog.[0-9]*"))
	if err != nil {
		return nil, err
	}
	for _, path := range all {
		if _, err := os.Stat(filepath.Join(base, filepath.Base(path))); errors.Is(err, os.ErrNotExist) {
			logs = append(logs, path)
		}
	}
	slices.Sort(logs)
	if len(logs) == 0 {
		return nil, fmt.Errorf("the workload has left no binary log in %s", data)
	}
	return logs, nil
}

var redoDone = regexp.MustCompile(`redo done at \S+ system usage: .* elapsed: ([0-9.]+) s`)

// postgresql is killed, and tells how long its redo took.
func (c *Config) postgresql(ctx context.Context) (t took, err error) {
	kind := server.PostgreSQL()
	r, err := kind.StartNew(ctx, c.Dir)
	if err != nil {
		return t, err
	}
	_, err = r.Run(ctx, "CREATE DATABASE sbtest")
	if err == nil {
		err = c.sysbench(ctx, r, "prepare")
	}
	if err == nil {
		_, err = r.Run(ctx, "CHECKPOINT")
	}
	var before, after int64
	if err == nil {
		before, err = kind.RedoBytes(r)
	}
	if err == nil {
		err = c.sysbench(ctx, r, "run")
	}
	if err == nil {
		after, err = kind.RedoBytes(r)
	}
	if err := errors.Join(err, r.Kill()); err != nil {
		return t, err
	}
	if r, err = kind.StartAgain(ctx, r.Dir); err != nil {
		return t, err
	}
	said, err := os.ReadFile(filepath.Clean(r.Dir) + ".log")
	if err := errors.Join(err, r.Stop()); err != nil {
		return t, err
	}
	m := redoDone.FindSubmatch(said)
	if m == nil {
		return t, fmt.Errorf("the server does not tell how long its redo took: %s", said[max(0, len(said)-500):])
	}
	seconds, err := strconv.ParseFloat(string(m[1]), 64)
	return took{time.Duration(seconds * float64(time.Second)), after - before}, err
}
