package sql

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// inDatabaseOfTable has a rule that reads the triggers of a table do so with its database as the current one, where they were made: names
// in them that say no database are of that one. The SQL engine would look for these tables in the client's current database.
func inDatabaseOfTable(apply analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *gsql.Context, a *analyzer.Analyzer, n gsql.Node, scope *plan.Scope, sel analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
		current, database := ctx.GetCurrentDatabase(), changedDatabase(n)
		if database == "" || strings.EqualFold(database, current) {
			return apply(ctx, a, n, scope, sel, flags)
		}
		ctx.SetCurrentDatabase(database)
		defer ctx.SetCurrentDatabase(current)
		return apply(ctx, a, n, scope, sel, flags)
	}
}

// changedDatabase gives the database of the table that a statement changes; "" if it changes none.
func changedDatabase(n gsql.Node) (database string) {
	transform.Inspect(n, func(n gsql.Node) bool {
		switch n := n.(type) {
		case *plan.InsertInto:
			if n.Database() != nil {
				database = n.Database().Name()
			}
		case *plan.Update:
			database = n.Database()
		case *plan.DeleteFrom:
			database = n.Database()
		}
		return database == ""
	})
	return database
}
