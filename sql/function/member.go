package function

import (
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/match"
)

// member is IN or EXISTS with a subquery, in the place of the SQL engine's own, which turns both into joins whose rows
// are wrong where NULL or a row with several partners is concerned.
//
// A subquery that does not depend on the row is run once. One that does, by equalities alone, is run once too, without
// them, as soon as there are so many rows that looking each up by an index would take longer: apart is that subquery.
type member struct {
	test  gsql.Expression      // a *plan.InSubquery or a *plan.ExistsSubquery: what the client wrote
	keys  []gsql.Expression    // of the query around, which apart's last columns equal
	apart *plan.ExistsSubquery // a subquery of the values to look in and the keys' other sides; nil if there is none
	rows  uint64               // about how many rows apart reads

	state *memberState
}

// memberState is what is known while a statement runs.
type memberState struct {
	exists *bool // what an EXISTS that does not depend on the row has found
	groups *match.Groups
	asked  uint64 // how often the subquery was run for one row
}

// rowsPerLookup is about how many rows can be read in the time of running a subquery for one row, by an index.
const rowsPerLookup = 20

const memberName = prefix + "member"

var (
	_ gsql.FunctionExpression = (*member)(nil)
	_ gsql.CollationCoercible = (*member)(nil)
)

// newMember makes the test of what the engine has built for IN or EXISTS. It leaves lists as they are.
func newMember(args ...gsql.Expression) (gsql.Expression, error) {
	if len(args) != 1 {
		return nil, gsql.ErrInvalidArgumentNumber.New(memberName, 1, len(args))
	}
	test := plain(args[0])
	switch t := test.(type) {
	case *plan.ExistsSubquery:
	case *plan.InSubquery:
		if _, ok := t.RightChild.(*plan.Subquery); !ok {
			return test, nil
		}
		if types.NumColumns(t.LeftChild.Type()) > match.ColumnsMax {
			return nil, gsql.ErrUnsupportedFeature.New(fmt.Sprintf("IN with rows of more than %d columns", match.ColumnsMax))
		}
	default:
		return test, nil
	}
	return &member{test: test, state: &memberState{}}, nil
}

// query is the subquery as the client wrote it.
func (m *member) query() *plan.Subquery {
	if in, ok := m.test.(*plan.InSubquery); ok {
		return in.RightChild.(*plan.Subquery)
	}
	return m.test.(*plan.ExistsSubquery).Query
}

// FunctionName implements gsql.FunctionExpression.
func (*member) FunctionName() string { return memberName }

// Description implements gsql.FunctionExpression.
func (*member) Description() string { return "looks for a value among the rows of a subquery." }

// Resolved implements gsql.Expression.
func (m *member) Resolved() bool { return expression.ExpressionsResolved(m.Children()...) }

// Type implements gsql.Expression.
func (*member) Type() gsql.Type { return types.Boolean }

// IsNullable implements gsql.Expression.
func (m *member) IsNullable() bool { return m.test.IsNullable() }

// String implements gsql.Expression.
func (m *member) String() string { return m.test.String() }

// CollationCoercibility implements gsql.CollationCoercible.
func (*member) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// Children implements gsql.Expression: the test, the keys, and the subquery apart from the query around.
func (m *member) Children() []gsql.Expression {
	out := append([]gsql.Expression{m.test}, m.keys...)
	if m.apart != nil {
		out = append(out, m.apart)
	}
	return out
}

// WithChildren implements gsql.Expression.
func (m *member) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != len(m.Children()) {
		return nil, gsql.ErrInvalidChildrenNumber.New(m, len(children), len(m.Children()))
	}
	out := *m
	out.test, out.keys, out.state = children[0], children[1:1+len(m.keys)], &memberState{}
	if m.apart != nil {
		out.apart = children[len(children)-1].(*plan.ExistsSubquery)
	}
	return &out, nil
}

// Eval implements gsql.Expression.
func (m *member) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	value, err := m.value(ctx, row)
	if err != nil {
		return nil, err
	}
	if m.state.groups == nil && !m.prefersGroups() {
		m.state.asked++
		return m.ask(ctx, row, value)
	}
	if m.state.groups == nil {
		if m.state.groups, err = m.readGroups(ctx, row); err != nil {
			return nil, err
		}
	}
	key := make([]any, len(m.keys))
	for i, k := range m.keys {
		if key[i], err = k.Eval(ctx, row); err != nil {
			return nil, err
		}
	}
	set, err := m.state.groups.Find(ctx, key)
	if err != nil {
		return nil, err
	}
	if _, exists := m.test.(*plan.ExistsSubquery); exists {
		return set.Size() > 0, nil
	}
	return set.Contains(ctx, value)
}

// value is what is looked for: a row of one or several values. EXISTS looks for none.
func (m *member) value(ctx *gsql.Context, row gsql.Row) ([]any, error) {
	in, ok := m.test.(*plan.InSubquery)
	if !ok {
		return nil, nil
	}
	v, err := in.LeftChild.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	return rowOf(v, in.LeftChild.Type()), nil
}

// rowOf takes apart the value of a row.
func rowOf(v any, t gsql.Type) []any {
	if values, ok := v.([]any); ok && types.NumColumns(t) > 1 {
		return values
	}
	return []any{v}
}

// prefersGroups tells whether the subquery is to be read whole.
func (m *member) prefersGroups() bool {
	query := m.query()
	if query.CanCacheResults() {
		_, exists := m.test.(*plan.ExistsSubquery)
		return !exists // it stops at the first row
	}
	if m.apart == nil || !m.apart.Query.CanCacheResults() {
		return false
	}
	if m.state.asked == 0 && looksUp(query.Query) {
		return false
	}
	return !looksUp(query.Query) || m.state.asked*rowsPerLookup > m.rows
}

// looksUp tells whether a query reads tables by an index.
func looksUp(n gsql.Node) bool {
	found := false
	transform.Inspect(n, func(n gsql.Node) bool {
		if access, ok := n.(*plan.IndexedTableAccess); ok && access.Typ == plan.ItaTypeLookup {
			found = true
		}
		return !found
	})
	return found
}

// ask runs the subquery for one row.
func (m *member) ask(ctx *gsql.Context, row gsql.Row, value []any) (any, error) {
	query := m.query()
	if _, exists := m.test.(*plan.ExistsSubquery); exists {
		if m.state.exists != nil {
			return *m.state.exists, nil
		}
		found, err := query.HasResultRow(ctx, row)
		if err == nil && query.CanCacheResults() {
			m.state.exists = &found
		}
		return found, err
	}
	rows, err := query.EvalMultiple(ctx, row)
	if err != nil {
		return nil, err
	}
	set := match.NewGroups(nil, m.comparisons(ctx))
	for _, r := range rows {
		if err := match.Hold(ctx, gsql.Row{r}); err != nil {
			return nil, err
		}
		if err := set.Add(ctx, rowOf(r, query.Type()), nil); err != nil {
			return nil, err
		}
	}
	found, err := set.Find(ctx, nil)
	if err != nil {
		return nil, err
	}
	return found.Contains(ctx, value)
}

// comparisons compare the value that is looked for with what the subquery selects.
func (m *member) comparisons(ctx *gsql.Context) []*match.Comparison {
	in, ok := m.test.(*plan.InSubquery)
	if !ok {
		return nil
	}
	left := []gsql.Expression{in.LeftChild}
	if t, ok := in.LeftChild.(expression.Tuple); ok {
		left = t
	}
	var out []*match.Comparison
	for i, c := range m.query().Query.Schema() {
		if i < len(left) {
			out = append(out, match.NewComparison(ctx, left[i], expression.NewGetField(0, c.Type, "", true)))
		}
	}
	return out
}

// readGroups reads all rows of the subquery, or of the one apart.
func (m *member) readGroups(ctx *gsql.Context, row gsql.Row) (*match.Groups, error) {
	query, values := m.query(), m.comparisons(ctx)
	if !query.CanCacheResults() {
		query = m.apart.Query
	}
	schema := query.Query.Schema()
	first := len(schema) - len(m.keys)
	if m.apart == nil || query != m.apart.Query {
		first = len(schema)
	}
	keys := make([]*match.Comparison, len(schema)-first)
	for i := range keys {
		keys[i] = match.NewComparison(ctx, m.keys[i], expression.NewGetField(0, schema[first+i].Type, "", true))
	}
	rows, err := query.EvalMultiple(ctx, row)
	if err != nil {
		return nil, err
	}
	groups := match.NewGroups(keys, values)
	for _, r := range rows {
		r := rowOf(r, query.Type())
		if err := match.Hold(ctx, r); err != nil {
			return nil, err
		}
		if err := groups.Add(ctx, r[:first], r[first:]); err != nil {
			return nil, err
		}
	}
	return groups, nil
}
