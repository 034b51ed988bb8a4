package sql

import (
	"io"

	sqle "github.com/dolthub/go-mysql-server"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/match"
	"redoubt/sql/storage"
)

// procedureRunner runs the statements of procedures. What a SELECT or a cursor shows is what there was when it was run: the
// SQL engine would read its rows when they are wanted, after what later statements of the procedure have changed.
type procedureRunner struct{ engine *sqle.Engine }

// QueryWithBindings implements gsql.StatementRunner.
func (r procedureRunner) QueryWithBindings(ctx *gsql.Context, query string, parsed sqlparser.Statement, bindings map[string]sqlparser.Expr, flags *gsql.QueryFlags) (gsql.Schema, gsql.RowIter, *gsql.QueryFlags, error) {
	if session, ok := ctx.Session.(*storage.Session); ok && session.LockOwner() != 0 {
		before := session.Runs(sqlparser.String(parsed))
		defer session.Runs(before)
	}
	schema, iter, flags, err := r.engine.QueryWithBindings(ctx, query, parsed, bindings, flags)
	if _, reads := parsed.(sqlparser.SelectStatement); err != nil || !reads {
		return schema, iter, flags, err
	}
	counted := &countedIter{RowIter: iter, keeps: true}
	rows, err := gsql.RowIterToRows(ctx, counted)
	if err != nil {
		_ = match.HoldBytes(ctx, -counted.bytes) // a handler may go on
		return nil, nil, nil, err
	}
	return schema, &readRows{rows}, flags, nil
}

// readRows gives rows that were read before. Each counts as held until it is given: a procedure may read again and again.
type readRows struct{ rows []gsql.Row }

// Next implements gsql.RowIter.
func (r *readRows) Next(ctx *gsql.Context) (gsql.Row, error) {
	if len(r.rows) == 0 {
		return nil, io.EOF
	}
	row := r.rows[0]
	r.rows = r.rows[1:]
	return row, match.HoldBytes(ctx, -match.RowBytes(row))
}

// Close implements gsql.RowIter.
func (r *readRows) Close(ctx *gsql.Context) error {
	for _, row := range r.rows {
		_ = match.HoldBytes(ctx, -match.RowBytes(row)) // less is never too much
	}
	r.rows = nil
	return nil
}
