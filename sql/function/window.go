package function

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// countKind is COUNT over a window; over groups the engine's is used.
func countKind() *aggregateKind {
	return &aggregateKind{
		name:   "count",
		typeOf: func(*aggregate) gsql.Type { return types.Int64 },
		buffer: func(a *aggregate) gsql.AggregationBuffer { return &countBuffer{aggregate: a} },
	}
}

type countBuffer struct {
	aggregate *aggregate
	rows      int64
}

// Update implements gsql.AggregationBuffer.
func (b *countBuffer) Update(ctx *gsql.Context, row gsql.Row) error {
	v, err := b.aggregate.args[0].Eval(ctx, row)
	if err == nil && v != nil {
		b.rows++
	}
	return err
}

// Eval implements gsql.AggregationBuffer.
func (b *countBuffer) Eval(*gsql.Context) (any, error) { return b.rows, nil }

// Dispose implements gsql.Disposable.
func (b *countBuffer) Dispose() { b.aggregate.dispose() }

// extremeKind is MAX or MIN over a window.
func extremeKind(name string, sign int) *aggregateKind {
	return &aggregateKind{
		name:   name,
		typeOf: func(a *aggregate) gsql.Type { return a.args[0].Type() },
		buffer: func(a *aggregate) gsql.AggregationBuffer { return &extremeBuffer{aggregate: a, sign: sign} },
	}
}

type extremeBuffer struct {
	aggregate *aggregate
	sign      int
	best      any
}

// Update implements gsql.AggregationBuffer.
func (b *extremeBuffer) Update(ctx *gsql.Context, row gsql.Row) error {
	v, err := b.aggregate.args[0].Eval(ctx, row)
	if err != nil || v == nil {
		return err
	}
	if b.best == nil {
		b.best = v
		return nil
	}
	c, err := b.aggregate.result.Compare(ctx, v, b.best)
	if err == nil && c*b.sign > 0 {
		b.best = v
	}
	return err
}

// Eval implements gsql.AggregationBuffer.
func (b *extremeBuffer) Eval(*gsql.Context) (any, error) { return b.best, nil }

// Dispose implements gsql.Disposable.
func (b *extremeBuffer) Dispose() { b.aggregate.dispose() }

// bitsKind is BIT_AND, BIT_OR or BIT_XOR over a window.
func bitsKind(name string, none uint64, compute func(l, r uint64) uint64) *aggregateKind {
	return &aggregateKind{
		name:   name,
		typeOf: func(*aggregate) gsql.Type { return types.Uint64 },
		buffer: func(a *aggregate) gsql.AggregationBuffer {
			return &bitsBuffer{aggregate: a, bits: none, compute: compute}
		},
	}
}

type bitsBuffer struct {
	aggregate *aggregate
	bits      uint64
	compute   func(l, r uint64) uint64
}

// Update implements gsql.AggregationBuffer.
func (b *bitsBuffer) Update(ctx *gsql.Context, row gsql.Row) error {
	v, err := evalNumber(ctx, b.aggregate.args[0], row)
	if err == nil && v != nil {
		b.bits = b.compute(b.bits, bitsOf(ctx, v))
	}
	return err
}

// Eval implements gsql.AggregationBuffer.
func (b *bitsBuffer) Eval(*gsql.Context) (any, error) { return b.bits, nil }

// Dispose implements gsql.Disposable.
func (b *bitsBuffer) Dispose() { b.aggregate.dispose() }

// placeKind is a function that gives the value at a place of the frame: FIRST_VALUE, LAST_VALUE, NTH_VALUE.
func placeKind(name string, place func(ctx *gsql.Context, a *aggregate, frame gsql.WindowInterval) (int, error)) *aggregateKind {
	return &aggregateKind{
		name:   name,
		typeOf: func(a *aggregate) gsql.Type { return a.args[0].Type() },
		window: func(a *aggregate) frameFunction { return &placeFrames{aggregate: a, place: place} },
	}
}

type placeFrames struct {
	aggregate *aggregate
	place     func(ctx *gsql.Context, a *aggregate, frame gsql.WindowInterval) (int, error)
}

func (*placeFrames) start(*gsql.Context, gsql.WindowInterval, gsql.WindowBuffer) error { return nil }

func (f *placeFrames) compute(ctx *gsql.Context, frame gsql.WindowInterval, buffer gsql.WindowBuffer) (any, error) {
	if frame.End <= frame.Start {
		return nil, nil
	}
	at, err := f.place(ctx, f.aggregate, frame)
	if err != nil || at < frame.Start || at >= frame.End {
		return nil, err
	}
	return f.aggregate.args[0].Eval(ctx, buffer[at])
}

func firstPlace(_ *gsql.Context, _ *aggregate, frame gsql.WindowInterval) (int, error) {
	return frame.Start, nil
}

func lastPlace(_ *gsql.Context, _ *aggregate, frame gsql.WindowInterval) (int, error) {
	return frame.End - 1, nil
}

func nthPlace(ctx *gsql.Context, a *aggregate, frame gsql.WindowInterval) (int, error) {
	if len(a.args) != 2 {
		return 0, gsql.ErrInvalidArgumentNumber.New("NTH_VALUE", 2, len(a.args))
	}
	v, err := a.args[1].Eval(ctx, nil)
	if err != nil {
		return 0, err
	}
	n, exact := toInteger(ctx, v)
	if v == nil || !exact || n.negative || n.bits == 0 {
		return 0, gsql.ErrInvalidArgument.New("NTH_VALUE")
	}
	return frame.Start + int(min(n.bits, 1<<40)) - 1, nil
}

// shareKind is CUME_DIST: the share of the partition's rows up to the last that is equal to the row in the order.
func shareKind() *aggregateKind {
	return &aggregateKind{
		name: "cume_dist", unframed: true,
		typeOf: func(*aggregate) gsql.Type { return types.Float64 },
		window: func(*aggregate) frameFunction { return &shareFrames{} },
	}
}

type shareFrames struct{ partition gsql.WindowInterval }

func (f *shareFrames) start(_ *gsql.Context, partition gsql.WindowInterval, _ gsql.WindowBuffer) error {
	f.partition = partition
	return nil
}

func (f *shareFrames) compute(_ *gsql.Context, frame gsql.WindowInterval, _ gsql.WindowBuffer) (any, error) {
	return float64(frame.End-f.partition.Start) / float64(f.partition.End-f.partition.Start), nil
}
