package acceptance

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	readyLimit = 2 * time.Minute // until a server takes connections
	stopLimit  = 5 * time.Second // the limit that the command line promises for a clean stop
)

// server is a redoubt with a data directory and addresses that stay the same over restarts.
type server struct {
	t                 *testing.T
	dir               string
	mysql, http, raft string
	extra             []string // further flags
	env               []string // further, NAME=value
	user              uint32   // 0: the test's own
	*process
}

// newServer chooses where a server will live, without starting it.
func newServer(t *testing.T, extra ...string) *server {
	t.Helper()
	return &server{
		t: t, dir: filepath.Join(t.TempDir(), "data"), extra: extra,
		mysql: freeAddress(t), http: freeAddress(t), raft: freeAddress(t),
	}
}

// startServer starts a redoubt and waits until it takes connections.
func startServer(t *testing.T, extra ...string) *server {
	t.Helper()
	s := newServer(t, extra...)
	s.start()
	return s
}

func (s *server) args() []string {
	return append([]string{"serve", "--data", s.dir, "--mysql", s.mysql, "--http", s.http, "--raft", s.raft}, s.extra...)
}

// launch starts the process and does not wait for anything.
func (s *server) launch() {
	s.t.Helper()
	c := exec.Command(binary, s.args()...)
	c.Env = append(os.Environ(), s.env...)
	if s.user != 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.user, Gid: s.user}}
	}
	s.process = start(s.t, "redoubt", c)
}

func (s *server) start() {
	s.t.Helper()
	s.launch()
	if _, err := s.awaitOutput("redoubt ready ", readyLimit); err != nil {
		s.t.Fatal(err)
	}
}

// stop ends the server cleanly and fails the test if it does not, in time.
func (s *server) stop() {
	s.t.Helper()
	if err := s.terminate(stopLimit); err != nil {
		s.t.Fatalf("clean stop: %v\n%s", err, s.out)
	}
}

// refusal starts a server that must not come up, and returns what it says.
func (s *server) refusal() string {
	s.t.Helper()
	s.launch()
	if err := s.wait(readyLimit); err == nil || s.cmd.ProcessState == nil || s.cmd.ProcessState.ExitCode() != 1 {
		s.t.Fatalf("want exit with status 1, got %v\n%s", err, s.out)
	}
	return s.out.String()
}

// config is how go-sql-driver reaches an address as root. Options change it.
func config(address, database string, options ...func(*mysql.Config)) *mysql.Config {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.DBName = "tcp", address, "root", database
	c.Timeout = 10 * time.Second
	c.Logger = &mysql.NopLogger{} // broken connections are what some tests are about
	for _, o := range options {
		o(c)
	}
	return c
}

func multiStatements(c *mysql.Config) { c.MultiStatements = true }

// open gives a pool of connections that is closed with the test.
func open(t *testing.T, address, database string, options ...func(*mysql.Config)) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(config(address, database, options...))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// conn gives one connection, closed with the test.
func conn(t *testing.T, address, database string, options ...func(*mysql.Config)) *sql.Conn {
	t.Helper()
	c, err := open(t, address, database, options...).Conn(t.Context())
	if err != nil {
		t.Fatalf("connect to %s: %v", address, err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// executor is a pool, a connection or a transaction.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// exec runs statements that must succeed.
func mustExec(t *testing.T, e executor, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := e.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", shorten(s), err)
		}
	}
}

// one reads a single value as text.
func one(t *testing.T, e executor, query string, args ...any) string {
	t.Helper()
	r, err := ask(t.Context(), e, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", shorten(query), err)
	}
	if len(r.rows) != 1 || len(r.rows[0]) != 1 {
		t.Fatalf("%s: want one value, got %v", shorten(query), r.rows)
	}
	return r.rows[0][0]
}

func shorten(s string) string {
	if len(s) > 300 {
		return fmt.Sprintf("%s… (%d bytes)", s[:300], len(s))
	}
	return s
}

func port(address string) string {
	_, p, _ := net.SplitHostPort(address)
	return p
}
