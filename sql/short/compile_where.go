package short

import (
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/engine/catalog"
)

// where reads the conditions and chooses a key by which to find the rows.
func (c *compiler) where(w *sqlparser.Where, p *plan) bool {
	if w == nil {
		return c.refuse(noKey)
	}
	var all []condition
	if !c.conjunction(w.Expr, &all) {
		return false
	}
	all = mergeBounds(all)
	for i := range all {
		if !c.table.columns[all[i].column].isComparable() {
			return c.refuse(otherType)
		}
	}
	best, found := access{}, false
	try := func(index *catalog.Index, parts []catalog.IndexColumn, unique bool) {
		a, ok := c.accessBy(index, parts, unique, all)
		if ok && (!found || a.better(&best)) {
			best, found = a, true
		}
	}
	if len(c.table.def.PrimaryKey) > 0 {
		try(nil, c.table.def.PrimaryKey, true)
	}
	for i := range c.table.def.Indexes {
		if index := &c.table.def.Indexes[i]; index.State == catalog.StatePublic {
			try(index, index.Columns, index.Unique)
		}
	}
	if !found {
		return c.refuse(noKey)
	}
	p.where = best
	return true
}

// conjunction reads conditions joined by AND.
func (c *compiler) conjunction(e sqlparser.Expr, all *[]condition) bool {
	switch e := e.(type) {
	case *sqlparser.ParenExpr:
		return c.conjunction(e.Expr, all)
	case *sqlparser.AndExpr:
		return c.conjunction(e.Left, all) && c.conjunction(e.Right, all)
	}
	one, ok := c.condition(e)
	if !ok {
		return c.refuse(notSimple)
	}
	*all = append(*all, one)
	return true
}

// condition reads a comparison of a column with arguments, or several of one column joined by OR.
func (c *compiler) condition(e sqlparser.Expr) (condition, bool) {
	switch e := e.(type) {
	case *sqlparser.ParenExpr:
		return c.condition(e.Expr)
	case *sqlparser.OrExpr:
		left, ok := c.condition(e.Left)
		if !ok {
			return condition{}, false
		}
		right, ok := c.condition(e.Right)
		left.intervals = append(left.intervals, right.intervals...)
		return left, ok && left.column == right.column
	case *sqlparser.RangeCond:
		return c.between(e)
	case *sqlparser.ComparisonExpr:
		return c.comparison(e)
	}
	return condition{}, false
}

func (c *compiler) between(e *sqlparser.RangeCond) (condition, bool) {
	column, ok := c.columnOf(e.Left)
	if !ok || e.Operator != sqlparser.BetweenStr {
		return condition{}, false
	}
	low, ok := c.operandOf(e.From)
	if !ok {
		return condition{}, false
	}
	high, ok := c.operandOf(e.To)
	return condition{column, []interval{{low: low, high: high}}}, ok
}

func (c *compiler) comparison(e *sqlparser.ComparisonExpr) (condition, bool) {
	if e.Escape != nil {
		return condition{}, false
	}
	left, right, operator := e.Left, e.Right, e.Operator
	column, ok := c.columnOf(left)
	if !ok {
		left, right, operator = right, left, turned[operator]
		if column, ok = c.columnOf(left); !ok {
			return condition{}, false
		}
	}
	if operator == sqlparser.InStr {
		return c.in(column, right)
	}
	value, ok := c.operandOf(right)
	if !ok {
		return condition{}, false
	}
	var i interval
	switch operator {
	case sqlparser.EqualStr:
		i = interval{low: value, high: value}
	case sqlparser.LessThanStr:
		i = interval{high: value, highOpen: true}
	case sqlparser.LessEqualStr:
		i = interval{high: value}
	case sqlparser.GreaterThanStr:
		i = interval{low: value, lowOpen: true}
	case sqlparser.GreaterEqualStr:
		i = interval{low: value}
	default:
		return condition{}, false
	}
	return condition{column, []interval{i}}, true
}

// turned gives the operator that says the same with its sides exchanged.
var turned = map[string]string{
	sqlparser.EqualStr: sqlparser.EqualStr, sqlparser.LessThanStr: sqlparser.GreaterThanStr,
	sqlparser.GreaterThanStr: sqlparser.LessThanStr, sqlparser.LessEqualStr: sqlparser.GreaterEqualStr,
	sqlparser.GreaterEqualStr: sqlparser.LessEqualStr,
}

func (c *compiler) in(column int, e sqlparser.Expr) (condition, bool) {
	list, ok := e.(sqlparser.ValTuple)
	if !ok {
		return condition{}, false
	}
	out := condition{column: column}
	for _, e := range list {
		value, ok := c.operandOf(e)
		if !ok {
			return condition{}, false
		}
		out.intervals = append(out.intervals, interval{low: value, high: value})
	}
	return out, true
}

// mergeBounds makes c >= a AND c < b one condition.
func mergeBounds(all []condition) []condition {
	var out []condition
	for _, c := range all {
		merged := false
		for i := range out {
			if merged = out[i].merge(&c); merged {
				break
			}
		}
		if !merged {
			out = append(out, c)
		}
	}
	return out
}

func (c *condition) merge(other *condition) bool {
	if c.column != other.column || len(c.intervals) != 1 || len(other.intervals) != 1 {
		return false
	}
	a, b := &c.intervals[0], &other.intervals[0]
	switch {
	case a.high == nil && b.low == nil:
		a.high, a.highOpen = b.high, b.highOpen
	case a.low == nil && b.high == nil:
		a.low, a.lowOpen = b.low, b.lowOpen
	default:
		return false
	}
	return true
}

// accessBy tells how far conditions lead along a key.
func (c *compiler) accessBy(index *catalog.Index, parts []catalog.IndexColumn, unique bool, all []condition) (access, bool) {
	a := access{index: index, parts: parts}
	taken := make([]bool, len(all))
	for _, part := range parts {
		if part.PrefixLength > 0 {
			break
		}
		i := conditionOn(all, taken, c.table.shape.IndexOfID(part.Column))
		if i < 0 {
			break
		}
		taken[i] = true
		if all[i].isPoint() {
			a.prefix = append(a.prefix, all[i])
			continue
		}
		a.last = &all[i]
		break
	}
	for i := range all {
		if !taken[i] {
			a.filters = append(a.filters, all[i])
		}
	}
	a.single = unique && len(a.prefix) == len(parts)
	return a, len(a.prefix) > 0 || a.last != nil
}

// conditionOn finds a condition on a column, first one that fixes it.
func conditionOn(all []condition, taken []bool, column int) int {
	found := -1
	for i := range all {
		if taken[i] || all[i].column != column {
			continue
		}
		if all[i].isPoint() {
			return i
		}
		if found < 0 {
			found = i
		}
	}
	return found
}

// better tells whether a leads to fewer rows than b, as far as the form of the conditions tells.
func (a *access) better(b *access) bool {
	if a.single != b.single {
		return a.single
	}
	if len(a.prefix) != len(b.prefix) {
		return len(a.prefix) > len(b.prefix)
	}
	return b.last == nil && a.last != nil
}
