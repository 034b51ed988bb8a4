package function

import (
	"slices"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// membership makes a call of IN with a subquery.
func (r pass) membership(e *ast.ComparisonExpr) ast.Expr {
	if e.Operator != ast.InStr && e.Operator != ast.NotInStr {
		return e
	}
	var in ast.Expr
	switch right := e.Right.(type) {
	case *ast.Subquery:
		if r.defines {
			return e
		}
		in = call(memberName, &ast.ComparisonExpr{Operator: ast.InStr, Left: e.Left, Right: right})
	case ast.ValTuple:
		row, ok := e.Left.(ast.ValTuple)
		if !ok || len(row) < 2 || slices.ContainsFunc(right, func(e ast.Expr) bool { return !isRow(e, len(row)) }) {
			return e
		}
		in = &ast.ParenExpr{Expr: r.anyRow(row, right)}
	default:
		return e
	}
	if e.Operator == ast.NotInStr {
		return &ast.NotExpr{Expr: in}
	}
	return in
}

func isRow(e ast.Expr, width int) bool {
	t, ok := e.(ast.ValTuple)
	return ok && len(t) == width
}

// anyRow writes (a, b) IN ((1, 2), (3, 4)) as a = 1 AND b = 2 OR a = 3 AND b = 4, which is what it means: the SQL engine
// takes a row with NULL for one that is in no list. It halves the list, so that a long one does not nest deeply.
func (r pass) anyRow(row, list ast.ValTuple) ast.Expr {
	if len(list) > 1 {
		half := len(list) / 2
		return &ast.OrExpr{Left: r.anyRow(row, list[:half]), Right: r.anyRow(row, list[half:])}
	}
	values := list[0].(ast.ValTuple)
	var out ast.Expr
	for i, v := range values {
		var same ast.Expr = &ast.ComparisonExpr{Operator: ast.EqualStr, Left: r.markDigits(row[i]), Right: r.markDigits(v)}
		if out != nil {
			same = &ast.AndExpr{Left: out, Right: same}
		}
		out = same
	}
	return out
}
