package function

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// sumDigits is how many digits MySQL adds to the precision of what is summed.
const sumDigits = 22

// sumKind is SUM, averageKind AVG: exact for integers and decimals, a float for all else.
func sumKind() *aggregateKind {
	return &aggregateKind{
		name: "sum", window: newExactFrames,
		typeOf: func(a *aggregate) gsql.Type { return sumType(a, sumDigits, 0) },
		buffer: func(a *aggregate) gsql.AggregationBuffer { return newSumBuffer(a, false) },
	}
}

func averageKind() *aggregateKind {
	return &aggregateKind{
		name: "avg", window: newExactFrames,
		typeOf: func(a *aggregate) gsql.Type { return sumType(a, divisionDigits, divisionDigits) },
		buffer: func(a *aggregate) gsql.AggregationBuffer { return newSumBuffer(a, true) },
	}
}

func sumType(a *aggregate, moreDigits, moreScale int) gsql.Type {
	if len(a.args) != 1 {
		return types.Float64
	}
	s := shapeOf(a.args[0])
	if s.class == classDouble {
		return types.Float64
	}
	return decimalType(s.precision+moreDigits, s.scale+moreScale)
}

// sumBuffer adds up one group.
type sumBuffer struct {
	aggregate *aggregate
	average   bool
	seen      *distinctSet
	total     total
}

func newSumBuffer(a *aggregate, average bool) *sumBuffer {
	b := &sumBuffer{aggregate: a, average: average, total: total{floats: a.result == types.Float64}}
	if a.distinct {
		b.seen = &distinctSet{}
	}
	return b
}

// Update implements gsql.AggregationBuffer.
func (b *sumBuffer) Update(ctx *gsql.Context, row gsql.Row) error {
	e := b.aggregate.args[0]
	v, err := evalNumber(ctx, e, row)
	if err != nil || v == nil {
		return err
	}
	if b.seen == nil || b.seen.add(ctx, []gsql.Expression{e}, []any{v}) {
		b.total.add(ctx, v)
	}
	return nil
}

// Eval implements gsql.AggregationBuffer. An average keeps all digits that MySQL computes; its type shows fewer.
func (b *sumBuffer) Eval(*gsql.Context) (any, error) { return b.total.value(b.average), nil }

// Dispose implements gsql.Disposable.
func (b *sumBuffer) Dispose() { b.aggregate.dispose() }

// total adds up values. Integers are added in a machine word as long as they fit into one.
type total struct {
	floats  bool
	rows    int64
	small   int64
	decimal decimal.Decimal
	double  float64
}

func (t *total) add(ctx *gsql.Context, v any) {
	t.rows++
	if t.floats {
		t.double += toDouble(ctx, v)
		return
	}
	if d, ok := v.(decimal.Decimal); ok {
		t.decimal = t.decimal.Add(d)
		return
	}
	n, exact := toInteger(ctx, v)
	if !exact || !n.negative && int64(n.bits) < 0 {
		t.decimal = t.decimal.Add(toDecimal(ctx, v))
		return
	}
	t.addSmall(int64(n.bits))
}

func (t *total) addSmall(v int64) {
	sum := t.small + v
	if overflowed := (t.small^v) >= 0 && (t.small^sum) < 0; overflowed {
		t.decimal = t.decimal.Add(decimal.NewFromInt(t.small))
		sum = v
	}
	t.small = sum
}

// value gives the sum or the average; nil of no rows.
func (t *total) value(average bool) any {
	switch {
	case t.rows == 0:
		return nil
	case t.floats && average:
		return t.double / float64(t.rows)
	case t.floats:
		return t.double
	}
	sum := t.decimal
	if t.small != 0 || sum.IsZero() {
		sum = sum.Add(decimal.NewFromInt(t.small))
	}
	if average {
		return divideDecimals(sum, decimal.NewFromInt(t.rows))
	}
	return sum
}

// newShown rounds an average to the digits that its type shows. Arithmetic takes it without.
func newShown(e gsql.Expression) gsql.Expression {
	e = plain(e)
	if !types.IsDecimal(e.Type()) {
		return e
	}
	d := &definition{
		name: prefix + "shown", arity: exactly(1),
		text:   func(args []string) string { return args[0] },
		typeOf: func(args []gsql.Expression) gsql.Type { return args[0].Type() },
		eval:   func(_ *gsql.Context, _ *scalar, args []any) (any, error) { return args[0], nil },
	}
	return &scalar{definition: d, args: []gsql.Expression{e}, result: e.Type()}
}
