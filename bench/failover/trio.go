package failover

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"redoubt/internal/freeport"
)

const (
	answerLimit = 250 * time.Millisecond // after which a client tries again
	readyLimit  = time.Minute
	lookEvery   = 5 * time.Millisecond
)

// member is a node of the trio. Its addresses stay.
type member struct {
	name  string
	user  uint32 // 0: whoever measures
	args  []string
	log   *os.File
	cmd   *exec.Cmd
	ended chan struct{}
	db    *sql.DB // for the client
	ask   *sql.DB // for looks, without a time limit
}

type trio struct{ members []*member }

// startTrio makes a cluster below a directory. In a network of their own each node is a user of its own.
func startTrio(ctx context.Context, binary, dir string, own bool) (*trio, error) {
	t := &trio{}
	if own {
		if err := openNetwork(); err != nil {
			return t, err
		}
	}
	first := ""
	for i := range 3 {
		m, raft, err := newMember(binary, dir, fmt.Sprint("n", i+1), first)
		if err != nil {
			return t, err
		}
		if t.members = append(t.members, m); first == "" {
			first = raft
		}
		if own {
			if err := errors.Join(m.become(firstUser+uint32(i), filepath.Join(dir, m.name)), between(raft)); err != nil {
				return t, err
			}
		}
		if err := m.start(); err != nil {
			return t, err
		}
		if err := m.ready(ctx); err != nil {
			return t, err
		}
	}
	return t, t.whole(ctx)
}

func newMember(binary, dir, name, join string) (*member, string, error) {
	var at [3]string
	for i := range at {
		var err error
		if at[i], err = freeport.Address(); err != nil {
			return nil, "", err
		}
	}
	m := &member{name: name, args: []string{
		binary, "serve", "--data", filepath.Join(dir, name), "--mysql", at[0], "--http", at[1], "--raft", at[2], "--node-id", name, "--log-level", "error",
	}}
	if join != "" {
		m.args = append(m.args, "--join", join)
	}
	var err error
	if m.log, err = os.Create(filepath.Join(dir, name+".log")); err != nil {
		return nil, "", err
	}
	if m.db, err = connect(at[0], answerLimit); err == nil {
		m.ask, err = connect(at[0], 0)
	}
	return m, at[2], err
}

// become makes a node another user, who has its directory.
func (m *member) become(user uint32, data string) error {
	m.user = user
	return errors.Join(os.Mkdir(data, 0o700), os.Chown(data, int(user), int(user)))
}

// createTable makes where clients insert.
func (t *trio) createTable(ctx context.Context) error {
	for _, s := range []string{"CREATE DATABASE bench", "CREATE TABLE bench.t (n BIGINT PRIMARY KEY)"} {
		if _, err := t.members[0].ask.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

func connect(address string, limit time.Duration) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Logger = "tcp", address, "root", &mysql.NopLogger{}
	c.Timeout, c.ReadTimeout, c.WriteTimeout = limit, limit, limit
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

func (m *member) start() error {
	m.cmd = exec.Command(m.args[0], m.args[1:]...)
	m.cmd.Stdout, m.cmd.Stderr = m.log, m.log
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if m.user != 0 {
		m.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: m.user, Gid: m.user}
	}
	if err := m.cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	m.ended = ended
	go func() { // joined through ended
		_ = m.cmd.Wait() // how it ended is no news
		close(ended)
	}()
	return nil
}

func (m *member) kill() error {
	err := m.cmd.Process.Kill()
	<-m.ended
	return err
}

// await looks until something holds.
func await(ctx context.Context, what string, holds func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		err := holds(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %s: %w", what, readyLimit, err)
		}
	}
}

func (m *member) ready(ctx context.Context) error {
	return await(ctx, m.name+" answers", func(ctx context.Context) error { return m.ask.PingContext(ctx) })
}

// whole waits until every node says that three are up and vote.
func (t *trio) whole(ctx context.Context) error {
	return await(ctx, "three nodes are up and vote", func(ctx context.Context) error {
		for _, m := range t.members {
			var n int
			if err := m.ask.QueryRowContext(ctx, "SELECT COUNT(*) FROM redoubt.`V$NODE` WHERE up AND voter AND lag_scn < 1000").Scan(&n); err != nil || n != 3 {
				return errors.Join(fmt.Errorf("%s counts %d", m.name, n), err)
			}
		}
		return nil
	})
}

// leader finds who leads.
func (t *trio) leader(ctx context.Context) (leader *member, err error) {
	err = await(ctx, "a node leads", func(ctx context.Context) error {
		for _, m := range t.members {
			var role string
			if err := m.ask.QueryRowContext(ctx, "SELECT role FROM redoubt.`V$NODE` WHERE self").Scan(&role); err != nil {
				return err
			}
			if role == "LEADER" {
				leader = m
				return nil
			}
		}
		return errors.New("none says so")
	})
	return leader, err
}

func (t *trio) close() (err error) {
	for _, m := range t.members {
		if m.cmd != nil && m.cmd.Process != nil {
			err = errors.Join(err, m.cmd.Process.Signal(syscall.SIGCONT), m.kill())
		}
		err = errors.Join(err, m.db.Close(), m.ask.Close(), m.log.Close())
	}
	return err
}
