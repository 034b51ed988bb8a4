package parser

import (
	"context"

	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// qualify names the database of tables that are found in every one, while the session has no current database: the
// engine would refuse a name without one.
func (p *Parser) qualify(ctx context.Context, tree ast.Statement) {
	session, ok := ctx.(*sql.Context)
	if p.options.DatabaseOf == nil || !ok || session.Session == nil || session.GetCurrentDatabase() != "" {
		return
	}
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *ast.AliasedTableExpr:
			if name, ok := n.Expr.(ast.TableName); ok {
				n.Expr = p.qualified(name)
			}
		case *ast.Show:
			n.Table = p.qualified(n.Table)
		}
		return true, nil
	}, tree)
}

func (p *Parser) qualified(name ast.TableName) ast.TableName {
	if name.DbQualifier.IsEmpty() && !name.Name.IsEmpty() {
		if database := p.options.DatabaseOf(name.Name.String()); database != "" {
			name.DbQualifier = ast.NewTableIdent(database)
		}
	}
	return name
}
