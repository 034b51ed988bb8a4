package short

import (
	"bytes"
	"cmp"
	"errors"
	"math/bits"
	"slices"
	"strconv"
	"sync"
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
	order  []place            // of the rows in the result
	rows   [][]sqltypes.Value // the result
	seen   map[string]bool    // of DISTINCT, what was met
	count  int
}

// readings are queries that have been answered, whose memory the next ones use.
var readings = sync.Pool{New: func() any { return new(reading) }}

// arenaKept bounds, in bytes, what a query leaves to the next one, and with that its number of cells.
const (
	arenaKept = 256 << 10
	cellsKept = arenaKept / 32
)

// newReading gives a query its values. release ends it.
func newReading(ctx *gsql.Context, p *plan, q *query, a arguments) (*reading, bool) {
	r := readings.Get().(*reading)
	r.ctx, r.plan, r.query, r.limit = ctx, p, q, -1
	if !r.bind(a) {
		r.release()
		return nil, false
	}
	return r, true
}

func (r *reading) bind(a arguments) (ok bool) {
	if r.search, ok = r.plan.where.bind(r.ctx, r.plan.table, a); !ok {
		return false
	}
	if r.query.limit != nil {
		if r.limit, ok = a.count(*r.query.limit); !ok {
			return false
		}
	}
	if r.query.offset != nil {
		r.offset, ok = a.count(*r.query.offset)
	}
	return ok
}

// release leaves the memory to others: the result must not be used any more.
func (r *reading) release() {
	if cap(r.arena) > arenaKept || cap(r.sorter.arena) > arenaKept || cap(r.cells) > cellsKept {
		return
	}
	clear(r.cells) // some may hold memory of their own
	s := &r.sorter
	*r = reading{
		cells: r.cells[:0], arena: r.arena[:0], order: r.order[:0], rows: r.rows[:0],
		sorter: sorter{keys: s.keys[:0], arena: s.arena[:0], wholes: s.wholes[:0]},
	}
	readings.Put(r)
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
		if err := r.search.each(r.ctx, t, r.plan.table, &r.plan.where, r.query.reverse, r.take); err != nil {
			return nil, err
		}
	}
	order := r.sort()
	if !r.streams() {
		order = order[min(r.offset, len(order)):]
		if r.limit >= 0 {
			order = order[:min(r.limit, len(order))]
		}
	}
	width := len(r.query.outputs)
	for _, at := range order {
		first := int(at.row) * width
		end := first + width
		r.rows = append(r.rows, r.cells[first:end:end])
	}
	return r.rows, nil
}

// sort gives the rows in the order of the result.
func (r *reading) sort() []place {
	if r.query.sorted {
		for i := range r.count {
			r.order = append(r.order, place{row: int32(i)})
		}
		return r.order
	}
	for i := range r.count {
		r.order = append(r.order, r.sorter.place(int32(i)))
	}
	slices.SortFunc(r.order, func(a, b place) int {
		if c := r.sorter.compare(a, b); c != 0 {
			return c
		}
		return cmp.Compare(a.row, b.row)
	})
	if r.query.distinct && r.query.adjacent {
		return slices.CompactFunc(r.order, func(a, b place) bool { return r.sorter.compare(a, b) == 0 })
	}
	return r.order
}

// streams tells whether rows are met in the order of the result, each once.
func (r *reading) streams() bool { return r.query.sorted && !r.query.distinct }

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
