package sql

import (
	"context"
	"fmt"
	"runtime/debug"

	sqle "github.com/dolthub/go-mysql-server"
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/sqlcode"
	"redoubt/sql/sqlstat"
	"redoubt/sql/storage"
)

// Embedded is the SQL engine without the MySQL protocol in front: its statements come from Go. A Server is the same
// engine with a listener. Its statements are given to Engine inside of Run.
type Embedded struct{ server *Server }

// Embed makes the engine. Its address is only what sessions say that they are connected to.
func Embed(o Options) (*Embedded, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Server{options: o, figures: newFigures(o.Metrics), statistics: sqlstat.New(1)}
	s.handler = newHandler(nil, s)
	if err := s.openEngine(); err != nil {
		return nil, err
	}
	return &Embedded{s}, nil
}

// Engine gives the SQL engine, with our rules, functions, parser and storage.
func (e *Embedded) Engine() *sqle.Engine { return e.server.engine }

// Store gives what the engine reads and writes.
func (e *Embedded) Store() *storage.Store { return e.server.store }

// NewSession makes a session over a base that says who its client is.
func (e *Embedded) NewSession(base *gsql.BaseSession) *storage.Session {
	return storage.NewSession(base, e.server.store, "embedded")
}

// Run runs a statement of a session as a connection does: one that changes definitions commits first what is open; one
// that meets a row which has changed since its snapshot begins again; one that fails is taken back. run gives the
// statement to the engine, and reads its rows to the end. What panics is an error, as it is to a client.
func (e *Embedded) Run(ctx context.Context, session *storage.Session, text string, run func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic: %v\n%s", value, debug.Stack())
		}
		session.StatementDone(err)
	}()
	if err := e.server.commitFirst(ctx, session, kindOf(text), text); err != nil {
		return err
	}
	for {
		session.StatementBegin()
		if err = run(); !hasID(err, sqlcode.IDStale) || !session.RestartStatement() {
			return err
		}
	}
}

// Close ends the engine's threads. Sessions are ended by those who made them.
func (e *Embedded) Close() error { return e.server.closeEngine() }
