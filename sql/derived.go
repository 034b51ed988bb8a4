package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
)

// keptRows are the rows of a derived table that is read once in a statement.
type keptRows struct{ rows []gsql.Row }

// Add implements gsql.RowsCache.
func (k *keptRows) Add(row gsql.Row) error {
	k.rows = append(k.rows, row)
	return nil
}

// Get implements gsql.RowsCache. It is never nil, which would mean that nothing is known.
func (k *keptRows) Get() []gsql.Row { return k.rows }

// derived reads a derived table below a join once in a statement. In a subquery the row of the query around comes before
// its rows, and is another one each time, so it is not kept with them, as the SQL engine would.
func (e *execution) derived(ctx *gsql.Context, n *plan.CachedResults, row gsql.Row) (gsql.RowIter, error) {
	child, before := n.Child, gsql.Row(nil)
	if p, ok := child.(*plan.PrependNode); ok {
		child, before = p.Child, p.Row
	}
	rows := n.GetCachedResults()
	if rows == nil {
		iter, err := e.engine.Build(ctx, child, row)
		if err != nil {
			return nil, err
		}
		if rows, err = gsql.RowIterToRows(ctx, &countedIter{RowIter: iter, keeps: true}); err != nil {
			return nil, err
		}
		kept := &keptRows{append([]gsql.Row{}, rows...)}
		plan.CachedResultsGlobalCache.AddNewCache(n.Id, kept, func() {}) // until the engine disposes of the plan
	}
	if before == nil {
		return gsql.RowsToRowIter(rows...), nil
	}
	out := make([]gsql.Row, len(rows))
	for i, r := range rows {
		out[i] = before.Append(r)
	}
	return gsql.RowsToRowIter(out...), nil
}
