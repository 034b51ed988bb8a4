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
	indexes, err := table.GetIndexes(ctx)
	if err != nil {
		return err
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
		if onlyPrimary(indexes, key.Columns) {
			return gsql.ErrForeignKeyDropIndex.New("PRIMARY", key.Name)
		}
	}
	for _, key := range referring {
		goes := slices.ContainsFunc(key.ParentColumns, func(c string) bool { return slices.Contains(dropped, strings.ToLower(c)) })
		if !goes && onlyPrimary(indexes, key.ParentColumns) {
			return gsql.ErrForeignKeyDropIndex.New("PRIMARY", key.Name)
		}
	}
	return nil
}

// onlyPrimary tells whether columns are the first ones of the primary key, in any order, and of no other index.
func onlyPrimary(indexes []gsql.Index, columns []string) bool {
	primary := false
	for _, index := range indexes {
		if !beginsWith(index, columns) {
			continue
		}
		if index.ID() != "PRIMARY" {
			return false
		}
		primary = true
	}
	return primary
}

func beginsWith(index gsql.Index, columns []string) bool {
	expressions := index.Expressions() // table.column
	if len(expressions) < len(columns) {
		return false
	}
	return !slices.ContainsFunc(expressions[:len(columns)], func(e string) bool {
		return !slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(e[strings.LastIndexByte(e, '.')+1:], c) })
	})
}
