package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// computedRows are those that triggers BEFORE an INSERT or UPDATE give, with the generated columns of the new ones computed again: the SQL
// engine computes them before the triggers run.
type computedRows struct {
	gsql.Node
	width   int               // of a new row
	columns []gsql.Expression // assignments to the generated columns of a new row
}

// insertedGenerated gives an INSERT that does so; nil if it does, or has nothing to compute again.
func insertedGenerated(n *plan.InsertInto) (gsql.Node, error) {
	if _, triggers := n.Source.(*plan.TriggerExecutor); !triggers {
		return nil, nil
	}
	schema := n.Destination.Schema()
	columns, found, err := generated(nil, schema)
	if err != nil || !found {
		return nil, err
	}
	return n.WithSource(&computedRows{n.Source, len(schema), columns}), nil
}

// updatedGenerated does so for an UPDATE of one table.
func updatedGenerated(n *plan.Update) (gsql.Node, error) {
	if _, triggers := n.Child.(*plan.TriggerExecutor); !triggers || n.IsJoin {
		return nil, nil
	}
	computed := computesUpdated(n.Child)
	if computed == nil {
		return nil, nil
	}
	return n.WithChildren(computed)
}

// computesUpdated gives the rows of an UPDATE of one table, computed again; nil if there is nothing to compute.
func computesUpdated(n gsql.Node) *computedRows {
	var source *plan.UpdateSource
	transform.Inspect(n, func(n gsql.Node) bool {
		if s, ok := n.(*plan.UpdateSource); ok && source == nil {
			source = s
		}
		return source == nil
	})
	if source == nil {
		return nil
	}
	schema := source.Child.Schema()
	var columns []gsql.Expression
	for _, e := range source.UpdateExprs { // the engine's own assignments to generated columns are among them
		if field, ok := assignedField(e); ok && field.Index() < len(schema) && schema[field.Index()].Generated != nil {
			columns = append(columns, e)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	return &computedRows{n, len(schema), columns}
}

// Children implements gsql.Node.
func (n *computedRows) Children() []gsql.Node { return []gsql.Node{n.Node} }

// WithChildren implements gsql.Node.
func (n *computedRows) WithChildren(children ...gsql.Node) (gsql.Node, error) {
	if len(children) != 1 {
		return nil, gsql.ErrInvalidChildrenNumber.New(n, len(children), 1)
	}
	return &computedRows{children[0], n.width, n.columns}, nil
}

// compute gives a row whose last columns, those of the new row, are computed.
func (n *computedRows) compute(ctx *gsql.Context, row gsql.Row) (gsql.Row, error) {
	before, computed := row[:len(row)-n.width], row[len(row)-n.width:]
	for _, e := range n.columns {
		out, err := e.Eval(ctx, computed)
		if err != nil {
			return nil, err
		}
		computed = out.(gsql.Row)
	}
	return before.Append(computed), nil
}

// computedIter computes the rows of triggers.
type computedIter struct {
	gsql.RowIter
	rows *computedRows
}

// Next implements gsql.RowIter.
func (i *computedIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	row, err := i.RowIter.Next(ctx)
	if err != nil {
		return nil, err
	}
	return i.rows.compute(ctx, row)
}
