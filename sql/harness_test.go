package sql

import (
	"context"
	gosql "database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/rs/zerolog"

	"redoubt/engine/enginetest"
	"redoubt/sql/vview"
)

// running is a server over an engine with a log in memory, and a client of it.
type running struct {
	t        testing.TB
	database *enginetest.Database
	server   *Server
	db       *gosql.DB
	change   func(*Options)
}

// start starts a server with an empty database test, which is the client's current one.
func start(t testing.TB) *running { return startWith(t, func(*Options) {}) }

// startWith does so with other options.
func startWith(t testing.TB, change func(*Options)) *running {
	t.Helper()
	r := &running{t: t, database: enginetest.Open(t, enginetest.WithCollator(Collator())), change: change}
	r.open()
	t.Cleanup(func() { r.close() })
	r.exec("CREATE DATABASE test")
	r.db.Close()
	r.db = r.connect("test", "")
	return r
}

func (r *running) open() {
	r.t.Helper()
	o := Options{
		Engine: r.database.Engine, Log: r.database.Log, Addr: "127.0.0.1:0", Logger: zerolog.Nop(), Identity: vview.Identity{Version: "test"},
		Parameters: func() []Parameter { return []Parameter{{Name: "mysql", Value: "x", Source: "flag"}} },
	}
	r.change(&o)
	s, err := New(o)
	if err != nil {
		r.t.Fatalf("new server: %v", err)
	}
	r.server = s
	go s.Serve() //nolint // joined by Shutdown
	r.db = r.connect("", "")
}

func (r *running) connect(database, extra string) *gosql.DB {
	r.t.Helper()
	db, err := gosql.Open("mysql", fmt.Sprintf("root@tcp(%s)/%s?%s", r.server.Addr(), database, extra))
	if err != nil {
		r.t.Fatal(err)
	}
	return db
}

func (r *running) close() {
	r.db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.server.Shutdown(ctx); err != nil {
		r.t.Errorf("shutdown: %v", err)
	}
}

// restart stops the server, crashes the engine and starts both again.
func (r *running) restart() {
	r.t.Helper()
	r.close()
	r.database.Restart(r.t)
	r.open()
	r.db.Close()
	r.db = r.connect("test", "")
}

// exec runs statements; each must succeed.
func (r *running) exec(statements ...string) {
	r.t.Helper()
	for _, s := range statements {
		if _, err := r.db.Exec(s); err != nil {
			r.t.Fatalf("%s: %v", s, err)
		}
	}
}

// fails runs a statement that must fail with a MySQL error number.
func (r *running) fails(errno uint16, statement string, args ...any) {
	r.t.Helper()
	_, err := r.db.Exec(statement, args...)
	var known *mysqldriver.MySQLError
	if !errors.As(err, &known) || known.Number != errno {
		r.t.Fatalf("%s: got %v, want error %d", statement, err, errno)
	}
}

// rows runs a query and gives each row as its values joined by |, NULL for nil.
func (r *running) rows(query string, args ...any) []string {
	r.t.Helper()
	out, err := queryRows(r.db, query, args...)
	if err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	return out
}

type querier interface {
	Query(query string, args ...any) (*gosql.Rows, error)
}

func queryRows(q querier, query string, args ...any) ([]string, error) {
	rows, err := q.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		raw := make([]gosql.RawBytes, len(columns))
		into := make([]any, len(columns))
		for i := range raw {
			into[i] = &raw[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		texts := make([]string, len(columns))
		for i, b := range raw {
			texts[i] = "NULL"
			if b != nil {
				texts[i] = string(b)
			}
		}
		out = append(out, strings.Join(texts, "|"))
	}
	return out, rows.Err()
}

// want runs a query and compares its rows.
func (r *running) want(query string, want ...string) {
	r.t.Helper()
	got := r.rows(query)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		r.t.Fatalf("%s:\ngot\n  %s\nwant\n  %s", query, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// connectAs connects with "user:password".
func (r *running) connectAs(login, database string) *gosql.DB {
	r.t.Helper()
	db, err := gosql.Open("mysql", fmt.Sprintf("%s@tcp(%s)/%s", login, r.server.Addr(), database))
	if err != nil {
		r.t.Fatal(err)
	}
	return db
}
