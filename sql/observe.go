package sql

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/sqltypes"

	"redoubt/sql/short"
	"redoubt/sql/sqlcode"
	"redoubt/sql/sqlstat"
	"redoubt/sql/storage"
	"redoubt/telemetry"
)

// observed is one statement of a client, as those who look from outside see it: in its session's slot while it runs, in the
// statistics of its digest and among the slow ones once it has ended.
type observed struct {
	handler *handler
	client  *client // nil: its connection is gone
	text    string
	kind    string
	digest  uint64
	start   time.Time
	short   bool // it took the short path
	simple  *short.Statement
	changed uint64 // rows

	conflicts uint64 // times that it began again because of another
}

// observe begins to show a statement.
func (h *handler) observe(c *client, st *short.Statement, text, kind string) *observed {
	o := &observed{handler: h, client: c, simple: st, text: text, kind: kind, start: time.Now()}
	session := c.sessionNow()
	switch digest := st.Digest(); {
	case digest != 0:
		o.digest = digest
		session.Digested(text, digest)
	case session != nil:
		o.digest = session.Digest(text)
	default:
		o.digest = storage.Digest(text)
	}
	c.slotNow().Call(o.digest, &h.server.figures.statements[kind].name, o.start.UnixMicro())
	return o
}

// passed notes a result on its way to the client.
func (o *observed) passed(r *sqltypes.Result) {
	if r == nil {
		return
	}
	if len(r.Fields) == 0 {
		o.changed += r.RowsAffected
	}
	o.client.slotNow().Sent(uint64(len(r.Rows)))
}

// ended counts the statement.
func (o *observed) ended(err error) {
	took := time.Since(o.start)
	h, slot := o.handler, o.client.slotNow()
	h.server.figures.record(o.kind, took, err)
	read, sent := slot.Progress()
	slot.Done()
	slot.Add(telemetry.FigureCalls, 1)
	slot.Add(telemetry.FigureDBTime, uint64(took.Microseconds()))
	slot.Add(telemetry.FigureRowsChanged, o.changed)
	if err != nil {
		slot.Add(telemetry.FigureErrors, 1)
	}
	if o.short {
		slot.Add(telemetry.FigureShortPath, 1)
	}
	if code, ok := sqlcode.Of(err); ok && code.Errno == 1213 {
		o.conflicts++
	}
	x := sqlstat.Execution{
		Conflicts: o.conflicts, Ended: o.start.Add(took).UnixMicro(), Took: took, Failed: err != nil, Short: o.short, RowsRead: read, RowsSent: sent, RowsChanged: o.changed,
	}
	h.server.statistics.Ended(o.digest, x, o.ran(), func() sqlstat.About {
		text := o.text
		if digested := o.simple.Digested(); digested != "" {
			text = digested
		}
		return sqlstat.About{Text: storage.DigestText(text, sqlstat.TextBytesMax), Kind: o.kind, Schema: o.schema()}
	})
	if limit := h.server.options.SlowStatement; limit > 0 && took >= limit {
		h.server.slow.add(o.slow(x, err))
	}
}

func (o *observed) schema() string {
	if s := o.client.sessionNow(); s != nil {
		return s.GetCurrentDatabase()
	}
	return ""
}

// slotNow is the client's slot; nil if it is gone.
func (c *client) slotNow() *telemetry.Slot {
	if c == nil {
		return nil
	}
	return c.slot
}

// timeHint is the optimizer hint by which one statement says how long it may run, in milliseconds.
var timeHint = regexp.MustCompile(`(?is)^\s*select\s*/\*\+[^*]*\bmax_execution_time\s*\(\s*([0-9]+)\s*\)`)

// errTooSlow is why a statement was ended that ran for longer than it may.
var errTooSlow = context.DeadlineExceeded

// limited gives the context of a query that may run only for so long: as its hint says, or max_execution_time. As in MySQL
// only SELECT is bounded.
func (o *observed) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	session := o.client.sessionNow()
	if o.kind != "select" || session == nil {
		return ctx, func() {}
	}
	limit := session.ExecutionTime()
	if o.simple.Kind() == "" { // else there is no comment, and no hint
		if hint := timeHint.FindStringSubmatch(o.text); hint != nil {
			if ms, err := strconv.ParseInt(hint[1], 10, 64); err == nil && ms > 0 {
				limit = time.Duration(min(ms, 1<<40)) * time.Millisecond
			}
		}
	}
	if limit <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, limit, errTooSlow)
}

// overdue gives an error that a statement ended with because its time was over the name of that.
func overdue(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errTooSlow) {
		return errTooSlow
	}
	return err
}

// settle counts no row as changed by SET, where the SQL engine counts one.
func (o *observed) settle(r *sqltypes.Result) {
	if o.kind != "set" || r == nil {
		return
	}
	r.RowsAffected = 0
	if session := o.client.sessionNow(); session != nil {
		session.SetLastQueryInfoInt(gsql.RowCount, 0)
	}
}
