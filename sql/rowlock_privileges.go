package sql

import (
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"

	"redoubt/sql/storage"
)

// mayLock is an analyzer rule: who reads rows FOR UPDATE must be allowed to do something to them. A trigger's are read with the rights of
// who made it: its analyzer has a catalog that asks for none.
func mayLock(ctx *gsql.Context, a *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return node, transform.SameTree, lockable(ctx, a, node)
}

// lockable refuses a plan, with its subqueries, that locks rows which its user may not change.
func lockable(ctx *gsql.Context, a *analyzer.Analyzer, node gsql.Node) error {
	_, _, err := transform.NodeWithOpaque(node, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		if t := storage.LockedTable(n); t != nil && !mayChange(ctx, a, t) {
			return nil, transform.SameTree, gsql.ErrPrivilegeCheckFailed.New(fmt.Sprintf("'%s'@'%s'", ctx.Client().User, ctx.Client().Address))
		}
		x, ok := n.(gsql.Expressioner)
		if !ok {
			return n, transform.SameTree, nil
		}
		var err error
		for _, e := range x.Expressions() {
			gsql.Inspect(e, func(e gsql.Expression) bool {
				if s, ok := e.(*plan.Subquery); ok && err == nil {
					err = lockable(ctx, a, s.Query)
				}
				return err == nil
			})
		}
		return n, transform.SameTree, err
	})
	return err
}

// mayChange tells whether the user has a privilege by which rows may be locked.
func mayChange(ctx *gsql.Context, a *analyzer.Analyzer, t *storage.Table) bool {
	subject := gsql.PrivilegeCheckSubject{Database: t.Database(), Table: t.Name()}
	for _, p := range []gsql.PrivilegeType{gsql.PrivilegeType_Update, gsql.PrivilegeType_Delete, gsql.PrivilegeType_LockTables} {
		if a.Catalog.MySQLDb.UserHasPrivileges(ctx, gsql.NewPrivilegedOperation(subject, p)) {
			return true
		}
	}
	return false
}
