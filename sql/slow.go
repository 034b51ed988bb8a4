package sql

import (
	"context"
	"strings"
	"sync"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/sqlstat"
	"redoubt/sql/vview"
)

const (
	slowMax          = 512      // statements that are kept
	slowTextBytesMax = 16 << 10 // of one statement's text, and of its plan
)

// slowLog keeps the latest statements that took long. It is safe for concurrent use.
type slowLog struct {
	mu    sync.Mutex
	kept  []vview.SlowStatement // a ring
	next  int
	total uint64
}

func (l *slowLog) add(s vview.SlowStatement) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	s.Number = l.total
	if len(l.kept) < slowMax {
		l.kept = append(l.kept, s)
		return
	}
	l.kept[l.next] = s
	l.next = (l.next + 1) % slowMax
}

// list gives them, the latest first.
func (l *slowLog) list() []vview.SlowStatement {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]vview.SlowStatement, 0, len(l.kept))
	for i := range l.kept {
		out = append(out, l.kept[(l.next+len(l.kept)-1-i)%len(l.kept)])
	}
	return out
}

// count is how many there were since the start.
func (l *slowLog) count() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// slow tells of a statement that took long, with the plan by which it ran.
func (o *observed) slow(x sqlstat.Execution, err error) vview.SlowStatement {
	s := vview.SlowStatement{
		Digest: o.digest, Kind: o.kind, Schema: o.schema(), Text: cutTo(o.text, slowTextBytesMax), Started: o.start, Took: x.Took,
		RowsRead: x.RowsRead, RowsSent: x.RowsSent, RowsChanged: x.RowsChanged, Short: x.Short, Plan: cutTo(o.plan(), slowTextBytesMax),
	}
	if err != nil {
		s.Error = err.Error()
	}
	if o.client != nil {
		s.Session, s.User = o.client.conn.ConnectionID, o.client.user
	}
	return s
}

// plan is the plan by which the statement ran, as EXPLAIN shows it; empty if it had none.
func (o *observed) plan() string {
	session := o.client.sessionNow()
	if session == nil || o.short {
		return ""
	}
	node := session.Plan()
	if node == nil {
		return ""
	}
	ctx := gsql.NewContext(context.Background(), gsql.WithSession(session))
	var lines []string
	watch := &profile{}
	watch.monitor, _ = session.Attached().(*planMonitor)
	commands{o.handler.server}.step(ctx, node, watch).lines(0, func(line string) { lines = append(lines, line) })
	return strings.Join(lines, "\n")
}

func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + " …"
}

// planKeeper stands before all that makes iterators of plans, and keeps the plan of each session's statement.
type planKeeper struct {
	gsql.NodeExecBuilder
	server *Server
}

// Build implements gsql.NodeExecBuilder.
func (k planKeeper) Build(ctx *gsql.Context, node gsql.Node, row gsql.Row) (gsql.RowIter, error) {
	if s, err := session(ctx); err == nil && s.Planned(node) {
		k.monitor(s, node)
	}
	counted, more, err := countReplaced(node)
	if err != nil {
		return nil, err
	}
	if counted == nil {
		return k.NodeExecBuilder.Build(ctx, node, row)
	}
	rows, err := k.NodeExecBuilder.Build(ctx, counted, row)
	if err != nil {
		return nil, err
	}
	return &replacedIter{rows, more}, nil
}
