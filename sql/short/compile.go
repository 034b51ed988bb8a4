package short

import (
	"slices"
	"strings"

	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/engine/catalog"
	"redoubt/sql/storage"
)

// compiler makes the plan of a template over one dictionary.
type compiler struct {
	store    *storage.Store
	catalog  *catalog.Snapshot
	database string // the current one
	table    *table
	alias    string
	aliases  []sqlparser.ColIdent // of the columns of a result
	slots    int                  // of the template
	past     int                  // the slot of AS OF SCN; -1 for none
	used     []bool
	refusal  refusal
}

// compile makes a plan; one that is refused holds why.
func compile(store *storage.Store, snapshot *catalog.Snapshot, database string, t *template) *plan {
	c := &compiler{store: store, catalog: snapshot, database: database, slots: strings.Count(t.text, "?"), past: t.past}
	c.used = make([]bool, c.slots)
	p := &plan{catalog: snapshot}
	if !c.statement(t.parsed, t.text, p) {
		return &plan{catalog: snapshot, refused: c.refusal}
	}
	if t.past >= 0 {
		p.past = &operand{slot: t.past}
		c.used[t.past] = true
		if _, ok := p.action.(*query); !ok {
			return &plan{catalog: snapshot, refused: notSimple}
		}
	}
	for _, used := range c.used {
		if !used {
			return &plan{catalog: snapshot, refused: notSimple}
		}
	}
	return p
}

// refuse notes why; it is false for the callers to return.
func (c *compiler) refuse(why refusal) bool {
	c.refusal = why
	return false
}

func (c *compiler) statement(parsed sqlparser.Statement, text string, p *plan) bool {
	if to, ok := transitions[strings.ToLower(text)]; ok {
		p.action = to
		return true
	}
	switch s := parsed.(type) {
	case *sqlparser.Select:
		return c.selection(s, p)
	case *sqlparser.Insert:
		return c.insertion(s, p)
	case *sqlparser.Update:
		return c.update(s, p)
	case *sqlparser.Delete:
		return c.delete(s, p)
	}
	return c.refuse(notSimple)
}

// transitions are the statements that begin or end a transaction, without options.
var transitions = map[string]storage.Transition{
	"begin": storage.BeginTransition, "start transaction": storage.BeginTransition,
	"commit": storage.CommitTransition, "rollback": storage.RollbackTransition,
}

// open finds the one table of a statement.
func (c *compiler) open(name sqlparser.TableName, alias string) bool {
	database := c.database
	if !name.DbQualifier.IsEmpty() {
		database = name.DbQualifier.String()
	}
	if !name.SchemaQualifier.IsEmpty() {
		return c.refuse(noTable)
	}
	def, ok := c.catalog.Table(database, name.Name.String())
	if !ok {
		return c.refuse(noTable)
	}
	shape, err := c.store.Shape(def)
	if err != nil {
		return c.refuse(noTable)
	}
	c.table, c.alias = &table{database: database, name: def.Name, def: def, shape: shape}, alias
	if alias == "" {
		c.alias = name.Name.String()
	}
	for i := range shape.Fields {
		c.table.columns = append(c.table.columns, newColumn(&shape.Fields[i]))
	}
	return true
}

// one gives the table of a FROM clause with one.
func (c *compiler) one(exprs sqlparser.TableExprs) bool {
	if len(exprs) != 1 {
		return c.refuse(notSimple)
	}
	t, ok := exprs[0].(*sqlparser.AliasedTableExpr)
	if !ok || t.Hints != nil || t.AsOf != nil || t.Lateral || len(t.Partitions) > 0 {
		return c.refuse(notSimple)
	}
	name, ok := t.Expr.(sqlparser.TableName)
	if !ok {
		return c.refuse(notSimple)
	}
	return c.open(name, t.As.String())
}

// writable tells whether changes of the table's rows need nothing but the rows: it has no trigger.
func (c *compiler) writable() bool {
	if c.store.HasTriggers(c.catalog, c.table.database, c.table.def.Name) {
		return c.refuse(noTable)
	}
	return true
}

// computable tells whether the columns that a statement does not name need no more than the present time: no check, no
// generated column.
func (c *compiler) computable() bool {
	def := c.table.def
	if len(def.Checks) > 0 {
		return c.refuse(noTable)
	}
	for i := range c.table.columns {
		column := &c.table.columns[i]
		if column.Column.Generated != "" || column.Column.OnUpdate != "" && !column.isClock(column.Column.OnUpdate) {
			return c.refuse(noTable)
		}
	}
	return true
}

// unbound tells whether no foreign key, of this table or to it, has any of the columns assigned to.
func (c *compiler) unbound(set []assignment) bool {
	bound := c.store.ReferredColumns(c.catalog, c.table.database, c.table.def.Name)
	for i := range c.table.def.ForeignKeys {
		bound = append(bound, c.table.def.ForeignKeys[i].Columns...)
	}
	for _, a := range set {
		name := c.table.columns[a.column].Column.Name
		if slices.ContainsFunc(bound, func(b string) bool { return strings.EqualFold(b, name) }) {
			return c.refuse(noTable)
		}
	}
	return true
}

// stamps gives the columns that an update sets to the present time because something else changes.
func (c *compiler) stamps(set []assignment) (out []int) {
	for i := range c.table.columns {
		assigned := slices.ContainsFunc(set, func(a assignment) bool { return a.column == i })
		if c.table.columns[i].Column.OnUpdate != "" && !assigned {
			out = append(out, i)
		}
	}
	return out
}

// columnOf finds the column that an expression names.
func (c *compiler) columnOf(e sqlparser.Expr) (int, bool) {
	name, ok := e.(*sqlparser.ColName)
	if !ok || name.StoredProcVal != nil {
		return 0, false
	}
	q := name.Qualifier
	if !q.IsEmpty() && (!strings.EqualFold(q.Name.String(), c.alias) || !q.DbQualifier.IsEmpty()) {
		return 0, false
	}
	return c.named(name.Name)
}

func (c *compiler) named(name sqlparser.ColIdent) (int, bool) {
	for i := range c.table.columns {
		if name.EqualString(c.table.columns[i].Column.Name) {
			return i, true
		}
	}
	return 0, false
}

// operandOf reads a literal or parameter, with a minus before it or not.
func (c *compiler) operandOf(e sqlparser.Expr) (*operand, bool) {
	negative := false
	if u, ok := e.(*sqlparser.UnaryExpr); ok && u.Operator == sqlparser.UMinusStr {
		negative, e = true, u.Expr
	}
	v, ok := e.(*sqlparser.SQLVal)
	if !ok || v.Type != sqlparser.ValArg {
		return nil, false
	}
	slot := parameterNumber(v.Val)
	if c.past >= 0 && slot >= c.past {
		slot++
	}
	if slot < 0 || slot >= c.slots || c.used[slot] {
		return nil, false
	}
	c.used[slot] = true
	return &operand{slot, negative}, true
}

// parameterNumber reads :v12 as 11, -1 if it is none.
func parameterNumber(name []byte) int {
	if len(name) < 3 || name[0] != ':' || name[1] != 'v' {
		return -1
	}
	n := 0
	for _, d := range name[2:] {
		if d < '0' || d > '9' || n > 1<<20 {
			return -1
		}
		n = n*10 + int(d-'0')
	}
	return n - 1
}
