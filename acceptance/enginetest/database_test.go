package enginetest

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	sqle "github.com/dolthub/go-mysql-server"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/rs/zerolog"

	"redoubt/engine/enginetest"
	"redoubt/sql"
	"redoubt/sql/vview"
)

// database is an empty database with its log in memory, and the SQL engine over it. It implements suite.QueryEngine.
type database struct {
	embedded *sql.Embedded
	engine   *sqle.Engine
	scope    *scope
	closed   bool
	clock    atomic.Int64 // seconds since 1970 at which commits are stamped; 0 for the time that it is
}

// scope ends with its database, not with the test: a suite opens a database for each of its cases.
type scope struct {
	testing.TB
	ends []func()
}

// Cleanup implements testing.TB.
func (s *scope) Cleanup(f func()) { s.ends = append(s.ends, f) }

// settings are those of a server of ours that the suite's expectations are of: it compares text by its bytes unless told
// otherwise, transactions read one snapshot.
var settings = map[string]any{
	"collation_server": gsql.Collation_Default.Name(), "collation_connection": gsql.Collation_Default.Name(),
	"collation_database":    gsql.Collation_Default.Name(),
	"transaction_isolation": "REPEATABLE-READ", "tx_isolation": "REPEATABLE-READ",
}

// openDatabase opens an empty database. Its server may read and write files in the working directory.
func openDatabase(t *testing.T) *database {
	t.Helper()
	s := &scope{TB: t}
	d := &database{scope: s}
	below := enginetest.Open(s, enginetest.WithCollator(sql.Collator()), enginetest.WithClock(d.now))
	files, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := sql.Embed(sql.Options{
		Engine: below.Engine, Log: below.Log, Addr: "127.0.0.1:0", Logger: zerolog.Nop(), Identity: vview.Identity{Version: "test"},
		FileDir: files, MaxPacketBytes: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := gsql.SystemVariables.AssignValues(settings); err != nil {
		t.Fatal(err)
	}
	d.embedded, d.engine = embedded, embedded.Engine()
	return d
}

func (d *database) now() time.Time {
	if seconds := d.clock.Load(); seconds != 0 {
		return time.Unix(seconds, 0)
	}
	return time.Now()
}

// Close implements suite.QueryEngine.
func (d *database) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	err := d.embedded.Close()
	for _, end := range d.scope.ends {
		end()
	}
	return err
}
