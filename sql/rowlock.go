package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"

	"redoubt/sql/storage"
)

// locked filters the rows of a table, and locks those that pass.
func (e *execution) locked(ctx *gsql.Context, n *plan.Filter, lock *storage.RowLock, row gsql.Row) (gsql.RowIter, error) {
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
