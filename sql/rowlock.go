package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"

	"redoubt/sql/storage"
)

// locked filters the rows of a table that is read FOR UPDATE or FOR SHARE, and locks those that pass; nil for others.
func (e *execution) locked(ctx *gsql.Context, n *plan.Filter, row gsql.Row) (gsql.RowIter, error) {
	lock := storage.LockBehind(n)
	if lock == nil {
		return nil, nil
	}
	rows, err := e.engine.Build(ctx, n.Child, row)
	if err != nil {
		return nil, err
	}
	return &lockedIter{plan.NewFilterIter(n.Expression, rows), lock}, nil
}

// lockedIter locks the rows that a filter lets through.
type lockedIter struct {
	gsql.RowIter
	lock *storage.RowLock
}

// Next implements gsql.RowIter.
func (i *lockedIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	for {
		row, err := i.RowIter.Next(ctx)
		if err != nil {
			return nil, err
		}
		if keep, err := i.lock.Keep(ctx); err != nil || keep {
			return row, err
		}
	}
}
