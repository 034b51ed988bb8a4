package sql

import (
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
)

// fittedRows are the rows that an INSERT or REPLACE puts into a table, with values that its columns hold: see fits.
type fittedRows struct {
	gsql.Node
	schema   gsql.Schema
	columns  []int         // those of which nearest knows the values
	ignore   bool          // the nearest value, and a warning
	computed *computedRows // computes the generated columns of a row that is not as it was given; nil: there are none
}

// fitInserted gives an INSERT of such rows; nil if it is one, or has no column to look at.
func fitInserted(n *plan.InsertInto) (gsql.Node, error) {
	if _, fits := n.Source.(*fittedRows); fits {
		return nil, nil
	}
	rows := &fittedRows{Node: n.Source, schema: n.Destination.Schema(), ignore: n.Ignore}
	for i, c := range rows.schema {
		if hasNearest(c.Type) {
			rows.columns = append(rows.columns, i)
		}
	}
	if len(rows.columns) == 0 {
		return nil, nil
	}
	assignments, found, err := generated(nil, rows.schema)
	if err != nil {
		return nil, err
	}
	if found {
		rows.computed = &computedRows{width: len(rows.schema), columns: assignments}
	}
	return n.WithSource(rows), nil
}

// Children implements gsql.Node.
func (n *fittedRows) Children() []gsql.Node { return []gsql.Node{n.Node} }

// WithChildren implements gsql.Node.
func (n *fittedRows) WithChildren(children ...gsql.Node) (gsql.Node, error) {
	if len(children) != 1 {
		return nil, gsql.ErrInvalidChildrenNumber.New(n, len(children), 1)
	}
	out := *n
	out.Node = children[0]
	return &out, nil
}

// fittedIter fits the rows of a statement.
type fittedIter struct {
	gsql.RowIter
	rows  *fittedRows
	count int
}

// Next implements gsql.RowIter.
func (i *fittedIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	row, err := i.RowIter.Next(ctx)
	if err != nil {
		return row, err
	}
	i.count++
	before := max(len(row)-len(i.rows.schema), 0) // columns of the row that fired a trigger
	fitted, changed := row[before:], false
	for _, at := range i.rows.columns {
		if fitted[at] == nil {
			continue
		}
		v, wrong := nearest(ctx, i.rows.schema[at], fitted[at])
		if wrong == nil {
			fitted[at] = v
			continue
		}
		text := fmt.Sprintf("%s at row %d", wrong.text, i.count)
		if !i.rows.ignore {
			return nil, (&misfit{wrong.errno, wrong.state, text}).err()
		}
		ctx.Warn(wrong.errno, "%s", text)
		fitted[at], changed = v, true
	}
	if !changed || i.rows.computed == nil {
		return row, nil
	}
	return i.rows.computed.compute(ctx, row)
}
