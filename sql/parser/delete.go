package parser

import ast "github.com/dolthub/vitess/go/vt/sqlparser"

// keepDelete gives a DELETE of all rows a condition. Without one the SQL engine may make a TRUNCATE of it, which is no part of a
// transaction, and looks for the table in the current database alone.
func keepDelete(tree ast.Statement) {
	d, ok := tree.(*ast.Delete)
	if ok && d.Where == nil && d.Limit == nil && len(d.Targets) == 0 {
		d.Where = ast.NewWhere(ast.WhereStr, ast.BoolVal(true))
	}
}
