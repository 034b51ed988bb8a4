package sql

import (
	"io"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// replacedRows feeds the rows of a REPLACE or an INSERT … ON DUPLICATE KEY UPDATE to a trigger AFTER INSERT. The SQL engine has each as an
// old row and a new one, and would show the trigger the old one, even of a row that was updated and not inserted.
type replacedRows struct {
	gsql.Node
	fed gsql.Row // the next one for the trigger
}

// replacingIter gives the rows as they came.
type replacingIter struct {
	gsql.RowIter // of the statement
	triggered    gsql.RowIter
	feed         *replacedRows
	width        int
	replaces     bool
}

// replaced runs a trigger AFTER INSERT of such a statement; nil leaves another to the SQL engine.
func (e *execution) replaced(ctx *gsql.Context, n *plan.TriggerExecutor, row gsql.Row) (gsql.RowIter, error) {
	if n.TriggerEvent != plan.InsertTrigger || !strings.EqualFold(string(n.TriggerTime), sqlparser.AfterStr) {
		return nil, nil
	}
	below := n.Left()
	for {
		trigger, ok := below.(*plan.TriggerExecutor)
		if !ok {
			break
		}
		below = trigger.Left()
	}
	insert, ok := below.(*plan.InsertInto)
	if !ok || !insert.IsReplace && len(insert.OnDupExprs) == 0 {
		return nil, nil
	}
	rows, err := e.engine.Build(ctx, n.Left(), row)
	if err != nil {
		return nil, err
	}
	feed := &replacedRows{Node: n.Left()}
	fed := *n
	trigger, err := fed.WithChildren(feed, n.Right())
	if err != nil {
		return nil, err
	}
	triggered, err := e.engine.Build(ctx, trigger, row)
	if err != nil {
		return nil, err
	}
	return &replacingIter{rows, triggered, feed, len(insert.Destination.Schema()), insert.IsReplace}, nil
}

// Next implements gsql.RowIter.
func (i *replacingIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	row, err := i.RowIter.Next(ctx)
	if err != nil || !i.replaces && len(row) != i.width {
		return row, err
	}
	i.feed.fed = row[len(row)-i.width:]
	_, err = i.triggered.Next(ctx)
	return row, err
}

// fedIter gives a trigger what it is fed.
type fedIter struct{ *replacedRows }

// Next implements gsql.RowIter.
func (i fedIter) Next(*gsql.Context) (gsql.Row, error) {
	if i.fed == nil {
		return nil, io.EOF
	}
	row := i.fed
	i.fed = nil
	return row, nil
}

// Close implements gsql.RowIter.
func (fedIter) Close(*gsql.Context) error { return nil }

// refuseReplacing refuses a REPLACE into a table that has triggers for DELETE: none of them would fire.
func refuseReplacing(ctx *gsql.Context, n *plan.InsertInto) error {
	if !n.IsReplace {
		return nil
	}
	table, err := plan.GetInsertable(n.Destination)
	if err != nil {
		return err
	}
	found, err := hasTriggers(ctx, n.Database(), table.Name(), sqlparser.DeleteStr)
	if err != nil || !found {
		return err
	}
	return sqlcode.Unsupported("REPLACE into a table with triggers for DELETE")
}

// hasTriggers tells whether a table has triggers for an event.
func hasTriggers(ctx *gsql.Context, d gsql.Database, table, event string) (bool, error) {
	database, ok := d.(gsql.TriggerDatabase)
	if !ok {
		return false, nil
	}
	triggers, err := database.GetTriggers(ctx)
	if err != nil {
		return false, err
	}
	for _, t := range triggers {
		parsed, err := gsql.GlobalParser.ParseSimple(t.CreateStatement)
		if err != nil {
			return false, err
		}
		ddl, ok := parsed.(*sqlparser.DDL)
		if ok && ddl.TriggerSpec != nil && ddl.TriggerSpec.Event == event && strings.EqualFold(ddl.Table.Name.String(), table) {
			return true, nil
		}
	}
	return false, nil
}
