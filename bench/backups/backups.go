package backups

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"redoubt/bench/measure"
	"redoubt/bench/server"
	"redoubt/bench/sysbench"
)

// Config of one measurement.
type Config struct {
	System  string
	Binary  string // of Redoubt
	Dir     string // an empty directory
	Rows    int    // of the table
	Changed int    // of them
}

// The systems.
const (
	Redoubt    = "redoubt"
	MariaDB    = "mariadb-backup"
	PostgreSQL = "pg_basebackup"
	Restic     = "restic"
)

// Tools are the programs that systems need beside their servers, with the arguments that make them tell their version.
var Tools = map[string][]string{MariaDB: {"mariadb-backup", "--version"}, Restic: {"restic", "version"}}

// rowBytes is what a row of sysbench's has: two numbers, and texts of 120 and 60 bytes.
const rowBytes = 4 + 4 + 120 + 60

// system makes backups of a server, and makes a server of them.
type system interface {
	kind() *server.Kind
	database() string
	// offline systems need the server to be stopped.
	offline() bool
	// back makes a backup: the first, another full one, or an incremental one, which errNotThere refuses.
	back(ctx context.Context, step step, r *server.Running) error
	// sent is what backups have sent so far, in bytes.
	sent() (int64, error)
	// restore makes a data directory of the first backup, and gives its path.
	restore(ctx context.Context) (data string, err error)
}

type step int

const (
	first step = iota
	incremental
	again
)

var errNotThere = errors.New("the system has no such backups")

// Measure does a job.
func Measure(ctx context.Context, raw json.RawMessage) (measure.Figures, error) {
	var c Config
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	var s system
	switch c.System {
	case Redoubt:
		s = &redoubt{Config: c}
	case MariaDB:
		s = &mariadb{Config: c}
	case PostgreSQL:
		s = &postgresql{Config: c}
	case Restic:
		s = &restic{Config: c}
	default:
		return nil, fmt.Errorf("there is no system %q here", c.System)
	}
	m := &measuring{Config: c, system: s, figures: measure.Figures{}}
	if err := m.run(ctx); err != nil {
		return nil, err
	}
	return m.figures, nil
}

type measuring struct {
	Config
	system  system
	figures measure.Figures
	running *server.Running
}

func (m *measuring) run(ctx context.Context) (err error) {
	if m.running, err = m.system.kind().StartNew(ctx, m.Dir); err != nil {
		return err
	}
	if err = m.load(ctx); err != nil {
		_ = m.running.Stop() // the error before it counts, and it may not run
		return err
	}
	return m.restored(ctx)
}

// load goes up to the last backup.
func (m *measuring) load(ctx context.Context) error {
	if m.system.database() == "sbtest" {
		if _, err := m.running.Run(ctx, "CREATE DATABASE sbtest"); err != nil {
			return err
		}
	}
	if err := sysbench.Step(ctx, m.running, m.system.database(), m.Rows, "prepare"); err != nil {
		return err
	}
	for _, s := range []struct {
		step step
		name string
	}{{first, "full"}, {incremental, "incremental"}, {again, "again"}} {
		if s.step == incremental {
			if err := m.change(ctx); err != nil {
				return err
			}
		}
		if err := m.backup(ctx, s.step, s.name); err != nil {
			return err
		}
	}
	m.figures["full_mb_per_second"] = float64(m.Rows) * rowBytes / 1e6 / m.figures["full_seconds"]
	for _, name := range []string{"incremental", "again"} {
		if sent, ok := m.figures[name+"_mb"]; ok {
			m.figures[name+"_percent"] = 100 * sent / m.figures["full_mb"]
		}
	}
	return m.plain()
}

func (m *measuring) backup(ctx context.Context, s step, name string) error {
	before, err := m.system.sent()
	if err != nil {
		return err
	}
	if err := m.running.Stop(); err != nil { // it writes all that it has
		return err
	}
	start := func() error {
		again, err := m.running.Kind.StartAgain(ctx, m.running.Dir)
		if err == nil {
			m.running = again
		}
		return err
	}
	if !m.system.offline() {
		if err := start(); err != nil {
			return err
		}
	}
	began := time.Now()
	err = m.system.back(ctx, s, m.running)
	took := time.Since(began).Seconds()
	if m.system.offline() {
		if err := start(); err != nil {
			return err
		}
	}
	if errors.Is(err, errNotThere) {
		return nil
	}
	after, sentErr := m.system.sent()
	if err := errors.Join(err, sentErr); err != nil {
		return fmt.Errorf("backup %s: %w", name, err)
	}
	m.figures[name+"_seconds"], m.figures[name+"_mb"] = took, float64(after-before)/1e6
	return nil
}

// restored makes a server of the first backup; this one is no longer needed.
func (m *measuring) restored(ctx context.Context) error {
	if err := m.running.Stop(); err != nil {
		return err
	}
	began := time.Now()
	data, err := m.system.restore(ctx)
	m.figures["restore_seconds"] = time.Since(began).Seconds()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	m.figures["restore_mb_per_second"] = float64(m.Rows) * rowBytes / 1e6 / m.figures["restore_seconds"]
	if m.running, err = m.running.Kind.StartAgain(ctx, data); err != nil {
		return err
	}
	got, err := m.running.Run(ctx, "SELECT COUNT(*) FROM "+m.table()+" WHERE pad <> 'changed'")
	if err == nil && got != strconv.Itoa(m.Rows) {
		err = fmt.Errorf("after the restore the table has %s rows as they were, not %d", got, m.Rows)
	}
	return errors.Join(err, m.running.Stop())
}

// plain copies as many bytes as the first backup has.
func (m *measuring) plain() error {
	from, to := filepath.Join(m.Dir, "plain"), filepath.Join(m.Dir, "plain.copy")
	random := rand.NewChaCha8([32]byte{1})
	f, err := os.Create(from)
	if err != nil {
		return err
	}
	buffer := make([]byte, 1<<20)
	for range int(m.figures["full_mb"]) + 1 {
		random.Read(buffer)
		if _, err := f.Write(buffer); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	began := time.Now()
	said, err := exec.Command("dd", "if="+from, "of="+to, "bs=1M", "conv=fsync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("dd: %w: %s", err, said)
	}
	m.figures["plain_seconds"] = time.Since(began).Seconds()
	m.figures["bound"] = m.figures["plain_seconds"] / m.figures["full_seconds"]
	return errors.Join(os.Remove(from), os.Remove(to))
}

func (m *measuring) table() string {
	if m.system.database() == "sbtest" {
		return "sbtest.sbtest1"
	}
	return "sbtest1"
}

// change changes rows that are chosen at random, the same for all.
func (m *measuring) change(ctx context.Context) error {
	random := rand.New(rand.NewPCG(9, uint64(m.Rows)))
	ids := random.Perm(m.Rows)[:m.Changed]
	for len(ids) > 0 {
		n := min(len(ids), 1000)
		var list strings.Builder
		for i, id := range ids[:n] {
			if i > 0 {
				list.WriteByte(',')
			}
			list.WriteString(strconv.Itoa(id + 1))
		}
		if _, err := m.running.Run(ctx, "UPDATE "+m.table()+" SET pad = 'changed' WHERE id IN ("+list.String()+")"); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// size of all files below a directory.
func size(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

// shell runs a pipe of commands, of which none may fail.
func shell(ctx context.Context, script string, args ...string) error {
	said, err := exec.CommandContext(ctx, "bash", append([]string{"-o", "pipefail", "-c", script, "bash"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", script, err, said[max(0, len(said)-500):])
	}
	return nil
}
