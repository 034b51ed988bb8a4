package enginetest

import (
	"testing"

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
}

// scope ends with its database, not with the test: a suite opens a database for each of its cases.
type scope struct {
	testing.TB
	ends []func()
}

// Cleanup implements testing.TB.
func (s *scope) Cleanup(f func()) { s.ends = append(s.ends, f) }

// openDatabase opens a database that compares text by its bytes unless told otherwise, as the suite expects: a server of
// ours that is set up so by collation_server.
func openDatabase(t *testing.T) *database {
	t.Helper()
	s := &scope{TB: t}
	below := enginetest.Open(s, enginetest.WithCollator(sql.Collator()))
	embedded, err := sql.Embed(sql.Options{
		Engine: below.Engine, Addr: "127.0.0.1:0", Logger: zerolog.Nop(), Identity: vview.Identity{Version: "test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"collation_server", "collation_connection", "collation_database"} {
		if err := gsql.SystemVariables.AssignValues(map[string]any{name: gsql.Collation_Default.Name()}); err != nil {
			t.Fatal(err)
		}
	}
	return &database{embedded: embedded, engine: embedded.Engine(), scope: s}
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
