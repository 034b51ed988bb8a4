package sysbench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"redoubt/bench/server"
)

// target is a server under load.
type target struct {
	address   string
	processor func() (time.Duration, error) // that the server has spent so far
	stop      func() error
}

// InProcess is a node in the process that measures: a profile of that process is one of the node.
const InProcess = "redoubt in process"

func (c *Config) start(ctx context.Context) (*target, error) {
	switch c.System {
	case InProcess:
		return c.startHere(ctx)
	case "redoubt":
		return c.startProcess(ctx, server.Redoubt(c.Binary))
	case "mariadb":
		return c.startProcess(ctx, server.MariaDB())
	}
	return nil, fmt.Errorf("there is no system %q here", c.System)
}

func (c *Config) startProcess(ctx context.Context, kind *server.Kind) (*target, error) {
	r, err := kind.StartNew(ctx, c.Dir)
	if err != nil {
		return nil, err
	}
	return &target{address: r.Address(), processor: r.ProcessorTime, stop: r.Kill}, nil
}

func (c *Config) startHere(ctx context.Context) (*target, error) {
	n, err := server.OpenNode(ctx, filepath.Join(c.Dir, "data"))
	if err != nil {
		return nil, err
	}
	return &target{address: n.Addresses().MySQL, processor: ownTime, stop: n.Close}, nil
}

// ownTime is the processor time of this process.
func ownTime() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// execute runs one statement over a connection of its own.
func (t *target) execute(ctx context.Context, statement string) (err error) {
	db, err := server.Open(t.address, "", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
