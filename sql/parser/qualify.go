package parser

import (
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// qualify names the database of tables that are found in every one, whose names have a dollar sign or an underline: the
// engine would refuse a name without one while the session has no current database, and else ask for a privilege on the
// current one.
func (p *Parser) qualify(tree ast.Statement, text string) {
	if p.options.DatabaseOf == nil || !strings.ContainsAny(text, "$_") {
		return
	}
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *ast.AliasedTableExpr:
			if name, ok := n.Expr.(ast.TableName); ok {
				n.Expr = p.qualified(name, &n.Auth)
			}
		case *ast.Show:
			n.Table = p.qualified(n.Table, &n.Auth)
		}
		return true, nil
	}, tree)
}

func (p *Parser) qualified(name ast.TableName, auth *ast.AuthInformation) ast.TableName {
	if !name.DbQualifier.IsEmpty() || name.Name.IsEmpty() {
		return name
	}
	if database := p.options.DatabaseOf(name.Name.String()); database != "" {
		name.DbQualifier = ast.NewTableIdent(database)
		if len(auth.TargetNames) > 0 && auth.TargetNames[0] == "" {
			auth.TargetNames[0] = database
		}
	}
	return name
}

// sameWords makes of words that mean the same to MySQL the one that the engine takes so: to it a SCHEMA is a part of a
// database.
func sameWords(tree ast.Statement) {
	if ddl, ok := tree.(*ast.DBDDL); ok {
		ddl.SchemaOrDatabase = "database"
	}
}
