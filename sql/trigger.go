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

// apart has the rule for triggers leave out of the body of a trigger those of the statement itself: with two of them, the SQL engine has
// one fire for the rows of the statements in a block of the other.
func apart(apply analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *gsql.Context, a *analyzer.Analyzer, n gsql.Node, scope *plan.Scope, sel analyzer.RuleSelector, flags *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
		applied, same, err := apply(ctx, a, n, scope, sel, flags)
		if err != nil || same {
			return applied, same, err
		}
		own := triggersOf(applied)
		if len(own) < 2 {
			return applied, same, err
		}
		applied, err = withoutInBodies(applied, own)
		return applied, transform.NewTree, err
	}
}

// triggersOf gives the texts of the triggers of a statement, not of those in their bodies.
func triggersOf(n gsql.Node) map[string]bool {
	own := map[string]bool{}
	var visit func(n gsql.Node)
	visit = func(n gsql.Node) {
		switch n := n.(type) {
		case *plan.TriggerExecutor:
			own[n.TriggerDefinition.CreateStatement] = true
			visit(n.Left())
			return
		case *plan.InsertInto:
			visit(n.Source)
		}
		for _, c := range n.Children() {
			visit(c)
		}
	}
	visit(n)
	return own
}

// withoutInBodies takes triggers out of the bodies of those of a statement.
func withoutInBodies(n gsql.Node, own map[string]bool) (gsql.Node, error) {
	out, _, err := transform.Node(n, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		switch n := n.(type) {
		case *plan.TriggerExecutor:
			body, err := without(n.Right(), own)
			if err != nil {
				return nil, transform.SameTree, err
			}
			bare, err := n.WithChildren(n.Left(), body)
			return bare, transform.NewTree, err
		case *plan.InsertInto:
			source, err := withoutInBodies(n.Source, own)
			if err != nil {
				return nil, transform.SameTree, err
			}
			return n.WithSource(source), transform.NewTree, nil
		}
		return n, transform.SameTree, nil
	})
	return out, err
}

// without takes triggers out of the body of another.
func without(body gsql.Node, own map[string]bool) (gsql.Node, error) {
	out, _, err := transform.Node(body, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		switch n := n.(type) {
		case *plan.TriggerExecutor:
			if own[n.TriggerDefinition.CreateStatement] {
				return n.Left(), transform.NewTree, nil
			}
		case *plan.InsertInto:
			source, err := without(n.Source, own)
			if err != nil {
				return nil, transform.SameTree, err
			}
			return n.WithSource(source), transform.NewTree, nil
		}
		return n, transform.SameTree, nil
	})
	return out, err
}
