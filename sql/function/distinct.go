package function

import (
	"bytes"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// distinctSet holds the values that an aggregate has seen. Texts that their collation takes for equal are one.
type distinctSet struct{ seen map[string]struct{} }

// add notes values, and tells whether they are new.
func (d *distinctSet) add(ctx *gsql.Context, from []gsql.Expression, values []any) bool {
	var key bytes.Buffer
	for i, v := range values {
		if i > 0 {
			key.WriteByte(0)
		}
		writeKey(ctx, &key, from[i], v)
	}
	if _, known := d.seen[key.String()]; known {
		return false
	}
	if d.seen == nil {
		d.seen = map[string]struct{}{}
	}
	d.seen[key.String()] = struct{}{}
	return true
}

// writeKey writes what equal values have in common.
func writeKey(ctx *gsql.Context, key *bytes.Buffer, e gsql.Expression, v any) {
	text, isText := v.(string)
	if t, ok := e.Type().(gsql.StringType); ok && isText && !isBinary(e) {
		if t.Collation().WriteWeightString(key, text) == nil {
			return
		}
	}
	if d, ok := v.(decimal.Decimal); ok {
		key.WriteString(d.String()) // without zeros at the end
		return
	}
	key.WriteString(textOfArgument(ctx, e, v))
}

// countDistinctKind is COUNT(DISTINCT …).
func countDistinctKind() *aggregateKind {
	return &aggregateKind{
		name: "count", distinct: true,
		typeOf: func(*aggregate) gsql.Type { return types.Int64 },
		buffer: func(a *aggregate) gsql.AggregationBuffer { return &distinctCounter{aggregate: a} },
	}
}

// distinctCounter counts the distinct rows of a group, without those that hold NULL.
type distinctCounter struct {
	aggregate *aggregate
	set       distinctSet
}

// Update implements gsql.AggregationBuffer.
func (c *distinctCounter) Update(ctx *gsql.Context, row gsql.Row) error {
	values := make([]any, len(c.aggregate.args))
	for i, e := range c.aggregate.args {
		v, err := e.Eval(ctx, row)
		if err == nil {
			v, err = gsql.UnwrapAny(ctx, v)
		}
		if err != nil || v == nil {
			return err
		}
		values[i] = v
	}
	c.set.add(ctx, c.aggregate.args, values)
	return nil
}

// Eval implements gsql.AggregationBuffer.
func (c *distinctCounter) Eval(*gsql.Context) (any, error) { return int64(len(c.set.seen)), nil }

// Dispose implements gsql.Disposable.
func (c *distinctCounter) Dispose() { c.aggregate.dispose() }

// listOptions are those of GROUP_CONCAT. Its arguments are the values, then what they are ordered by.
type listOptions struct {
	separator  string
	descending []bool // of each that it is ordered by
}

// newList makes GROUP_CONCAT of the separator, a letter a or d for each that the list is ordered by, and the arguments.
func newList(args ...gsql.Expression) (gsql.Expression, error) {
	if len(args) < 3 {
		return nil, gsql.ErrInvalidArgumentNumber.New("GROUP_CONCAT", "1 or more", 0)
	}
	options := &listOptions{separator: literalText(args[0])}
	for _, c := range literalText(args[1]) {
		options.descending = append(options.descending, c == 'd')
	}
	a := &aggregate{kind: listKind(), list: options}
	return mark{a.withArguments(args[2:])}, nil
}

func literalText(e gsql.Expression) string {
	v, err := plain(e).Eval(nil, nil)
	if err != nil {
		return ""
	}
	text, _ := v.(string)
	return text
}

func listKind() *aggregateKind {
	return &aggregateKind{
		name:   "group_concat",
		typeOf: func(a *aggregate) gsql.Type { return textType(a.values()) },
		buffer: func(a *aggregate) gsql.AggregationBuffer { return newListBuffer(a) },
	}
}

// values gives the arguments that a list is made of.
func (a *aggregate) values() []gsql.Expression { return a.args[:len(a.args)-len(a.list.descending)] }

// listBuffer collects the texts of a group.
type listBuffer struct {
	aggregate *aggregate
	seen      *distinctSet
	items     []listItem
}

type listItem struct {
	text string
	keys []any // what it is ordered by
}

func newListBuffer(a *aggregate) *listBuffer {
	b := &listBuffer{aggregate: a}
	if a.distinct {
		b.seen = &distinctSet{}
	}
	return b
}

// Update implements gsql.AggregationBuffer.
func (b *listBuffer) Update(ctx *gsql.Context, row gsql.Row) error {
	all := make([]any, len(b.aggregate.args))
	values := b.aggregate.values()
	for i, e := range b.aggregate.args {
		v, err := e.Eval(ctx, row)
		if err == nil {
			v, err = gsql.UnwrapAny(ctx, v)
		}
		if err != nil || v == nil && i < len(values) {
			return err
		}
		all[i] = v
	}
	if b.seen != nil && !b.seen.add(ctx, values, all[:len(values)]) {
		return nil
	}
	var text strings.Builder
	for i, e := range values {
		text.WriteString(textOfArgument(ctx, e, all[i]))
	}
	b.items = append(b.items, listItem{text.String(), all[len(values):]})
	return nil
}

// Eval implements gsql.AggregationBuffer.
func (b *listBuffer) Eval(ctx *gsql.Context) (any, error) {
	if len(b.items) == 0 {
		return nil, nil
	}
	if err := b.sort(ctx); err != nil {
		return nil, err
	}
	bytesMax, err := listBytesMax(ctx)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	for i, item := range b.items {
		if i > 0 {
			out.WriteString(b.aggregate.list.separator)
		}
		out.WriteString(item.text)
		if out.Len() > bytesMax {
			ctx.Warn(1260, "Row %d was cut by GROUP_CONCAT()", i+1)
			break
		}
	}
	text := out.String()
	if types.IsBinaryType(b.aggregate.result) {
		return []byte(text[:min(len(text), bytesMax)]), nil
	}
	return cutText(text, bytesMax), nil
}

// cutText cuts a text to a number of bytes, at a character.
func cutText(text string, bytesMax int) string {
	if len(text) <= bytesMax {
		return text
	}
	return strings.ToValidUTF8(text[:bytesMax], "")
}

// listBytesMax reads @@group_concat_max_len.
func listBytesMax(ctx *gsql.Context) (int, error) {
	v, err := ctx.GetSessionVariable(ctx, "group_concat_max_len")
	if err != nil {
		return 0, err
	}
	n, _ := toInteger(ctx, v)
	return int(min(n.bits, 1<<30)), nil
}

// Dispose implements gsql.Disposable.
func (b *listBuffer) Dispose() { b.aggregate.dispose() }

// sort puts the items into their order; items that are equal in it stay as they came.
func (b *listBuffer) sort(ctx *gsql.Context) (err error) {
	order := b.aggregate.args[len(b.aggregate.values()):]
	if len(order) == 0 {
		return nil
	}
	slices.SortStableFunc(b.items, func(x, y listItem) int {
		for i, e := range order {
			c, failed := compareNullsFirst(ctx, e.Type(), x.keys[i], y.keys[i])
			if failed != nil {
				err = failed
			}
			if b.aggregate.list.descending[i] {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return err
}

func compareNullsFirst(ctx *gsql.Context, t gsql.Type, x, y any) (int, error) {
	switch {
	case x == nil && y == nil:
		return 0, nil
	case x == nil:
		return -1, nil
	case y == nil:
		return 1, nil
	}
	return t.Compare(ctx, x, y)
}
