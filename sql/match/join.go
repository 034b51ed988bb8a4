package match

import (
	"io"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// Join runs a join whose right side is the same for all rows on the left; nil leaves a join to the SQL engine.
func Join(ctx *gsql.Context, b gsql.NodeExecBuilder, n *plan.JoinNode, row gsql.Row) (gsql.RowIter, error) {
	switch n.Op {
	case plan.JoinTypeCross, plan.JoinTypeCrossHash, plan.JoinTypeInner, plan.JoinTypeHash, plan.JoinTypeLeftOuter, plan.JoinTypeLeftOuterHash:
	default:
		return nil, nil
	}
	width := len(n.Left().Schema())
	if dependsOn(n.Right(), len(row), len(row)+width) {
		return nil, nil
	}
	left, err := b.Build(ctx, n.Left(), row)
	if err != nil {
		return nil, err
	}
	j := &joinIter{
		builder: b, node: n, parent: row, left: left, outer: n.Op.IsLeftOuter(),
		leftEnd: len(row) + width, size: len(row) + width + len(n.Right().Schema()),
	}
	j.scratch = make(gsql.Row, j.size)
	j.alternatives = alternativesOf(ctx, n.Filter, func(e gsql.Expression) side { return sideOf(e, len(row), j.leftEnd) })
	return j, nil
}

// dependsOn tells whether a node uses columns of the row on the left, which are those from one position up to another.
// Only nodes that the planner lets see them can.
func dependsOn(n gsql.Node, from, to int) bool {
	uses := func(list ...gsql.Expression) bool {
		for _, e := range list {
			if transform.InspectExpr(e, func(e gsql.Expression) bool {
				f, ok := e.(*expression.GetField)
				return ok && f.Index() >= from && f.Index() < to
			}) {
				return true
			}
		}
		return false
	}
	switch n := n.(type) {
	case *plan.IndexedTableAccess:
		return n.Typ == plan.ItaTypeLookup && uses(n.Expressions()...)
	case *plan.JSONTable:
		return uses(n.Expressions()...)
	case gsql.TableFunction:
		return true
	case *plan.SubqueryAlias:
		return n.IsLateral || n.OuterScopeVisibility
	case *plan.RangeHeap:
		if n.ValueColumnIndex >= from && n.ValueColumnIndex < to {
			return true
		}
	case *plan.JoinNode:
		if n.Op.IsLateral() {
			return true
		}
	}
	for _, c := range n.Children() {
		if dependsOn(c, from, to) {
			return true
		}
	}
	return false
}

// joinIter gives the rows of a join in the order of its left side.
type joinIter struct {
	builder       gsql.NodeExecBuilder
	node          *plan.JoinNode
	parent        gsql.Row // of the query around
	left          gsql.RowIter
	outer         bool
	leftEnd, size int // positions in a row: parent, left side, right side
	alternatives  [][]equality

	held    int64  // bytes of the right side
	right   *table // nil until there is a row on the left
	scratch gsql.Row
	current gsql.Row // on the left, with its parent; nil before the first and after the last of its partners
	partner []int32  // of the current row, by its key
	next    int
	matched bool
}

// Next implements gsql.RowIter.
func (j *joinIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	for {
		if j.current == nil {
			if err := j.advance(ctx); err != nil {
				return nil, err
			}
		}
		for j.next < len(j.partner) {
			right := j.right.rows[j.partner[j.next]]
			if j.next++; j.next&0xfff == 0 {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
			}
			copy(j.scratch[j.leftEnd:], right)
			if j.node.Filter != nil {
				met, err := gsql.EvaluateCondition(ctx, j.node.Filter, j.scratch)
				if err != nil {
					return nil, err
				}
				if !gsql.IsTrue(met) {
					continue
				}
			}
			j.matched = true
			return j.row(), nil
		}
		alone := j.outer && !j.matched
		j.current = nil
		if alone {
			clear(j.scratch[j.leftEnd:])
			return j.row(), nil
		}
	}
}

// advance takes the next row on the left.
func (j *joinIter) advance(ctx *gsql.Context) error {
	row, err := j.left.Next(ctx)
	if err != nil {
		return err
	}
	copy(j.scratch, j.parent)
	copy(j.scratch[len(j.parent):j.leftEnd], row)
	j.current = row
	if j.right == nil {
		if j.right, err = j.readRight(ctx); err != nil {
			return err
		}
	}
	if len(j.right.rows) == 0 && !j.outer {
		return io.EOF
	}
	j.next, j.matched = 0, false
	j.partner, err = j.right.find(ctx, j.scratch)
	return err
}

// row gives the row that is in scratch, with as much of its parent as the nodes above expect.
func (j *joinIter) row() gsql.Row {
	out := make(gsql.Row, j.node.ScopeLen+j.size-len(j.parent))
	copy(out, j.scratch[:j.node.ScopeLen])
	copy(out[j.node.ScopeLen:], j.scratch[len(j.parent):])
	return out
}

func (j *joinIter) readRight(ctx *gsql.Context) (*table, error) {
	t := newTable(j.alternatives, j.leftEnd, j.size)
	rows, err := j.builder.Build(ctx, j.node.Right(), j.scratch[:j.leftEnd:j.leftEnd])
	if err != nil {
		return nil, err
	}
	for {
		row, err := rows.Next(ctx)
		if err == io.EOF {
			return t, rows.Close(ctx)
		}
		if err == nil {
			n := RowBytes(row)
			j.held += n
			err = HoldBytes(ctx, n)
		}
		if err == nil {
			err = t.add(ctx, row)
		}
		if err != nil {
			_ = rows.Close(ctx) // the error before says more
			return nil, err
		}
	}
}

// Close implements gsql.RowIter.
func (j *joinIter) Close(ctx *gsql.Context) error {
	j.right, j.partner = nil, nil
	_ = HoldBytes(ctx, -j.held) // less is never too much
	j.held = 0
	return j.left.Close(ctx)
}
