package sql

import (
	"context"
	"errors"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"

	"redoubt/sql/short"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
	"redoubt/sql/vview"
	"redoubt/telemetry"
)

// client is one connection. Its session is made by its first statement. Others read it under the handler's mutex; the
// connection's own goroutine, which alone sets short and session, reads these two as they are.
type client struct {
	conn    *mysql.Conn
	user    string // "" before the login
	session *storage.Session
	short   *short.Client
	slot    *telemetry.Slot // where it is shown what the connection does
	program string          // that the client says it is
	busy    bool
	text    string    // of the running statement
	since   time.Time // it began, or the latest one ended
}

// clientOf gives the client of a connection; nil if it is gone.
func (h *handler) clientOf(c *mysql.Conn) *client {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clients[c.ConnectionID]
}

// begin marks a client as busy with a statement, or refuses it because the server is stopping.
func (h *handler) begin(c *client, text string, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return sqlcode.New(sqlcode.IDStopping)
	}
	if c != nil {
		c.busy, c.text, c.since = true, text, now
	}
	return nil
}

// end marks a client as idle; a stopping server closes it.
func (h *handler) end(c *client, failure error) {
	if c == nil {
		return
	}
	if c.session != nil {
		c.session.StatementDone(failure)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c.busy, c.text, c.since = false, "", time.Now()
}

// failed keeps the error of a statement among the warnings of its session, as its client gets it.
func (c *client) failed(err error) {
	var told *mysql.SQLError
	if session := c.sessionNow(); session != nil && errors.As(sqlcode.Map(err), &told) {
		session.Failed(told.Num, told.Message)
	}
}

// complete tells the list of processes what it does not know: who a connection is before its first statement, and the
// statements on the short path that wait for nobody, which are not entered there.
func (h *handler) complete(p *gsql.Process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.clients[p.Connection]
	if c == nil {
		return
	}
	if c.user != "" && (p.Command == gsql.ProcessCommandConnect || p.User == strangerUser) {
		p.User = c.user
		if p.Command == gsql.ProcessCommandConnect {
			p.Command = gsql.ProcessCommandSleep
		}
	}
	if p.Command != gsql.ProcessCommandSleep || c.since.IsZero() {
		return
	}
	p.StartedAt = c.since
	if c.busy {
		p.Command, p.Query = gsql.ProcessCommandQuery, c.text
	}
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
		s.Watch(c.slot)
	}
}

// loggedIn remembers the user and the program of a connection.
func (h *handler) loggedIn(id uint32, user, program string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.clients[id]; c != nil {
		c.user, c.program = user, program
		c.slot.Identify(func(i *telemetry.Identity) { i.User, i.Program = user, program })
	}
}

// programOf is the program that a connection's client says it is.
func (h *handler) programOf(id uint32) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.clients[id]; c != nil {
		return c.program
	}
	return ""
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

// flushTime is how long a connection is left alone after its last statement: the protocol sends the end of an answer when the
// statement is no longer known here.
const flushTime = 100 * time.Millisecond

func (h *handler) closeClients(busyToo bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, c := range h.clients {
		if !busyToo && (c.busy || time.Since(c.since) < flushTime) {
			continue
		}
		if c.busy {
			h.server.engine.ProcessList.Kill(id)
		}
		c.conn.Close()
	}
}
