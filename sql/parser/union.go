package parser

import ast "github.com/dolthub/vitess/go/vt/sqlparser"

// nameLiterals gives the literals of the first query of a sorted UNION the names that their columns have anyway: the engine takes what an
// ORDER BY finds there for the literal, which is the same in all rows, and not for the column.
func nameLiterals(tree ast.Statement) {
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		if union, ok := n.(*ast.SetOp); ok && len(union.OrderBy) > 0 {
			nameIn(union.Left)
		}
		return true, nil
	}, tree)
}

func nameIn(query ast.SelectStatement) {
	switch q := query.(type) {
	case *ast.SetOp:
		nameIn(q.Left)
	case *ast.ParenSelect:
		nameIn(q.Select)
	case *ast.Select:
		for _, e := range q.SelectExprs {
			a, ok := e.(*ast.AliasedExpr)
			if !ok || !a.As.IsEmpty() || a.InputExpression == "" {
				continue
			}
			if _, literal := a.Expr.(*ast.SQLVal); literal {
				a.As = ast.NewColIdent(a.InputExpression)
			}
		}
	}
}
