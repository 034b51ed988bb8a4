package sql

import (
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/redosql"
)

// firingTable is the destination of an INSERT … ON DUPLICATE KEY UPDATE whose table has triggers for UPDATE: the SQL engine fires those for
// INSERT only.
type firingTable struct {
	gsql.Node
	table gsql.InsertableTable
	fire  *updateTriggers
}

var (
	_ gsql.InsertableTable = (*firingTable)(nil)
	_ gsql.UpdatableTable  = (*firingTable)(nil)
	_ gsql.TableWrapper    = (*firingTable)(nil)
)

// firing gives such a statement a destination that fires; nil if it is none, or has one.
func (e *execution) firing(ctx *gsql.Context, n *plan.InsertInto) (gsql.Node, error) {
	if len(n.OnDupExprs) == 0 {
		return nil, nil
	}
	if _, fires := n.Destination.(*firingTable); fires {
		return nil, nil
	}
	table, err := plan.GetInsertable(n.Destination)
	if err != nil {
		return nil, err
	}
	found, err := hasTriggers(ctx, n.Database(), table.Name(), sqlparser.UpdateStr)
	if err != nil || !found {
		return nil, err
	}
	out := *n
	out.Destination = &firingTable{n.Destination, table, &updateTriggers{execution: e, database: n.Database().Name(), table: table, checks: n.Checks()}}
	return &out, nil
}

// String implements both gsql.Node and gsql.Table.
func (t *firingTable) String() string { return t.Node.String() }

// Schema implements both.
func (t *firingTable) Schema() gsql.Schema { return t.Node.Schema() }

// Name implements gsql.Table.
func (t *firingTable) Name() string { return t.table.Name() }

// Collation implements gsql.Table.
func (t *firingTable) Collation() gsql.CollationID { return t.table.Collation() }

// Partitions implements gsql.Table.
func (t *firingTable) Partitions(ctx *gsql.Context) (gsql.PartitionIter, error) {
	return t.table.Partitions(ctx)
}

// PartitionRows implements gsql.Table.
func (t *firingTable) PartitionRows(ctx *gsql.Context, p gsql.Partition) (gsql.RowIter, error) {
	return t.table.PartitionRows(ctx, p)
}

// Underlying implements gsql.TableWrapper.
func (t *firingTable) Underlying() gsql.Table { return t.table }

// Inserter implements gsql.InsertableTable.
func (t *firingTable) Inserter(ctx *gsql.Context) gsql.RowInserter { return t.table.Inserter(ctx) }

// Updater implements gsql.UpdatableTable.
func (t *firingTable) Updater(ctx *gsql.Context) gsql.RowUpdater {
	return &firingUpdater{t.table.(gsql.UpdatableTable).Updater(ctx), t.fire}
}

// firingUpdater fires triggers around each update.
type firingUpdater struct {
	gsql.RowUpdater
	fire *updateTriggers
}

// Update implements gsql.RowUpdater.
func (u *firingUpdater) Update(ctx *gsql.Context, before, after gsql.Row) error {
	if err := u.fire.plan(ctx); err != nil {
		return err
	}
	row, err := u.fire.change(ctx, before.Append(after))
	if err != nil {
		return err
	}
	before, after = row[:len(row)/2], row[len(row)/2:]
	if err := u.RowUpdater.Update(ctx, before, after); err != nil {
		return err
	}
	_, err = u.fire.after.run(ctx, before.Append(after))
	return err
}

// updateTriggers are those of a table for UPDATE, as an UPDATE of it has them. They are planned when the first row is updated.
type updateTriggers struct {
	execution     *execution
	database      string
	table         gsql.Table
	checks        gsql.CheckConstraints
	before, after *fedTriggers
	computed      *computedRows // computes a row that those before gave; nil: nothing to compute
}

func (u *updateTriggers) plan(ctx *gsql.Context) error {
	if u.before != nil {
		return nil
	}
	column := ""
	for _, c := range u.table.Schema() {
		if c.Generated == nil {
			column = quoted(c.Name)
			break
		}
	}
	// The statement is never run: its plan has the triggers.
	update, err := u.execution.analyze(ctx, fmt.Sprintf("UPDATE %s.%s SET %s = %s", quoted(u.database), quoted(u.table.Name()), column, column))
	if err != nil {
		return err
	}
	var before, after []*plan.TriggerExecutor
	for n := update; ; {
		if t, ok := n.(*plan.TriggerExecutor); ok {
			if strings.EqualFold(string(t.TriggerTime), sqlparser.BeforeStr) {
				before = append(before, t)
			} else {
				after = append(after, t)
			}
			n = t.Left()
			continue
		}
		children := n.Children()
		if _, source := n.(*plan.UpdateSource); source || len(children) != 1 {
			break
		}
		n = children[0]
	}
	if u.after, err = u.execution.feed(ctx, after); err != nil {
		return err
	}
	u.computed = computesUpdated(update)
	u.before, err = u.execution.feed(ctx, before)
	return err
}

// change gives a row, old and new, as the triggers before the update leave it. The SQL engine has computed it and looked at the CHECKs
// before.
func (u *updateTriggers) change(ctx *gsql.Context, row gsql.Row) (gsql.Row, error) {
	if u.before.feed == nil {
		return row, nil
	}
	row, err := u.before.run(ctx, row)
	if err == nil && u.computed != nil {
		row, err = u.computed.compute(ctx, row)
	}
	if err != nil {
		return nil, err
	}
	for _, check := range u.checks {
		if !check.Enforced {
			continue
		}
		holds, err := gsql.EvaluateCondition(ctx, check.Expr, row[len(row)/2:])
		if err != nil {
			return nil, err
		}
		if gsql.IsFalse(holds) {
			return nil, gsql.ErrCheckConstraintViolated.New(check.Name)
		}
	}
	return row, nil
}

// fedTriggers run one after the other for each row that they are fed.
type fedTriggers struct {
	feed *replacedRows
	rows gsql.RowIter
}

// feed builds triggers, the last to run first, over rows that they are fed.
func (e *execution) feed(ctx *gsql.Context, triggers []*plan.TriggerExecutor) (*fedTriggers, error) {
	if len(triggers) == 0 {
		return &fedTriggers{}, nil
	}
	f := &fedTriggers{feed: &replacedRows{Node: triggers[len(triggers)-1].Left()}}
	var n gsql.Node = f.feed
	for i := len(triggers) - 1; i >= 0; i-- {
		var err error
		if n, err = triggers[i].WithChildren(n, triggers[i].Right()); err != nil {
			return nil, err
		}
	}
	var err error
	f.rows, err = e.engine.Build(ctx, n, nil)
	return f, err
}

// run gives the row as the triggers leave it.
func (f *fedTriggers) run(ctx *gsql.Context, row gsql.Row) (gsql.Row, error) {
	if f.feed == nil {
		return row, nil
	}
	f.feed.fed = row
	return f.rows.Next(ctx)
}

func quoted(name string) string { return string(redosql.AppendName(nil, name)) }
