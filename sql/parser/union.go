package parser

import (
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// holds tells whether a text has a word somewhere, in any case: what need not be looked for saves a walk over the tree, which is long for an
// INSERT of many rows.
func holds(text, word string) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i]|0x20 == word[0]|0x20 && strings.EqualFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

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
