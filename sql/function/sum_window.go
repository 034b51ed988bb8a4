package function

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// exactFrames computes SUM and AVG over frames. Exact sums come from the sums of all beginnings of the partition, so
// that a frame costs two look-ups. Floats are added frame by frame, unless the frames only grow: a difference of sums
// would lose their digits.
type exactFrames struct {
	bufferedFrames
	first int               // row of the partition in the buffer
	sums  []decimal.Decimal // sums[i] is of the first i rows of the partition
	rows  []int64           // rows[i] is how many of the first i rows are not NULL
}

func newExactFrames(a *aggregate) frameFunction {
	if a.result == types.Float64 {
		return &bufferedFrames{aggregate: a}
	}
	return &exactFrames{bufferedFrames: bufferedFrames{aggregate: a}}
}

func (f *exactFrames) start(ctx *gsql.Context, interval gsql.WindowInterval, buffer gsql.WindowBuffer) error {
	n := interval.End - interval.Start
	f.first, f.sums, f.rows = interval.Start, make([]decimal.Decimal, n+1), make([]int64, n+1)
	for i := range n {
		v, err := evalNumber(ctx, f.aggregate.args[0], buffer[interval.Start+i])
		if err != nil {
			return err
		}
		f.sums[i+1], f.rows[i+1] = f.sums[i], f.rows[i]
		if v != nil {
			f.sums[i+1] = f.sums[i].Add(toDecimal(ctx, v))
			f.rows[i+1]++
		}
	}
	return nil
}

func (f *exactFrames) compute(_ *gsql.Context, interval gsql.WindowInterval, _ gsql.WindowBuffer) (any, error) {
	from, to := interval.Start-f.first, interval.End-f.first
	if to <= from || f.rows[to] == f.rows[from] {
		return nil, nil
	}
	sum := f.sums[to].Sub(f.sums[from])
	if f.aggregate.kind.name == "avg" {
		sum = divideDecimals(sum, decimal.NewFromInt(f.rows[to]-f.rows[from]))
	}
	return rounded(sum, f.aggregate.result), nil
}
