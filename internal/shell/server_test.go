package shell

import (
	"context"
	"net"
	"testing"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/server"
	gms "github.com/dolthub/go-mysql-server/sql"
	vitess "github.com/dolthub/vitess/go/mysql"
	"github.com/sirupsen/logrus"

	"redoubt/sql/parser"
	"redoubt/sql/wire"
)

type noCommands struct{}

func (noCommands) RunCommand(*gms.Context, parser.Statement) (gms.RowIter, error) {
	return gms.RowsToRowIter(), nil
}

// serve runs a server with an empty database d until the test ends, and returns its address.
func serve(t testing.TB) string {
	t.Helper()
	logrus.SetLevel(logrus.PanicLevel)
	db := memory.NewDatabase("d")
	pro := memory.NewDBProvider(db)
	engine := sqle.NewDefault(pro)
	if err := parser.New(parser.Options{Executor: noCommands{}}).Install(gms.NewEmptyContext(), engine); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sessions := func(_ context.Context, c *vitess.Conn, addr string) (gms.Session, error) {
		base := gms.NewBaseSessionWithClientServer(addr, gms.Client{User: "root", Address: "localhost", Capabilities: c.Capabilities}, c.ConnectionID)
		return memory.NewSession(base, pro), nil
	}
	o := wire.Options{}
	cfg := server.Config{Protocol: "tcp", Address: l.Addr().String(), Listener: l, ProtocolListenerFactory: wire.ListenerFactory(o)}
	srv, err := server.NewServerWithHandler(cfg, engine, gms.NewContext, sessions, nil, wire.WrapHandler(o))
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
	return l.Addr().String()
}
