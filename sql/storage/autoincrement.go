package storage

import (
	"math"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/shopspring/decimal"

	"redoubt/engine"
	"redoubt/engine/txn"
)

var _ gsql.AutoIncrementTable = (*Table)(nil)

// PeekNextAutoIncrementValue implements gsql.AutoIncrementGetter.
func (t *Table) PeekNextAutoIncrementValue(*gsql.Context) (uint64, error) {
	next, err := t.db.store.engine.PeekAutoIncrement(t.def.ID)
	return next, engineError(err)
}

// GetNextAutoIncrementValue implements gsql.AutoIncrementTable: it gives a number, or takes note of one that the
// statement gave itself.
func (t *Table) GetNextAutoIncrementValue(ctx *gsql.Context, given any) (uint64, error) {
	e := t.db.store.engine
	if given == nil {
		next, err := e.NextAutoIncrement(background(ctx), t.def.ID)
		if err == nil && !t.takesNumber(ctx, next) {
			err = engine.ErrNoNumbers
		}
		noteGiven(ctx, next)
		return next, engineError(err)
	}
	noteGiven(ctx, 0)
	n, ok := positive(given)
	if !ok || !t.takesNumber(ctx, n) { // the statement will fail
		return t.PeekNextAutoIncrementValue(ctx)
	}
	return n, engineError(e.BumpAutoIncrement(background(ctx), t.def.ID, n))
}

// takesNumber tells whether the auto-increment column holds a number. The SQL engine would store the largest that it holds
// instead.
func (t *Table) takesNumber(ctx *gsql.Context, n uint64) bool {
	for _, c := range t.schema.Schema {
		if !c.AutoIncrement {
			continue
		}
		_, in, err := c.Type.Convert(ctx, n)
		return err == nil && bool(in)
	}
	return true
}

// AutoIncrementSetter implements gsql.AutoIncrementTable.
func (t *Table) AutoIncrementSetter(ctx *gsql.Context) gsql.AutoIncrementSetter {
	return t.newEditor(ctx)
}

// SetAutoIncrementValue implements gsql.AutoIncrementSetter. Numbers that rows have are never given again.
func (e *editor) SetAutoIncrementValue(ctx *gsql.Context, next uint64) error {
	if e.failure != nil {
		return e.failure
	}
	highest, err := e.highestAuto(ctx)
	if err != nil {
		return err
	}
	return engineError(e.table.db.store.engine.SetAutoIncrement(background(ctx), e.table.def.ID, max(next, highest+min(1, math.MaxUint64-highest))))
}

// AcquireAutoIncrementLock implements gsql.AutoIncrementSetter. Numbers are given one by one; no lock is needed.
func (e *editor) AcquireAutoIncrementLock(*gsql.Context) (func(), error) { return func() {}, nil }

// highestAuto is the highest value of the auto-increment column: the last entry of its index.
func (e *editor) highestAuto(ctx *gsql.Context) (uint64, error) {
	if e.auto < 0 {
		return 0, nil
	}
	id := e.table.def.Columns[e.auto].ID
	indexes, err := e.table.GetIndexes(ctx)
	if err != nil {
		return 0, err
	}
	for _, candidate := range indexes {
		x := candidate.(*Index)
		if x.columns[0].Column != id {
			continue
		}
		part := &partition{index: x.def, ranges: []keyRange{{Range: txn.Range{Reverse: true}}}}
		iter, err := e.table.newRowIter(ctx, e.transaction.inner, part)
		if err != nil {
			return 0, err
		}
		row, err := iter.Next(ctx)
		if closeErr := iter.Close(ctx); err == nil && closeErr != nil {
			return 0, closeErr
		}
		if err == errEOF {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		n, _ := positive(row[e.auto])
		return n, nil
	}
	return 0, nil
}

// positive reads a number that may be an auto-increment value.
func positive(v any) (uint64, bool) {
	switch n := v.(type) {
	case int8:
		return uint64(n), n > 0
	case int16:
		return uint64(n), n > 0
	case int32:
		return uint64(n), n > 0
	case int64:
		return uint64(n), n > 0
	case int:
		return uint64(n), n > 0
	case uint8:
		return uint64(n), n > 0
	case uint16:
		return uint64(n), n > 0
	case uint32:
		return uint64(n), n > 0
	case uint64:
		return n, n > 0
	case uint:
		return uint64(n), n > 0
	case float32:
		return positive(float64(n))
	case float64:
		return uint64(math.Round(n)), n >= 0.5
	case decimal.Decimal:
		n = n.Round(0)
		return uint64(n.IntPart()), n.IsPositive()
	case string: // which becomes a number in the column
		if d, err := decimal.NewFromString(strings.TrimSpace(n)); err == nil {
			return positive(d)
		}
	case []byte:
		return positive(string(n))
	}
	return 0, false
}
