package sql

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression/function/aggregation"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// groups makes the iterator of a GROUP BY. The group of one without keys is left to the SQL engine. The engine tells groups
// apart by 64 bits of a hash of their values, printed; that takes most of the time of a GROUP BY, and two groups may have the same.
func (e *execution) groups(ctx *gsql.Context, n *plan.GroupBy, row gsql.Row) (gsql.RowIter, error) {
	if _, begun := n.Child.(*builtRows); begun {
		return nil, nil
	}
	rows, err := e.engine.Build(ctx, n.Child, row)
	if err != nil {
		return nil, err
	}
	if len(n.GroupByExprs) == 0 {
		own := *n
		own.Child = &builtRows{n.Child, rows}
		group, err := e.engine.Build(ctx, &own, row)
		return &groupIter{RowIter: group, rows: rows}, err
	}
	return &groupsIter{rows: rows, selected: n.SelectedExprs, key: newGroupKey(n.GroupByExprs)}, nil
}

// builtRows are rows whose iterator is there.
type builtRows struct {
	gsql.Node
	rows gsql.RowIter
}

// groupIter gives the SQL engine's group of all rows, whose iterator panics when it is closed before it is asked for anything,
// as LIMIT 0 does.
type groupIter struct {
	gsql.RowIter
	rows  gsql.RowIter
	asked bool
}

// Next implements gsql.RowIter.
func (i *groupIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	i.asked = true
	return i.RowIter.Next(ctx)
}

// Close implements gsql.RowIter.
func (i *groupIter) Close(ctx *gsql.Context) error {
	if !i.asked {
		return i.rows.Close(ctx)
	}
	return i.RowIter.Close(ctx)
}

// groupsIter reads all rows when the first group is asked for.
type groupsIter struct {
	rows     gsql.RowIter
	selected []gsql.Expression
	key      *groupKey
	read     bool
	all      [][]gsql.AggregationBuffer // in the order in which they came
	next     int
}

// Next implements gsql.RowIter.
func (i *groupsIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	if !i.read {
		i.read = true
		if err := i.readAll(ctx); err != nil {
			return nil, err
		}
	}
	if i.next == len(i.all) {
		return nil, io.EOF
	}
	group := i.all[i.next]
	i.next++
	row := make(gsql.Row, len(group))
	for c, b := range group {
		var err error
		if row[c], err = b.Eval(ctx); err != nil {
			return nil, err
		}
	}
	return row, nil
}

func (i *groupsIter) readAll(ctx *gsql.Context) error {
	places := map[string]int{}
	for {
		row, err := i.rows.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		key, err := i.key.of(ctx, row)
		if err != nil {
			return err
		}
		place, known := places[string(key)]
		if !known {
			place = len(i.all)
			places[string(key)] = place
			group, err := i.newGroup()
			if err != nil {
				return err
			}
			i.all = append(i.all, group)
		}
		for _, b := range i.all[place] {
			if err := b.Update(ctx, row); err != nil {
				return err
			}
		}
	}
}

// newGroup makes the aggregates of a group. What is no aggregate is that of the group's first row.
func (i *groupsIter) newGroup() ([]gsql.AggregationBuffer, error) {
	group := make([]gsql.AggregationBuffer, len(i.selected))
	for c, e := range i.selected {
		own, ok := e.(gsql.Aggregation)
		if !ok {
			own = aggregation.NewFirst(e)
		}
		var err error
		if group[c], err = own.NewBuffer(); err != nil {
			return nil, err
		}
	}
	return group, nil
}

// Close implements gsql.RowIter.
func (i *groupsIter) Close(ctx *gsql.Context) error {
	for _, group := range i.all {
		for _, b := range group {
			b.Dispose()
		}
	}
	i.all, i.next = nil, 0
	return i.rows.Close(ctx)
}

// groupKey tells groups apart: rows with the same key are in the same group.
type groupKey struct {
	values []gsql.Expression
	texts  []gsql.StringType // of values; nil: it is none
	key    []byte            // of the latest row
}

// Each value begins with what it is, so that keys are the same only if all values are.
const (
	nullValue = iota
	integerValue
	largeValue
	textValue
	otherValue
)

func newGroupKey(values []gsql.Expression) *groupKey {
	k := &groupKey{values: values, texts: make([]gsql.StringType, len(values))}
	for i, e := range values {
		k.texts[i], _ = e.Type().(gsql.StringType)
	}
	return k
}

// of gives the key of a row, until the next call.
func (k *groupKey) of(ctx *gsql.Context, row gsql.Row) ([]byte, error) {
	k.key = k.key[:0]
	for i, e := range k.values {
		v, err := e.Eval(ctx, row)
		if err == nil {
			err = k.add(ctx, v, k.texts[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return k.key, nil
}

func (k *groupKey) add(ctx *gsql.Context, v any, text gsql.StringType) error {
	switch {
	case v == nil:
		k.key = append(k.key, nullValue)
		return nil
	case text != nil:
		return k.addText(ctx, v, text)
	}
	n, large, ok := wholeNumber(v)
	switch {
	case large:
		k.key = binary.LittleEndian.AppendUint64(append(k.key, largeValue), n)
	case ok:
		k.key = binary.LittleEndian.AppendUint64(append(k.key, integerValue), n)
	default:
		return k.sized(otherValue, func() error {
			k.key = fmt.Appendf(k.key, "%v", v) // as the SQL engine does
			return nil
		})
	}
	return nil
}

// addText adds a text by the weights of its collation.
func (k *groupKey) addText(ctx *gsql.Context, v any, t gsql.StringType) error {
	s, ok := v.(string)
	if ok && t.Collation() == gsql.Collation_Default && types.IsTextOnly(t) {
		return k.sized(textValue, func() error { // its weights are code points
			k.key = append(k.key, s...)
			return nil
		})
	}
	converted, err := types.ConvertToString(ctx, v, t, nil)
	if err != nil {
		return err
	}
	return k.sized(textValue, func() error { return t.Collation().WriteWeightString(k, converted) })
}

// Write implements io.Writer.
func (k *groupKey) Write(p []byte) (int, error) {
	k.key = append(k.key, p...)
	return len(p), nil
}

// sized adds a value of any length, with its length before it.
func (k *groupKey) sized(kind byte, value func() error) error {
	at := len(k.key) + 1
	k.key = append(k.key, kind, 0, 0, 0, 0, 0, 0, 0, 0)
	err := value()
	binary.LittleEndian.PutUint64(k.key[at:], uint64(len(k.key)-at-8))
	return err
}

// wholeNumber gives the bits of an integer, whatever its Go type; large: it is above those that are signed.
func wholeNumber(v any) (n uint64, large, ok bool) {
	switch v := v.(type) {
	case int8:
		return uint64(v), false, true
	case int16:
		return uint64(v), false, true
	case int32:
		return uint64(v), false, true
	case int64:
		return uint64(v), false, true
	case uint8:
		return uint64(v), false, true
	case uint16:
		return uint64(v), false, true
	case uint32:
		return uint64(v), false, true
	case uint64:
		return v, v > math.MaxInt64, true
	}
	return 0, false, false
}
