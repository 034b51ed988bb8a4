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
	return &keptIter{plan.NewFilterIter(n.Expression, rows), func(ctx *gsql.Context, _ gsql.Row) (bool, error) { return lock.Keep(ctx) }}, nil
}

// lockFirst gives a LIMIT whose table is read FOR UPDATE or FOR SHARE and sorted: the rows that come out of the sort are
// locked, as they are asked for, and not those that go into it. It keeps no TopN: SKIP LOCKED leaves rows out, and others
// follow. nil leaves a LIMIT as it is.
func lockFirst(n *plan.Limit) (gsql.Node, error) {
	if n.CalcFoundRows {
		return nil, nil
	}
	below, err := lockSorted(n.Child)
	if err != nil || below == nil {
		return nil, err
	}
	return n.WithChildren(below)
}

// lockSorted puts the locks behind a sort that stands below a LIMIT; nil if there is none.
func lockSorted(n gsql.Node) (gsql.Node, error) {
	var sort *plan.Sort
	switch n := n.(type) {
	case *plan.Offset:
		return lockSortedBelow(n, n.Child)
	case *plan.Project:
		return lockSortedBelow(n, n.Child)
	case *plan.TopN:
		sort = plan.NewSort(n.Fields, n.Child)
	case *plan.Sort:
		sort = n
	default:
		return nil, nil
	}
	lock := storage.LockBehindSort(sort)
	if lock == nil {
		return nil, nil
	}
	return &sortedLocks{plan.NewSort(sort.SortFields, &notedRows{sort.Child, lock}), lock}, nil
}

func lockSortedBelow(n, child gsql.Node) (gsql.Node, error) {
	below, err := lockSorted(child)
	if err != nil || below == nil {
		return nil, err
	}
	return n.WithChildren(below)
}

// sortedLocks is a sort whose rows are locked as they come out.
type sortedLocks struct {
	gsql.Node
	lock *storage.RowLock
}

// notedRows are the rows that go into such a sort.
type notedRows struct {
	gsql.Node
	lock *storage.RowLock
}

// keptRows builds a node whose rows are shown as keep says.
func (e *execution) keptRows(ctx *gsql.Context, n gsql.Node, row gsql.Row, keep keeping) (gsql.RowIter, error) {
	rows, err := e.engine.Build(ctx, n, row)
	if err != nil {
		return nil, err
	}
	return &keptIter{rows, keep}, nil
}

// keeping tells whether a row may be shown.
type keeping func(ctx *gsql.Context, row gsql.Row) (bool, error)

// keptIter passes the rows on that may be shown.
type keptIter struct {
	gsql.RowIter
	keep keeping
}

// Next implements gsql.RowIter.
func (i *keptIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	for {
		row, err := i.RowIter.Next(ctx)
		if err != nil {
			return nil, err
		}
		if keep, err := i.keep(ctx, row); err != nil || keep {
			return row, err
		}
	}
}
