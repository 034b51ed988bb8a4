package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"
)

// Job is one measurement: a binary that is given a subject and its configuration, and prints Figures.
type Job struct {
	Binary  string
	Subject string
	Config  any // JSON of what the subject's function reads
}

// Side is one thing that is compared.
type Side struct {
	Name string
	Job  func(dir string) Job // to measure in an empty directory
}

// command is the line that repeats a job.
func (j Job) command() ([]string, error) {
	config, err := json.Marshal(j.Config)
	if err != nil {
		return nil, fmt.Errorf("configuration of %s: %w", j.Subject, err)
	}
	return []string{j.Binary, "run", j.Subject, string(config)}, nil
}

// Command is the line of a shell that repeats the job.
func (j Job) Command() string {
	c, err := j.command()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %s %s '%s'", filepath.Base(c[0]), c[1], c[2], c[3])
}

// Run does the job. What the process says on standard error is part of the error if it fails.
func (j Job) Run(ctx context.Context) (Figures, error) {
	c, err := j.command()
	if err != nil {
		return nil, err
	}
	var out, said bytes.Buffer
	process := exec.CommandContext(ctx, c[0], c[1:]...)
	process.Stdout, process.Stderr = &out, &said
	// Interrupted, a process still stops the servers that it started; after the delay it is killed.
	process.Cancel = func() error { return process.Process.Signal(os.Interrupt) }
	process.WaitDelay = 20 * time.Second
	if err := process.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", j.Subject, err, tail(said.String(), 600))
	}
	f := Figures{}
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		return nil, fmt.Errorf("%s printed %q: %w", j.Subject, tail(out.String(), 200), err)
	}
	return f, nil
}

func tail(s string, bytesMax int) string {
	s = strings.TrimSpace(s)
	if len(s) > bytesMax {
		return "…" + s[len(s)-bytesMax:]
	}
	return s
}

// Measures are the functions behind the subjects of Serve; the argument is the job's configuration.
type Measures map[string]func(ctx context.Context, config json.RawMessage) (Figures, error)

// Serve is the other end of Job.Run: it is given the arguments after "run" and prints what it measured. A third argument
// names a file for a profile of the processor's time, which by hand shows where a figure comes from.
func (m Measures) Serve(ctx context.Context, args []string, out io.Writer) error {
	if len(args) < 2 || len(args) > 3 {
		return fmt.Errorf("want a subject, its configuration and perhaps a file for a profile, got %d arguments", len(args))
	}
	run, ok := m[args[0]]
	if !ok {
		return fmt.Errorf("there is no subject %s", args[0])
	}
	if len(args) == 3 {
		stop, err := profile(args[2])
		if err != nil {
			return err
		}
		defer stop()
	}
	f, err := run(ctx, json.RawMessage(args[1]))
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(f)
}

func profile(path string) (stop func(), err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close() // a profile cut short says so when it is read
	}, nil
}

// Turns measures the sides in turn, rounds times, each in an empty directory below dir. Each round begins with another
// side, so that none always comes after the one that leaves the disk busiest. A side that fails is absent from then on,
// unless it is the first given: that one is what the comparison is about, and its failure ends it.
func Turns(ctx context.Context, sides []Side, rounds int, dir string, progress io.Writer) (*Samples, error) {
	s := &Samples{Rounds: map[string][]Figures{}, Absent: map[string]string{}}
	for round := range rounds {
		for turn := range sides {
			i := (round + turn) % len(sides)
			side := sides[i]
			if _, absent := s.Absent[side.Name]; absent {
				continue
			}
			f, err := once(ctx, side, dir)
			if err != nil && (i == 0 || ctx.Err() != nil) {
				return nil, fmt.Errorf("measure %s: %w", side.Name, err)
			}
			if err != nil {
				fmt.Fprintf(progress, "  %s is left out: %v\n", side.Name, err)
				s.Absent[side.Name] = err.Error()
				delete(s.Rounds, side.Name)
				continue
			}
			fmt.Fprintf(progress, "  round %d %s: %s\n", round+1, side.Name, List(f))
			s.Rounds[side.Name] = append(s.Rounds[side.Name], f)
		}
	}
	return s, nil
}

// once does one job and leaves no file behind. What was not yet written of the files goes with them, and the file system
// has noted it, so that the next job need not wait for that.
func once(ctx context.Context, side Side, dir string) (f Figures, err error) {
	own, err := os.MkdirTemp(dir, side.Name+"-")
	if err != nil {
		return nil, fmt.Errorf("make a directory to measure in: %w", err)
	}
	defer func() {
		if e := errors.Join(os.RemoveAll(own), syncDir(dir)); err == nil && e != nil {
			err = fmt.Errorf("clean up: %w", e)
		}
	}()
	return side.Job(own).Run(ctx)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
