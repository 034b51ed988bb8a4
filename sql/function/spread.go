package function

import (
	"math"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// spreadKind is a variance or a standard deviation, of a whole or of a sample.
func spreadKind(name string, sample, root bool) *aggregateKind {
	return &aggregateKind{
		name:   name,
		typeOf: func(*aggregate) gsql.Type { return types.Float64 },
		buffer: func(a *aggregate) gsql.AggregationBuffer {
			return &spreadBuffer{aggregate: a, sample: sample, root: root}
		},
	}
}

// spreadBuffer computes a variance in one pass: Welford's recurrence for the mean and the sum of squared distances
// (B. P. Welford, Technometrics 4, 1962), as MySQL does.
type spreadBuffer struct {
	aggregate    *aggregate
	sample, root bool
	rows         float64
	mean         float64
	squares      float64
}

// Update implements gsql.AggregationBuffer.
func (b *spreadBuffer) Update(ctx *gsql.Context, row gsql.Row) error {
	v, err := evalNumber(ctx, b.aggregate.args[0], row)
	if err != nil || v == nil {
		return err
	}
	x := toDouble(ctx, v)
	b.rows++
	before := b.mean
	b.mean += (x - before) / b.rows
	b.squares += (x - before) * (x - b.mean)
	return nil
}

// Eval implements gsql.AggregationBuffer.
func (b *spreadBuffer) Eval(*gsql.Context) (any, error) {
	divisor := b.rows
	if b.sample {
		divisor--
	}
	if b.rows == 0 || divisor == 0 {
		return nil, nil
	}
	variance := b.squares / divisor
	if b.root {
		return math.Sqrt(variance), nil
	}
	return variance, nil
}

// Dispose implements gsql.Disposable.
func (b *spreadBuffer) Dispose() { b.aggregate.dispose() }
