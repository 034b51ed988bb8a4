package wire

import (
	"context"
	"strings"

	vitess "github.com/dolthub/vitess/go/mysql"
)

type mysqlHandler = vitess.Handler

// trouble is a handler that panics when a statement asks for it.
type trouble struct{ mysqlHandler }

func (h *trouble) ComQuery(ctx context.Context, c *vitess.Conn, query string, rows vitess.ResultSpoolFn) error {
	if strings.Contains(query, "panic now") {
		panic("as asked")
	}
	return h.mysqlHandler.ComQuery(ctx, c, query, rows)
}

func (h *trouble) ComMultiQuery(ctx context.Context, c *vitess.Conn, query string, rows vitess.ResultSpoolFn) (string, error) {
	if strings.Contains(query, "panic now") {
		panic("as asked")
	}
	return h.mysqlHandler.ComMultiQuery(ctx, c, query, rows)
}
