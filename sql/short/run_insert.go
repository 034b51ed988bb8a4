package short

import (
	"context"
	"errors"
	"math"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

// inserting is one execution of an INSERT.
type inserting struct {
	ctx    *gsql.Context
	plan   *plan
	in     *insertion
	engine *engine.Engine
	rows   []redo.Row
	given  []uint64 // by row, the AUTO_INCREMENT value of the statement; 0 to be given one
	set    []redo.Value
	args   arguments

	foundRows bool // the client counts rows that were found, not those that were changed
	affected  uint64
	last      uint64 // AUTO_INCREMENT value of the row that was inserted or changed last
	latest    uint64 // the one generated for the row that is being inserted; 0 for none
	generated uint64 // the first that was generated for a row that was inserted; 0 for none
}

// newInserting makes the rows; false if a value is not exactly one of its column.
func newInserting(ctx *gsql.Context, p *plan, in *insertion, a arguments, rows int) (*inserting, bool) {
	i := &inserting{ctx: ctx, plan: p, in: in, rows: make([]redo.Row, rows), given: make([]uint64, rows)}
	for n := range rows {
		own := a[n*in.slots : (n+1)*in.slots]
		var ok bool
		if i.rows[n], i.given[n], ok = i.row(own); !ok {
			return nil, false
		}
	}
	i.args = a
	if rest := (rows - 1) * in.slots; rest > 0 {
		i.args = a[rest:] // those of ON DUPLICATE KEY UPDATE have the numbers that they have behind one row
	}
	var ok bool
	i.set, ok = storedArguments(ctx, p.table, in.onKey, i.args)
	return i, ok
}

// row makes one row of its arguments, in ascending order of the columns' ids. The AUTO_INCREMENT column is left out if
// it is to be given a value.
func (i *inserting) row(a arguments) (out redo.Row, given uint64, ok bool) {
	out = make(redo.Row, 0, len(i.in.values)+1)
	for n := range i.in.values {
		v, ok := i.value(n, a)
		if !ok {
			return nil, 0, false
		}
		if n == i.in.auto {
			if given = v.Uint(); given == 0 {
				continue
			}
		}
		out = out.With(redo.Column{ID: i.plan.table.columns[n].Column.ID, Value: v})
	}
	return out, given, true
}

// value makes the value of one column; 0 or NULL of the AUTO_INCREMENT column if it is to be given one.
func (i *inserting) value(n int, a arguments) (redo.Value, bool) {
	column, from := &i.plan.table.columns[n], &i.in.values[n]
	if from.from != givenValue {
		switch {
		case n == i.in.auto:
			return redo.Value{}, true
		case column.clock:
			v, err := column.now(i.ctx)
			return v, err == nil
		}
		return column.fallback, true
	}
	given, ok := a.of(from.value)
	if !ok || n == i.in.auto && given.kind == nullArgument {
		return redo.Value{}, ok
	}
	v, ok := column.stored(i.ctx, given)
	negative := n == i.in.auto && v.Kind() == redo.Int && v.Int() < 0
	return v, ok && !negative
}

// run inserts the rows.
func (i *inserting) run(t *txn.Txn) error {
	for n := range i.rows {
		if n%cancelEvery == 0 && i.ctx.Err() != nil {
			return context.Cause(i.ctx)
		}
		if err := i.number(n); err != nil {
			return err
		}
		if err := i.insert(t, i.rows[n]); err != nil {
			return err
		}
	}
	return nil
}

// number gives a row its AUTO_INCREMENT value.
func (i *inserting) number(n int) error {
	if i.in.auto < 0 {
		return nil
	}
	column := &i.plan.table.columns[i.in.auto]
	value := i.given[n]
	i.latest = 0
	if value == 0 {
		var err error
		if value, err = i.engine.NextAutoIncrement(i.ctx, i.plan.table.def.ID); err != nil {
			return err
		}
		given := argument{kind: integerArgument, integer: int64(value)}
		if value > math.MaxInt64 {
			given.kind = unsignedArgument
		}
		v, ok := column.wholeValue(given)
		if !ok {
			return errExhausted
		}
		i.rows[n] = i.rows[n].With(redo.Column{ID: column.Column.ID, Value: v})
		i.latest = value
	} else if err := i.engine.BumpAutoIncrement(i.ctx, i.plan.table.def.ID, value); err != nil {
		return err
	}
	return nil
}

// errExhausted is met when AUTO_INCREMENT has come to the end of its column's type.
var errExhausted = errors.New("no more values of AUTO_INCREMENT")

func (i *inserting) insert(t *txn.Txn, row redo.Row) error {
	def := i.plan.table.def
	if err := t.LockChange(i.ctx, def, nil, row); err != nil {
		return err
	}
	err := t.Insert(def, row)
	var duplicate *txn.DuplicateKeyError
	if i.in.updates && errors.As(err, &duplicate) {
		return i.update(t, duplicate.Existing, row)
	}
	if err != nil {
		return err
	}
	i.affected++
	i.last = i.numberOf(row)
	if i.generated == 0 {
		i.generated = i.latest
	}
	return nil
}

// update changes the row that is in the way of a new one. Of the affected rows a new one counts as one, a changed one
// as two.
func (i *inserting) update(t *txn.Txn, existing, row redo.Row) error {
	existing = existing.Clone()
	after, ok := assigned(i.ctx, i.plan.table, i.in.onKey, i.set, i.args, existing, row)
	if !ok {
		return errOtherValue
	}
	after, err := i.plan.table.stamped(i.ctx, i.in.stamps, existing, after)
	if err != nil {
		return err
	}
	if i.plan.table.def.Same(existing, after) {
		if i.foundRows {
			i.affected++
		}
		return nil
	}
	if err := t.LockChange(i.ctx, i.plan.table.def, existing, after); err != nil {
		return err
	}
	if err := t.Update(i.plan.table.def, existing, after); err != nil {
		return err
	}
	i.affected += 2
	i.last = i.numberOf(after)
	return nil
}

// numberOf is the AUTO_INCREMENT value of a row; 0 if its table has none.
func (i *inserting) numberOf(row redo.Row) uint64 {
	if i.in.auto < 0 {
		return 0
	}
	return i.plan.table.columns[i.in.auto].Column.Of(row).Uint()
}

// errOtherValue is met by a value that the column does not hold, when rows have been changed already: what the statement
// did is taken back and it goes the full way.
var errOtherValue = errors.New("a value that its column does not hold")
