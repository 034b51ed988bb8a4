package storage

import (
	"bytes"
	"fmt"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// keyRange is a range of keys, and what the rows in it must still satisfy.
type keyRange struct {
	txn.Range
	filter residual
	point  []byte // the one whole primary key in the range, if it is such a range
}

// residual is the part of a range that keys cannot express. Rows must satisfy all of it.
type residual []columnCut

// columnCut is the range of one column.
type columnCut struct {
	field *datatype.Field
	cut   gsql.MySQLRangeColumnExpr
}

// ranges turns a lookup into ranges of keys, in the order in which they are to be read.
func (t *indexedTable) ranges(ctx *gsql.Context, lookup gsql.IndexLookup) ([]keyRange, error) {
	if lookup.IsEmptyRange {
		return nil, nil
	}
	collection, ok := lookup.Ranges.(gsql.MySQLRangeCollection)
	if !ok {
		return nil, fmt.Errorf("storage: ranges are a %T", lookup.Ranges)
	}
	x, ok := lookup.Index.(*Index)
	if !ok {
		return nil, fmt.Errorf("storage: index is a %T, not one of ours", lookup.Index)
	}
	reader, err := t.txn(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]keyRange, 0, len(collection))
	for _, r := range collection {
		k, empty, err := x.keyRange(ctx, reader, r)
		if err != nil {
			return nil, fmt.Errorf("index %s of table %s: %w", x.ID(), t.def.Name, err)
		}
		if empty {
			continue
		}
		k.Reverse = lookup.IsReverse
		out = append(out, k)
	}
	return out, nil
}

// rangeBuilder collects the bounds of a range, column by column.
type rangeBuilder struct {
	ctx    *gsql.Context
	x      *Index
	reader *txn.Txn
	prefix []redo.Value // values of the leading columns that are fixed
	filter residual
}

// keyRange turns a range over an index's columns into a range of its keys. Leading columns with one value each are
// the common prefix; the first other column bounds the range; what is left over is checked row by row.
func (x *Index) keyRange(ctx *gsql.Context, reader *txn.Txn, r gsql.MySQLRange) (out keyRange, empty bool, err error) {
	b := &rangeBuilder{ctx: ctx, x: x, reader: reader}
	bounded := false
	for i, cut := range r {
		if i >= len(x.fields) {
			break
		}
		if none, err := cut.IsEmpty(); err != nil || none {
			return out, none, err
		}
		switch {
		case bounded || i >= len(x.columns): // what is behind the index's own columns is left to the rows
			b.leaveToFilter(i, cut)
		default:
			if b.fix(i, cut) {
				continue
			}
			bounded = true
			if out.Low, out.High, err = b.bounds(i, cut); err != nil {
				return out, false, err
			}
			if out.High != nil && bytes.Compare(out.Low, out.High) >= 0 {
				return out, true, nil
			}
		}
	}
	if !bounded {
		key, err := b.key(b.prefix)
		if err != nil {
			return out, false, err
		}
		out.Low, out.High = key, catalog.KeySuccessor(key)
		if x.def == nil && len(b.prefix) == len(x.columns) && b.filter == nil {
			out.point = key
		}
	}
	out.filter = b.filter
	return out, false, nil
}

func (b *rangeBuilder) key(values []redo.Value) ([]byte, error) {
	if len(values) == 0 {
		return nil, nil
	}
	if b.x.def == nil {
		return b.reader.KeyPrefix(b.x.table.def, values)
	}
	return b.reader.IndexPrefix(b.x.table.def, b.x.def, values)
}

func (b *rangeBuilder) leaveToFilter(i int, cut gsql.MySQLRangeColumnExpr) {
	if isAll(cut) {
		return
	}
	b.filter = append(b.filter, columnCut{field: b.x.fields[i], cut: cut})
}

func isAll(cut gsql.MySQLRangeColumnExpr) bool {
	_, low := cut.LowerBound.(gsql.BelowNull)
	_, high := cut.UpperBound.(gsql.AboveAll)
	return low && high
}

// fix takes a column that has one value into the prefix.
func (b *rangeBuilder) fix(i int, cut gsql.MySQLRangeColumnExpr) bool {
	if cut.Type() == gsql.RangeType_EqualNull {
		b.prefix = append(b.prefix, redo.Value{})
		return true
	}
	low, isLow := cut.LowerBound.(gsql.Below)
	high, isHigh := cut.UpperBound.(gsql.Above)
	if !isLow || !isHigh {
		return false
	}
	value, exact, _ := b.encode(i, low.Key, cut.Typ)
	other, otherExact, _ := b.encode(i, high.Key, cut.Typ)
	if !exact || !otherExact || !value.Equal(other) {
		return false
	}
	if b.x.columns[i].PrefixLength > 0 {
		b.leaveToFilter(i, cut)
	}
	b.prefix = append(b.prefix, value)
	return true
}

// bounds gives the keys between which the column's range lies. A bound that the column's type cannot express exactly
// is taken wide, and the rows are checked.
func (b *rangeBuilder) bounds(i int, cut gsql.MySQLRangeColumnExpr) (low, high []byte, err error) {
	common, err := b.key(b.prefix)
	if err != nil {
		return nil, nil, err
	}
	high = catalog.KeySuccessor(common)
	exactLow, exactHigh := true, true
	switch c := cut.LowerBound.(type) {
	case gsql.BelowNull:
		low = common
	case gsql.AboveNull:
		if low, err = b.key(append(b.prefix[:len(b.prefix):len(b.prefix)], redo.Value{})); err == nil {
			low = catalog.KeySuccessor(low)
		}
	case gsql.Below:
		low, exactLow, err = b.edge(i, c.Key, cut.Typ, false)
	case gsql.Above:
		low, exactLow, err = b.edge(i, c.Key, cut.Typ, true)
	case gsql.AboveAll:
		low = high
	}
	if err != nil {
		return nil, nil, err
	}
	switch c := cut.UpperBound.(type) {
	case gsql.AboveNull:
		if high, err = b.key(append(b.prefix[:len(b.prefix):len(b.prefix)], redo.Value{})); err == nil {
			high = catalog.KeySuccessor(high)
		}
	case gsql.Below:
		high, exactHigh, err = b.upperEdge(i, c.Key, cut.Typ, false)
	case gsql.Above:
		high, exactHigh, err = b.upperEdge(i, c.Key, cut.Typ, true)
	case gsql.BelowNull:
		high = common
	}
	if !exactLow || !exactHigh {
		b.leaveToFilter(i, cut)
	}
	return low, high, err
}

// edge gives the key at which a range begins: at a value, or above it.
func (b *rangeBuilder) edge(i int, key any, typ gsql.Type, above bool) ([]byte, bool, error) {
	value, exact, usable := b.encode(i, key, typ)
	if !usable {
		at, err := b.key(b.prefix)
		return at, false, err
	}
	if !exact {
		if side := b.beyond(i, key, value); side != 0 {
			return b.behindAll(side)
		}
	}
	exact = exact && b.x.columns[i].PrefixLength == 0
	at, err := b.key(append(b.prefix[:len(b.prefix):len(b.prefix)], value))
	if err == nil && above && exact {
		at = catalog.KeySuccessor(at)
	}
	return at, exact, err
}

// upperEdge gives the key before which a range ends: after a value if it is inclusive, or at it.
func (b *rangeBuilder) upperEdge(i int, key any, typ gsql.Type, inclusive bool) ([]byte, bool, error) {
	value, exact, usable := b.encode(i, key, typ)
	if !usable {
		at, err := b.key(b.prefix)
		return catalog.KeySuccessor(at), false, err
	}
	if !exact {
		if side := b.beyond(i, key, value); side != 0 {
			return b.behindAll(side)
		}
	}
	exact = exact && b.x.columns[i].PrefixLength == 0
	at, err := b.key(append(b.prefix[:len(b.prefix):len(b.prefix)], value))
	if err == nil && (inclusive || !exact) {
		at = catalog.KeySuccessor(at)
	}
	return at, exact, err
}

// beyond tells whether a bound lies above or below all values of a column of whole numbers; 0 if not. value is what was made of it.
func (b *rangeBuilder) beyond(i int, key any, value redo.Value) int {
	field := b.x.fields[i]
	if !types.IsInteger(field.Type) {
		return 0
	}
	made, err := field.Decode(value)
	if err != nil {
		return 0
	}
	return beyond(b.ctx, key, made)
}

// behindAll gives the key right above or below all values of the column that are not NULL.
func (b *rangeBuilder) behindAll(side int) ([]byte, bool, error) {
	null, err := b.key(append(b.prefix[:len(b.prefix):len(b.prefix)], redo.Value{}))
	if err != nil {
		return nil, false, err
	}
	first := catalog.KeySuccessor(null)
	if side < 0 {
		return first, true, nil
	}
	return catalog.KeySuccessor(first), true, nil
}

// encode makes a column's value of a range's bound. It is exact if the bound is a value of the column's type, and not
// usable if it cannot be made one at all.
func (b *rangeBuilder) encode(i int, key any, typ gsql.Type) (value redo.Value, exact, usable bool) {
	field := b.x.fields[i]
	key, err := gsql.UnwrapAny(b.ctx, key)
	if err != nil {
		return redo.Value{}, false, false
	}
	from := key
	if number, ok := key.(decimal.Decimal); ok && types.IsInteger(field.Type) {
		if whole, ok := datatype.Whole(number); ok {
			from = whole
		}
	}
	converted, inRange, err := field.Type.Convert(b.ctx, from)
	if err != nil || converted == nil {
		return redo.Value{}, false, false
	}
	exact = inRange == gsql.InRange && sameValue(b.ctx, field.Type, typ, key, converted)
	if !exact && types.IsYear(field.Type) {
		return redo.Value{}, false, false // 24 would be 2024, which is not near to it
	}
	value, err = field.Encode(b.ctx, converted)
	return value, exact && err == nil, err == nil
}

// sameValue tells whether a bound is still the same after its conversion to the column's type.
func sameValue(ctx *gsql.Context, column, typ gsql.Type, key, converted any) bool {
	switch k := key.(type) {
	case string:
		if c, ok := converted.(string); ok {
			return c == k
		}
	case int64:
		if c, ok := converted.(int64); ok {
			return c == k
		}
	case int32:
		if c, ok := converted.(int32); ok {
			return c == k
		}
	case time.Time:
		if c, ok := converted.(time.Time); ok {
			return c.Equal(k)
		}
	}
	order, err := boundType(column, typ).Compare(ctx, key, converted)
	return err == nil && order == 0
}

// boundType is the type in which values of a column are compared with a bound. Numbers are compared exactly;
// text as the column's collation wants.
func boundType(column, typ gsql.Type) gsql.Type {
	switch {
	case types.IsInteger(column), types.IsYear(column), types.IsDecimal(column) && (typ == nil || types.IsNumber(typ)):
		return types.InternalDecimalType
	case types.IsFloat(column) && typ != nil && !types.IsFloat(typ):
		return types.Float64
	case types.IsBinaryType(column):
		return types.LongBlob
	case types.IsText(column) || typ == nil:
		return column
	}
	return typ
}

// accepts tells whether a row lies in the ranges.
func (r residual) accepts(ctx *gsql.Context, t *Table, row redo.Row) (bool, error) {
	for i := range r {
		c := &r[i]
		v, err := c.field.Decode(c.field.Column.Of(row))
		if err != nil {
			return false, err
		}
		in, err := c.contains(ctx, v)
		if err != nil || !in {
			return false, err
		}
	}
	return true, nil
}

func (c *columnCut) contains(ctx *gsql.Context, v any) (bool, error) {
	if v == nil {
		_, fromNull := c.cut.LowerBound.(gsql.BelowNull)
		_, noNull := c.cut.UpperBound.(gsql.BelowNull)
		return fromNull && !noNull, nil
	}
	typ := boundType(c.field.Type, c.cut.Typ)
	switch b := c.cut.LowerBound.(type) {
	case gsql.AboveAll:
		return false, nil
	case gsql.Below:
		if order, err := typ.Compare(ctx, v, b.Key); err != nil || order < 0 {
			return false, err
		}
	case gsql.Above:
		if order, err := typ.Compare(ctx, v, b.Key); err != nil || order <= 0 {
			return false, err
		}
	}
	switch b := c.cut.UpperBound.(type) {
	case gsql.BelowNull, gsql.AboveNull:
		return false, nil
	case gsql.Below:
		order, err := typ.Compare(ctx, v, b.Key)
		return err == nil && order < 0, err
	case gsql.Above:
		order, err := typ.Compare(ctx, v, b.Key)
		return err == nil && order <= 0, err
	}
	return true, nil
}
