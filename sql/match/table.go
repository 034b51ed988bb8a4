package match

import (
	"hash/maphash"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// table is the right side of a join in memory.
type table struct {
	indexes []*keyIndex // one for each alternative; none if rows cannot be looked up
	rows    []gsql.Row
	all     []int32  // numbers of all rows, if there are no indexes
	scratch gsql.Row // a row of the join whose right side is filled
	leftEnd int
	found   []int32
}

// keyIndex finds rows by the keys of some equalities.
type keyIndex struct {
	equalities []equality
	byKey      map[uint64][]int32 // numbers of rows; those that NULL keeps from having partners are not there
	hash       maphash.Hash
}

func newTable(alternatives [][]equality, leftEnd, size int) *table {
	t := &table{scratch: make(gsql.Row, size), leftEnd: leftEnd}
	for _, a := range alternatives {
		t.indexes = append(t.indexes, &keyIndex{equalities: a, byKey: map[uint64][]int32{}})
	}
	return t
}

func (t *table) add(ctx *gsql.Context, row gsql.Row) error {
	number := int32(len(t.rows))
	t.rows = append(t.rows, row)
	if len(t.indexes) == 0 {
		t.all = append(t.all, number)
		return nil
	}
	copy(t.scratch[t.leftEnd:], row)
	for _, x := range t.indexes {
		key, ok, err := x.key(ctx, t.scratch, false)
		if err != nil {
			return err
		}
		if ok {
			x.byKey[key] = append(x.byKey[key], number)
		}
	}
	return nil
}

// find gives the numbers of the rows that may go with a row on the left, in the order in which they were added. They
// are good until the next call.
func (t *table) find(ctx *gsql.Context, row gsql.Row) ([]int32, error) {
	if len(t.indexes) == 0 {
		return t.all, nil
	}
	t.found = t.found[:0]
	for _, x := range t.indexes {
		key, ok, err := x.key(ctx, row, true)
		switch {
		case err != nil:
			return nil, err
		case ok && len(t.indexes) == 1:
			return x.byKey[key], nil
		case ok:
			t.found = append(t.found, x.byKey[key]...)
		}
	}
	slices.Sort(t.found)
	t.found = slices.Compact(t.found)
	return t.found, nil
}

// key gives the key of a row on one side. It is not ok if NULL keeps the row from having partners.
func (x *keyIndex) key(ctx *gsql.Context, row gsql.Row, left bool) (key uint64, ok bool, err error) {
	x.hash.Reset()
	for i := range x.equalities {
		q := &x.equalities[i]
		e := q.right
		if left {
			e = q.left
		}
		v, err := e.Eval(ctx, row)
		switch {
		case err != nil:
			return 0, false, err
		case v == nil && !q.nullSafe:
			return 0, false, nil
		case v == nil:
			x.hash.WriteByte(0)
		default:
			x.hash.WriteByte(1)
			if err := q.comparison.Write(ctx, &x.hash, v); err != nil {
				return 0, false, err
			}
		}
	}
	return x.hash.Sum64(), true, nil
}
