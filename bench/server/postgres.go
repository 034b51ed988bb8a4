package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// PostgreSQL runs an installed server of the newest version. Write-ahead log is kept to 20 GB without a checkpoint, so
// that after a kill all of it has to be read.
func PostgreSQL() *Kind {
	p := &postgres{}
	return &Kind{
		Name: "postgresql",
		Installed: func(ctx context.Context) (string, error) {
			if err := p.find(); err != nil {
				return "", err
			}
			return output(ctx, exec.CommandContext(ctx, p.bin+"/postgres", "--version"))
		},
		Init:         p.init,
		CreateSchema: "CREATE SCHEMA bench",
		RedoBytes: func(r *Running) (int64, error) {
			return askNumber(r, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
		},
		Insert: func(first int) (string, int) {
			const rows = 20_000 // each statement is a process of psql
			return fmt.Sprintf("INSERT INTO bench.t SELECT g, lpad(g::text, 200, '0') FROM generate_series(%d, %d) g", first, first+rows-1), rows
		},
		command: func(dir string, ports [3]int) *exec.Cmd {
			return orphanless(p.as(exec.Command(p.bin+"/postgres", "-D", dir, "-p", strconv.Itoa(ports[0]), "-k", dir,
				"-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=4GB", "-c", "max_wal_size=20GB", "-c", "checkpoint_timeout=1h")))
		},
		client: func(_ string, ports [3]int) (Client, error) { return &psql{p, ports[0]}, nil },
	}
}

// postgres is an installation.
type postgres struct {
	bin        string
	credential *syscall.Credential // it refuses to run as root
}

func (p *postgres) find() error {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is good
	if len(found) == 0 {
		return errors.New("no server below /usr/lib/postgresql")
	}
	slices.Sort(found)
	p.bin = filepath.Dir(found[len(found)-1])
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("it does not run as root: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	p.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return nil
}

func (p *postgres) as(c *exec.Cmd) *exec.Cmd {
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential}
	return c
}

func (p *postgres) init(ctx context.Context, dir string) error {
	if p.credential != nil {
		if err := os.Chown(dir, int(p.credential.Uid), int(p.credential.Gid)); err != nil {
			return err
		}
	}
	_, err := output(ctx, p.as(exec.CommandContext(ctx, p.bin+"/initdb", "-D", dir, "-U", "postgres", "--auth=trust")))
	return err
}

// psql asks with a process of its own each time, which takes some 10 ms.
type psql struct {
	postgres *postgres
	port     int
}

func (c *psql) Ask(ctx context.Context, statement string) (string, error) {
	out, err := output(ctx, c.postgres.as(exec.CommandContext(ctx, c.postgres.bin+"/psql", "-X", "-q", "-A", "-t",
		"-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", strconv.Itoa(c.port), "-U", "postgres", "-d", "postgres", "-c", statement)))
	first, _, _ := strings.Cut(out, "\n")
	return first, err
}

func (c *psql) Close() error { return nil }

// askNumber gives the whole number that a query answers.
func askNumber(r *Running, query string) (int64, error) {
	c, err := r.Client()
	if err != nil {
		return 0, err
	}
	text, err := c.Ask(context.Background(), query)
	if err := errors.Join(err, c.Close()); err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s answered %q to %s: %w", r.Kind.Name, text, query, err)
	}
	return n, nil
}
