package start

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// Config of one measurement.
type Config struct {
	System    string
	Binary    string // of Redoubt
	Dir       string // an empty directory for what the measurement makes
	Crashed   string // the crashed directory
	RedoBytes int64  // that Crash writes
}

// Kinds are the servers that can be measured, Redoubt first.
func Kinds(binary string) []*server.Kind {
	return []*server.Kind{server.Redoubt(binary), server.MariaDB(server.KeepRedo...), server.PostgreSQL()}
}

func (c *Config) kind(ctx context.Context) (*server.Kind, error) {
	for _, k := range Kinds(c.Binary) {
		if k.Name == c.System {
			_, err := k.Installed(ctx)
			return k, err
		}
	}
	return nil, fmt.Errorf("there is no system %q here", c.System)
}

// startTimeout bounds a start.
const startTimeout = 5 * time.Minute

// byKey is the query that a started server has to answer.
const byKey = "SELECT c FROM bench.t WHERE id = 1"

// Crash makes the crashed directory. The figures say what went into it.
func Crash(ctx context.Context, raw json.RawMessage) (f measure.Figures, err error) {
	c, kind, err := read(ctx, raw)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Crashed, 0o755); err != nil {
		return nil, err
	}
	if err := kind.Init(ctx, c.Crashed); err != nil {
		return nil, err
	}
	r, err := kind.Start(c.Crashed)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	redo, rows, err := c.load(ctx, r)
	err = errors.Join(err, r.Kill())
	return measure.Figures{"redo_bytes": float64(redo), "rows": float64(rows), "seconds": time.Since(begin).Seconds()}, err
}

func read(ctx context.Context, raw json.RawMessage) (*Config, *server.Kind, error) {
	c := &Config{}
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, nil, fmt.Errorf("configuration: %w", err)
	}
	kind, err := c.kind(ctx)
	return c, kind, err
}

// load writes until RedoBytes are written, and gives how much it was and how many rows.
func (c *Config) load(ctx context.Context, r *server.Running) (redo int64, rows int, err error) {
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if _, err := r.Answer(starting, "SELECT 1"); err != nil {
		return 0, 0, err
	}
	client, err := r.Client()
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	for _, s := range []string{r.Kind.CreateSchema, "CREATE TABLE bench.t (id INT PRIMARY KEY, c VARCHAR(255) NOT NULL)"} {
		if _, err := client.Ask(ctx, s); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", s, err)
		}
	}
	before, err := r.Kind.RedoBytes(r)
	for err == nil && redo < c.RedoBytes {
		var added int
		if added, err = c.insert(ctx, r, rows+1); err != nil {
			break
		}
		rows += added
		redo, err = r.Kind.RedoBytes(r)
		redo -= before
	}
	return redo, rows, err
}

// writers insert at once, statementsEach a turn.
const (
	writers        = 2
	statementsEach = 20
)

// insert adds rows over a few connections and gives how many.
func (c *Config) insert(ctx context.Context, r *server.Running, first int) (rows int, err error) {
	errs := make([]error, writers)
	var all sync.WaitGroup
	_, each := r.Kind.Insert(first)
	for w := range writers {
		all.Go(func() {
			client, err := r.Client()
			for i := 0; err == nil && i < statementsEach; i++ {
				s, _ := r.Kind.Insert(first + (w*statementsEach+i)*each)
				_, err = client.Ask(ctx, s)
			}
			if client != nil {
				err = errors.Join(err, client.Close())
			}
			errs[w] = err
		})
	}
	all.Wait()
	return writers * statementsEach * each, errors.Join(errs...)
}

// Start copies the crashed directory and gives the seconds from exec to the first answer over the copy.
func Start(ctx context.Context, raw json.RawMessage) (measure.Figures, error) {
	c, kind, err := read(ctx, raw)
	if err != nil {
		return nil, err
	}
	// The server may be another user's, who must be able to get there.
	if err := os.Chmod(c.Dir, 0o755); err != nil {
		return nil, err
	}
	dir := filepath.Join(c.Dir, "data")
	if said, err := exec.CommandContext(ctx, "cp", "-a", c.Crashed, dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy %s: %w: %s", c.Crashed, err, said)
	}
	syscall.Sync()
	r, err := kind.Start(dir)
	if err != nil {
		return nil, err
	}
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	took, err := r.Answer(starting, byKey)
	if err == nil {
		err = hasRow(ctx, r)
	}
	if err := errors.Join(err, r.Kill()); err != nil {
		return nil, err
	}
	return measure.Figures{"seconds": took.Seconds()}, nil
}

// hasRow checks that the answer was the row, which had been committed before the kill.
func hasRow(ctx context.Context, r *server.Running) error {
	client, err := r.Client()
	if err != nil {
		return err
	}
	row, err := client.Ask(ctx, byKey)
	if err == nil && row == "" {
		err = fmt.Errorf("%s has lost a committed row", r.Kind.Name)
	}
	return errors.Join(err, client.Close())
}

// restSettle is how long a new server is left alone before its memory is looked at.
const restSettle = 3 * time.Second

// Rest starts a server with nothing in it, leaves it alone, and gives its memory.
func Rest(ctx context.Context, raw json.RawMessage) (f measure.Figures, err error) {
	c, kind, err := read(ctx, raw)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(c.Dir, "data")
	if err := errors.Join(os.Chmod(c.Dir, 0o755), os.Mkdir(dir, 0o755)); err != nil {
		return nil, err
	}
	if err := kind.Init(ctx, dir); err != nil {
		return nil, err
	}
	r, err := kind.Start(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Kill()) }()
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	took, err := r.Answer(starting, "SELECT 1")
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(restSettle):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	m, err := r.Memory()
	return measure.Figures{
		"first_start_seconds": took.Seconds(),
		"resident_mib":        float64(m.Resident) / (1 << 20),
		"proportional_mib":    float64(m.Proportional) / (1 << 20),
	}, err
}

// BuildConfig of a build.
type BuildConfig struct {
	Module string // directory of the module
	Dir    string // an empty directory
}

// Build links the binary anew, with everything compiled already, and gives the seconds.
func Build(ctx context.Context, raw json.RawMessage) (measure.Figures, error) {
	var c BuildConfig
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	begin := time.Now()
	// The number makes the binary another one, so that it is linked and not taken from the cache.
	build := exec.CommandContext(ctx, "go", "build", "-ldflags=-X=main.measured="+strconv.FormatInt(begin.UnixNano(), 10),
		"-o", filepath.Join(c.Dir, "redoubt"), "./cmd/redoubt")
	build.Dir = c.Module
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w: %s", err, said)
	}
	return measure.Figures{"seconds": time.Since(begin).Seconds()}, nil
}
