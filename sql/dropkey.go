package sql

import (
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// keepNeededKey is an analyzer rule: it refuses DROP PRIMARY KEY of a table whose foreign keys, or those to it, have no other index, unless
// the same ALTER TABLE adds one, or foreign keys are not looked at.
func keepNeededKey(ctx *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	var err error
	var dropped []string // columns, which is refused by itself if a foreign key refers to them
	transform.Inspect(node, func(n gsql.Node) bool {
		switch n := n.(type) {
		case *plan.Block:
			for _, c := range n.Children() {
				if drop, ok := c.(*plan.DropColumn); ok {
					dropped = append(dropped, strings.ToLower(drop.Column))
				}
			}
			return !slices.ContainsFunc(n.Children(), addsKey)
		case *plan.AlterPK:
			if n.Action == plan.PrimaryKeyAction_Drop && err == nil {
				err = refuseNeeded(ctx, n, dropped)
			}
		}
		return err == nil
	})
	return node, transform.SameTree, err
}

func addsKey(n gsql.Node) bool {
	switch n := n.(type) {
	case *plan.AlterPK:
		return n.Action == plan.PrimaryKeyAction_Create
	case *plan.AlterIndex:
		return n.Action == plan.IndexAction_Create
	}
	return false
}

func refuseNeeded(ctx *gsql.Context, n *plan.AlterPK, dropped []string) error {
	checks, err := ctx.GetSessionVariable(ctx, "foreign_key_checks")
	if err != nil || checks == int8(0) {
		return err
	}
	resolved, ok := n.Table.(*plan.ResolvedTable)
	if !ok {
		return nil
	}
	table, ok := resolved.UnderlyingTable().(gsql.ForeignKeyTable)
	if !ok {
		return nil
	}
	declared, err := table.GetDeclaredForeignKeys(ctx)
	if err != nil {
		return err
	}
	referring, err := table.GetReferencedForeignKeys(ctx)
	if err != nil {
		return err
	}
	for _, key := range declared {
		if err := needsPrimary(ctx, table, key.Columns, key.Name); err != nil {
			return err
		}
	}
	for _, key := range referring {
		goes := slices.ContainsFunc(key.ParentColumns, func(c string) bool { return slices.Contains(dropped, strings.ToLower(c)) })
		if goes {
			continue
		}
		if err := needsPrimary(ctx, table, key.ParentColumns, key.Name); err != nil {
			return err
		}
	}
	return nil
}

// needsPrimary refuses to drop the primary key if a foreign key has it for its columns, and no other index.
func needsPrimary(ctx *gsql.Context, table gsql.ForeignKeyTable, columns []string, foreignKey string) error {
	if _, serves, err := plan.FindFKIndexWithPrefix(ctx, table, columns, false); err != nil || !serves {
		return err
	}
	if _, other, err := plan.FindFKIndexWithPrefix(ctx, table, columns, false, "PRIMARY"); err != nil || other {
		return err
	}
	return gsql.ErrForeignKeyDropIndex.New("PRIMARY", foreignKey)
}
