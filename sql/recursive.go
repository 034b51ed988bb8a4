package sql

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"

	"redoubt/sql/match"
)

// recursiveRows is a recursive common table expression whose rows are counted. The SQL engine makes it in generations, and holds two of
// them: the one that grows, and the one before, of which it grows.
type recursiveRows struct {
	*plan.RecursiveCte
	held *generations
}

// generations is what is held of a recursive expression.
type generations struct{ before, now, keys int64 }

// generation is one of the sides of the expression: the rows that it begins with, or those that it makes of a generation.
type generation struct {
	gsql.Node
	held *generations
}

// recursive counts the rows of an expression; nil leaves one to the SQL engine that is counted.
func (e *execution) recursive(ctx *gsql.Context, n *plan.RecursiveCte, row gsql.Row) (gsql.RowIter, error) {
	if _, counted := n.Left().(*generation); counted {
		return nil, nil
	}
	held := &generations{}
	sides, err := n.WithChildren(&generation{n.Left(), held}, &generation{n.Right(), held})
	if err != nil {
		return nil, err
	}
	counted := sides.(*plan.RecursiveCte)
	union := *counted.Union() // its order and limit stand around it
	union.SortFields = orderOfRows(union.SortFields, n.Schema())
	counted.Union().SortFields, counted.Union().Limit = nil, nil
	return e.engine.Build(ctx, ordered(&union, &recursiveRows{counted, held}), row)
}

// orderOfRows finds the columns of an order, by their names, in the rows that it is of.
func orderOfRows(order gsql.SortFields, schema gsql.Schema) gsql.SortFields {
	out := append(gsql.SortFields{}, order...)
	for i, f := range out {
		column, ok := f.Column.(*expression.GetField)
		if !ok {
			continue
		}
		for at, c := range schema {
			if strings.EqualFold(c.Name, column.Name()) {
				out[i].Column = column.WithIndex(at)
			}
		}
	}
	return out
}

// generations makes the iterator of an expression whose sides are counted.
func (e *execution) generations(ctx *gsql.Context, n *recursiveRows, row gsql.Row) (gsql.RowIter, error) {
	rows, err := e.engine.Build(ctx, n.RecursiveCte, row)
	return &recursiveIter{rows, n}, err
}

// recursiveIter gives the rows of all generations.
type recursiveIter struct {
	gsql.RowIter
	node *recursiveRows
}

// Next implements gsql.RowIter.
func (i *recursiveIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	row, err := i.RowIter.Next(ctx)
	if err != nil || !i.node.Union().Distinct {
		return row, err
	}
	i.node.held.keys += keyBytes
	return row, match.HoldBytes(ctx, keyBytes)
}

// Close implements gsql.RowIter.
func (i *recursiveIter) Close(ctx *gsql.Context) error {
	err := i.RowIter.Close(ctx)
	held := i.node.held
	_ = match.HoldBytes(ctx, -held.before-held.now-held.keys) // less is never too much
	*held = generations{}
	return err
}

// generationIter gives the rows of one generation.
type generationIter struct {
	gsql.RowIter
	held *generations
}

// Next implements gsql.RowIter.
func (i *generationIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	row, err := i.RowIter.Next(ctx)
	if err != nil {
		return nil, err
	}
	n := match.RowBytes(row)
	i.held.now += n
	return row, match.HoldBytes(ctx, n)
}

// Close implements gsql.RowIter. The rows are those of which the next generation is made; the ones before are free.
func (i *generationIter) Close(ctx *gsql.Context) error {
	_ = match.HoldBytes(ctx, -i.held.before)
	i.held.before, i.held.now = i.held.now, 0
	return i.RowIter.Close(ctx)
}
