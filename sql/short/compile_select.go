package short

import (
	"slices"
	"strings"

	"github.com/dolthub/vitess/go/sqltypes"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/engine/lock"
)

func (c *compiler) selection(s *sqlparser.Select, p *plan) bool {
	o := s.QueryOpts
	if len(s.Comments) > 0 || s.With != nil || len(s.GroupBy) > 0 || s.Having != nil || len(s.Window) > 0 ||
		s.Into != nil || o.StraightJoinHint || o.SQLCalcFoundRows {
		return c.refuse(notSimple)
	}
	locks, ok := rowLocks[strings.TrimSpace(s.Lock)]
	if !ok {
		return c.refuse(notSimple)
	}
	q := &query{distinct: o.Distinct, lock: locks}
	p.action = q
	if !c.one(s.From) || !c.where(s.Where, p) || !c.outputs(s.SelectExprs, q) || !c.orderBy(s.OrderBy, q) {
		return false
	}
	p.table = c.table
	if q.groups() && (len(q.order) > 0 || q.distinct || s.Limit != nil) || q.locks() && !c.lockable(s, q) {
		return c.refuse(notSimple)
	}
	if s.Limit != nil && !c.limit(s.Limit, q) {
		return c.refuse(notSimple)
	}
	p.where.keys = c.onlyCounts(q, &p.where)
	q.sorted, q.reverse = c.orderOf(&p.where, q)
	if q.locks() && q.limit != nil && !q.sorted { // the rows that come out of the sort are locked, and no others
		return c.refuse(notSimple)
	}
	q.adjacent = q.distinct && !q.sorted && q.ordersAll()
	p.where.columns = c.looksAt(q, &p.where)
	return true
}

// looksAt gives the ids of the columns that a query looks at, ascending.
func (c *compiler) looksAt(q *query, a *access) []uint32 {
	ids := []uint32{}
	note := func(column int) {
		if column >= 0 {
			ids = append(ids, c.table.columns[column].Column.ID)
		}
	}
	for _, o := range q.outputs {
		note(o.column)
	}
	for _, o := range q.order {
		note(o.column)
	}
	for _, f := range a.filters {
		note(f.column)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// onlyCounts tells whether the result follows from how many keys there are. A count of a column counts all rows if it
// cannot be NULL: by its definition, or because a condition of the key is met.
func (c *compiler) onlyCounts(q *query, a *access) bool {
	if !q.groups() || len(a.filters) > 0 || a.single {
		return false
	}
	for i := range q.outputs {
		o := &q.outputs[i]
		switch {
		case o.aggregate == countRows:
		case o.aggregate == countValues && (!c.table.columns[o.column].null || a.fixes(o.column)):
			o.aggregate = countRows
		default:
			return false
		}
	}
	return true
}

// fixes tells whether a condition of the key is about a column.
func (a *access) fixes(column int) bool {
	return a.last != nil && a.last.column == column ||
		slices.ContainsFunc(a.prefix, func(c condition) bool { return c.column == column })
}

// ordersAll tells whether each column of the result is one that it is sorted by.
func (q *query) ordersAll() bool {
	for _, o := range q.outputs {
		if !slices.ContainsFunc(q.order, func(by orderColumn) bool { return by.column == o.column }) {
			return false
		}
	}
	return true
}

// lockable tells whether it is plain which rows a query reads.
func (c *compiler) lockable(s *sqlparser.Select, q *query) bool {
	return !q.groups() && !q.distinct && c.past < 0 && (s.Limit == nil || s.Limit.Offset == nil)
}

// rowLocks are the lock clauses that the engine's grammar tells apart.
var rowLocks = map[string]rowLock{
	"": {}, "for update": {mode: lock.Exclusive, set: true}, "lock in share mode": {mode: lock.Share, set: true},
	"for update skip locked": {mode: lock.Exclusive, set: true, skip: true},
}

func (c *compiler) limit(l *sqlparser.Limit, q *query) (ok bool) {
	if l.Offset != nil {
		if q.offset, ok = c.operandOf(l.Offset); !ok || q.offset.negative {
			return false
		}
	}
	q.limit, ok = c.operandOf(l.Rowcount)
	return ok && !q.limit.negative
}

// outputs reads the columns of the result: columns of the table, or aggregates only.
func (c *compiler) outputs(exprs sqlparser.SelectExprs, q *query) bool {
	for _, e := range exprs {
		switch e := e.(type) {
		case *sqlparser.StarExpr:
			if !e.TableName.IsEmpty() && (!strings.EqualFold(e.TableName.Name.String(), c.alias) || !e.TableName.DbQualifier.IsEmpty()) {
				return c.refuse(notSimple)
			}
			for i := range c.table.columns {
				q.outputs = append(q.outputs, output{column: i})
			}
		case *sqlparser.AliasedExpr:
			o, ok := c.output(e.Expr)
			if !ok || o.aggregate != noAggregate && e.As.IsEmpty() && strings.Contains(e.InputExpression, " ") {
				return c.refuse(notSimple) // its text is the column's name, and the template does not keep all blanks
			}
			q.outputs = append(q.outputs, o)
			c.aliases = append(c.aliases, e.As)
		default:
			return c.refuse(notSimple)
		}
	}
	for _, o := range q.outputs {
		if (o.aggregate == noAggregate) == q.groups() || q.distinct && !c.table.columns[o.column].isComparable() {
			return c.refuse(notSimple)
		}
	}
	return true
}

func (c *compiler) output(e sqlparser.Expr) (output, bool) {
	if column, ok := c.columnOf(e); ok {
		return output{column: column}, true
	}
	f, ok := e.(*sqlparser.FuncExpr)
	if !ok || f.Distinct || f.Over != nil || !f.Qualifier.IsEmpty() || len(f.Exprs) != 1 {
		return output{}, false
	}
	kind, ok := aggregates[f.Name.Lowered()]
	if !ok {
		return output{}, false
	}
	if _, star := f.Exprs[0].(*sqlparser.StarExpr); star {
		return output{countRows, -1}, kind == countValues
	}
	argument, ok := f.Exprs[0].(*sqlparser.AliasedExpr)
	if !ok || !argument.As.IsEmpty() {
		return output{}, false
	}
	column, ok := c.columnOf(argument.Expr)
	if !ok {
		return output{}, false
	}
	whole := c.table.columns[column].isWhole() && c.table.columns[column].kind != sqltypes.Uint64
	return output{kind, column}, kind == countValues || whole
}

var aggregates = map[string]aggregate{"count": countValues, "sum": sumValues, "min": minValue, "max": maxValue}

// orderBy reads names of columns, unless an alias hides them.
func (c *compiler) orderBy(order sqlparser.OrderBy, q *query) bool {
	for _, o := range order {
		column, ok := c.columnOf(o.Expr)
		if !ok || !c.table.columns[column].isComparable() {
			return c.refuse(notSimple)
		}
		for _, alias := range c.aliases {
			if alias.EqualString(c.table.columns[column].Column.Name) {
				return c.refuse(notSimple)
			}
		}
		if q.distinct && !slices.Contains(q.outputs, output{column: column}) {
			return c.refuse(notSimple)
		}
		q.order = append(q.order, orderColumn{column, o.Direction == sqlparser.DescScr})
	}
	return true
}

// orderOf tells whether reading along the key, forwards or backwards, gives the order that is asked for.
func (c *compiler) orderOf(a *access, q *query) (sorted, reverse bool) {
	if len(q.order) == 0 || a.single {
		return true, false
	}
	at := len(a.prefix)
	keyColumns := a.parts
	if a.index != nil {
		keyColumns = append(append(keyColumns[:0:0], keyColumns...), c.table.def.PrimaryKey...)
	}
	for i, o := range q.order {
		if at+i >= len(keyColumns) || keyColumns[at+i].PrefixLength > 0 ||
			c.table.shape.IndexOfID(keyColumns[at+i].Column) != o.column || o.descending != q.order[0].descending {
			return false, false
		}
	}
	if q.order[0].descending && a.last != nil && len(a.last.intervals) > 1 {
		return false, false
	}
	return true, q.order[0].descending
}
