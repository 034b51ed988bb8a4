package vview

import (
	"io"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// Lazy is a view of many things: of each it computes only the columns that the statement names, and of things that are sorted
// only for the sake of the first few it computes what they are sorted by, and the rest of those few.
type Lazy[T any] struct {
	Asking
	fields  []Field[T]
	list    func(ctx *gsql.Context, asked *Asked) ([]T, error)
	touch   func(T) uint64 // reads a thing for the sake of having read it; nil: nothing is gained by that
	wanted  []int          // columns of the rows; nil: all
	names   []string       // of them
	ranking *ranking
}

// ranking says that only some rows are wanted.
type ranking struct {
	rows   int // those that come first in the order; 0: all
	order  gsql.SortFields
	filter gsql.Expression // that they must fulfil; nil: none
}

// Ranked is a view that may be asked for some of its rows. Filters and orders are over its rows.
type Ranked interface {
	gsql.Table
	// Filtered gives the view of the rows that fulfil a filter.
	Filtered(filter gsql.Expression) gsql.Table
	// First gives the view of the rows that fulfil a filter, which may be nil, and come first in an order: so many, or all if
	// there are fewer. They come in no order.
	First(rows int, order gsql.SortFields, filter gsql.Expression) gsql.Table
}

// NewLazy makes a view of the things that list gives.
func NewLazy[T any](name, comment string, fields []Field[T], list func(ctx *gsql.Context, asked *Asked) ([]T, error)) *Lazy[T] {
	columns := make([]Column, len(fields))
	for i := range fields {
		columns[i] = fields[i].Column
	}
	return &Lazy[T]{Asking: *NewAsking(name, comment, columns, nil), fields: fields, list: list}
}

// Told implements Told.
func (v *Lazy[T]) Told(filter gsql.Expression, id gsql.TableId) gsql.Table {
	c := *v
	c.asked = v.understood(filter, id)
	return &c
}

// Filtered implements Ranked.
func (v *Lazy[T]) Filtered(filter gsql.Expression) gsql.Table { return v.First(0, nil, filter) }

// First implements Ranked.
func (v *Lazy[T]) First(rows int, order gsql.SortFields, filter gsql.Expression) gsql.Table {
	c := *v
	c.ranking = &ranking{rows, order, filter}
	return &c
}

// Projections implements gsql.ProjectedTable.
func (v *Lazy[T]) Projections() []string { return v.names }

// WithProjections implements gsql.ProjectedTable.
func (v *Lazy[T]) WithProjections(names []string) gsql.Table {
	c := *v
	c.names, c.wanted = names, make([]int, len(names))
	for i, name := range names {
		c.wanted[i] = v.schema.IndexOfColName(name)
	}
	return &c
}

// Schema implements gsql.Table.
func (v *Lazy[T]) Schema() gsql.Schema {
	if v.names == nil {
		return v.schema
	}
	out := make(gsql.Schema, len(v.wanted))
	for i, c := range v.wanted {
		out[i] = v.schema[c]
	}
	return out
}

// PrimaryKeySchema implements gsql.PrimaryKeyTable, by which the SQL engine finds columns where only some are wanted. There is no
// key.
func (v *Lazy[T]) PrimaryKeySchema() gsql.PrimaryKeySchema {
	return gsql.NewPrimaryKeySchema(v.schema)
}

// PartitionRows implements gsql.Table.
func (v *Lazy[T]) PartitionRows(ctx *gsql.Context, _ gsql.Partition) (gsql.RowIter, error) {
	things, err := v.list(ctx, &v.asked)
	if err != nil {
		return nil, err
	}
	fields, all := v.shown(), walk[T]{things: things, touch: v.touch}
	i := &lazyIter[T]{maker: newMaker(fields)}
	switch r := v.ranking; {
	case r == nil:
	case r.rows > 0:
		all.things, err = firstOf(ctx, r, &all, fields)
		all.touch = nil
	default:
		i.chooser = newChooser(ctx, r.filter, fields)
	}
	if len(fields) == 0 {
		all.touch = nil // they are only counted
	}
	i.walk = all
	return i, err
}

// shown gives the columns of the rows.
func (v *Lazy[T]) shown() []*Field[T] {
	if v.names == nil {
		out := make([]*Field[T], len(v.fields))
		for i := range v.fields {
			out[i] = &v.fields[i]
		}
		return out
	}
	out := make([]*Field[T], len(v.wanted))
	for i, c := range v.wanted {
		out[i] = &v.fields[c]
	}
	return out
}

// lazyIter makes rows as they are asked for.
type lazyIter[T any] struct {
	walk[T]
	chooser *chooser[T] // nil: all are wanted
	maker   *maker[T]
}

// Next implements gsql.RowIter.
func (i *lazyIter[T]) Next(ctx *gsql.Context) (gsql.Row, error) {
	for len(i.things) > 0 {
		t := i.step()
		if i.chooser != nil {
			if wanted, err := i.chooser.wants(ctx, t); err != nil {
				return nil, err
			} else if !wanted {
				continue
			}
		}
		return i.maker.row(t), nil
	}
	return nil, io.EOF
}

// Close implements gsql.RowIter.
func (i *lazyIter[T]) Close(*gsql.Context) error {
	i.things = nil
	return nil
}

// walk goes through things.
type walk[T any] struct {
	things  []T            // that are to come
	touch   func(T) uint64 // nil: nothing is gained by that
	touched int            // of things, from the first on
	sum     uint64         // of what touch gave, so that the compiler does not leave it out
}

// touchedAhead is how many things are touched together.
const touchedAhead = 64

// step gives the next thing; there is one.
//
// It touches things before they are looked at one by one, many together: each lies in a place of its own in memory, and the processor
// waits for several places at once if nothing is done in between. That is a third of what it takes to look through 100,000.
func (w *walk[T]) step() T {
	if w.touch != nil {
		if w.touched == 0 {
			w.touched = min(touchedAhead, len(w.things))
			for _, t := range w.things[:w.touched] {
				w.sum += w.touch(t)
			}
		}
		w.touched--
	}
	t := w.things[0]
	w.things = w.things[1:]
	return t
}
