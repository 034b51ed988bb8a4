package sql

import (
	"fmt"
	"hash/fnv"
	"io"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/match"
)

// distinctRows leaves out rows that are equal to one before, by the collations of their columns. The SQL engine's own
// would keep 'a' and 'A' apart.
type distinctRows struct {
	gsql.RowIter
	collations []gsql.CollationID    // of each column; noFold where bytes are compared
	seen       map[[16]byte]struct{} // keys of rows: a digest, so long that no two rows have the same
}

// noFold stands for columns whose values are equal only if their bytes are.
const noFold = gsql.Collation_Unspecified

// folding gives the collation of a type, noFold if its values do not compare as text that may differ and yet be equal.
func folding(t gsql.Type) gsql.CollationID {
	text, ok := t.(gsql.StringType)
	if !ok || !types.IsTextOnly(t) {
		return noFold
	}
	if c := text.Collation(); c != gsql.Collation_binary && c != gsql.Collation_utf8mb4_0900_bin {
		return c
	}
	return noFold
}

func foldings(schema gsql.Schema) []gsql.CollationID {
	out := make([]gsql.CollationID, len(schema))
	for i, c := range schema {
		out[i] = folding(c.Type)
	}
	return out
}

// keyBytes is about what a key takes in memory.
const keyBytes = 48

// Close implements gsql.RowIter.
func (d *distinctRows) Close(ctx *gsql.Context) error {
	_ = match.HoldBytes(ctx, -keyBytes*int64(len(d.seen))) // less is never too much
	clear(d.seen)
	return d.RowIter.Close(ctx)
}

// Next implements gsql.RowIter.
func (d *distinctRows) Next(ctx *gsql.Context) (gsql.Row, error) {
	for {
		row, err := d.RowIter.Next(ctx)
		if err != nil {
			return nil, err
		}
		key, err := d.key(ctx, row)
		if err != nil {
			return nil, err
		}
		if _, ok := d.seen[key]; ok {
			continue
		}
		d.seen[key] = struct{}{}
		if err := match.HoldBytes(ctx, keyBytes); err != nil {
			return nil, err
		}
		return row, nil
	}
}

func (d *distinctRows) key(ctx *gsql.Context, row gsql.Row) (key [16]byte, err error) {
	h := fnv.New128a()
	// In a subquery the row of the query around stands before the row.
	for i, v := range row[len(row)-len(d.collations):] {
		if v, err = gsql.UnwrapAny(ctx, v); err != nil {
			return key, err
		}
		if err = writeKey(ctx, h, d.collations[i], v); err != nil {
			return key, err
		}
	}
	h.Sum(key[:0])
	return key, nil
}

// writeKey writes a value so that equal values, and no others, write the same.
func writeKey(ctx *gsql.Context, w io.Writer, collation gsql.CollationID, v any) error {
	if v == nil {
		_, err := w.Write([]byte{0})
		return err
	}
	if collation != noFold {
		if text, _, err := types.LongText.Convert(ctx, v); err == nil {
			if s, ok := text.(string); ok {
				if _, err := w.Write([]byte{1}); err != nil {
					return err
				}
				if err := collation.WriteWeightString(w, s); err != nil {
					return err
				}
				_, err := w.Write([]byte{0})
				return err
			}
		}
	}
	_, err := fmt.Fprintf(w, "\x02%v\x00", v)
	return err
}

// distinct runs SELECT DISTINCT.
func (e *execution) distinct(ctx *gsql.Context, n *plan.Distinct, row gsql.Row) (gsql.RowIter, error) {
	collations := foldings(n.Schema())
	if all, ok := n.Child.(*allRows); ok {
		collations = all.collations
	}
	rows, err := e.engine.Build(ctx, n.Child, row)
	if err != nil {
		return nil, err
	}
	return &distinctRows{rows, collations, map[[16]byte]struct{}{}}, nil
}

// allRows is a UNION ALL whose rows are to be made distinct.
type allRows struct {
	*plan.SetOp
	collations []gsql.CollationID
}

// union takes a UNION apart into one of all rows and a DISTINCT; nil leaves it to the SQL engine.
func (e *execution) union(ctx *gsql.Context, n *plan.SetOp, row gsql.Row) (gsql.RowIter, error) {
	if n.SetOpType != plan.UnionType {
		return e.intersect(ctx, n, row)
	}
	collations := unionFoldings(n)
	if !n.Distinct {
		return e.sortedUnion(ctx, n, row)
	}
	all := &allRows{plan.NewSetOp(plan.UnionType, n.Left(), n.Right(), false, nil, nil, nil), collations}
	return e.engine.Build(ctx, ordered(n, plan.NewDistinct(all)), row)
}

// unionFoldings gives the collations by which the rows of both sides are compared.
func unionFoldings(n *plan.SetOp) []gsql.CollationID {
	collations := foldings(n.Schema())
	for i := range collations {
		if c, _ := branchFolding(n, i); c != noFold {
			collations[i] = c
		}
	}
	return collations
}

// sortedUnion sorts a UNION ALL: the SQL engine does it without counting what it holds, and leaves out the rows of OFFSET before.
// nil leaves a node to the SQL engine.
func (e *execution) sortedUnion(ctx *gsql.Context, n *plan.SetOp, row gsql.Row) (gsql.RowIter, error) {
	if len(n.SortFields) == 0 {
		return nil, nil
	}
	all := plan.NewSetOp(n.SetOpType, n.Left(), n.Right(), n.Distinct, nil, nil, nil)
	return e.engine.Build(ctx, ordered(n, all), row)
}

// branchFolding looks for the collation of a UNION's column in its branches: the SQL engine converts columns of
// different types to a type that has none. Those of columns come before those of literals.
func branchFolding(n gsql.Node, column int) (c gsql.CollationID, literal bool) {
	switch n := n.(type) {
	case *plan.SetOp:
		left, leftLiteral := branchFolding(n.Left(), column)
		right, rightLiteral := branchFolding(n.Right(), column)
		if leftLiteral && !rightLiteral || left == noFold && leftLiteral == rightLiteral {
			return right, rightLiteral
		}
		return left, leftLiteral
	case *plan.Distinct:
		return branchFolding(n.Child, column)
	case *plan.Project:
		if column >= len(n.Projections) {
			return noFold, true
		}
		e := n.Projections[column]
		for {
			switch inner := e.(type) {
			case *expression.Alias:
				e = inner.Child
				continue
			case *expression.Convert:
				e = inner.Child
				continue
			case *expression.GetField:
				if project, ok := n.Child.(*plan.Project); ok { // the conversion is a projection of its own
					return branchFolding(project, column)
				}
			}
			break
		}
		_, literal = e.(*expression.Literal)
		return folding(e.Type()), literal
	}
	if schema := n.Schema(); column < len(schema) {
		return folding(schema[column].Type), false
	}
	return noFold, true
}
