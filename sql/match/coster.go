package match

import (
	"math"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/memo"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
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
	case *memo.LookupJoin:
		if !Finds(ctx, n.Lookup.Table) {
			return never, nil
		}
	case *memo.ConcatJoin:
		for _, l := range n.Concat {
			if !Finds(ctx, l.Table) {
				return never, nil
			}
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

// hasEquality tells whether Join will find partners by a key.
func hasEquality(ctx *gsql.Context, j *memo.JoinBase) bool {
	left, right := j.Left.RelProps.OutputTables(), j.Right.RelProps.OutputTables()
	sideOf := func(e gsql.Expression) side {
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
	for _, f := range j.Filter {
		if len(equalitiesOfPart(ctx, f, sideOf)) > 0 {
			return true
		}
	}
	return false
}

// Finds tells whether a lookup by an index finds all rows that an equality wants: the values looked up must compare with
// the column as the index sorts it, and not be NULL to equal NULL, which the SQL engine's lookup does not find.
func Finds(ctx *gsql.Context, access *plan.IndexedTableAccess) bool {
	for _, null := range access.NullMask() {
		if null {
			return false
		}
	}
	columns := access.Index().ColumnExpressionTypes()
	for i, key := range access.Expressions() {
		if i >= len(columns) || !sortsAlike(ctx, columns[i].Type, key) {
			return false
		}
	}
	return true
}

func sortsAlike(ctx *gsql.Context, column gsql.Type, key gsql.Expression) bool {
	t := key.Type()
	switch {
	case types.IsTextOnly(column) && types.IsTextOnly(t):
		text, ok := column.(gsql.StringType)
		return ok && text.Collation() == collationOf(ctx, expression.NewGetField(0, column, "", true), key)
	case types.IsNumber(column):
		return types.IsNumber(t) && !isFloat32(column) && !isFloat32(t)
	}
	return kindOf(column, t) != noKey || types.TypesEqual(column, t)
}
