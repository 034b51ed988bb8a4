package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/storage"
)

// showDefinitions is an analyzer rule: SHOW CREATE TABLE prints the default of an ENUM or SET as text, where the SQL
// engine prints its number, and says VIRTUAL of generated columns that were defined so, though they are stored.
func showDefinitions(ctx *gsql.Context, _ *analyzer.Analyzer, node gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	return transform.Node(node, func(n gsql.Node) (gsql.Node, transform.TreeIdentity, error) {
		show, ok := n.(*plan.ShowCreateTable)
		if !ok {
			return n, transform.SameTree, nil
		}
		resolved, ok := show.Child.(*plan.ResolvedTable)
		if !ok {
			return n, transform.SameTree, nil
		}
		schema := show.TargetSchema().Copy()
		for _, c := range schema {
			if c.Generated != nil && storage.IsVirtual(resolved.Table, c.Name) {
				c.Virtual = true
			}
			if c.Default == nil {
				continue
			}
			text, err := textDefault(ctx, c.Default)
			if err != nil {
				return nil, transform.SameTree, err
			}
			c.Default = text
		}
		out, err := show.WithTargetSchema(schema)
		return out, transform.NewTree, err
	})
}

// textDefault gives the default of an ENUM or SET as a literal of its text, and any other as it is.
func textDefault(ctx *gsql.Context, d *gsql.ColumnDefaultValue) (*gsql.ColumnDefaultValue, error) {
	kind := d.Type()
	if !d.IsLiteral() || !types.IsEnum(kind) && !types.IsSet(kind) {
		return d, nil
	}
	value, err := d.Eval(ctx, nil)
	if err != nil || value == nil {
		return d, err
	}
	text, err := kind.SQL(ctx, nil, value)
	if err != nil {
		return nil, err
	}
	return gsql.NewColumnDefaultValue(expression.NewLiteral(text.ToString(), types.LongText), types.LongText, true, false, d.ReturnNil)
}
