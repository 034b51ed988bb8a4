package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/rowexec"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/sql/storage"
)

// execution stands before the part of the SQL engine that makes iterators of plans. It is for what rules of the analyzer
// cannot do: the engine passes over them in an UPDATE or DELETE of one table.
type execution struct {
	engine  gsql.NodeExecBuilder
	require requirement
}

// requirement refuses a statement whose user lacks a privilege on a table.
type requirement func(ctx *gsql.Context, database, table string, privilege gsql.PrivilegeType) error

func newExecution(require requirement) gsql.NodeExecBuilder {
	e := &execution{require: require}
	e.engine = rowexec.NewOverrideBuilder(e)
	return e.engine
}

// Build implements gsql.NodeExecBuilder: nil leaves a node to the SQL engine.
func (e *execution) Build(ctx *gsql.Context, node gsql.Node, row gsql.Row) (gsql.RowIter, error) {
	switch n := node.(type) {
	case *plan.UpdateSource:
		if changed := stampChanges(n); changed != nil {
			return e.engine.Build(ctx, changed, row)
		}
	case *plan.LoadData:
		return e.loadData(ctx, n)
	case *plan.Distinct:
		return e.distinct(ctx, n, row)
	case *allRows:
		return e.engine.Build(ctx, n.SetOp, row)
	case *plan.SetOp:
		return e.union(ctx, n, row)
	case *plan.Filter:
		condition, same, err := transform.Expr(n.Expression, func(c gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
			if _, ok := c.(*expression.NullSafeEquals); ok {
				return nullSafeText(c)
			}
			return compareFloat(ctx, c)
		})
		if err != nil {
			return nil, err
		}
		if !same {
			n = plan.NewFilter(condition, n.Child)
		}
		if lock := storage.LockBehind(n); lock != nil {
			return e.locked(ctx, n, lock, row)
		}
		if !same {
			return e.engine.Build(ctx, n, row)
		}
	}
	return nil, nil
}
