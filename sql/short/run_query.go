package short

import (
	"bytes"
	"cmp"
	"errors"
	"math/bits"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"

	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

// reading is one execution of a query.
type reading struct {
	ctx    *gsql.Context
	plan   *plan
	query  *query
	search search
	txn    *txn.Txn
	wait   time.Duration // for locks
	limit  int           // rows to give, -1 for all
	offset int           // rows to pass over before

	cells  []sqltypes.Value // of the outputs, row by row
	arena  []byte           // the bytes of cells
	sorter sorter
	seen   map[string]bool // of DISTINCT, what was met
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
		r.txn = t
		r.expect()
		if err := r.search.each(r.ctx, t, r.plan.table, &r.plan.where, r.query.reverse, r.take); err != nil {
			return nil, err
		}
		r.query.size.note(r)
	}
	order := r.order()
	if !r.streams() {
		order = order[min(r.offset, len(order)):]
		if r.limit >= 0 {
			order = order[:min(r.limit, len(order))]
		}
	}
	out, width := make([][]sqltypes.Value, len(order)), len(r.query.outputs)
	for i := range order {
		n := int(order[i])
		out[i] = r.cells[n*width : (n+1)*width : (n+1)*width]
	}
	return out, nil
}

// order gives the numbers of the rows in the order of the result.
func (r *reading) order() []int32 {
	order := make([]int32, r.count)
	for i := range order {
		order[i] = int32(i)
	}
	if r.query.sorted {
		return order
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(r.sorter.compare(a, b), int(a-b)) })
	if r.query.distinct && r.query.adjacent {
		order = slices.CompactFunc(order, func(a, b int32) bool { return r.sorter.compare(a, b) == 0 })
	}
	return order
}

// streams tells whether rows are met in the order of the result, each once.
func (r *reading) streams() bool { return r.query.sorted && !r.query.distinct }

// sizes are those of the latest result of a query: the next one may be as large.
type sizes struct{ rows, bytes, keyBytes atomic.Int32 }

func (s *sizes) note(r *reading) {
	s.rows.Store(int32(r.count))
	s.bytes.Store(int32(len(r.arena)))
	s.keyBytes.Store(int32(len(r.sorter.arena)))
}

// expect makes room for a result like the latest one.
func (r *reading) expect() {
	if r.search.point != nil {
		r.cells = make([]sqltypes.Value, 0, len(r.query.outputs))
		return
	}
	rows := int(r.query.size.rows.Load()) + 1
	r.cells = make([]sqltypes.Value, 0, rows*len(r.query.outputs))
	r.arena = make([]byte, 0, r.query.size.bytes.Load())
	if !r.query.sorted {
		r.sorter.expect(rows, int(r.query.size.keyBytes.Load()))
	}
}

// take keeps a row's outputs. It returns false once there are enough.
func (r *reading) take(row redo.Row, key []byte) (bool, error) {
	streams := r.streams()
	if streams && r.offset > 0 {
		r.offset--
		return true, nil
	}
	if r.query.distinct && !r.query.adjacent {
		if known, err := r.known(row); err != nil || known {
			return true, err
		}
	}
	if r.query.locks() {
		if has, err := r.lockRow(key); err != nil || !has {
			return true, err
		}
	}
	for _, o := range r.query.outputs {
		c := &r.plan.table.columns[o.column]
		cell, arena, err := c.out(r.ctx, r.arena, c.Column.Of(row))
		if err != nil {
			return false, err
		}
		r.cells, r.arena = append(r.cells, cell), arena
	}
	if !r.query.sorted {
		if err := r.sorter.add(r.plan.table, r.query.order, row); err != nil {
			return false, err
		}
	}
	r.count++
	if r.count > rowsMax || len(r.arena) > rowsBytesMax {
		return false, errTooMany
	}
	return !streams || r.count != r.limit, nil
}

// lockRow locks the row with a key. It tells whether the row may be shown: not if another transaction has it and the
// statement says SKIP LOCKED.
func (r *reading) lockRow(key []byte) (bool, error) {
	wait := r.wait
	if r.query.lock.skip {
		wait = 0
	}
	err := r.txn.LockRow(r.ctx, r.plan.table.def, bytes.Clone(key), r.query.lock.mode, wait)
	if r.query.lock.skip && errors.Is(err, lock.ErrBusy) {
		return false, nil
	}
	return err == nil, err
}

// known tells whether the outputs of a row were met before.
func (r *reading) known(row redo.Row) (bool, error) {
	var key []byte
	var err error
	for _, o := range r.query.outputs {
		c := r.plan.table.columns[o.column].Column
		if key, err = catalog.AppendKeyPart(key, c, 0, c.Of(row), collator); err != nil {
			return false, err
		}
	}
	if r.seen[string(key)] {
		return true, nil
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[string(key)] = true
	return false, nil
}

// tally is an aggregate that is being computed.
type tally struct {
	count, sum int64
	min, max   int64
}

func (r *reading) aggregate(t *txn.Txn) ([][]sqltypes.Value, error) {
	tallies := make([]tally, len(r.query.outputs))
	err := r.search.each(r.ctx, t, r.plan.table, &r.plan.where, false, func(row redo.Row, _ []byte) (bool, error) {
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
