package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/server"
	gms "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
	"github.com/dolthub/go-mysql-server/sql/types"
	vitess "github.com/dolthub/vitess/go/mysql"
	"github.com/go-sql-driver/mysql"
	"github.com/sirupsen/logrus"

	"redoubt/sql/parser"
)

// pastDB is a memory database whose tables AS OF have the point in their comment: select tells it by table_comment.
type pastDB struct {
	*memory.Database
	mu     sync.Mutex
	points []parser.AsOf
}

func (d *pastDB) GetTableInsensitiveAsOf(ctx *gms.Context, name string, asOf any) (gms.Table, bool, error) {
	a, err := parser.DecodeAsOf(asOf)
	if err != nil {
		return nil, false, err
	}
	d.mu.Lock()
	d.points = append(d.points, a)
	d.mu.Unlock()
	return d.Database.GetTableInsensitive(ctx, name)
}

func (d *pastDB) GetTableNamesAsOf(ctx *gms.Context, _ any) ([]string, error) {
	return d.Database.GetTableNames(ctx)
}

func (d *pastDB) taken() []parser.AsOf {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.points
	d.points = nil
	return p
}

// plain gives sessions the databases as they are: the memory storage knows its own types only.
type plain struct{ *memory.DbProvider }

func (p plain) Database(ctx *gms.Context, name string) (gms.Database, error) {
	db, err := p.DbProvider.Database(ctx, name)
	if past, ok := db.(*pastDB); ok {
		return past.Database, nil
	}
	return db, err
}

// echo answers every command with its own text.
type echo struct{}

func (echo) RunCommand(_ *gms.Context, s parser.Statement) (gms.RowIter, error) {
	switch s := s.(type) {
	case *parser.CreateRestorePoint:
		return gms.RowsToRowIter(gms.NewRow(s.Name, s.Moment.At.SCN, nil)), nil
	case *parser.Explain:
		return gms.RowsToRowIter(gms.NewRow(fmt.Sprint(s.Query, s.Params))), nil
	}
	return gms.RowsToRowIter(gms.NewRow(types.NewOkResult(0))), nil
}

type testServer struct {
	t    testing.TB
	addr string
	db   *pastDB
	cert tls.Certificate
	seen *seen
}

// seen counts what the metrics say.
type seen struct {
	mu      sync.Mutex
	opened  int
	closed  int
	logins  int
	refused map[Reason]int
	panics  int
}

func (s *seen) get(f func(*seen) int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(s)
}

func (s *seen) metrics() Metrics {
	count := func(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }
	return Metrics{
		Opened:  func() { count(func() { s.opened++ }) },
		Closed:  func() { count(func() { s.closed++ }) },
		Login:   func(bool) { count(func() { s.logins++ }) },
		Refused: func(r Reason) { count(func() { s.refused[r]++ }) },
		Panic:   func(any) { count(func() { s.panics++ }) },
	}
}

// noPersist keeps users in memory only.
type noPersist struct{}

func (noPersist) Persist(*gms.Context, []byte) error { return nil }

var _ mysql_db.MySQLDbPersistence = noPersist{}

// start runs a server on loopback until the test ends. Setup statements run as root.
func start(t testing.TB, o Options, withTLS bool, setup ...string) *testServer {
	t.Helper()
	logrus.SetLevel(logrus.PanicLevel)
	s := &testServer{t: t, db: &pastDB{Database: memory.NewDatabase("d")}, seen: &seen{refused: map[Reason]int{}}}
	s.db.BaseDatabase.EnablePrimaryKeyIndexes()
	pro := memory.NewDBProvider(s.db)
	engine := sqle.NewDefault(pro)
	p := parser.New(parser.Options{Executor: echo{}, Catalog: engine.Analyzer.Catalog})
	if err := p.Install(gms.NewEmptyContext(), engine); err != nil {
		t.Fatal(err)
	}
	users := engine.Analyzer.Catalog.MySQLDb
	users.SetPersister(noPersist{})
	ed := users.Editor()
	users.AddSuperUser(ed, "root", "localhost", "")
	ed.Close()
	base := gms.NewBaseSessionWithClientServer("", gms.Client{User: "root", Address: "localhost"}, 1<<30)
	ctx := gms.NewContext(context.Background(), gms.WithSession(memory.NewSession(base, plain{pro})))
	ctx.SetCurrentDatabase("d")
	for _, q := range setup {
		_, it, _, err := engine.Query(ctx, q)
		if err == nil {
			_, err = gms.RowIterToRows(ctx, it)
		}
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if withTLS {
		var err error
		if s.cert, err = SelfSigned(t.TempDir()); err != nil {
			t.Fatal(err)
		}
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS12}
	}
	o.Metrics = s.seen.metrics()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	cfg := server.Config{Protocol: "tcp", Address: s.addr, Listener: l, ProtocolListenerFactory: ListenerFactory(o)}
	srv, err := server.NewServerWithHandler(cfg, engine, gms.NewContext, sessions(pro), nil, func(h mysqlHandler) (mysqlHandler, error) {
		return WrapHandler(o)(&trouble{h})
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Start() }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
		_ = engine.Close()
		gms.GlobalParser = gms.NewMysqlParser()
	})
	return s
}

func sessions(pro *memory.DbProvider) server.SessionBuilder {
	return func(ctx context.Context, c *vitess.Conn, addr string) (gms.Session, error) {
		user := "root"
		if u, ok := c.UserData.(gms.MysqlConnectionUser); ok {
			user = u.User
		}
		host, _, err := net.SplitHostPort(addr)
		if host == "127.0.0.1" || err != nil {
			host = "localhost"
		}
		base := gms.NewBaseSessionWithClientServer(addr, gms.Client{User: user, Address: host, Capabilities: c.Capabilities}, c.ConnectionID)
		return memory.NewSession(base, plain{pro}), nil
	}
}

// config returns a client's configuration; tlsMode is "", "skip-verify" or "verify".
func (s *testServer) config(tlsMode string) *mysql.Config {
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr, c.DBName = "root", "tcp", s.addr, "d"
	c.AllowNativePasswords = true
	c.MaxAllowedPacket = 0
	c.ParseTime = true
	switch tlsMode {
	case "skip-verify":
		c.TLSConfig = "skip-verify"
	case "verify":
		pool := x509.NewCertPool()
		leaf, err := x509.ParseCertificate(s.cert.Certificate[0])
		if err != nil {
			s.t.Fatal(err)
		}
		pool.AddCert(leaf)
		c.TLS = &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12}
	}
	return c
}

func (s *testServer) open(c *mysql.Config) *sql.DB {
	s.t.Helper()
	connector, err := mysql.NewConnector(c)
	if err != nil {
		s.t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	s.t.Cleanup(func() { _ = db.Close() })
	return db
}

// wantErr demands an error of that number whose text holds the words.
func wantErr(t testing.TB, err error, number uint16, words string) {
	t.Helper()
	me, ok := err.(*mysql.MySQLError)
	if !ok {
		t.Fatalf("error %d with %q wanted, got %v", number, words, err)
	}
	if me.Number != number || !strings.Contains(me.Message, words) {
		t.Fatalf("error %d with %q wanted, got %d %s", number, words, me.Number, me.Message)
	}
}
