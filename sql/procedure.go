package sql

import (
	sqle "github.com/dolthub/go-mysql-server"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// procedureRunner runs the statements of procedures. What a SELECT or a cursor shows is what there was when it was run: the
// SQL engine would read its rows when they are wanted, after what later statements of the procedure have changed.
type procedureRunner struct{ engine *sqle.Engine }

// QueryWithBindings implements gsql.StatementRunner.
func (r procedureRunner) QueryWithBindings(ctx *gsql.Context, query string, parsed sqlparser.Statement, bindings map[string]sqlparser.Expr, flags *gsql.QueryFlags) (gsql.Schema, gsql.RowIter, *gsql.QueryFlags, error) {
	schema, iter, flags, err := r.engine.QueryWithBindings(ctx, query, parsed, bindings, flags)
	if _, reads := parsed.(sqlparser.SelectStatement); err != nil || !reads {
		return schema, iter, flags, err
	}
	rows, err := gsql.RowIterToRows(ctx, iter)
	if err != nil {
		return nil, nil, nil, err
	}
	return schema, gsql.RowsToRowIter(rows...), flags, nil
}
