package short

import (
	"context"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"

	"redoubt/sql/storage"
)

// Options of a Path.
type Options struct {
	Store *storage.Store
	// Require returns an error if the user of a session lacks a privilege on a table.
	Require func(ctx *gsql.Context, database, table string, privilege gsql.PrivilegeType) error
	// Processes lists the running statements, for SHOW PROCESSLIST and KILL.
	Processes gsql.ProcessList
	Metrics   *metrics.Set // gets redoubt_sql_short_…
}

// Path is the short path of a server.
type Path struct {
	options   Options
	templates templates
	pid       atomic.Uint64
	taken     *metrics.Counter
	refused   map[refusal]*metrics.Counter
}

// New makes a Path.
func New(o Options) *Path {
	p := &Path{
		options: o, refused: map[refusal]*metrics.Counter{},
		taken: o.Metrics.GetOrCreateCounter("redoubt_sql_short_statements_total"),
	}
	for _, r := range refusals {
		p.refused[r] = o.Metrics.GetOrCreateCounter(`redoubt_sql_short_refused_total{reason="` + string(r) + `"}`)
	}
	return p
}

// Client is a connection's use of a Path. It belongs to the connection's goroutine.
type Client struct {
	path      *Path
	cut       cut
	statement Statement
	prepared  map[uint32]*preparedText
}

// preparedText is the text of a prepared statement, cut.
type preparedText struct {
	text string
	ok   bool
	cut  cut

	template *template // of the latest execution, and what it was found by
	database string
	charset  uint16
}

// find gives the template, as a rule the one of the execution before.
func (p *preparedText) find(t *templates, database string, charset uint16) *template {
	if p.template == nil || p.database != database || p.charset != charset {
		p.template, p.database, p.charset = t.find(p.cut.template, database, charset, true), database, charset
	}
	return p.template
}

// NewClient makes the Client of a connection.
func (p *Path) NewClient() *Client { return &Client{path: p, prepared: map[uint32]*preparedText{}} }

// Text gives the statement of a text. It is valid until the next call.
func (c *Client) Text(session *storage.Session, text string) *Statement {
	s := c.begin(text)
	if session == nil || !cutText(text, false, &c.cut) {
		return s
	}
	s.template = c.path.templates.find(c.cut.template, session.GetCurrentDatabase(), uint16(session.GetCharacterSetResults()), false)
	s.rows = c.cut.rows
	for i := range c.cut.slots {
		s.arguments = append(s.arguments, c.cut.slots[i].literal)
	}
	return s
}

// preparedMax bounds the texts of prepared statements that a connection keeps cut.
const preparedMax = 1024

// Prepared gives the statement of an execution of a prepared one. It is valid until the next call.
func (c *Client) Prepared(session *storage.Session, data *mysql.PrepareData) *Statement {
	s := c.begin(data.PrepareStmt)
	if session == nil {
		return s
	}
	p := c.prepared[data.StatementID]
	if p == nil || p.text != data.PrepareStmt {
		if len(c.prepared) >= preparedMax {
			clear(c.prepared)
		}
		p = &preparedText{text: data.PrepareStmt}
		p.ok = cutText(p.text, true, &p.cut)
		c.prepared[data.StatementID] = p
	}
	if !p.ok || !s.bind(&p.cut, data) {
		return s
	}
	s.template = p.find(&c.path.templates, session.GetCurrentDatabase(), uint16(session.GetCharacterSetResults()))
	s.rows = p.cut.rows
	return s
}

// argumentsKept bounds the room for arguments that a connection keeps: an INSERT may have very many.
const argumentsKept = 1024

func (c *Client) begin(text string) *Statement {
	s := &c.statement
	if cap(s.arguments) > argumentsKept {
		s.arguments = nil
	}
	if cap(c.cut.slots) > argumentsKept {
		c.cut = cut{}
	}
	*s = Statement{path: c.path, text: text, arguments: s.arguments[:0]}
	return s
}

// bind reads the parameters of a prepared statement.
func (s *Statement) bind(c *cut, data *mysql.PrepareData) bool {
	for i := range c.slots {
		a := c.slots[i].literal
		if n := c.slots[i].parameter; n >= 0 {
			var ok bool
			if a, ok = bound(data.BindVars[parameterName(n)]); !ok {
				return false
			}
		}
		s.arguments = append(s.arguments, a)
	}
	return true
}

// context makes the SQL engine's context of a statement. One that may wait for others is entered into the list of
// processes, so that KILL ends it; end takes it out.
func (p *Path) context(ctx context.Context, session *storage.Session, text string, waits bool) (sqlCtx *gsql.Context, end func(), err error) {
	const own = 1 << 63 // the SQL engine counts its statements from 1
	sqlCtx = gsql.NewContext(ctx, gsql.WithSession(session), gsql.WithQuery(text), gsql.WithPid(own|p.pid.Add(1)),
		gsql.WithProcessList(p.options.Processes))
	if !waits {
		return sqlCtx, func() {}, nil
	}
	if sqlCtx, err = p.options.Processes.BeginQuery(sqlCtx, text); err != nil {
		return nil, nil, err
	}
	return sqlCtx, func() { p.options.Processes.EndQuery(sqlCtx) }, nil
}
