package short

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/sqltypes"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/wal/redo"
)

func (c *compiler) update(s *sqlparser.Update, p *plan) bool {
	if len(s.Comments) > 0 || s.Ignore != "" || s.With != nil || len(s.OrderBy) > 0 || s.Limit != nil || len(s.Returning) > 0 {
		return c.refuse(notSimple)
	}
	if !c.one(s.TableExprs) || !c.writable() || !c.computable() {
		return false
	}
	set, ok := c.assignments(s.Exprs, false)
	if !ok || !c.unbound(set) || !c.where(s.Where, p) {
		return false
	}
	p.table, p.action = c.table, &change{set, c.stamps(set)}
	return true
}

func (c *compiler) delete(s *sqlparser.Delete, p *plan) bool {
	if len(s.Comments) > 0 || len(s.Targets) > 0 || s.With != nil || len(s.Partitions) > 0 || len(s.OrderBy) > 0 ||
		s.Limit != nil || len(s.Returning) > 0 {
		return c.refuse(notSimple)
	}
	if !c.one(s.TableExprs) || !c.writable() || !c.where(s.Where, p) {
		return false
	}
	if len(c.store.ReferredColumns(c.catalog, c.table.database, c.table.def.Name)) > 0 {
		return c.refuse(noTable)
	}
	p.table, p.action = c.table, &removal{}
	return true
}

// assignments reads what columns are set to, each once, none of them of the primary key. onKey: behind ON DUPLICATE KEY
// UPDATE.
func (c *compiler) assignments(exprs sqlparser.AssignmentExprs, onKey bool) (out []assignment, ok bool) {
	seen := map[int]bool{}
	for _, e := range exprs {
		column, ok := c.columnOf(e.Name)
		if !ok || seen[column] || c.isKey(column) {
			return nil, c.refuse(notSimple)
		}
		seen[column] = true
		if !c.table.columns[column].isStorable() {
			return nil, c.refuse(otherType)
		}
		a, ok := c.assignment(column, e.Expr, onKey)
		if !ok {
			return nil, c.refuse(notSimple)
		}
		out = append(out, a)
	}
	return out, true
}

func (c *compiler) isKey(column int) bool {
	for _, p := range c.table.def.PrimaryKey {
		if c.table.shape.IndexOfID(p.Column) == column {
			return true
		}
	}
	return false
}

func (c *compiler) assignment(column int, e sqlparser.Expr, onKey bool) (assignment, bool) {
	if _, ok := e.(*sqlparser.NullVal); ok {
		return assignment{column: column, from: nullLiteral}, c.table.columns[column].null
	}
	if value, ok := c.operandOf(e); ok {
		return assignment{column: column, value: *value}, true
	}
	if inserted, ok := c.insertedColumn(e); ok {
		return assignment{column: column, from: insertedColumn, inserted: inserted}, onKey && c.sameType(column, inserted)
	}
	b, ok := e.(*sqlparser.BinaryExpr)
	if !ok {
		return assignment{}, false
	}
	own, ok := c.columnOf(b.Left)
	if !ok || own != column || !c.table.columns[column].adds() {
		return assignment{}, false
	}
	if inserted, ok := c.insertedColumn(b.Right); ok {
		return assignment{column: column, from: plusInserted, inserted: inserted}, onKey && b.Operator == sqlparser.PlusStr && c.sameType(column, inserted)
	}
	value, ok := c.operandOf(b.Right)
	if !ok {
		return assignment{}, false
	}
	switch b.Operator {
	case sqlparser.PlusStr:
		return assignment{column: column, from: plusArgument, value: *value}, true
	case sqlparser.MinusStr:
		return assignment{column: column, from: minusArgument, value: *value}, true
	}
	return assignment{}, false
}

// adds tells whether numbers can be added to values of the column here.
func (c *column) adds() bool {
	return c.isWhole() && c.kind != sqltypes.Uint64 || c.kind == sqltypes.Decimal
}

// insertedColumn reads VALUES(column).
func (c *compiler) insertedColumn(e sqlparser.Expr) (int, bool) {
	v, ok := e.(*sqlparser.ValuesFuncExpr)
	if !ok {
		return 0, false
	}
	return c.columnOf(v.Name)
}

func (c *compiler) sameType(a, b int) bool {
	return c.table.columns[a].Column.Type == c.table.columns[b].Column.Type && (c.table.columns[a].null || !c.table.columns[b].null)
}

func (c *compiler) insertion(s *sqlparser.Insert, p *plan) bool {
	if len(s.Comments) > 0 || s.Ignore != "" || s.With != nil || len(s.Partitions) > 0 || len(s.Returning) > 0 ||
		!strings.EqualFold(s.Action, sqlparser.InsertStr) {
		return c.refuse(notSimple)
	}
	rows, ok := s.Rows.(*sqlparser.AliasedValues)
	if !ok || !rows.As.IsEmpty() || len(rows.Values) != 1 {
		return c.refuse(notSimple)
	}
	if !c.open(s.Table, "") || !c.writable() || !c.computable() {
		return false
	}
	if len(c.table.def.ForeignKeys) > 0 {
		return c.refuse(noTable)
	}
	given, ok := c.given(s.Columns, len(rows.Values[0]))
	if !ok {
		return c.refuse(notSimple)
	}
	in := &insertion{values: make([]insertValue, len(c.table.columns)), auto: -1}
	for i := range c.table.columns {
		if !c.newValue(i, given[i], rows.Values[0], in) {
			return false
		}
	}
	for slot, used := range c.used {
		if used {
			in.slots = max(in.slots, slot+1)
		}
	}
	if in.updates = len(s.OnDup) > 0; in.updates {
		if in.onKey, ok = c.assignments(sqlparser.AssignmentExprs(s.OnDup), true); !ok || !c.unbound(in.onKey) {
			return false
		}
		in.stamps = c.stamps(in.onKey)
	}
	p.table, p.action = c.table, in
	return true
}

// given gives for each column the place of its value in a row of the statement, -1 if it has none.
func (c *compiler) given(names sqlparser.Columns, values int) ([]int, bool) {
	out := make([]int, len(c.table.columns))
	for i := range out {
		out[i] = -1
		if len(names) == 0 {
			out[i] = i
		}
	}
	if len(names) == 0 {
		return out, values == len(out)
	}
	for i, name := range names {
		column, ok := c.named(name)
		if !ok || out[column] >= 0 {
			return nil, false
		}
		out[column] = i
	}
	return out, values == len(names)
}

// newValue says what one column of a new row gets.
func (c *compiler) newValue(i, given int, row sqlparser.ValTuple, in *insertion) bool {
	column := &c.table.columns[i]
	if column.Column.AutoIncrement {
		if in.auto, in.autoGiven = i, given >= 0; !column.isWhole() {
			return c.refuse(otherType)
		}
	}
	if given < 0 {
		in.values[i].from = defaultValue
		return column.Column.AutoIncrement || c.defaultOf(column)
	}
	switch e := row[given].(type) {
	case *sqlparser.Default:
		in.values[i].from = defaultValue
		return e.ColName == "" && !column.Column.AutoIncrement && c.defaultOf(column) || c.refuse(otherValue)
	default:
		value, ok := c.operandOf(e)
		if !ok {
			return c.refuse(notSimple)
		}
		if !column.isStorable() {
			return c.refuse(otherType)
		}
		in.values[i].value = *value
		return true
	}
}

// defaultOf finds out what a column gets that an INSERT does not name: a literal, or NULL.
func (c *compiler) defaultOf(column *column) bool {
	def := column.Column
	if def.Default == "" || strings.EqualFold(def.Default, "null") {
		column.fallback, column.defaults = redo.Value{}, column.null
		return column.null || c.refuse(otherValue)
	}
	if column.isClock(def.Default) {
		column.clock = true
		return true
	}
	literal, ok := literalOf(def.Default)
	if !ok || !def.DefaultLiteral || !column.isStorable() {
		return c.refuse(otherValue)
	}
	column.fallback, column.defaults = column.stored(gsql.NewEmptyContext(), literal)
	return column.defaults || c.refuse(otherValue)
}

// literalOf reads a text that is one literal.
func literalOf(text string) (argument, bool) {
	var c cut
	if !cutText("select "+text, false, &c) || len(c.slots) != 1 {
		return argument{}, false
	}
	switch string(c.template) {
	case "select ?":
		return c.slots[0].literal, true
	case "select -?":
		return c.slots[0].literal.negated()
	}
	return argument{}, false
}
