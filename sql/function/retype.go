package function

import (
	"maps"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// typeUnions is an analyzer rule that gives the columns of a UNION the types that hold the values of all its branches,
// and all that is computed from them theirs. The engine makes texts of numbers of different types, and takes the columns
// for those of the first branch, so that ORDER BY, sums and comparisons go wrong. A date that a recursive CTE computes
// stays a date.
func typeUnions(_ *gsql.Context, _ *analyzer.Analyzer, n gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if !holdsUnion(n) {
		return n, transform.SameTree, nil
	}
	r := &retyping{types: map[gsql.ColumnId]gsql.Type{}}
	return r.node(n)
}

// holdsUnion tells whether there is a UNION or a recursive CTE in a plan, outside of the subqueries in expressions,
// which are analyzed by themselves.
func holdsUnion(n gsql.Node) bool {
	switch n.(type) {
	case *plan.SetOp, *plan.RecursiveCte:
		return true
	}
	for _, c := range n.Children() {
		if holdsUnion(c) {
			return true
		}
	}
	return false
}

// retyping changes the types of columns from the bottom of a plan to its top.
type retyping struct {
	types map[gsql.ColumnId]gsql.Type // of columns whose type has changed
	enums bool                        // write ENUM and SET, and leave UNIONs
}

// node gives a node with the types of everything below it made right.
func (r *retyping) node(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
	return transform.NodeWithOpaque(n, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		n, same, err := r.expressions(n)
		if err != nil {
			return nil, transform.SameTree, err
		}
		sameNode := transform.SameTree
		switch x := n.(type) {
		case *plan.SetOp:
			if !r.enums {
				n, sameNode, err = r.union(x)
			}
		case *plan.RecursiveCte:
			if !r.enums {
				n, sameNode, err = r.recursive(x)
			}
		case *plan.InsertInto:
			if r.enums {
				n, sameNode, err = writeInserted(x)
			}
		case *plan.SubqueryAlias:
			n, sameNode = r.derived(x)
		case *plan.Project:
			r.computed(x.Projections)
		case *plan.GroupBy:
			r.computed(x.SelectedExprs)
		case *plan.Window:
			r.computed(x.SelectExprs)
		}
		return n, same && sameNode, err
	})
}

// expressions makes the types of the columns right that a node's expressions name.
func (r *retyping) expressions(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
	if _, ok := n.(gsql.Expressioner); !ok || len(r.types) == 0 && !r.enums {
		return n, transform.SameTree, nil
	}
	return transform.OneNodeExpressions(n, r.expression)
}

func (r *retyping) expression(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	switch x := e.(type) {
	case *expression.GetField:
		if t, ok := r.types[x.Id()]; ok && !t.Equals(x.Type()) {
			return expression.NewGetFieldWithTable(int(x.Id()), int(x.TableId()), t, x.Database(), x.Table(), x.Name(), x.IsNullable()), transform.NewTree, nil
		}
	case *plan.Subquery:
		q, same, err := r.node(x.Query)
		if err != nil || same {
			return e, transform.SameTree, err
		}
		return x.WithQuery(q), transform.NewTree, nil
	}
	if r.enums {
		return writeEnum(e)
	}
	return e, transform.SameTree, nil
}

// computed notes the types of what a node computes from columns whose types have changed.
func (r *retyping) computed(all []gsql.Expression) {
	if len(r.types) == 0 && !r.enums {
		return
	}
	for _, e := range all {
		x, ok := e.(gsql.IdExpression)
		if _, isColumn := e.(*expression.GetField); !ok || isColumn || x.Id() == 0 || !r.uses(e) {
			continue
		}
		r.types[x.Id()] = e.Type()
	}
}

func (r *retyping) uses(e gsql.Expression) bool {
	return transform.InspectExpr(e, func(e gsql.Expression) bool {
		if s, ok := e.(*scalar); ok && r.enums && s.definition == enumText {
			return true
		}
		f, ok := e.(*expression.GetField)
		if !ok {
			return false
		}
		_, changed := r.types[f.Id()]
		return changed
	})
}

// derived notes the types of the columns of a derived table.
func (r *retyping) derived(n *plan.SubqueryAlias) (gsql.Node, transform.TreeIdentity) {
	if len(r.types) == 0 {
		return n, transform.SameTree
	}
	schema := n.Child.Schema()
	ids := idsOf(n.Columns())
	for i, id := range ids {
		if i < len(schema) {
			r.types[id] = schema[i].Type
		}
	}
	mapping := map[gsql.ColumnId]gsql.Expression{}
	for id, e := range n.ScopeMapping {
		if mapped, _, err := transform.Expr(e, r.expression); err == nil {
			e = mapped
		}
		mapping[id] = e
	}
	return n.WithScopeMapping(mapping), transform.NewTree
}

func idsOf(set gsql.ColSet) []gsql.ColumnId {
	var out []gsql.ColumnId
	set.ForEach(func(id gsql.ColumnId) { out = append(out, id) })
	return out
}

// union gives a UNION whose branches have the same types.
func (r *retyping) union(n *plan.SetOp) (gsql.Node, transform.TreeIdentity, error) {
	left, right := branch(n.Left()), branch(n.Right())
	if len(left) == 0 || len(left) != len(right) {
		return n, transform.SameTree, nil
	}
	different := !sameTypes(n.Left().Schema(), n.Right().Schema()) // the engine converts one side only if the other has the type
	newLeft, newRight := make([]gsql.Expression, len(left)), make([]gsql.Expression, len(right))
	for i := range left {
		common := commonType(left[i], right[i])
		if _, known := r.types[left[i].Id()]; known && common == nil && types.IsTextOnly(left[i].Type()) && types.IsTextOnly(right[i].Type()) {
			common = types.CreateLongText(commonCollation(left[i].Type(), right[i].Type())) // of a CTE that is used twice
		}
		newLeft[i], newRight[i] = converted(left[i], common), converted(right[i], common)
		different = different || newLeft[i] != gsql.Expression(left[i]) || newRight[i] != gsql.Expression(right[i])
		if common != nil && left[i].Id() != 0 {
			r.types[left[i].Id()] = common
		}
	}
	if !different {
		return n, transform.SameTree, nil
	}
	out, err := n.WithChildren(plan.NewProject(newLeft, below(n.Left())), plan.NewProject(newRight, below(n.Right())))
	if err != nil {
		return nil, transform.SameTree, err
	}
	out, _, err = r.expressions(out)
	return out, transform.NewTree, err
}

func sameTypes(a, b gsql.Schema) bool {
	return slices.EqualFunc(a, b, func(a, b *gsql.Column) bool { return a.Type.Equals(b.Type) })
}

// branch gives the columns of a branch of a UNION without the engine's conversions; nil if it has none, because the types
// are the same.
func branch(n gsql.Node) []*expression.GetField {
	p, ok := n.(*plan.Project)
	if !ok {
		return nil
	}
	var out []*expression.GetField
	for _, e := range p.Projections {
		e = plain(e)
		if c, ok := e.(*expression.Convert); ok {
			e = c.Child
		}
		if enum, ok := e.(*expression.EnumToString); ok {
			e = enum.Enum
		}
		f, ok := e.(*expression.GetField)
		if !ok {
			return nil
		}
		out = append(out, f)
	}
	if u, ok := p.Child.(*plan.SetOp); ok {
		return ofUnion(out, u.Schema())
	}
	return out
}

// ofUnion gives the columns of a branch that is itself a UNION the types that it has by now. They stand in its order, and
// need not have ids.
func ofUnion(columns []*expression.GetField, schema gsql.Schema) []*expression.GetField {
	if len(columns) != len(schema) {
		return columns
	}
	for i, f := range columns {
		if t := schema[i].Type; !t.Equals(f.Type()) {
			columns[i] = expression.NewGetFieldWithTable(int(f.Id()), int(f.TableId()), t, f.Database(), f.Table(), f.Name(), f.IsNullable())
		}
	}
	return columns
}

func below(n gsql.Node) gsql.Node { return n.(*plan.Project).Child }

// commonType gives the type that holds the values of two columns; nil if it is the same, or one that only the engine
// knows.
func commonType(l, r gsql.Expression) gsql.Type {
	a, b := l.Type(), r.Type()
	switch {
	case a.Equals(b):
		return nil
	case a == types.Null:
		return b
	case b == types.Null:
		return a
	case isEnum(l):
		return types.CreateLongText(collationOf(a))
	case isEnum(r):
		return types.CreateLongText(collationOf(b))
	case types.IsNumber(a) && types.IsNumber(b):
		return commonNumber(shapeOfType(a), shapeOfType(b))
	case types.IsTime(a) && types.IsTime(b):
		return types.MustCreateDatetimeType(types.Datetime.Type(), max(secondDigits(a), secondDigits(b)))
	case types.IsTextOnly(a) && types.IsTextOnly(b) && isTextOfColumn(a) && isTextOfColumn(b):
		return types.CreateLongText(commonCollation(a, b))
	case types.IsTextOnly(a) && types.IsTextOnly(b):
		return nil
	case isBinary(l) || isBinary(r):
		return types.LongBlob
	case types.IsJSON(a) || types.IsJSON(b) || types.IsGeometry(a) || types.IsGeometry(b):
		return nil
	}
	return textType([]gsql.Expression{l, r})
}

// isTextOfColumn tells whether a text is shorter than those that the engine makes of others for a UNION.
func isTextOfColumn(t gsql.Type) bool {
	s, ok := t.(gsql.StringType)
	return ok && s.MaxCharacterLength() < types.LongText.MaxCharacterLength()
}

// commonCollation gives the collation of two texts, which that of bytes is if they differ. The engine's default is what
// it gives to texts that have none.
func commonCollation(a, b gsql.Type) gsql.CollationID {
	of := func(t gsql.Type) gsql.CollationID {
		if s, ok := t.(gsql.StringType); ok && s.Collation() != gsql.Collation_Default {
			return s.Collation()
		}
		return gsql.Collation_Unspecified
	}
	const column = 2 // how much a column's collation gives way
	c, _ := gsql.ResolveCoercibility(of(a), column, of(b), column)
	if c == gsql.Collation_Unspecified {
		return gsql.Collation_Default
	}
	return c
}

func commonNumber(a, b shape) gsql.Type {
	switch c := max(a.class, b.class); {
	case c == classDouble:
		return types.Float64
	case c == classDecimal:
		scale := max(a.scale, b.scale)
		return decimalType(max(a.integral(), b.integral())+scale, scale)
	case a.class != b.class:
		return decimalType(bigintDigits, 0)
	case c == classUnsigned:
		return types.Uint64
	}
	return types.Int64
}

// converted gives a column as a value of a type, under its own name.
func converted(f *expression.GetField, t gsql.Type) gsql.Expression {
	if t == nil || t.Equals(f.Type()) {
		return f
	}
	d := &definition{
		name: prefix + "as", arity: exactly(1), typeOf: always(t),
		text: func(args []string) string { return args[0] },
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) { return valueAs(ctx, call, args[0]) },
	}
	return expression.NewAlias(f.Name(), &scalar{definition: d, args: []gsql.Expression{f}, result: t})
}

// valueAs gives the value of a call's argument in the call's type.
func valueAs(ctx *gsql.Context, call *scalar, v any) (any, error) {
	t := call.result
	switch {
	case types.IsDecimal(t):
		return toDecimal(ctx, v), nil
	case t == types.Float64:
		return toDouble(ctx, v), nil
	case t == types.Int64, t == types.Uint64:
		n, _ := toInteger(ctx, v)
		return integerAs(call, n)
	case types.IsText(t):
		return asResult(call, textOfArgument(ctx, call.args[0], v)), nil
	}
	return v, nil
}

// recursive makes the dates of a recursive CTE dates, if both its parts give them.
func (r *retyping) recursive(n *plan.RecursiveCte) (gsql.Node, transform.TreeIdentity, error) {
	initial, schema := n.Left().Schema(), n.Schema().Copy()
	dates := map[string]bool{}
	for i, c := range schema {
		if types.IsDateType(initial[i].Type) && !types.IsDateType(c.Type) {
			c.Type, dates[strings.ToLower(c.Name)] = types.Date, true
		}
	}
	if len(dates) == 0 {
		return n, transform.SameTree, nil
	}
	trial := &retyping{types: maps.Clone(r.types)}
	for _, f := range workingFields(n.Right()) {
		if dates[strings.ToLower(f.Name())] {
			trial.types[f.Id()] = types.Date
		}
	}
	right, _, err := trial.node(n.Right())
	if err != nil {
		return nil, transform.SameTree, err
	}
	for i, c := range right.Schema() {
		if types.IsDateType(schema[i].Type) && !types.IsDateType(c.Type) {
			return n, transform.SameTree, nil
		}
	}
	for i, id := range idsOf(n.Columns()) {
		if i < len(schema) && types.IsDateType(schema[i].Type) {
			r.types[id] = types.Date
		}
	}
	working := plan.NewRecursiveTable(n.Name(), schema).WithId(n.Working.Id()).WithColumns(n.Working.Columns()).(*plan.RecursiveTable)
	right, _, err = transform.NodeWithOpaque(right, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		if t, ok := n.(*plan.RecursiveTable); ok && t.Id() == working.Id() {
			return working, transform.NewTree, nil
		}
		return n, transform.SameTree, nil
	})
	if err != nil {
		return nil, transform.SameTree, err
	}
	out, err := n.WithSchema(schema).WithWorking(working).WithChildren(n.Left(), right)
	return out, transform.NewTree, err
}

// workingFields gives the columns that the recursive part of a CTE reads of what came before. The engine gives them
// numbers of their own, which its table does not know; so they are found by the table's name.
func workingFields(n gsql.Node) []*expression.GetField {
	tables := map[string]bool{}
	transform.Inspect(n, func(n gsql.Node) bool {
		switch n := n.(type) {
		case *plan.RecursiveTable:
			tables[strings.ToLower(n.Name())] = true
		case *plan.TableAlias:
			if _, ok := n.Child.(*plan.RecursiveTable); ok {
				tables[strings.ToLower(n.Name())] = true
			}
		}
		return true
	})
	var out []*expression.GetField
	transform.InspectExpressions(n, func(e gsql.Expression) bool {
		if f, ok := e.(*expression.GetField); ok && tables[strings.ToLower(f.Table())] {
			out = append(out, f)
		}
		return true
	})
	return out
}
