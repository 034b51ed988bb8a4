package sql

import (
	"context"
	"sync"
	"time"

	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/short"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
	"redoubt/sql/vview"
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

// client is one connection. Its session is made by its first statement.
type client struct {
	conn    *mysql.Conn
	user    string // "" before the login
	session *storage.Session
	short   *short.Client
	busy    bool
}

func newHandler(inner mysql.Handler, s *Server) *handler {
	return &handler{Handler: inner, server: s, clients: map[uint32]*client{}, empty: make(chan struct{})}
}

// repeatsMax bounds how often a statement that met a conflict is run again.
const repeatsMax = 10

// NewConnection implements mysql.Handler. The greeting that follows says that statements commit by themselves: PyMySQL
// and others switch that off only if they were told that it is on.
func (h *handler) NewConnection(c *mysql.Conn) {
	c.StatusFlags |= mysql.ServerStatusAutocommit
	h.mu.Lock()
	h.clients[c.ConnectionID] = &client{conn: c, short: h.server.short.NewClient()}
	h.mu.Unlock()
	h.Handler.NewConnection(c)
}

// ConnectionClosed implements mysql.Handler. What the client left open is rolled back by its session's end.
func (h *handler) ConnectionClosed(c *mysql.Conn) {
	h.Handler.ConnectionClosed(c)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c.ConnectionID)
	h.closeIfEmpty()
}

func (h *handler) closeIfEmpty() {
	if !h.draining || len(h.clients) > 0 {
		return
	}
	select {
	case <-h.empty:
	default:
		close(h.empty)
	}
}

// adopt remembers the session of a connection.
func (h *handler) adopt(id uint32, s *storage.Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.clients[id]; c != nil {
		c.session = s
	}
}

// loggedIn remembers the user of a connection.
func (h *handler) loggedIn(id uint32, user string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.clients[id]; c != nil {
		c.user = user
	}
}

// userOf gives the user of a connection, "" before the login.
func (h *handler) userOf(id uint32) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.clients[id]; c != nil {
		return c.user
	}
	return ""
}

// sessionOf gives the session of a connection, nil before its first statement.
func (h *handler) sessionOf(id uint32) *storage.Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.clients[id]; c != nil {
		return c.session
	}
	return nil
}

// transactions lists the open transactions of all connections.
func (h *handler) transactions() (out []vview.Transaction) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, c := range h.clients {
		if c.session == nil {
			continue
		}
		if t := c.session.Transaction(); t != nil {
			out = append(out, vview.Transaction{
				XID: t.XID, ConnectionID: id, User: c.user, Host: c.conn.RemoteAddr().String(), Isolation: t.Isolation.String(),
				ReadOnly: t.ReadOnly, Started: t.Started, Snapshot: t.Snapshot, Changes: t.Changes, Bytes: t.Bytes,
			})
		}
	}
	return out
}

// tableLocks gives the connections that have locked tables, by the owner of those locks.
func (h *handler) tableLocks() map[uint64]uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[uint64]uint32{}
	for id, c := range h.clients {
		if c.session == nil {
			continue
		}
		if owner := c.session.LockOwner(); owner != 0 {
			out[owner] = id
		}
	}
	return out
}

// begin marks a connection as busy, or refuses the statement because the server is stopping.
func (h *handler) begin(c *mysql.Conn) (*storage.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, sqlcode.New(sqlcode.IDStopping)
	}
	known := h.clients[c.ConnectionID]
	if known == nil {
		return nil, nil
	}
	known.busy = true
	return known.session, nil
}

// end marks a connection as idle; a stopping server closes it.
func (h *handler) end(ctx context.Context, c *mysql.Conn, failure error) {
	h.mu.Lock()
	known := h.clients[c.ConnectionID]
	h.mu.Unlock()
	if known == nil {
		return
	}
	if known.session != nil {
		known.session.StatementDone(failure)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	known.busy = false
}

// statement runs one statement of a client, again if it met a conflict before its client had seen anything of it.
func (h *handler) statement(ctx context.Context, c *mysql.Conn, text string, run func(shown *bool) error) (err error) {
	kind, start := kindOf(text), time.Now()
	defer func() { h.server.figures.record(kind, start, err) }()
	session, err := h.begin(c)
	if err != nil {
		return err
	}
	failed := true // a panic fails the statement, too
	defer func() {
		if failed && err == nil {
			err = sqlcode.New(sqlcode.IDInterrupted)
			h.end(ctx, c, err)
		}
	}()
	if session != nil && (kind == "ddl" || storage.CommitsFirst(text)) {
		if err = session.Commit(gsql.NewContext(ctx, gsql.WithSession(session))); err != nil {
			failed = false
			h.end(ctx, c, err)
			return err
		}
	}
	alone := kind == "ddl" || session == nil || !session.InTransaction()
	for repeats := 0; ; repeats++ {
		var shown bool
		shown, err = h.attempt(ctx, c, text, run)
		failed = false
		h.end(ctx, c, err)
		if err == nil || shown || !alone || repeats == repeatsMax || !hasID(err, sqlcode.IDConflict) || !mayRepeat(kind, text) || ctx.Err() != nil {
			return err
		}
		failed = true
		h.server.figures.retries.Inc()
	}
}

// attempt runs a statement, and again on a newer snapshot each time when it met a row that had changed since the one it
// was reading: the locks that it has then are kept, so it comes further each time.
func (h *handler) attempt(ctx context.Context, c *mysql.Conn, text string, run func(shown *bool) error) (shown bool, err error) {
	for {
		if session := h.sessionOf(c.ConnectionID); session != nil {
			session.StatementBegin()
		}
		err = presentMissing(text, run(&shown))
		if !hasID(err, sqlcode.IDStale) || shown || ctx.Err() != nil {
			return shown, err
		}
		if session := h.sessionOf(c.ConnectionID); session == nil || !session.RestartStatement() {
			return shown, err
		}
		h.server.figures.restarts.Inc()
	}
}

func hasID(err error, id string) bool {
	code, ok := sqlcode.Of(err)
	return ok && code.ID == id
}

// ComInitDB implements mysql.Handler.
func (h *handler) ComInitDB(c *mysql.Conn, schema string) error {
	if _, err := h.begin(c); err != nil {
		return err
	}
	err := h.Handler.ComInitDB(c, schema)
	h.end(context.Background(), c, err)
	return err
}

// ComQuery implements mysql.Handler.
func (h *handler) ComQuery(ctx context.Context, c *mysql.Conn, query string, rows mysql.ResultSpoolFn) error {
	if isBlank(query) {
		return errBlank()
	}
	st := h.shortText(c, query)
	return h.statement(ctx, c, query, func(shown *bool) error {
		if done, err := h.short(ctx, c, st, shown, func(r *sqltypes.Result) error { return rows(r, false) }); done {
			return err
		}
		return presentError(h.Handler.ComQuery(ctx, c, query, h.watch(c, rows, shown, st)))
	})
}

// ComMultiQuery implements mysql.Handler: the first statement of the text; the rest comes back in another call.
func (h *handler) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, rows mysql.ResultSpoolFn) (rest string, err error) {
	if isBlank(query) {
		return "", errBlank()
	}
	st := h.shortText(c, query)
	err = h.statement(ctx, c, query, func(shown *bool) error {
		if done, err := h.short(ctx, c, st, shown, func(r *sqltypes.Result) error { return rows(r, false) }); done {
			return err
		}
		rest, err = h.Handler.ComMultiQuery(ctx, c, query, h.watch(c, rows, shown, st))
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
func (h *handler) watch(c *mysql.Conn, rows mysql.ResultSpoolFn, shown *bool, st *short.Statement) mysql.ResultSpoolFn {
	p := h.presenter()
	return func(result *sqltypes.Result, more bool) error {
		if session := h.sessionOf(c.ConnectionID); !*shown && session != nil && session.Stale() {
			return sqlcode.New(sqlcode.IDStale)
		}
		*shown = true
		p.present(result)
		if st != nil && result != nil {
			st.Learn(result)
		}
		return rows(result, more)
	}
}

// shortText gives a text to the short path; nil if its connection has no session yet.
func (h *handler) shortText(c *mysql.Conn, text string) *short.Statement {
	client, session := h.clientOf(c.ConnectionID)
	if session == nil {
		return nil
	}
	return client.Text(session, text)
}

// short runs a statement on the short path, if it is one for it.
func (h *handler) short(ctx context.Context, c *mysql.Conn, st *short.Statement, shown *bool, send func(*sqltypes.Result) error) (done bool, err error) {
	if st == nil {
		return false, nil
	}
	return st.Run(ctx, c, h.sessionOf(c.ConnectionID), func(r *sqltypes.Result) error {
		*shown = true
		if len(r.Info) < infoBytesMin {
			r.Info = ""
		}
		p := h.presenter()
		p.fields = r.Fields
		p.presentRows(r)
		return send(r)
	})
}

// clientOf gives a connection's use of the short path, and its session, nil before its first statement.
func (h *handler) clientOf(id uint32) (*short.Client, *storage.Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.clients[id]; c != nil {
		return c.short, c.session
	}
	return nil, nil
}

// ComPrepare implements mysql.Handler.
func (h *handler) ComPrepare(ctx context.Context, c *mysql.Conn, query string, p *mysql.PrepareData) ([]*querypb.Field, error) {
	if _, err := h.begin(c); err != nil {
		return nil, err
	}
	fields, err := h.Handler.ComPrepare(ctx, c, query, p)
	h.presenter().describe(fields)
	h.end(ctx, c, err)
	return fields, err
}

// ComStmtExecute implements mysql.Handler.
func (h *handler) ComStmtExecute(ctx context.Context, c *mysql.Conn, p *mysql.PrepareData, rows func(*sqltypes.Result) error) error {
	var st *short.Statement
	if client, session := h.clientOf(c.ConnectionID); session != nil {
		st = client.Prepared(session, p)
	}
	return h.statement(ctx, c, p.PrepareStmt, func(shown *bool) error {
		if done, err := h.short(ctx, c, st, shown, rows); done {
			return err
		}
		pass := h.watch(c, func(result *sqltypes.Result, _ bool) error { return rows(result) }, shown, st)
		return presentError(h.Handler.ComStmtExecute(ctx, c, p, func(result *sqltypes.Result) error { return pass(result, false) }))
	})
}

// drain closes idle connections and waits for busy ones to finish their statement, or for ctx. Then it closes those
// that are left.
func (h *handler) drain(ctx context.Context) error {
	h.mu.Lock()
	h.draining = true
	h.closeIfEmpty()
	h.mu.Unlock()
	ticker := time.NewTicker(drainInterval)
	defer ticker.Stop()
	for {
		h.closeClients(false)
		select {
		case <-h.empty:
			return nil
		case <-ctx.Done():
			h.closeClients(true)
			<-h.empty
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// drainInterval is how often a stopping server looks for connections that have become idle.
const drainInterval = 20 * time.Millisecond

func (h *handler) closeClients(busyToo bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, c := range h.clients {
		if c.busy && !busyToo {
			continue
		}
		if c.busy {
			h.server.engine.ProcessList.Kill(id)
		}
		c.conn.Close()
	}
}
