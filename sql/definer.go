package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// asDefiner applies a rule that reads triggers without asking for rights, except to SHOW TRIGGERS, whose user sees what it
// lists. Such a rule reads all triggers of a database, also those of tables that the statement does not touch. What they name was
// checked with the rights of who made them; that the user of the statement has none on it must not matter.
func asDefiner(apply analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *gsql.Context, a *analyzer.Analyzer, n gsql.Node, scope *plan.Scope, sel analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
		keeper, ours := a.ExecBuilder.(planKeeper)
		_, shows := n.(*plan.ShowTriggers)
		if !ours || shows {
			return apply(ctx, a, n, scope, sel, flags)
		}
		definer := *a
		definer.Catalog = keeper.server.unguarded
		fired, same, err := apply(ctx, &definer, n, scope, sel, flags)
		if gsql.ErrDatabaseNotFound.Is(err) { // mysql, which has no triggers, is in the guarded one alone
			return apply(ctx, a, n, scope, sel, flags)
		}
		return fired, same, err
	}
}

// unguarded gives a catalog that asks for no rights. It shares its functions, statistics and provider with the given one,
// which must be complete and not in use.
func unguarded(c *analyzer.Catalog) (*analyzer.Catalog, error) {
	copied, err := c.WithTableFunctions() // of the SQL engine's ways, the one that copies
	if err != nil {
		return nil, err
	}
	all := copied.(*analyzer.Catalog)
	all.MySQLDb = mysql_db.CreateEmptyMySQLDb()
	all.AuthHandler = gsql.GetAuthorizationHandlerFactory().CreateHandler(all)
	return all, nil
}
