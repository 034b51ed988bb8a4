package short

import (
	"context"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/sqltypes"
	"github.com/shopspring/decimal"

	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

// changing is one execution of an UPDATE or DELETE: all rows are found, and what they become is known, before any is
// changed. Until then it may still be given up.
type changing struct {
	ctx    *gsql.Context
	plan   *plan
	search search
	args   arguments
	stored []redo.Value // of the assignments of whole arguments
	pairs  []pair
}

// pair is a row before and after; after is nil if it goes.
type pair struct{ before, after redo.Row }

func newChanging(ctx *gsql.Context, p *plan, set []assignment, a arguments) (*changing, bool) {
	c := &changing{ctx: ctx, plan: p, args: a}
	var ok bool
	if c.search, ok = p.where.bind(ctx, p.table, a); !ok {
		return nil, false
	}
	c.stored, ok = storedArguments(ctx, p.table, set, a)
	return c, ok
}

// storedArguments makes the values of those assignments that do not depend on the row.
func storedArguments(ctx *gsql.Context, t *table, set []assignment, a arguments) ([]redo.Value, bool) {
	out := make([]redo.Value, len(set))
	for i := range set {
		if set[i].from != anArgument {
			continue
		}
		v, ok := a.of(set[i].value)
		if !ok {
			return nil, false
		}
		if out[i], ok = t.columns[set[i].column].stored(ctx, v); !ok {
			return nil, false
		}
	}
	return out, true
}

// find reads the rows. update is nil for a DELETE.
func (c *changing) find(t *txn.Txn, update *change) error {
	return c.search.each(c.ctx, t, c.plan.table, &c.plan.where, false, func(row redo.Row, _ []byte) (bool, error) {
		p := pair{before: row}
		if c.search.point == nil {
			p.before = row.Clone()
		}
		if update != nil {
			var ok bool
			if p.after, ok = assigned(c.ctx, c.plan.table, update.set, c.stored, c.args, p.before, nil); !ok {
				return false, errOtherValue
			}
			var err error
			if p.after, err = c.plan.table.stamped(c.ctx, update.stamps, p.before, p.after); err != nil {
				return false, err
			}
		}
		if c.pairs = append(c.pairs, p); len(c.pairs) > rowsMax {
			return false, errTooMany
		}
		return true, nil
	})
}

// stamped gives a row that has changed the present time in some columns.
func (t *table) stamped(ctx *gsql.Context, stamps []int, before, after redo.Row) (redo.Row, error) {
	if len(stamps) == 0 || t.def.Same(before, after) {
		return after, nil
	}
	for _, i := range stamps {
		now, err := t.columns[i].now(ctx)
		if err != nil {
			return nil, err
		}
		after = after.With(redo.Column{ID: t.columns[i].Column.ID, Value: now})
	}
	return after, nil
}

// apply changes the rows that were found, and tells how many of them it changed.
func (c *changing) apply(t *txn.Txn) (changed int, err error) {
	for n, p := range c.pairs {
		if n%cancelEvery == 0 && c.ctx.Err() != nil {
			return changed, context.Cause(c.ctx)
		}
		if p.after != nil && c.plan.table.def.Same(p.before, p.after) {
			continue
		}
		if err := t.LockChange(c.ctx, c.plan.table.def, p.before, p.after); err != nil {
			return changed, err
		}
		if p.after == nil {
			err = t.Delete(c.plan.table.def, p.before)
		} else {
			err = t.Update(c.plan.table.def, p.before, p.after)
		}
		if err != nil {
			return changed, err
		}
		changed++
	}
	return changed, nil
}

// assigned gives a row with assignments made; false if one has no value here. inserted is the row that could not be
// inserted, of ON DUPLICATE KEY UPDATE.
func assigned(ctx *gsql.Context, t *table, set []assignment, stored []redo.Value, a arguments, row, inserted redo.Row) (redo.Row, bool) {
	changes := make(redo.Row, 0, len(set))
	for i := range set {
		column := &t.columns[set[i].column]
		v, ok := stored[i], true
		switch set[i].from {
		case plusArgument, minusArgument:
			v, ok = column.plus(ctx, column.Column.Of(row), a, &set[i])
		case insertedColumn:
			v = t.columns[set[i].inserted].Column.Of(inserted)
			ok = !v.IsNull() || column.null
		case plusInserted:
			v, ok = column.sum(ctx, column.Column.Of(row), t.columns[set[i].inserted].Column.Of(inserted))
		}
		if !ok {
			return nil, false
		}
		changes = changes.With(redo.Column{ID: column.Column.ID, Value: v})
	}
	return redo.Merge(row, changes), true
}

// plus adds an argument to a column's value, or takes it away.
func (c *column) plus(ctx *gsql.Context, v redo.Value, a arguments, set *assignment) (redo.Value, bool) {
	given, ok := a.of(set.value)
	if given.kind == textArgument && c.kind == sqltypes.Decimal && isShortNumber(given.text, v.Data()) {
		given.kind = decimalArgument
	}
	if ok && set.from == minusArgument {
		given, ok = given.negated()
	}
	if !ok || given.kind == nullArgument || v.IsNull() {
		return redo.Value{}, false
	}
	if c.kind == sqltypes.Decimal {
		var d decimal.Decimal
		switch given.kind {
		case integerArgument:
			d = decimal.NewFromInt(given.integer)
		case decimalArgument:
			var err error
			if d, err = decimal.NewFromString(given.text); err != nil {
				return redo.Value{}, false
			}
		default:
			return redo.Value{}, false
		}
		return c.decimalSum(ctx, v, d)
	}
	if given.kind != integerArgument {
		return redo.Value{}, false
	}
	return c.wholeSum(v, given.integer)
}

// isShortNumber tells whether a text may be added to a decimal as one. MySQL adds it as a floating-point number and rounds
// the sum to the column's digits: that is the same as long as both have few enough for a double to hold them all.
func isShortNumber(text string, own []byte) bool {
	const digits = 13
	return len(text) <= digits && len(own) <= digits && isNumber(text)
}

// sum adds two values of the column.
func (c *column) sum(ctx *gsql.Context, v, w redo.Value) (redo.Value, bool) {
	if v.IsNull() || w.IsNull() {
		return redo.Value{}, false
	}
	if c.kind == sqltypes.Decimal {
		d, err := decimal.NewFromString(string(w.Data()))
		if err != nil {
			return redo.Value{}, false
		}
		return c.decimalSum(ctx, v, d)
	}
	return c.wholeSum(v, int64(w.Uint()))
}

func (c *column) decimalSum(ctx *gsql.Context, v redo.Value, d decimal.Decimal) (redo.Value, bool) {
	own, err := decimal.NewFromString(string(v.Data()))
	if err != nil {
		return redo.Value{}, false
	}
	return c.decimal(ctx, own.Add(d))
}

// wholeSum adds whole numbers, where the result is one that the column holds.
func (c *column) wholeSum(v redo.Value, n int64) (redo.Value, bool) {
	own := int64(v.Uint())
	sum := own + n
	if (n > 0) != (sum > own) && n != 0 || sum < c.min || sum > c.max {
		return redo.Value{}, false
	}
	if sqltypes.IsUnsigned(c.kind) {
		return redo.UintValue(uint64(sum)), true
	}
	return redo.IntValue(sum), true
}
