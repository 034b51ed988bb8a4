package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/storage"
)

// lastInsertID is the SQL engine's LAST_INSERT_ID, whose argument the client is told.
type lastInsertID struct{ *function.LastInsertId }

func newLastInsertID(args ...gsql.Expression) (gsql.Expression, error) {
	f, err := function.NewLastInsertId(args...)
	if err != nil {
		return nil, err
	}
	return lastInsertID{f.(*function.LastInsertId)}, nil
}

// WithChildren implements gsql.Expression.
func (l lastInsertID) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	return newLastInsertID(children...)
}

// IsNullable implements gsql.Expression.
func (l lastInsertID) IsNullable() bool { return len(l.Children()) > 0 }

// Eval implements gsql.Expression. LAST_INSERT_ID(NULL) is NULL, and 0 afterwards.
func (l lastInsertID) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	if len(l.Children()) == 0 {
		return l.LastInsertId.Eval(ctx, row)
	}
	v, err := l.Child.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	id, _, err := types.Int64.Convert(ctx, v)
	if err != nil {
		return nil, err
	}
	next, _ := id.(int64)
	ctx.SetLastQueryInfoInt(gsql.LastInsertId, next)
	if s, ok := ctx.Session.(*storage.Session); ok {
		s.SetsInsertID(next)
	}
	return id, nil
}
