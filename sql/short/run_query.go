package short

import (
	"bytes"
	"math/bits"
	"slices"
	"strconv"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

// reading is one execution of a query.
type reading struct {
	ctx    *gsql.Context
	plan   *plan
	query  *query
	search search
	limit  int // rows to give, -1 for all
	offset int // rows to pass over before

	values []redo.Value // of the outputs, row by row
	arena  []byte       // the bytes of values
	keys   [][]byte     // what rows are sorted by, or told apart by
	seen   map[string]bool
	count  int
}

// newReading gives a query its values.
func newReading(ctx *gsql.Context, p *plan, q *query, a arguments) (*reading, bool) {
	r := &reading{ctx: ctx, plan: p, query: q, limit: -1}
	var ok bool
	if r.search, ok = p.where.bind(ctx, p.table, a); !ok {
		return nil, false
	}
	if q.limit != nil {
		if r.limit, ok = a.count(*q.limit); !ok {
			return nil, false
		}
	}
	if q.offset != nil {
		if r.offset, ok = a.count(*q.offset); !ok {
			return nil, false
		}
	}
	return r, true
}

// countMax bounds LIMIT and OFFSET here.
const countMax = 1 << 30

func (a arguments) count(o operand) (int, bool) {
	v, ok := a.of(o)
	return int(v.integer), ok && v.kind == integerArgument && v.integer >= 0 && v.integer <= countMax
}

// run reads the rows of the result.
func (r *reading) run(t *txn.Txn) ([][]sqltypes.Value, error) {
	if r.query.groups() {
		return r.aggregate(t)
	}
	if r.limit != 0 {
		if err := r.search.each(r.ctx, t, r.plan.table, &r.plan.where, r.query.reverse, r.take); err != nil {
			return nil, err
		}
	}
	order := r.sort()
	if !r.query.sorted || r.query.distinct {
		order = order[min(r.offset, len(order)):]
		if r.limit >= 0 {
			order = order[:min(r.limit, len(order))]
		}
	}
	return r.rows(order)
}

// take keeps a row's outputs. It returns false once there are enough.
func (r *reading) take(row redo.Row) (bool, error) {
	streams := r.query.sorted && !r.query.distinct
	if streams && r.offset > 0 {
		r.offset--
		return true, nil
	}
	if r.query.distinct {
		key, err := r.distinctKey(row)
		if err != nil || r.seen[string(key)] {
			return true, err
		}
		if r.seen == nil {
			r.seen = map[string]bool{}
		}
		r.seen[string(key)] = true
	}
	for _, o := range r.query.outputs {
		r.values = append(r.values, r.keep(r.plan.table.columns[o.column].Column.Of(row)))
	}
	if !r.query.sorted {
		key, err := r.sortKey(row)
		if err != nil {
			return false, err
		}
		r.keys = append(r.keys, key)
	}
	r.count++
	if r.count > rowsMax || len(r.arena) > rowsBytesMax {
		return false, errTooMany
	}
	return !streams || r.count != r.limit, nil
}

// keep copies a value's bytes, which are the reader's.
func (r *reading) keep(v redo.Value) redo.Value {
	if len(v.Data()) == 0 {
		return v
	}
	start := len(r.arena)
	r.arena = append(r.arena, v.Data()...)
	return v.WithData(r.arena[start:len(r.arena):len(r.arena)])
}

func (r *reading) distinctKey(row redo.Row) (key []byte, err error) {
	for _, o := range r.query.outputs {
		c := r.plan.table.columns[o.column].Column
		if key, err = catalog.AppendKeyPart(key, c, 0, c.Of(row), collator); err != nil {
			return nil, err
		}
	}
	return key, nil
}

func (r *reading) sortKey(row redo.Row) (key []byte, err error) {
	for _, o := range r.query.order {
		c := r.plan.table.columns[o.column].Column
		start := len(key)
		if key, err = catalog.AppendKeyPart(key, c, 0, c.Of(row), collator); err != nil {
			return nil, err
		}
		if o.descending {
			for i := start; i < len(key); i++ {
				key[i] = ^key[i]
			}
		}
	}
	return key, nil
}

// sort gives the numbers of the rows in the order of the result.
func (r *reading) sort() []int {
	order := make([]int, r.count)
	for i := range order {
		order[i] = i
	}
	if !r.query.sorted {
		slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(r.keys[a], r.keys[b]) })
	}
	return order
}

func (r *reading) rows(order []int) ([][]sqltypes.Value, error) {
	width := len(r.query.outputs)
	cells := make([]sqltypes.Value, len(order)*width)
	out := make([][]sqltypes.Value, len(order))
	for i, n := range order {
		row := cells[i*width : (i+1)*width : (i+1)*width]
		for k, o := range r.query.outputs {
			var err error
			if row[k], err = r.plan.table.columns[o.column].out(r.ctx, r.values[n*width+k]); err != nil {
				return nil, err
			}
		}
		out[i] = row
	}
	return out, nil
}

// tally is an aggregate that is being computed.
type tally struct {
	count, sum int64
	min, max   int64
}

func (r *reading) aggregate(t *txn.Txn) ([][]sqltypes.Value, error) {
	tallies := make([]tally, len(r.query.outputs))
	err := r.search.each(r.ctx, t, r.plan.table, &r.plan.where, false, func(row redo.Row) (bool, error) {
		for i, o := range r.query.outputs {
			if o.aggregate == countRows {
				tallies[i].count++
				continue
			}
			v := r.plan.table.columns[o.column].Column.Of(row)
			if v.IsNull() {
				continue
			}
			if !tallies[i].add(int64(v.Uint()), o.aggregate) {
				return false, errTooMany
			}
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]sqltypes.Value, len(tallies))
	for i, o := range r.query.outputs {
		out[i] = tallies[i].value(o.aggregate, (*r.plan.fields.Load())[i].Type)
	}
	return [][]sqltypes.Value{out}, nil
}

// add counts a value; false if the sum is more than 64 bits hold.
func (t *tally) add(v int64, kind aggregate) bool {
	if t.count == 0 || v < t.min {
		t.min = v
	}
	if t.count == 0 || v > t.max {
		t.max = v
	}
	t.count++
	if kind != sumValues {
		return true
	}
	sum, _ := bits.Add64(uint64(t.sum), uint64(v), 0)
	overflows := (t.sum >= 0) == (v >= 0) && (int64(sum) >= 0) != (v >= 0)
	t.sum = int64(sum)
	return !overflows
}

func (t *tally) value(kind aggregate, typ querypb.Type) sqltypes.Value {
	n := t.count
	switch {
	case kind == countRows || kind == countValues:
	case t.count == 0:
		return sqltypes.NULL
	case kind == sumValues:
		n = t.sum
	case kind == minValue:
		n = t.min
	case kind == maxValue:
		n = t.max
	}
	return sqltypes.MakeTrusted(typ, strconv.AppendInt(nil, n, 10))
}
