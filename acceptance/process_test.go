package acceptance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"redoubt/internal/freeport"
)

// process is a child of the test. All its output is kept.
type process struct {
	name   string
	cmd    *exec.Cmd
	out    *output
	exited chan struct{} // closed when the process has been waited for
	err    error         // set before exited is closed
}

// output collects what a process prints; safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	grew chan struct{} // closed and replaced whenever something came
}

func newOutput() *output { return &output{grew: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.grew)
	o.grew = make(chan struct{})
	return o.text.Write(p)
}

// read gives everything so far, and a channel that is closed when there is more.
func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.grew
}

func (o *output) String() string {
	text, _ := o.read()
	return text
}

// start runs a program and has it ended with the test. It also ends if the test process dies.
func start(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{name: name, cmd: cmd, out: newOutput(), exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() { // joined by kill, which waits for exited
		p.err = cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() { p.kill() })
	return p
}

// kill ends the process at once, as kill -9 does, and waits until it is gone.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.exited
}

// terminate asks the process to stop, and tells whether it did so in time, with status 0.
func (p *process) terminate(limit time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.wait(limit)
}

// wait waits for the process to end by itself.
func (p *process) wait(limit time.Duration) error {
	select {
	case <-p.exited:
		return p.err
	case <-time.After(limit):
		return fmt.Errorf("%s still runs after %s", p.name, limit)
	}
}

// awaitOutput waits until the process has printed a line that begins with prefix, and returns the line.
func (p *process) awaitOutput(prefix string, limit time.Duration) (string, error) {
	deadline := time.After(limit)
	for {
		text, grew := p.out.read()
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, prefix) && strings.HasSuffix(line, "\n") {
				return strings.TrimSpace(line), nil
			}
		}
		select {
		case <-grew:
		case <-p.exited:
			if final, _ := p.out.read(); final != text {
				continue
			}
			return "", fmt.Errorf("%s ended (%v) before it printed %q:\n%s", p.name, p.err, prefix, text)
		case <-deadline:
			return "", fmt.Errorf("%s did not print %q within %s:\n%s", p.name, prefix, limit, text)
		}
	}
}

// freeAddress is one on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// command runs a client program to its end and returns what it printed. Input may be empty.
func command(t *testing.T, limit time.Duration, input string, name string, args ...string) (string, error) {
	t.Helper()
	return runProgram(t.Context(), limit, input, name, args...)
}

// runProgram is command where there is no test, or it has ended.
func runProgram(ctx context.Context, limit time.Duration, input, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Stdin = strings.NewReader(input)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("%s did not end within %s", name, limit)
	}
	return string(out), err
}

// eventually waits until a condition holds, asking often at first.
func eventually(t *testing.T, limit time.Duration, what string, holds func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for pause := time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		err := holds()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s: %v", what, limit, err)
		}
		time.Sleep(pause)
	}
}
