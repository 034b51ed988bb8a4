package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/rowexec"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/sql/function"
	"redoubt/sql/match"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
)

// execution stands before the part of the SQL engine that makes iterators of plans. It is for what rules of the analyzer
// cannot do: the engine passes over them in an UPDATE or DELETE of one table.
type execution struct {
	engine  gsql.NodeExecBuilder
	require requirement
	analyze func(ctx *gsql.Context, statement string) (gsql.Node, error)
}

// requirement refuses a statement whose user lacks a privilege on a table.
type requirement func(ctx *gsql.Context, database, table string, privilege gsql.PrivilegeType) error

func newExecution(require requirement, analyze func(ctx *gsql.Context, statement string) (gsql.Node, error)) gsql.NodeExecBuilder {
	e := &execution{require: require, analyze: analyze}
	e.engine = rowexec.NewOverrideBuilder(e)
	return e.engine
}

// Build implements gsql.NodeExecBuilder: nil leaves a node to the SQL engine.
func (e *execution) Build(ctx *gsql.Context, node gsql.Node, row gsql.Row) (gsql.RowIter, error) {
	if m := monitored(ctx); m != nil {
		if iter, err := m.build(ctx, e.engine, node, row); iter != nil || err != nil {
			return iter, err
		}
	}
	other, err := e.instead(ctx, node, row)
	if err != nil {
		return nil, err
	}
	if other != nil {
		return e.engine.Build(ctx, other, row)
	}
	return e.rows(ctx, node, row)
}

// instead gives a node to run in place of another, nil if there is none, or an error if the other may not run.
func (e *execution) instead(ctx *gsql.Context, node gsql.Node, row gsql.Row) (other gsql.Node, err error) {
	switch n := node.(type) {
	case *plan.UpdateSource:
		if other = holdUpdated(n); other == nil {
			other, err = assignments(n)
		}
	case *plan.DeleteFrom:
		if err = refuseUnsafe(ctx, n); err == nil {
			other = holdDeleted(n)
		}
	case *plan.InsertInto:
		other, err = e.insert(ctx, n)
	case *plan.Filter:
		if other, err = condition(ctx, n); err == nil && other == nil {
			other, err = filterOfView(n, row)
		}
	case *plan.Update:
		if err = refuseUnsafe(ctx, n); err == nil {
			other, err = updatedGenerated(n)
		}
		if err == nil && other == nil {
			other, err = updateByBytes(n)
		}
	case *binaryUpdate:
		other = n.Node
	case *plan.Limit:
		if other, err = lockFirst(n); err == nil && other == nil {
			other, err = topRows(n)
		}
	case *plan.TopN:
		if other = sortAll(n); other == nil {
			other, err = topOfView(ctx, n, row)
		}
	case *plan.Sort:
		other = sortCounted(n)
	case *plan.Window:
		other, err = windowCounted(n)
	case *plan.GroupBy:
		other = groupsCounted(n)
	case *allRows:
		other = n.SetOp
	case *plan.Into:
		other, err = resultInto(n)
	case *plan.Set:
		if err = e.require.globals(ctx, n); err == nil {
			other = setTexts(n)
		}
	case *plan.Call:
		err = know(n)
	case *plan.CreateView:
		other, err = e.replaceView(ctx, n)
	}
	return other, err
}

// insert does so for an INSERT or REPLACE.
func (e *execution) insert(ctx *gsql.Context, n *plan.InsertInto) (gsql.Node, error) {
	noteTarget(ctx, n)
	if err := refuseReplacing(ctx, n); err != nil {
		return nil, err
	}
	if other, err := duplicates(n); other != nil || err != nil {
		return other, err
	}
	if other, err := insertedGenerated(n); other != nil || err != nil {
		return other, err
	}
	if other, err := fitInserted(n); other != nil || err != nil {
		return other, err
	}
	return e.firing(ctx, n)
}

// rows gives the rows of a node; nil leaves it to the SQL engine.
func (e *execution) rows(ctx *gsql.Context, node gsql.Node, row gsql.Row) (gsql.RowIter, error) {
	switch n := node.(type) {
	case *heldRows:
		return e.held(ctx, n, row)
	case *plan.TriggerExecutor:
		return e.replaced(ctx, n, row)
	case *replacedRows:
		return fedIter{n}, nil
	case *plan.Filter:
		return e.locked(ctx, n, row)
	case *computedRows:
		rows, err := e.engine.Build(ctx, n.Node, row)
		return &computedIter{rows, n}, err
	case *fittedRows:
		rows, err := e.engine.Build(ctx, n.Node, row)
		return &fittedIter{RowIter: rows, rows: n}, err
	case *sortedLocks:
		return e.keptRows(ctx, n.Node, row, n.lock.KeepSorted)
	case *notedRows:
		return e.keptRows(ctx, n.Node, row, n.lock.Note)
	case *plan.TopN:
		return e.first(ctx, n, row)
	case *plan.GroupBy:
		return e.groups(ctx, n, row)
	case *rankedRows:
		return e.engine.Build(ctx, n.Node, row)
	case *countedRows:
		rows, err := e.engine.Build(ctx, n.Node, row)
		return &countedIter{RowIter: rows}, err
	case *plan.LockTables:
		return lockTables(ctx, n)
	case *plan.UnlockTables:
		return unlockTables(ctx)
	case *plan.StartTransaction:
		return nil, releaseTables(ctx)
	case *resultRows:
		rows, err := e.engine.Build(ctx, n.Node, row)
		if err != nil {
			return nil, err
		}
		return &resultIter{rows, len(n.Schema())}, nil
	case *builtRows:
		return n.rows, nil
	case *plan.ShowProcessList:
		own := e.require.connections(ctx)
		if own == ctx {
			return nil, nil
		}
		return e.engine.Build(own, n, row)
	case *plan.ShowColumns:
		return showColumns(ctx, n, row)
	case *plan.LoadData:
		return e.loadData(ctx, n)
	case *plan.JoinNode:
		return match.Join(ctx, e.engine, n, row)
	case *plan.HashLookup: // of a join that match leaves to the engine: the condition finds the rows, as keys do not always
		return e.engine.Build(ctx, n.Child, row)
	case *plan.CachedResults:
		return e.derived(ctx, n, row)
	case *plan.Distinct:
		return e.distinct(ctx, n, row)
	case *plan.SetOp:
		return e.union(ctx, n, row)
	case *plan.RecursiveCte:
		return e.recursive(ctx, n, row)
	case *recursiveRows:
		return e.generations(ctx, n, row)
	case *generation:
		rows, err := e.engine.Build(ctx, n.Node, row)
		return &generationIter{rows, n.held}, err
	case *comparedRows:
		return e.compared(ctx, n, row)
	}
	return nil, nil
}

// refuseUnsafe refuses an UPDATE or DELETE that sql_safe_updates is there to stop.
func refuseUnsafe(ctx *gsql.Context, n gsql.Node) error {
	session, ok := ctx.Session.(*storage.Session)
	if !ok || !session.SafeUpdates() {
		return nil
	}
	bounded := false
	transform.Inspect(n, func(n gsql.Node) bool {
		switch n.(type) {
		case *plan.IndexedTableAccess, *plan.Limit, *plan.EmptyTable:
			bounded = true
		}
		return !bounded
	})
	if !bounded {
		return sqlcode.New(sqlcode.IDUnsafeUpdate)
	}
	return nil
}

// condition gives a filter whose comparisons are MySQL's, nil if it is one.
func condition(ctx *gsql.Context, n *plan.Filter) (gsql.Node, error) {
	compared, same, err := transform.Expr(n.Expression, func(c gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		if _, ok := c.(*expression.NullSafeEquals); ok {
			return nullSafeText(c)
		}
		return compareFloat(ctx, c)
	})
	if err != nil {
		return nil, err
	}
	written, sameEnums, err := function.WriteEnums(compared)
	if err != nil || bool(same && sameEnums) {
		return nil, err
	}
	return plan.NewFilter(written, n.Child), nil
}

// assignments gives an UPDATE with the texts of ENUMs and SETs where they go into other columns, and the ON UPDATE of all
// its tables; nil if it is as it should be.
func assignments(source *plan.UpdateSource) (gsql.Node, error) {
	written, changed, err := writeEnums(source.UpdateExprs)
	if err != nil {
		return nil, err
	}
	stamped, found, err := stampChanges(written, updatedSchema(source.Child))
	if err != nil || !changed && !found {
		return nil, err
	}
	return plan.NewUpdateSource(source.Child, source.Ignore, stamped), nil
}

// noteTarget tells the session into which table rows go.
func noteTarget(ctx *gsql.Context, n *plan.InsertInto) {
	if s, ok := ctx.Session.(*storage.Session); ok {
		if table, err := plan.GetInsertable(n.Destination); err == nil {
			s.InsertsInto(table.Name())
		}
	}
}

// duplicates does so with ON DUPLICATE KEY UPDATE, and computes generated columns again, which the SQL engine leaves as
// they were.
func duplicates(insert *plan.InsertInto) (gsql.Node, error) {
	if len(insert.OnDupExprs) == 0 {
		return nil, nil
	}
	written, changed, err := writeEnums(insert.OnDupExprs)
	if err != nil {
		return nil, err
	}
	schema := insert.Destination.Schema()
	computed, found, err := generated(written, schema)
	if err != nil {
		return nil, err
	}
	stamped, stamps, err := stampChanges(computed, schema)
	if err != nil || !changed && !found && !stamps {
		return nil, err
	}
	out := *insert
	out.OnDupExprs = stamped
	return &out, nil
}

// generated adds assignments to the generated columns of a schema, unless that was done.
func generated(assignments []gsql.Expression, schema gsql.Schema) (out []gsql.Expression, found bool, err error) {
	for _, e := range assignments {
		switch e := e.(type) {
		case *keepRow, *compute:
			return assignments, false, nil
		case *expression.SetField:
			if field, ok := e.LeftChild.(*expression.GetField); ok && field.Index() < len(schema) && schema[field.Index()].Generated != nil {
				found = true
				continue
			}
		}
		out = append(out, e)
	}
	for i, c := range schema {
		if c.Generated == nil {
			continue
		}
		value, err := overSchema(c.Generated, schema)
		if err != nil {
			return nil, false, err
		}
		field := expression.NewGetFieldWithTable(i, 0, c.Type, c.DatabaseSource, c.Source, c.Name, c.Nullable)
		out, found = append(out, &compute{expression.NewSetField(field, value)}), true
	}
	return out, found, nil
}

// compute is an assignment to a generated column.
type compute struct{ gsql.Expression }

func writeEnums(all []gsql.Expression) (out []gsql.Expression, changed bool, err error) {
	out = make([]gsql.Expression, len(all))
	for i, x := range all {
		written, same, err := function.WriteEnums(x)
		if err != nil {
			return nil, false, err
		}
		out[i], changed = written, changed || !bool(same)
	}
	return out, changed, nil
}
