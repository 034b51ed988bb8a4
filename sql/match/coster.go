package match

import (
	"math"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/memo"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// Coster weighs the ways to join as Join runs them, and keeps the planner from those whose rows would be wrong.
type Coster struct{ memo.Coster }

// NewCoster makes a Coster, which leaves what it does not know better to the SQL engine's.
func NewCoster() *Coster { return &Coster{memo.NewDefaultCoster()} }

// never is more than any way costs that gives the right rows. Every join has one.
const never = 1e30

// What reading and comparing cost, in the SQL engine's measure, in which a row read is 1.
const (
	probeCost = 1.01 // of a row on the left
	storeCost = 3.0  // of a row on the right
	emitCost  = 0.01 // of a row of the join
)

// EstimateCost implements memo.Coster.
func (c *Coster) EstimateCost(ctx *gsql.Context, n memo.RelExpr, s gsql.StatsProvider) (float64, error) {
	switch n := n.(type) {
	case *memo.MergeJoin: // the two sides may be sorted by different rules, and NULL ends it early
		return never, nil
	case *memo.RangeHeapJoin: // cannot stand in a subquery, and loses rows to NULL
		return never, nil
	case *memo.ConcatJoin: // rows that are equal become one
		return never, nil
	case *memo.LookupJoin:
		if !findsOnly(ctx, n.Lookup.Table) { // its condition is not looked at again
			return never, nil
		}
	case *memo.CrossJoin:
		if loses(n.JoinBase) {
			return never, nil
		}
	case *memo.HashJoin:
		if len(n.Filter) == 0 && loses(n.JoinBase) {
			return never, nil
		}
	case *memo.InnerJoin:
		if hasEquality(ctx, n.JoinBase) {
			return hashCost(n.JoinBase), nil
		}
	case *memo.LeftJoin:
		if hasEquality(ctx, n.JoinBase) {
			return hashCost(n.JoinBase), nil
		}
	}
	return c.Coster.EstimateCost(ctx, n, s)
}

func hashCost(j *memo.JoinBase) float64 {
	rows := func(g *memo.ExprGroup) float64 { return math.Max(1, float64(g.RelProps.GetStats().RowCount())) }
	return rows(j.Left)*probeCost + rows(j.Right)*storeCost + rows(j.Group())*emitCost
}

// loses tells whether a join without a condition stands where other ways to join the same tables have one between its two
// sides: the planner makes such joins, and the condition is then nowhere.
func loses(j *memo.JoinBase) bool {
	left, right := j.Left.RelProps.OutputTables(), j.Right.RelProps.OutputTables()
	for other := j.Group().First; other != nil; other = other.Next() {
		join, ok := other.(memo.JoinRel)
		if !ok {
			continue
		}
		for _, f := range join.JoinPrivate().Filter {
			if sideAmong(f, left, right) == bothSides {
				return true
			}
		}
	}
	return false
}

// hasEquality tells whether Join will find partners by a key.
func hasEquality(ctx *gsql.Context, j *memo.JoinBase) bool {
	left, right := j.Left.RelProps.OutputTables(), j.Right.RelProps.OutputTables()
	sideOf := func(e gsql.Expression) side { return sideAmong(e, left, right) }
	return len(alternativesOf(ctx, expression.JoinAnd(j.Filter...), sideOf)) > 0
}

// sideAmong tells on which side of a join the tables of an expression are.
func sideAmong(e gsql.Expression, left, right gsql.FastIntSet) side {
	out := noSide
	transform.InspectExpr(e, func(e gsql.Expression) bool {
		switch e := e.(type) {
		case *plan.Subquery:
			out = bothSides
		case *expression.GetField:
			if left.Contains(int(e.TableId())) {
				out |= leftSide
			}
			if right.Contains(int(e.TableId())) {
				out |= rightSide
			}
		}
		return false
	})
	return out
}
