package wire

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"

	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// WrapHandler returns the wrapper for server.NewServerWithHandler.
func WrapHandler(o Options) server.HandlerWrapper {
	return func(h mysql.Handler) (mysql.Handler, error) {
		if err := o.Validate(); err != nil {
			return nil, err
		}
		return &handler{Handler: h, options: o.withDefaults()}, nil
	}
}

// mapError is the ErrorMapper if none is given.
func mapError(err error) error { return sqlcode.Map(err) }

// handler takes prepared statements out of their carriers, maps errors, and ends statements whose client has gone.
type handler struct {
	mysql.Handler
	options Options
}

var _ mysql.Handler = (*handler)(nil)

// ComInitDB implements mysql.Handler.
func (h *handler) ComInitDB(c *mysql.Conn, schema string) (err error) {
	defer h.finish(c, &err)
	return h.Handler.ComInitDB(c, schema)
}

// ComQuery implements mysql.Handler.
func (h *handler) ComQuery(ctx context.Context, c *mysql.Conn, query string, rows mysql.ResultSpoolFn) (err error) {
	defer h.finish(c, &err)
	ctx, stop := watchClient(ctx, c)
	defer stop()
	return h.Handler.ComQuery(ctx, c, query, rows)
}

// ComMultiQuery implements mysql.Handler. Behind a statement that failed nothing is left of the text: the client has
// been told that no more results follow.
func (h *handler) ComMultiQuery(ctx context.Context, c *mysql.Conn, query string, rows mysql.ResultSpoolFn) (rest string, err error) {
	defer func() {
		if err != nil {
			rest = ""
		}
	}()
	defer h.finish(c, &err)
	ctx, stop := watchClient(ctx, c)
	defer stop()
	return h.Handler.ComMultiQuery(ctx, c, query, rows)
}

// ComPrepare implements mysql.Handler.
func (h *handler) ComPrepare(ctx context.Context, c *mysql.Conn, query string, p *mysql.PrepareData) (fields []*querypb.Field, err error) {
	defer h.finish(c, &err)
	defer func() {
		if err != nil {
			delete(c.PrepareData, p.StatementID) // the client never learns its number
		}
	}()
	if len(c.PrepareData) > h.options.MaxPrepared {
		return nil, mysql.NewSQLError(1461, "42000", "Can't create more than max_prepared_stmt_count statements (current value: %d)", h.options.MaxPrepared)
	}
	if text, ok := unwrap(query); ok {
		query, p.PrepareStmt = text, text
		options, err := h.ParserOptionsForConnection(c)
		if err != nil {
			return nil, err
		}
		if n := parser.CountStatements(text, options.AnsiQuotes); n > 1 {
			return nil, sqlcode.MultiPrepare(fmt.Sprint(n))
		}
	}
	return h.Handler.ComPrepare(ctx, c, query, p)
}

// ComStmtExecute implements mysql.Handler.
func (h *handler) ComStmtExecute(ctx context.Context, c *mysql.Conn, p *mysql.PrepareData, rows func(*sqltypes.Result) error) (err error) {
	defer func() {
		if err != nil {
			keepFailure(c, err)
		}
	}()
	defer h.finish(c, &err)
	ctx, stop := watchClient(ctx, c)
	defer stop()
	return h.Handler.ComStmtExecute(ctx, c, p, rows)
}

// ComResetConnection implements mysql.Handler.
func (h *handler) ComResetConnection(c *mysql.Conn) (err error) {
	defer h.finish(c, &err)
	return h.Handler.ComResetConnection(c)
}

// finish maps the error of a command. After a panic nobody knows what the session holds, half of a statement perhaps:
// the client gets an error and then the connection is closed, which rolls its transaction back.
func (h *handler) finish(c *mysql.Conn, err *error) {
	if value := recover(); value != nil {
		h.options.Metrics.Panic(value)
		*err = sqlcode.Internal(fmt.Errorf("panic: %v at %s", value, firstFrame(debug.Stack())))
		breakOff(c)
	}
	if *err != nil {
		*err = h.options.Errors(*err)
	}
}

// breakOff lets the library write what it has to say, and then find the end of what the client sends.
func breakOff(c *mysql.Conn) {
	if own := connectionOf(c.Conn); own != nil {
		own.broken.Store(true)
	}
}

// firstFrame returns the place of a panic: the line behind the frames of the runtime and of this package.
func firstFrame(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") {
			for j := i + 2; j+1 < len(lines); j += 2 {
				if !strings.HasPrefix(lines[j], "runtime.") {
					place, _, _ := strings.Cut(strings.TrimSpace(lines[j+1]), " ")
					return place[strings.LastIndexByte(place, '/')+1:]
				}
			}
		}
	}
	return "an unknown place"
}
