package function

import (
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/match"
)

// setApart is an analyzer rule: it gives each IN and EXISTS, whose subquery is tied to the query around by equalities
// alone, the subquery without them.
//
//	EXISTS (SELECT 1 FROM b WHERE b.x = a.x AND b.y > 3)
//	a.x, SELECT b.x FROM b WHERE b.y > 3
func setApart(ctx *gsql.Context, _ *analyzer.Analyzer, n gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if !flags.SubqueryIsSet() {
		return n, transform.SameTree, nil
	}
	return transform.NodeExprsWithOpaque(n, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		m, ok := e.(*member)
		if !ok || m.apart != nil || m.query().CanCacheResults() || m.query().Volatile() {
			return e, transform.SameTree, nil
		}
		_, exists := m.test.(*plan.ExistsSubquery)
		s := &separation{ctx: ctx, outer: m.query().Correlated(), exists: exists}
		query := s.separate(m.query().Query)
		if query == nil {
			return e, transform.SameTree, nil
		}
		out := *m
		out.keys, out.rows, out.state = s.keys, rowsBelow(ctx, query), &memberState{}
		out.apart = plan.NewExistsSubquery(plan.NewSubquery(query, m.query().QueryString))
		return &out, transform.NewTree, nil
	})
}

// rowsBelow is how many rows the tables of a query have.
func rowsBelow(ctx *gsql.Context, n gsql.Node) (sum uint64) {
	transform.Inspect(n, func(n gsql.Node) bool {
		if t, ok := n.(gsql.TableNode); ok {
			if counted, ok := t.UnderlyingTable().(gsql.StatisticsTable); ok {
				if rows, _, err := counted.RowCount(ctx); err == nil { // else it counts for none, and is read whole
					sum += rows
				}
			}
		}
		return true
	})
	return sum
}

// separation takes a subquery out of the query around it.
type separation struct {
	ctx         *gsql.Context
	outer       gsql.ColSet // columns of the query around
	exists      bool
	keys, inner []gsql.Expression // the sides of the equalities: of the query around, of the subquery
}

// separate gives the subquery without the equalities, which selects their inner sides, too; nil if it cannot.
func (s *separation) separate(n gsql.Node) gsql.Node {
	var selected []gsql.Expression
	for {
		switch node := n.(type) {
		case *plan.Project:
			if selected != nil && !s.exists {
				return nil
			}
			selected, n = node.Projections, node.Child
			continue
		case *plan.Distinct:
			n = node.Child
			continue
		case *plan.Sort:
			n = node.Child
			continue
		case *plan.Filter:
			below := s.filter(node)
			if below == nil || selected == nil {
				return nil
			}
			if s.exists {
				selected = nil
			}
			for _, e := range selected {
				if s.refers(e) {
					return nil
				}
			}
			return plan.NewProject(append(slices.Clone(selected), s.inner...), below)
		}
		return nil
	}
}

// filter takes the equalities out of a filter; nil if the query around is used in any other way.
func (s *separation) filter(f *plan.Filter) gsql.Node {
	var rest []gsql.Expression
	for _, part := range expression.SplitConjunction(f.Expression) {
		if !s.refers(part) {
			rest = append(rest, part)
			continue
		}
		l, r, nullSafe, ok := match.Sides(part)
		if !ok || nullSafe || types.NumColumns(l.Type()) != 1 {
			return nil
		}
		if s.refers(r) {
			l, r = r, l
		}
		if !s.refersOnly(l) || s.refers(r) || !match.NewComparison(s.ctx, l, r).HasKeys() {
			return nil
		}
		s.keys, s.inner = append(s.keys, l), append(s.inner, r)
	}
	below := f.Child
	clean := true
	transform.Inspect(below, func(n gsql.Node) bool {
		if e, ok := n.(gsql.Expressioner); ok {
			clean = clean && !slices.ContainsFunc(e.Expressions(), s.refers)
		}
		return clean
	})
	if !clean || len(s.keys) == 0 {
		return nil
	}
	if len(rest) > 0 {
		return plan.NewFilter(expression.JoinAnd(rest...), below)
	}
	return below
}

// refers tells whether an expression uses the query around.
func (s *separation) refers(e gsql.Expression) bool {
	return transform.InspectExpr(e, func(e gsql.Expression) bool {
		switch e := e.(type) {
		case *expression.GetField:
			return s.outer.Contains(e.Id())
		case *plan.Subquery:
			return e.Correlated().Intersects(s.outer)
		}
		return false
	})
}

// refersOnly tells whether an expression uses nothing else.
func (s *separation) refersOnly(e gsql.Expression) bool {
	return !transform.InspectExpr(e, func(e gsql.Expression) bool {
		switch e := e.(type) {
		case *expression.GetField:
			return !s.outer.Contains(e.Id())
		case *plan.Subquery:
			return true
		}
		return false
	})
}
