package sql

import (
	"container/heap"
	"io"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/iters"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/match"
)

// first gives the first rows of a sort. The SQL engine's own keeps as many as a LIMIT says, however much memory they take.
func (e *execution) first(ctx *gsql.Context, n *plan.TopN, row gsql.Row) (gsql.RowIter, error) {
	limit, err := iters.GetInt64Value(ctx, n.Limit)
	if err != nil {
		return nil, err
	}
	rows, err := e.engine.Build(ctx, n.Child, row)
	if err != nil {
		return nil, err
	}
	return &firstRowsIter{RowIter: rows, node: n, limit: limit}, nil
}

// firstRowsIter reads all rows when the first is asked for, and keeps those that are given.
type firstRowsIter struct {
	gsql.RowIter
	node  *plan.TopN
	limit int64
	read  bool
	rows  []gsql.Row // not given yet, each with its number behind it
	count int64      // of rows that were read
	bytes int64      // held
}

// Next implements gsql.RowIter.
func (i *firstRowsIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	if !i.read {
		i.read = true
		if err := i.readAll(ctx); err != nil {
			return nil, err
		}
	}
	if len(i.rows) == 0 {
		return nil, io.EOF
	}
	row := i.rows[0]
	i.rows = i.rows[1:]
	return row[:len(row)-1], nil
}

func (i *firstRowsIter) readAll(ctx *gsql.Context) error {
	kept := &expression.TopRowsHeap{Sorter: expression.Sorter{Ctx: ctx}}
	for {
		row, err := i.RowIter.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if i.count++; i.count == 1 { // rows that are equal stay in their order
			number := expression.NewGetField(len(row), types.Int64, "order", false)
			kept.SortFields = append(slices.Clip(i.node.Fields), gsql.SortField{Column: number, Order: gsql.Ascending})
		}
		heap.Push(kept, append(slices.Clip(row), i.count))
		held := match.RowBytes(row)
		if int64(kept.Len()) > i.limit {
			held -= match.RowBytes(heap.Pop(kept).(gsql.Row)[:len(row)])
		}
		if kept.LastError != nil {
			return kept.LastError
		}
		i.bytes += held
		if err := match.HoldBytes(ctx, held); err != nil {
			return err
		}
	}
	var err error
	i.rows, err = kept.Rows()
	return err
}

// Close implements gsql.RowIter.
func (i *firstRowsIter) Close(ctx *gsql.Context) error {
	_ = match.HoldBytes(ctx, -i.bytes) // less is never too much
	i.rows, i.bytes = nil, 0
	if i.node.CalcFoundRows {
		ctx.SetLastQueryInfoInt(gsql.FoundRows, i.count)
	}
	return i.RowIter.Close(ctx)
}
