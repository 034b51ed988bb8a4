package enginetest

import (
	"context"
	"fmt"
	"io"
	"testing"

	sqle "github.com/dolthub/go-mysql-server"
	suite "github.com/dolthub/go-mysql-server/enginetest"
	"github.com/dolthub/go-mysql-server/enginetest/scriptgen/setup"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/storage"
)

// harness runs the suite's statements over our storage. It belongs to one suite, which uses it from one goroutine.
type harness struct {
	t       *testing.T
	scripts []setup.SetupScript
	current *database        // the newest; sessions are made over it
	session *storage.Session // of NewContext
	clients uint32
	kept    *database // made by NewDatabases, for the engine that comes next
	bare    bool      // engines are those of the suite's own package, for what wants such a one
}

var (
	_ suite.Harness             = (*harness)(nil)
	_ suite.IndexHarness        = (*harness)(nil)
	_ suite.ForeignKeyHarness   = (*harness)(nil)
	_ suite.KeylessTableHarness = (*harness)(nil)
	_ suite.ClientHarness       = (*harness)(nil)
	_ suite.TransactionHarness  = (*harness)(nil)
)

func newHarness(t *testing.T) *harness {
	h := &harness{t: t}
	t.Cleanup(func() {
		if h.current != nil {
			h.current.Close()
		}
	})
	return h
}

// Setup implements suite.Harness.
func (h *harness) Setup(scripts ...[]setup.SetupScript) {
	h.scripts = nil
	for _, s := range scripts {
		h.scripts = append(h.scripts, s...)
	}
}

// NewEngine implements suite.Harness: each engine has a database of its own, with what the setup's scripts make.
func (h *harness) NewEngine(*testing.T) (suite.QueryEngine, error) {
	if d := h.kept; d != nil {
		h.kept, h.session, h.clients = nil, nil, 0
		return d, nil
	}
	h.current, h.session, h.clients = openDatabase(h.t), nil, 0
	if err := h.setUp(); err != nil {
		return nil, err
	}
	h.session, h.clients = nil, 0 // the session that runs the cases is the first
	if h.bare {
		return h.current.engine, nil
	}
	return h.current, nil
}

func (h *harness) setUp() error {
	scripts := h.scripts
	if len(scripts) == 0 {
		scripts = setup.MydbData
	}
	ctx := suite.NewContext(h)
	for _, script := range scripts {
		for _, statement := range script {
			if _, _, _, err := h.current.Query(ctx, statement); err != nil {
				return fmt.Errorf("setup %s: %w", statement, err)
			}
		}
	}
	return nil
}

func (h *harness) database() *database {
	if h.current == nil {
		h.current = openDatabase(h.t)
	}
	return h.current
}

// NewContext implements suite.Harness: all its contexts share a session.
func (h *harness) NewContext() *gsql.Context {
	if h.session == nil {
		return h.NewSession()
	}
	return gsql.NewContext(context.Background(), gsql.WithSession(h.session))
}

// NewSession implements suite.TransactionHarness.
func (h *harness) NewSession() *gsql.Context {
	h.session = h.newSession(gsql.Client{Address: "localhost", User: "root"})
	return h.NewContext()
}

// NewContextWithClient implements suite.ClientHarness.
func (h *harness) NewContextWithClient(client gsql.Client) *gsql.Context {
	return gsql.NewContext(context.Background(), gsql.WithSession(h.newSession(client)))
}

func (h *harness) newSession(client gsql.Client) *storage.Session {
	h.clients++
	return h.database().embedded.NewSession(gsql.NewBaseSessionWithClientServer("address", client, h.clients))
}

// SupportsNativeIndexCreation implements suite.IndexHarness.
func (h *harness) SupportsNativeIndexCreation() bool { return true }

// SupportsForeignKeys implements suite.ForeignKeyHarness.
func (h *harness) SupportsForeignKeys() bool { return true }

// SupportsKeylessTables implements suite.KeylessTableHarness.
func (h *harness) SupportsKeylessTables() bool { return true }

// Query implements suite.QueryEngine.
func (d *database) Query(ctx *gsql.Context, text string) (gsql.Schema, gsql.RowIter, *gsql.QueryFlags, error) {
	return d.QueryWithBindings(ctx, text, nil, nil, nil)
}

// QueryWithBindings implements suite.QueryEngine. It does around the statement what a connection does, and reads its rows
// to the end: what fails while they are read fails the statement.
func (d *database) QueryWithBindings(ctx *gsql.Context, text string, parsed sqlparser.Statement, bindings map[string]sqlparser.Expr, flags *gsql.QueryFlags) (schema gsql.Schema, _ gsql.RowIter, _ *gsql.QueryFlags, err error) {
	session, ok := ctx.Session.(*storage.Session)
	if !ok {
		return d.engine.QueryWithBindings(ctx, text, parsed, bindings, flags)
	}
	if _, none := ctx.ProcessList.(gsql.EmptyProcessList); none {
		ctx.ProcessList = d.engine.ProcessList
	}
	ctx = ctx.WithQuery(text)
	var rows []gsql.Row
	err = d.embedded.Run(ctx, session, text, func() error {
		var iter gsql.RowIter
		schema, iter, flags, err = d.engine.QueryWithBindings(ctx, text, parsed, bindings, flags)
		if err == nil {
			rows, err = readAll(ctx, iter)
		}
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return schema, gsql.RowsToRowIter(rows...), flags, nil
}

// readAll reads the rows of a statement. Closing them commits it, so they are not closed if it failed.
func readAll(ctx *gsql.Context, iter gsql.RowIter) (rows []gsql.Row, err error) {
	for {
		row, err := iter.Next(ctx)
		if err == io.EOF {
			return rows, iter.Close(ctx)
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
}

// PrepareQuery implements suite.QueryEngine.
func (d *database) PrepareQuery(ctx *gsql.Context, text string) (gsql.Node, error) {
	return d.engine.PrepareQuery(ctx, text)
}

// AnalyzeQuery implements suite.QueryEngine.
func (d *database) AnalyzeQuery(ctx *gsql.Context, text string) (gsql.Node, error) {
	return d.engine.AnalyzeQuery(ctx, text)
}

// EngineAnalyzer implements suite.QueryEngine.
func (d *database) EngineAnalyzer() *analyzer.Analyzer { return d.engine.Analyzer }

// EngineEventScheduler implements suite.QueryEngine.
func (d *database) EngineEventScheduler() gsql.EventScheduler { return d.engine.EventScheduler }

// EnginePreparedDataCache implements suite.QueryEngine.
func (d *database) EnginePreparedDataCache() *sqle.PreparedDataCache {
	return d.engine.PreparedDataCache
}

// CloseSession implements suite.QueryEngine.
func (d *database) CloseSession(id uint32) { d.engine.CloseSession(id) }
