package sql

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/short"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
	"redoubt/sql/wire"
	"redoubt/telemetry"
)

// handler is what happens around the statements of clients. It stands between package wire and the SQL engine's own.
type handler struct {
	mysql.Handler
	server *Server

	mu       sync.Mutex
	clients  map[uint32]*client
	draining bool
	empty    chan struct{} // closed when draining and the last client is gone
}

func newHandler(inner mysql.Handler, s *Server) *handler {
	return &handler{Handler: inner, server: s, clients: map[uint32]*client{}, empty: make(chan struct{})}
}

// repeatsMax bounds how often a statement that met a conflict is run again.
const repeatsMax = 10

// NewConnection implements mysql.Handler. The greeting that follows says that statements commit by themselves: PyMySQL
// and others switch that off only if they were told that it is on.
func (h *handler) NewConnection(c *mysql.Conn) {
	h.server.seeUsers()
	c.StatusFlags |= mysql.ServerStatusAutocommit
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		host = c.RemoteAddr().String()
	}
	slot := h.server.options.Slots.Take(telemetry.Identity{Session: c.ConnectionID, Host: host})
	wire.Watch(c, slot)
	h.mu.Lock()
	h.clients[c.ConnectionID] = &client{conn: c, short: h.server.short.NewClient(), slot: slot}
	h.mu.Unlock()
	h.Handler.NewConnection(c)
}

// ConnectionClosed implements mysql.Handler. What the client left open is rolled back by its session's end.
func (h *handler) ConnectionClosed(c *mysql.Conn) {
	h.Handler.ConnectionClosed(c)
	h.mu.Lock()
	defer h.mu.Unlock()
	if client := h.clients[c.ConnectionID]; client != nil {
		wire.Watch(c, nil)
		h.server.options.Slots.GiveBack(client.slot)
	}
	delete(h.clients, c.ConnectionID)
	h.closeIfEmpty()
}

// attempting runs a statement once, and notes whether its client has seen anything of it.
type attempting func(ctx context.Context, o *observed, shown *bool) error

// statement runs one statement of a client, again if it met a conflict before its client had seen anything of it.
func (h *handler) statement(ctx context.Context, c *client, st *short.Statement, text string, run attempting) (err error) {
	kind := st.Kind()
	known := kind != ""
	if !known {
		kind = kindOf(text)
	}
	o := h.observe(c, st, text, kind)
	defer func() {
		o.ended(err)
		c.failed(err)
	}()
	ctx, cancel := o.limited(ctx)
	defer cancel()
	if err := h.begin(c, text, o.start); err != nil {
		return err
	}
	session := c.sessionNow()
	if err = h.refresh(ctx, session, kind, text); err != nil {
		h.end(c, err)
		return err
	}
	failed := true // a panic fails the statement, too
	defer func() {
		if failed && err == nil {
			err = sqlcode.New(sqlcode.IDInterrupted)
			h.end(c, err)
		}
	}()
	if !known {
		if err = h.server.commitFirst(ctx, session, kind, text); err != nil {
			failed = false
			h.end(c, err)
			return err
		}
	}
	h.server.tellRuns(session, text)
	alone := kind == "ddl" || session == nil || !session.InTransaction()
	for repeats := 0; ; repeats++ {
		var shown bool
		shown, err = h.attempt(ctx, o, run)
		err = overdue(ctx, err)
		failed = false
		h.end(c, err)
		if err == nil || shown || !alone || repeats == repeatsMax || !hasID(err, sqlcode.IDConflict) || !mayRepeat(kind) || ctx.Err() != nil {
			return err
		}
		failed = true
		h.server.figures.retries.Inc()
		o.conflicts++
		if session := c.sessionNow(); session != nil {
			if err = session.Recall(); err != nil {
				return err
			}
		}
		if err = h.refresh(ctx, session, kind, text); err != nil { // the commit that was in the way may be another node's
			return err
		}
	}
}

// commitFirst commits what is open before a statement that changes the dictionary, or does as if. One that cannot be read commits nothing.
func (s *Server) commitFirst(ctx context.Context, session *storage.Session, kind, text string) error {
	if session == nil || kind != "ddl" && !storage.CommitsFirst(text) {
		return nil
	}
	inside := gsql.NewContext(ctx, gsql.WithSession(session))
	switch {
	case !s.parser.Reads(inside, text):
		return nil
	case kind == "ddl" && session.ReadsOnly():
		return sqlcode.New(sqlcode.IDReadOnly, "the statement")
	}
	return session.Commit(inside)
}

// attempt runs a statement, and again on a newer snapshot each time when it met a row that had changed since the one it
// was reading: the locks that it has then are kept, so it comes further each time.
func (h *handler) attempt(ctx context.Context, o *observed, run attempting) (shown bool, err error) {
	c := o.client
	for {
		if session := c.sessionNow(); session != nil {
			session.StatementBegin()
		}
		err = presentMissing(o.text, run(ctx, o, &shown))
		if !hasID(err, sqlcode.IDStale) || shown || ctx.Err() != nil {
			return shown, err
		}
		if session := c.sessionNow(); session == nil || !session.RestartStatement() {
			return shown, err
		}
		h.server.figures.restarts.Inc()
		o.conflicts++
		c.slotNow().Begin(telemetry.RetryConflict)
		c.slotNow().End(telemetry.RetryConflict)
	}
}

func hasID(err error, id string) bool {
	code, ok := sqlcode.Of(err)
	return ok && code.ID == id
}

// ComInitDB implements mysql.Handler.
func (h *handler) ComInitDB(c *mysql.Conn, schema string) error {
	client := h.clientOf(c)
	if err := h.begin(client, "", time.Now()); err != nil {
		return err
	}
	err := h.again(context.Background(), client, "select", "", func() error { return h.Handler.ComInitDB(c, schema) })
	h.end(client, err)
	client.failed(err)
	return err
}

// again looks something up that is not read or written yet, and once more if it is not there: another node may just have made it.
func (h *handler) again(ctx context.Context, c *client, kind, text string, look func() error) error {
	err := look()
	if err == nil || !h.server.several() || h.refresh(ctx, c.sessionNow(), kind, text) != nil {
		return err
	}
	return look()
}

// ComQuery implements mysql.Handler.
func (h *handler) ComQuery(ctx context.Context, c *mysql.Conn, query string, rows mysql.ResultSpoolFn) error {
	if isBlank(query) {
		return errBlank()
	}
	client := h.clientOf(c)
	st := client.shortText(query)
	return h.statement(ctx, client, st, query, func(ctx context.Context, o *observed, shown *bool) error {
		if done, err := h.short(ctx, o, st, shown, func(r *sqltypes.Result) error { return rows(r, false) }); done {
			return err
		}
		return presentError(h.Handler.ComQuery(ctx, c, query, h.watch(o, rows, shown, st)))
	})
}

// ComMultiQuery implements mysql.Handler: the first statement of the text; the rest comes back in another call.
func (h *handler) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, rows mysql.ResultSpoolFn) (rest string, err error) {
	if isBlank(query) {
		return "", errBlank()
	}
	client := h.clientOf(c)
	st := client.shortText(query)
	err = h.statement(ctx, client, st, query, func(ctx context.Context, o *observed, shown *bool) error {
		if done, err := h.short(ctx, o, st, shown, func(r *sqltypes.Result) error { return rows(r, false) }); done {
			return err
		}
		rest, err = h.Handler.ComMultiQuery(ctx, c, query, h.watch(o, rows, shown, st))
		return presentError(err)
	})
	return rest, err
}

func (h *handler) presenter() *presenter {
	return &presenter{
		precision: func(f *querypb.Field) int { return h.server.store.Precision(f.Database, f.OrgTable, f.OrgName) },
		isFlag:    func(f *querypb.Field) bool { return h.server.store.IsFlag(f.Database, f.OrgTable, f.OrgName) },
	}
}

// watch passes results of the full way on to the client, as MySQL writes them, and notes that there were some. The short
// path learns from them.
func (h *handler) watch(o *observed, rows mysql.ResultSpoolFn, shown *bool, st *short.Statement) mysql.ResultSpoolFn {
	p, c := h.presenter(), o.client
	return func(result *sqltypes.Result, more bool) error {
		if session := c.sessionNow(); !*shown && session != nil && session.Stale() {
			return sqlcode.New(sqlcode.IDStale)
		}
		*shown = true
		o.settle(result)
		p.present(result)
		tellInsertID(c.sessionNow(), o.kind, result)
		o.passed(result)
		if st != nil && result != nil {
			st.Learn(result)
		}
		return rows(result, more)
	}
}

// tellInsertID gives a result without columns the id that MySQL tells.
func tellInsertID(session *storage.Session, kind string, result *sqltypes.Result) {
	if session == nil || result == nil || len(result.Fields) > 0 {
		return
	}
	result.InsertID = 0
	switch kind {
	case "insert", "replace", "update", "prepare":
		result.InsertID = session.InsertID(kind == "update")
	}
}

// sessionNow gives the session, nil before the first statement. It is for the connection's own goroutine.
func (c *client) sessionNow() *storage.Session {
	if c == nil {
		return nil
	}
	return c.session
}

// shortText gives a text to the short path; nil if the connection has no session yet.
func (c *client) shortText(text string) *short.Statement {
	if c.sessionNow() == nil {
		return nil
	}
	return c.short.Text(c.session, text)
}

// short runs a statement on the short path, if it is one for it.
func (h *handler) short(ctx context.Context, o *observed, st *short.Statement, shown *bool, send func(*sqltypes.Result) error) (done bool, err error) {
	if st == nil {
		return false, nil
	}
	c := o.client
	done, err = st.Run(ctx, c.conn, c.session, func(r *sqltypes.Result) error {
		*shown = true
		if len(r.Info) < infoBytesMin {
			r.Info = ""
		}
		p := h.presenter()
		p.fields = r.Fields
		p.presentRows(r)
		o.passed(r)
		return send(r)
	})
	o.short = done
	return done, err
}

// ComPrepare implements mysql.Handler.
func (h *handler) ComPrepare(ctx context.Context, c *mysql.Conn, query string, p *mysql.PrepareData) ([]*querypb.Field, error) {
	client := h.clientOf(c)
	if err := h.begin(client, query, time.Now()); err != nil {
		return nil, err
	}
	var fields []*querypb.Field
	err := h.again(ctx, client, kindOf(query), query, func() (err error) {
		fields, err = h.Handler.ComPrepare(ctx, c, query, p)
		return err
	})
	h.presenter().describe(fields)
	h.end(client, err)
	client.failed(err)
	return fields, err
}

// ComStmtExecute implements mysql.Handler.
func (h *handler) ComStmtExecute(ctx context.Context, c *mysql.Conn, p *mysql.PrepareData, rows func(*sqltypes.Result) error) error {
	client := h.clientOf(c)
	if wire.OpensCursor(c) {
		k := &cursor{client: client}
		if err := h.execute(ctx, client, c, p, k.take); err != nil {
			return err
		}
		return k.give(rows)
	}
	return h.execute(ctx, client, c, p, rows)
}

// execute runs a prepared statement.
func (h *handler) execute(ctx context.Context, client *client, c *mysql.Conn, p *mysql.PrepareData, rows func(*sqltypes.Result) error) error {
	var st *short.Statement
	if client.sessionNow() != nil {
		st = client.short.Prepared(client.session, p)
	}
	return h.statement(ctx, client, st, p.PrepareStmt, func(ctx context.Context, o *observed, shown *bool) error {
		if done, err := h.short(ctx, o, st, shown, rows); done {
			return err
		}
		pass := h.watch(o, func(result *sqltypes.Result, _ bool) error { return rows(result) }, shown, st)
		return presentError(h.Handler.ComStmtExecute(ctx, c, p, func(result *sqltypes.Result) error { return pass(result, false) }))
	})
}
