package sql

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// tellApart is an analyzer rule: tables of one name, of different databases, get aliases that say the database. The SQL
// engine asks tables by their names for the conditions that it moves to them, and takes the one for the other.
//
//	t JOIN other.t WHERE other.t.x = 1  ->  t AS `db.t` JOIN other.t AS `other.t` WHERE `other.t`.x = 1
func tellApart(_ *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if !node.Resolved() || writesRows(node) {
		return node, transform.SameTree, nil
	}
	names := sharedNames(node)
	if len(names) == 0 {
		return node, transform.SameTree, nil
	}
	aliases := map[gsql.TableId]string{}
	renamed, _, err := transform.NodeWithCtx(node, nil, func(c transform.Context) (gsql.Node, transform.TreeIdentity, error) {
		table, ok := c.Node.(*plan.ResolvedTable)
		if _, aliased := c.Parent.(*plan.TableAlias); !ok || aliased || !names[strings.ToLower(table.Name())] {
			return c.Node, transform.SameTree, nil
		}
		alias := table.SqlDatabase.Name() + "." + table.Name()
		aliases[table.Id()] = alias
		return plan.NewTableAlias(alias, table), transform.NewTree, nil
	})
	if err != nil {
		return nil, transform.SameTree, err
	}
	return transform.NodeExprs(renamed, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		if f, ok := e.(*expression.GetField); ok && aliases[f.TableId()] != "" {
			return f.WithTable(aliases[f.TableId()]), transform.NewTree, nil
		}
		return e, transform.SameTree, nil
	})
}

// sharedNames gives the names, in lower case, that tables of more than one database have.
func sharedNames(node gsql.Node) map[string]bool {
	databases, shared := map[string]string{}, map[string]bool{}
	transform.Inspect(node, func(n gsql.Node) bool {
		switch n := n.(type) {
		case *plan.TableAlias:
			return false
		case *plan.ResolvedTable:
			if n.SqlDatabase == nil {
				return true
			}
			name, database := strings.ToLower(n.Name()), strings.ToLower(n.SqlDatabase.Name())
			if first, seen := databases[name]; seen && first != database {
				shared[name] = true
			}
			databases[name] = database
		}
		return true
	})
	return shared
}

// writesRows tells whether a statement changes rows: it finds the tables to change by their names.
func writesRows(node gsql.Node) bool {
	return transform.InspectUp(node, func(n gsql.Node) bool {
		switch n.(type) {
		case *plan.InsertInto, *plan.Update, *plan.DeleteFrom, *plan.Truncate:
			return true
		}
		return false
	})
}
