package sql

import (
	"errors"
	"io"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"

	"redoubt/sql/match"
)

// comparedRows is an INTERSECT or EXCEPT whose rows are compared by the collations of their columns. The SQL engine's own
// would keep 'a' and 'A' apart.
type comparedRows struct {
	*plan.SetOp
	collations []gsql.CollationID
}

// intersect runs INTERSECT and EXCEPT; nil leaves a node to the SQL engine.
func (e *execution) intersect(ctx *gsql.Context, n *plan.SetOp, row gsql.Row) (gsql.RowIter, error) {
	collations := unionFoldings(n)
	all := plan.NewSetOp(n.SetOpType, n.Left(), n.Right(), n.Distinct, nil, nil, nil)
	return e.engine.Build(ctx, ordered(n, &comparedRows{all, collations}), row)
}

// ordered puts the order and the limits of a UNION, INTERSECT or EXCEPT around its rows.
func ordered(n *plan.SetOp, rows gsql.Node) gsql.Node {
	switch {
	case len(n.SortFields) == 0:
	case n.Limit == nil:
		rows = plan.NewSort(n.SortFields, rows)
	case n.Offset == nil:
		rows = plan.NewTopN(n.SortFields, n.Limit, rows)
	default:
		rows = plan.NewTopN(n.SortFields, expression.NewPlus(n.Limit, n.Offset), rows)
	}
	if n.Offset != nil {
		rows = plan.NewOffset(n.Offset, rows)
	}
	if n.Limit != nil {
		rows = plan.NewLimit(n.Limit, rows)
	}
	return rows
}

// compared reads the right side, of which it keeps keys, and gives the rows of the left one as they are asked for.
func (e *execution) compared(ctx *gsql.Context, n *comparedRows, row gsql.Row) (gsql.RowIter, error) {
	right, err := e.engine.Build(ctx, n.Right(), row)
	if err != nil {
		return nil, err
	}
	out := &comparingRows{distinctRows: distinctRows{nil, n.collations, map[[16]byte]struct{}{}}, right: map[[16]byte]int{}, node: n}
	for {
		r, err := right.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		var key [16]byte
		if err == nil {
			key, err = out.key(ctx, r)
		}
		if err != nil {
			return nil, errors.Join(err, right.Close(ctx))
		}
		if out.right[key]++; out.right[key] == 1 {
			if err := match.HoldBytes(ctx, keyBytes); err != nil {
				return nil, errors.Join(err, right.Close(ctx))
			}
		}
	}
	if err := right.Close(ctx); err != nil {
		return nil, err
	}
	out.RowIter, err = e.engine.Build(ctx, n.Left(), row)
	return out, err
}

// comparingRows gives the rows of the left side that are, or are not, on the right one.
type comparingRows struct {
	distinctRows
	right map[[16]byte]int // how many rows there are, or with ALL are left
	node  *comparedRows
}

// Next implements gsql.RowIter.
func (c *comparingRows) Next(ctx *gsql.Context) (gsql.Row, error) {
	for {
		row, err := c.RowIter.Next(ctx)
		if err != nil {
			return nil, err
		}
		key, err := c.key(ctx, row)
		if err != nil {
			return nil, err
		}
		there := c.right[key] > 0
		if c.node.Distinct {
			if _, done := c.seen[key]; done {
				continue
			}
			c.seen[key] = struct{}{}
			if err := match.HoldBytes(ctx, keyBytes); err != nil {
				return nil, err
			}
		} else if there {
			c.right[key]--
		}
		if there == (c.node.SetOpType == plan.IntersectType) {
			return row, nil
		}
	}
}

// Close implements gsql.RowIter.
func (c *comparingRows) Close(ctx *gsql.Context) error {
	_ = match.HoldBytes(ctx, -keyBytes*int64(len(c.right))) // less is never too much
	clear(c.right)
	return c.distinctRows.Close(ctx)
}
