package vview

import (
	"container/heap"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// chooser tells which things are wanted; it computes only what the filter looks at, and makes values of rows only of what the SQL
// engine has to look at.
type chooser[T any] struct {
	judges []judge[T]
	others []gsql.Expression // conditions that the SQL engine judges
	looks  []int             // columns that these look at
	fields []*Field[T]
	row    gsql.Row // of the latest thing
}

func newChooser[T any](ctx *gsql.Context, filter gsql.Expression, fields []*Field[T]) *chooser[T] {
	c := &chooser[T]{fields: fields, row: make(gsql.Row, len(fields))}
	if filter == nil {
		return c
	}
	for _, e := range expression.SplitConjunction(filter) {
		if j := judgeOf(ctx, e, fields); j != nil {
			c.judges = append(c.judges, j)
		} else {
			c.others = append(c.others, e)
		}
	}
	c.looks = mentioned(c.others...)
	return c
}

func (c *chooser[T]) wants(ctx *gsql.Context, t T) (bool, error) {
	for _, j := range c.judges {
		if j(t) != yes {
			return false, nil
		}
	}
	for _, i := range c.looks {
		c.row[i] = c.fields[i].Value(t)
	}
	for _, e := range c.others {
		if holds, err := gsql.EvaluateCondition(ctx, e, c.row); err != nil || !gsql.IsTrue(holds) {
			return false, err
		}
	}
	return true, nil
}

// firstOf gives the things whose rows come first.
func firstOf[T any](ctx *gsql.Context, r *ranking, all *walk[T], fields []*Field[T]) ([]T, error) {
	best := &best[T]{Sorter: expression.Sorter{SortFields: overKeys(r.order), Ctx: ctx}}
	chooser, sorted := newChooser(ctx, r.filter, fields), mentioned(orderedBy(r.order)...)
	key := make(gsql.Row, len(r.order)) // of the latest thing: what it is sorted by
	for len(all.things) > 0 {
		t := all.step()
		wanted, err := chooser.wants(ctx, t)
		if err != nil {
			return nil, err
		}
		if !wanted {
			continue
		}
		for _, c := range sorted {
			chooser.row[c] = fields[c].Value(t)
		}
		for i, f := range r.order {
			if key[i], err = f.Column.Eval(ctx, chooser.row); err != nil {
				return nil, gsql.ErrUnableSort.Wrap(err)
			}
		}
		best.offer(key, t, r.rows)
		if best.LastError != nil {
			return nil, best.LastError
		}
	}
	return best.things, nil
}

// overKeys gives an order of rows that consist of what they are sorted by.
func overKeys(order gsql.SortFields) gsql.SortFields {
	out := slices.Clone(order)
	for i, f := range order {
		out[i].Column = expression.NewGetField(i, f.Column.Type(), "", true)
	}
	return out
}

func orderedBy(order gsql.SortFields) (out []gsql.Expression) {
	for _, f := range order {
		out = append(out, f.Column)
	}
	return out
}

// mentioned gives the columns that expressions look at.
func mentioned(list ...gsql.Expression) (columns []int) {
	for _, e := range list {
		if e == nil {
			continue
		}
		transform.InspectExpr(e, func(e gsql.Expression) bool {
			if f, ok := e.(*expression.GetField); ok && !slices.Contains(columns, f.Index()) {
				columns = append(columns, f.Index())
			}
			return false
		})
	}
	return columns
}

// best keeps the things whose keys come first; the last of them is on top of the heap.
type best[T any] struct {
	expression.Sorter
	things []T
}

// Less implements heap.Interface.
func (b *best[T]) Less(i, j int) bool { return b.Sorter.Less(j, i) }

// Swap implements heap.Interface.
func (b *best[T]) Swap(i, j int) {
	b.Sorter.Swap(i, j)
	b.things[i], b.things[j] = b.things[j], b.things[i]
}

// Push implements heap.Interface; offer does it.
func (b *best[T]) Push(any) {}

// Pop implements heap.Interface; nothing is taken away.
func (b *best[T]) Pop() any { return nil }

// offer takes a thing in if it comes before one of those that are there, or there is room. It keeps no reference to key.
func (b *best[T]) offer(key gsql.Row, t T, most int) {
	n := len(b.Rows)
	b.Rows = append(b.Rows, key)
	if n < most {
		b.Rows[n], b.things = slices.Clone(key), append(b.things, t)
		heap.Fix(b, n)
		return
	}
	first := n > 0 && b.Sorter.Less(n, 0)
	b.Rows = b.Rows[:n]
	if first {
		copy(b.Rows[0], key)
		b.things[0] = t
		heap.Fix(b, 0)
	}
}
