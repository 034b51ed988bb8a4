package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// replacedTable is the destination of a REPLACE: it counts the rows of which more than one made room for a new one. The SQL engine counts
// a new row and one old one.
type replacedTable struct {
	gsql.Node
	gsql.ReplaceableTable
	more *int
}

var _ gsql.TableWrapper = (*replacedTable)(nil)

// countReplaced gives a REPLACE that counts them, and where it does; nil if the statement is none.
func countReplaced(n gsql.Node) (out gsql.Node, more *int, err error) {
	switch n := n.(type) {
	case *plan.TriggerExecutor: // the statement's own is on the left
		below, more, err := countReplaced(n.Left())
		if below == nil || err != nil {
			return nil, nil, err
		}
		out, err = n.WithChildren(below, n.Right())
		return out, more, err
	case *plan.InsertInto:
		if !n.IsReplace {
			return nil, nil, nil
		}
		table, err := plan.GetInsertable(n.Destination)
		if err != nil {
			return nil, nil, err
		}
		replaceable, ok := table.(gsql.ReplaceableTable)
		if !ok {
			return nil, nil, nil
		}
		more = new(int)
		counted := *n
		counted.Destination = &replacedTable{n.Destination, replaceable, more}
		return &counted, more, nil
	}
	return nil, nil, nil
}

// String implements both gsql.Node and gsql.Table.
func (t *replacedTable) String() string { return t.Node.String() }

// Schema implements both.
func (t *replacedTable) Schema() gsql.Schema { return t.Node.Schema() }

// Underlying implements gsql.TableWrapper.
func (t *replacedTable) Underlying() gsql.Table { return t.ReplaceableTable }

// Inserter implements gsql.InsertableTable.
func (t *replacedTable) Inserter(ctx *gsql.Context) gsql.RowInserter {
	return t.ReplaceableTable.(gsql.InsertableTable).Inserter(ctx)
}

// Replacer implements gsql.ReplaceableTable.
func (t *replacedTable) Replacer(ctx *gsql.Context) gsql.RowReplacer {
	return &countingReplacer{RowReplacer: t.ReplaceableTable.Replacer(ctx), more: t.more}
}

// countingReplacer counts the rows that it deletes before each that it inserts.
type countingReplacer struct {
	gsql.RowReplacer
	deleted int
	more    *int
}

// Delete implements gsql.RowDeleter.
func (r *countingReplacer) Delete(ctx *gsql.Context, row gsql.Row) error {
	err := r.RowReplacer.Delete(ctx, row)
	if err == nil {
		r.deleted++
	}
	return err
}

// Insert implements gsql.RowInserter.
func (r *countingReplacer) Insert(ctx *gsql.Context, row gsql.Row) error {
	err := r.RowReplacer.Insert(ctx, row)
	if err == nil {
		*r.more += max(r.deleted-1, 0)
		r.deleted = 0
	}
	return err
}

// replacedIter adds those rows to the number that a REPLACE tells.
type replacedIter struct {
	gsql.RowIter
	more *int
}

var _ gsql.MutableRowIter = (*replacedIter)(nil)

// GetChildIter implements gsql.MutableRowIter: the SQL engine counts the rows below.
func (i *replacedIter) GetChildIter() gsql.RowIter { return i.RowIter }

// WithChildIter implements gsql.MutableRowIter.
func (i *replacedIter) WithChildIter(below gsql.RowIter) gsql.RowIter {
	return &replacedIter{below, i.more}
}

// Next implements gsql.RowIter.
func (i *replacedIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	row, err := i.RowIter.Next(ctx)
	if err != nil || len(row) != 1 {
		return row, err
	}
	result, ok := row[0].(types.OkResult)
	if !ok {
		return row, nil
	}
	result.RowsAffected += uint64(*i.more)
	ctx.SetLastQueryInfoInt(gsql.RowCount, int64(result.RowsAffected))
	return gsql.NewRow(result), nil
}
