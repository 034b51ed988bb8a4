package function

import (
	"fmt"
	"io"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// frames gives the frame of each row of a partition. It replaces the engine's, whose default frame leaves out the rows
// that are equal in the window's order, and whose RANGE knows neither NULL nor DESC.
type frames struct {
	order      gsql.SortFields
	rows       bool // ROWS, else RANGE
	start, end bound

	partition gsql.WindowInterval
	set       bool
	next      int                 // row whose frame comes next
	peers     gsql.WindowInterval // rows equal to it in the order
	frame     gsql.WindowInterval
	passed    [2]int // how far the searches for values have come
}

// bound is one end of a frame.
type bound struct {
	kind  boundKind
	value gsql.Expression // of N PRECEDING and N FOLLOWING
}

type boundKind uint8

const (
	unbounded boundKind = iota
	preceding
	currentRow
	following
)

var _ gsql.WindowFramer = (*frames)(nil)

// framesOf gives the frames of a window. Without a clause they go from the partition's first row to the last one that
// is equal to the row in the order; without an order all are.
func framesOf(w *gsql.WindowDefinition) *frames {
	f := &frames{end: bound{kind: currentRow}}
	if w == nil {
		f.end.kind = unbounded
		return f
	}
	f.order = w.OrderBy
	if len(w.OrderBy) == 0 && w.Frame == nil {
		f.end.kind = unbounded
	}
	if w.Frame == nil {
		return f
	}
	f.rows = strings.HasPrefix(strings.ToLower(w.Frame.String()), "rows")
	switch {
	case w.Frame.StartCurrentRow():
		f.start = bound{kind: currentRow}
	case w.Frame.StartNPreceding() != nil:
		f.start = bound{preceding, w.Frame.StartNPreceding()}
	case w.Frame.StartNFollowing() != nil:
		f.start = bound{following, w.Frame.StartNFollowing()}
	}
	switch {
	case w.Frame.UnboundedFollowing():
		f.end = bound{}
	case w.Frame.EndNPreceding() != nil:
		f.end = bound{preceding, w.Frame.EndNPreceding()}
	case w.Frame.EndNFollowing() != nil:
		f.end = bound{following, w.Frame.EndNFollowing()}
	}
	return f
}

// NewFramer implements gsql.WindowFramer.
func (f *frames) NewFramer(partition gsql.WindowInterval) (gsql.WindowFramer, error) {
	out := *f
	out.partition, out.set, out.next = partition, true, partition.Start
	out.peers = gsql.WindowInterval{Start: partition.Start, End: partition.Start}
	out.passed = [2]int{partition.Start, partition.Start}
	return &out, nil
}

// Next implements gsql.WindowFramer.
func (f *frames) Next(ctx *gsql.Context, buffer gsql.WindowBuffer) (gsql.WindowInterval, error) {
	if !f.set || f.next >= f.partition.End {
		return gsql.WindowInterval{}, io.EOF
	}
	if err := f.findPeers(ctx, buffer); err != nil {
		return gsql.WindowInterval{}, err
	}
	start, err := f.startOf(ctx, buffer)
	if err != nil {
		return gsql.WindowInterval{}, err
	}
	end, err := f.endOf(ctx, buffer)
	if err != nil {
		return gsql.WindowInterval{}, err
	}
	start = min(max(start, f.partition.Start), f.partition.End)
	end = min(max(end, start), f.partition.End)
	f.frame = gsql.WindowInterval{Start: start, End: end}
	f.next++
	return f.frame, nil
}

// findPeers finds the rows that are equal to the next one in the order.
func (f *frames) findPeers(ctx *gsql.Context, buffer gsql.WindowBuffer) error {
	if f.rows || f.next < f.peers.End {
		return nil
	}
	f.peers = gsql.WindowInterval{Start: f.next, End: f.next + 1}
	for f.peers.End < f.partition.End {
		for _, o := range f.order {
			c, err := compareIn(ctx, o.Column, buffer[f.next], buffer[f.peers.End])
			if err != nil || c != 0 {
				return err
			}
		}
		f.peers.End++
	}
	return nil
}

func compareIn(ctx *gsql.Context, e gsql.Expression, x, y gsql.Row) (int, error) {
	xv, err := e.Eval(ctx, x)
	if err != nil {
		return 0, err
	}
	yv, err := e.Eval(ctx, y)
	if err != nil {
		return 0, err
	}
	return compareNullsFirst(ctx, e.Type(), xv, yv)
}

func (f *frames) startOf(ctx *gsql.Context, buffer gsql.WindowBuffer) (int, error) {
	switch {
	case f.start.kind == unbounded:
		return f.partition.Start, nil
	case f.rows:
		return f.rowAt(ctx, f.start)
	case f.start.kind == currentRow:
		return f.peers.Start, nil
	}
	limit, descending, err := f.limit(ctx, f.start, buffer)
	if err != nil || limit == nil {
		return f.peers.Start, err
	}
	f.passed[0], err = f.search(ctx, buffer, f.passed[0], func(c int, null bool) bool {
		if descending {
			return !null && c > 0
		}
		return null || c < 0
	}, limit)
	return f.passed[0], err
}

// endOf gives the row behind the frame's last.
func (f *frames) endOf(ctx *gsql.Context, buffer gsql.WindowBuffer) (int, error) {
	switch {
	case f.end.kind == unbounded:
		return f.partition.End, nil
	case f.rows:
		row, err := f.rowAt(ctx, f.end)
		return row + 1, err
	case f.end.kind == currentRow:
		return f.peers.End, nil
	}
	limit, descending, err := f.limit(ctx, f.end, buffer)
	if err != nil || limit == nil {
		return f.peers.End, err
	}
	f.passed[1], err = f.search(ctx, buffer, f.passed[1], func(c int, null bool) bool {
		if descending {
			return !null && c >= 0
		}
		return null || c <= 0
	}, limit)
	return f.passed[1], err
}

// rowAt gives the row at a distance in ROWS.
func (f *frames) rowAt(ctx *gsql.Context, b bound) (int, error) {
	if b.kind == currentRow {
		return f.next, nil
	}
	v, err := b.value.Eval(ctx, nil)
	if err != nil {
		return 0, err
	}
	n, exact := toInteger(ctx, v)
	if v == nil || !exact || n.negative {
		return 0, gsql.ErrSyntaxError.New("the distance of a window's frame is no whole number")
	}
	distance := int(min(n.bits, 1<<40))
	if b.kind == preceding {
		distance = -distance
	}
	return f.next + distance, nil
}

// limit gives the value at which a frame of RANGE ends; nil if the row's own value is NULL: its frame is its peers.
func (f *frames) limit(ctx *gsql.Context, b bound, buffer gsql.WindowBuffer) (v any, descending bool, err error) {
	if len(f.order) != 1 {
		return nil, false, gsql.ErrSyntaxError.New("RANGE with a distance takes one ORDER BY expression")
	}
	o := f.order[0]
	descending = o.Order == gsql.Descending
	back := (b.kind == preceding) != descending
	var e gsql.Expression
	if interval, ok := plain(b.value).(*expression.Interval); ok {
		name := strings.ToUpper(interval.Unit)
		u, ok := units[name]
		if !ok {
			return nil, false, gsql.ErrSyntaxError.New("unknown unit of an interval: " + name)
		}
		e = makeShift(&shift{unitName: name, unit: u, back: back}, o.Column, interval.Child)
	} else {
		op := plusOperator
		if back {
			op = minusOperator
		}
		e = newArithmetic(op)(asSigned(o.Column), b.value)
	}
	v, err = e.Eval(ctx, buffer[f.next])
	return v, descending, err
}

// asSigned gives a column for arithmetic that may go below zero: of one without a sign as a decimal.
func asSigned(e gsql.Expression) gsql.Expression {
	if shapeOf(e).class != classUnsigned {
		return e
	}
	s := shapeOf(e)
	d := &definition{
		name: prefix + "signed", arity: exactly(1), number: true, typeOf: always(decimalType(s.precision, 0)),
		eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) { return toDecimal(ctx, args[0]), nil },
	}
	return &scalar{definition: d, args: []gsql.Expression{e}, result: decimalType(s.precision, 0)}
}

// search goes on from a row as long as the rows' values compare with a limit so that they are to be passed.
func (f *frames) search(ctx *gsql.Context, buffer gsql.WindowBuffer, from int, passes func(c int, null bool) bool, limit any) (int, error) {
	o := f.order[0]
	for ; from < f.partition.End; from++ {
		v, err := o.Column.Eval(ctx, buffer[from])
		if err != nil {
			return from, err
		}
		c := 0
		if v != nil {
			if c, err = compareValues(ctx, o.Column.Type(), v, limit); err != nil {
				return from, fmt.Errorf("frame of a window: %w", err)
			}
		}
		if !passes(c, v == nil) {
			return from, nil
		}
	}
	return from, nil
}

// compareValues compares a value of a type with one that was computed from such values.
func compareValues(ctx *gsql.Context, t gsql.Type, x, y any) (int, error) {
	switch shapeOfType(t).class {
	case classDouble:
		if types.IsNumber(t) {
			return types.Float64.Compare(ctx, toDouble(ctx, x), toDouble(ctx, y))
		}
	default:
		if types.IsNumber(t) {
			return toDecimal(ctx, x).Cmp(toDecimal(ctx, y)), nil
		}
	}
	return t.Compare(ctx, x, y)
}

// FirstIdx implements gsql.WindowFramer.
func (f *frames) FirstIdx() int { return f.frame.Start }

// LastIdx implements gsql.WindowFramer.
func (f *frames) LastIdx() int { return f.frame.End }

// Interval implements gsql.WindowFramer.
func (f *frames) Interval() (gsql.WindowInterval, error) { return f.frame, nil }
