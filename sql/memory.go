package sql

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression/function/aggregation"
	"github.com/dolthub/go-mysql-server/sql/plan"

	"redoubt/sql/match"
)

// The SQL engine sorts, groups and joins in memory, without a limit. What is in this file, in package match and in
// distinct.go tells the session of each row that is held, and the session says when it is too much.

// countedRows are the rows of a node that the node above it holds all at once.
type countedRows struct{ gsql.Node }

// countedIter counts the rows that are held. What it counted is free again when it is closed, unless it keeps them.
type countedIter struct {
	gsql.RowIter
	bytes int64
	keeps bool // until the statement ends
}

// Next implements gsql.RowIter.
func (i *countedIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	row, err := i.RowIter.Next(ctx)
	if err != nil {
		return nil, err
	}
	n := match.RowBytes(row)
	i.bytes += n
	return row, match.HoldBytes(ctx, n)
}

// Close implements gsql.RowIter.
func (i *countedIter) Close(ctx *gsql.Context) error {
	if !i.keeps {
		_ = match.HoldBytes(ctx, -i.bytes) // less is never too much
		i.bytes = 0
	}
	return i.RowIter.Close(ctx)
}

// sortCounted gives a sort whose rows are counted; nil if they are.
func sortCounted(n *plan.Sort) gsql.Node {
	if _, done := n.Child.(*countedRows); done {
		return nil
	}
	return plan.NewSort(n.SortFields, &countedRows{n.Child})
}

// windowCounted does so with window functions.
func windowCounted(n *plan.Window) (gsql.Node, error) {
	if _, done := n.Child.(*countedRows); done {
		return nil, nil
	}
	return n.WithChildren(&countedRows{n.Child})
}

// groupsCounted gives a GROUP BY whose groups are counted; nil if they are, or if there is one group.
func groupsCounted(n *plan.GroupBy) gsql.Node {
	if len(n.GroupByExprs) == 0 && !holdsRows(n.SelectedExprs) || len(n.SelectedExprs) == 0 {
		return nil
	}
	first := n.SelectedExprs[0]
	if _, done := first.(*countedGroup); done {
		return nil
	}
	own, ok := first.(gsql.Aggregation)
	if !ok {
		own = aggregation.NewFirst(first)
	}
	counted := append([]gsql.Expression{&countedGroup{own, groupBytes * int64(len(n.SelectedExprs)), holdsRows(n.SelectedExprs)}}, n.SelectedExprs[1:]...)
	out := *n
	out.SelectedExprs = counted
	return &out
}

// groupBytes is about what an aggregate of a group takes in memory, with its part of the group.
const groupBytes = 160

// holdsRows tells whether an aggregate keeps something of each row.
func holdsRows(all []gsql.Expression) bool {
	for _, e := range all {
		text := strings.ToLower(e.String())
		for _, name := range []string{"distinct", "group_concat", "json_arrayagg", "json_objectagg"} {
			if strings.Contains(text, name) {
				return true
			}
		}
	}
	return false
}

// countedGroup is the first aggregate of a GROUP BY. It counts the groups for all of them.
type countedGroup struct {
	gsql.Aggregation
	bytes     int64 // of a group
	holdsRows bool
}

// NewBuffer implements gsql.Aggregation.
func (g *countedGroup) NewBuffer() (gsql.AggregationBuffer, error) {
	own, err := g.Aggregation.NewBuffer()
	return &countedBuffer{AggregationBuffer: own, group: g}, err
}

// countedBuffer is the first aggregate of one group.
type countedBuffer struct {
	gsql.AggregationBuffer
	group *countedGroup
	ctx   *gsql.Context // nil before the first row
	bytes int64
}

// Update implements gsql.AggregationBuffer.
func (b *countedBuffer) Update(ctx *gsql.Context, row gsql.Row) error {
	n := int64(0)
	if b.ctx == nil {
		b.ctx, n = ctx, b.group.bytes
	}
	if b.group.holdsRows {
		n += match.RowBytes(row)
	}
	if n > 0 {
		b.bytes += n
		if err := match.HoldBytes(ctx, n); err != nil {
			return err
		}
	}
	return b.AggregationBuffer.Update(ctx, row)
}

// Dispose implements gsql.Disposable.
func (b *countedBuffer) Dispose() {
	if b.ctx != nil {
		_ = match.HoldBytes(b.ctx, -b.bytes) // less is never too much
		b.bytes = 0
	}
	b.AggregationBuffer.Dispose()
}
