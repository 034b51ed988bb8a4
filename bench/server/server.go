package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Kind is a sort of server.
type Kind struct {
	Name string
	// Installed gives the version, or an error that says what is missing.
	Installed func(ctx context.Context) (version string, err error)
	// Init makes a data directory in dir, which exists.
	Init func(ctx context.Context, dir string) error
	// CreateSchema makes the schema bench.
	CreateSchema string
	// RedoBytes is how much redo the server has written since its data directory was made, or since a fixed point.
	RedoBytes func(r *Running) (int64, error)
	// Insert is a statement that adds rows with ids from first on to a table (id, c), as large as suits the server, and
	// how many rows these are. Safe for concurrent use.
	Insert func(first int) (statement string, rows int)

	command func(dir string, ports [3]int) *exec.Cmd
	client  func(dir string, ports [3]int) (Client, error)
}

// Client is one session.
type Client interface {
	// Ask runs a statement and gives the first column of its first row, empty if there is none.
	Ask(ctx context.Context, statement string) (string, error)
	Close() error
}

// Running is a started server.
type Running struct {
	Kind  *Kind
	Dir   string
	begun time.Time
	ports [3]int // what they are for is the kind's affair
	cmd   *exec.Cmd
	log   *os.File
	ended chan error
}

// Start runs a server over a data directory. What it says goes to a file beside the directory.
func (k *Kind) Start(dir string) (*Running, error) {
	r := &Running{Kind: k, Dir: dir, ended: make(chan error, 1)}
	for i := range r.ports {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		r.ports[i] = port
	}
	var err error
	if r.log, err = os.Create(filepath.Clean(dir) + ".log"); err != nil {
		return nil, fmt.Errorf("log of %s: %w", k.Name, err)
	}
	r.cmd = k.command(dir, r.ports)
	r.cmd.Stdout, r.cmd.Stderr = r.log, r.log
	r.begun = time.Now()
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", k.Name, err), r.log.Close())
	}
	go func() { r.ended <- r.cmd.Wait() }() // joined by Kill and Stop
	return r, nil
}

// answerEvery is how often a server that is starting is asked.
const answerEvery = 5 * time.Millisecond

// Answer waits until the server has answered the query and gives the time since its process was started.
func (r *Running) Answer(ctx context.Context, query string) (time.Duration, error) {
	pause := time.NewTicker(answerEvery)
	defer pause.Stop()
	for {
		err := r.ask(ctx, query)
		if err == nil {
			return time.Since(r.begun), nil
		}
		select {
		case ended := <-r.ended:
			r.ended <- ended
			return 0, fmt.Errorf("%s ended before it answered: %w", r.Kind.Name, errors.Join(ended, r.said()))
		case <-ctx.Done():
			return 0, fmt.Errorf("%s does not answer: %w", r.Kind.Name, errors.Join(err, ctx.Err(), r.said()))
		case <-pause.C:
		}
	}
}

func (r *Running) ask(ctx context.Context, query string) error {
	c, err := r.Client()
	if err != nil {
		return err
	}
	_, err = c.Ask(ctx, query)
	return errors.Join(err, c.Close())
}

// Client opens a session.
func (r *Running) Client() (Client, error) { return r.Kind.client(r.Dir, r.ports) }

// Run runs statements in a session of their own and gives the answer to the last.
func (r *Running) Run(ctx context.Context, statements ...string) (answer string, err error) {
	c, err := r.Client()
	if err != nil {
		return "", err
	}
	for _, s := range statements {
		if answer, err = c.Ask(ctx, s); err != nil {
			err = fmt.Errorf("%s: %w", s[:min(len(s), 100)], err)
			break
		}
	}
	return answer, errors.Join(err, c.Close())
}

// Address is where a server of MySQL's protocol listens.
func (r *Running) Address() string { return address(r.ports[0]) }

// Pages is where a Redoubt node has its pages, profiles among them.
func (r *Running) Pages() string { return "http://" + address(r.ports[1]) }

// PID of the server's process.
func (r *Running) PID() int { return r.cmd.Process.Pid }

// said is the end of what the server told.
func (r *Running) said() error {
	b, err := os.ReadFile(r.log.Name())
	if err != nil || len(b) == 0 {
		return err
	}
	return fmt.Errorf("it said: %s", b[max(0, len(b)-500):])
}

// Kill ends the server as kill -9 does.
func (r *Running) Kill() error { return r.end(syscall.SIGKILL) }

// Stop ends the server gently. Close its clients before.
func (r *Running) Stop() error { return r.end(syscall.SIGTERM) }

// stopTimeout is when a gentle end becomes a kill.
const stopTimeout = time.Minute

func (r *Running) end(signal syscall.Signal) error {
	members := family(r.PID())
	if err := r.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end %s: %w", r.Kind.Name, err)
	}
	killer := time.AfterFunc(stopTimeout, func() { _ = r.cmd.Process.Kill() })
	defer killer.Stop()
	<-r.ended // how it ended is no news
	r.ended <- nil
	return errors.Join(r.waitGone(members), r.log.Close())
}

// waitGone waits until processes that the server had are gone too. They see themselves that their parent has.
func (r *Running) waitGone(pids []int) error {
	deadline := time.Now().Add(stopTimeout)
	for _, pid := range pids {
		for alive(pid) {
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d of %s is still there", pid, r.Kind.Name)
			}
			time.Sleep(answerEvery)
		}
	}
	return nil
}

// orphanless has the kernel kill the server if the process that measures dies.
func orphanless(c *exec.Cmd) *exec.Cmd {
	if c.SysProcAttr == nil {
		c.SysProcAttr = &syscall.SysProcAttr{}
	}
	c.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return c
}

// output runs a tool and gives what it says.
func output(ctx context.Context, c *exec.Cmd) (string, error) {
	b, err := c.CombinedOutput()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), err, b[max(0, len(b)-500):])
	}
	return string(b), nil
}
