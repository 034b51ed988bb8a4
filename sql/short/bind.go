package short

import (
	"bytes"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// collator gives the order of text in keys.
var collator = datatype.Collations{}

// arguments are those of one execution, by slot.
type arguments []argument

func (a arguments) of(o operand) (argument, bool) {
	v := a[o.slot]
	if o.negative {
		return v.negated()
	}
	return v, true
}

// boundCondition is a condition with its values, as parts of keys: what sorts as the column does.
type boundCondition struct {
	column    *column
	intervals []boundInterval
}

// boundInterval is [low, high) among the encoded values of a column. It holds no NULL.
type boundInterval struct{ low, high []byte }

// anyValue is where the encoded values of a column that are not NULL begin.
var anyValue = []byte{1}

// bind gives a condition its values; false if one is not exactly a value of the column.
func (c *condition) bind(ctx *gsql.Context, t *table, a arguments) (boundCondition, bool) {
	column := &t.columns[c.column]
	out := boundCondition{column: column, intervals: make([]boundInterval, 0, len(c.intervals))}
	for i := range c.intervals {
		b, ok := c.intervals[i].bind(ctx, column, a)
		if !ok {
			return out, false
		}
		if bytes.Compare(b.low, b.high) < 0 {
			out.intervals = append(out.intervals, b)
		}
	}
	if len(out.intervals) > 1 {
		out.intervals = united(out.intervals)
	}
	return out, true
}

func (i *interval) bind(ctx *gsql.Context, c *column, a arguments) (b boundInterval, ok bool) {
	b = boundInterval{anyValue, catalog.KeySuccessor(anyValue)}
	if i.low != nil {
		if b.low, ok = encoded(ctx, c, a, *i.low); !ok {
			return b, false
		}
		if i.isPoint() {
			b.high = catalog.KeySuccessor(b.low)
			return b, true
		}
		if i.lowOpen {
			b.low = catalog.KeySuccessor(b.low)
		}
	}
	if i.high != nil {
		if b.high, ok = encoded(ctx, c, a, *i.high); !ok {
			return b, false
		}
		if !i.highOpen {
			b.high = catalog.KeySuccessor(b.high)
		}
	}
	return b, true
}

func encoded(ctx *gsql.Context, c *column, a arguments, o operand) ([]byte, bool) {
	given, ok := a.of(o)
	if !ok || given.kind == nullArgument {
		return nil, false
	}
	v, ok := c.compared(ctx, given)
	if !ok {
		return nil, false
	}
	part, err := catalog.AppendKeyPart(make([]byte, 0, 16), c.Column, 0, v, collator)
	return part, err == nil
}

// united sorts intervals and joins those that overlap.
func united(all []boundInterval) []boundInterval {
	slices.SortFunc(all, func(a, b boundInterval) int { return bytes.Compare(a.low, b.low) })
	out := all[:1]
	for _, next := range all[1:] {
		last := &out[len(out)-1]
		if bytes.Compare(next.low, last.high) > 0 || bytes.Equal(next.low, last.high) {
			out = append(out, next)
			continue
		}
		if bytes.Compare(next.high, last.high) > 0 {
			last.high = next.high
		}
	}
	return out
}

// accepts tells whether a row satisfies the condition.
func (c *boundCondition) accepts(row redo.Row, scratch []byte) (bool, error) {
	v := c.column.Column.Of(row)
	if v.IsNull() {
		return false, nil
	}
	part, err := catalog.AppendKeyPart(scratch[:0], c.column.Column, 0, v, collator)
	if err != nil {
		return false, err
	}
	for i := range c.intervals {
		if bytes.Compare(part, c.intervals[i].low) >= 0 && bytes.Compare(part, c.intervals[i].high) < 0 {
			return true, nil
		}
	}
	return false, nil
}

// search is where the rows of a statement are to be found.
type search struct {
	ranges  []txn.Range
	point   []byte // the one whole primary key, if that is all
	filters []boundCondition
	scratch [64]byte // for filters
}

// bind gives an access its values.
func (w *access) bind(ctx *gsql.Context, t *table, a arguments) (s search, ok bool) {
	var key []byte
	for i := range w.prefix {
		b, ok := w.prefix[i].bind(ctx, t, a)
		if !ok {
			return s, false
		}
		key = append(key, b.intervals[0].low...)
	}
	for i := range w.filters {
		b, ok := w.filters[i].bind(ctx, t, a)
		if !ok {
			return s, false
		}
		s.filters = append(s.filters, b)
	}
	switch {
	case w.last != nil:
		b, ok := w.last.bind(ctx, t, a)
		if !ok {
			return s, false
		}
		for _, i := range b.intervals {
			s.ranges = append(s.ranges, txn.Range{Low: join(key, i.low), High: join(key, i.high)})
		}
	case w.single && w.index == nil:
		s.point = key
	default:
		s.ranges = []txn.Range{{Low: key, High: catalog.KeySuccessor(key)}}
	}
	return s, true
}

func join(a, b []byte) []byte { return append(append(make([]byte, 0, len(a)+len(b)), a...), b...) }
