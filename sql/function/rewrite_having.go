package function

import (
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// aggregateNames holds the aggregate functions of the SQL engine.
var aggregateNames = map[string]bool{
	"avg": true, "bit_and": true, "bit_or": true, "bit_xor": true, "count": true, "json_arrayagg": true,
	"json_objectagg": true, "max": true, "min": true, "std": true, "stddev_pop": true, "stddev_samp": true, "stddev": true,
	"sum": true, "var_pop": true, "var_samp": true, "variance": true, "first": true, "last": true, "any_value": true,
}

// isAggregate tells whether a node is an aggregate over groups, not over a window.
func isAggregate(n ast.SQLNode) bool {
	switch n := n.(type) {
	case *ast.GroupConcatExpr:
		return true
	case *ast.FuncExpr:
		return n.Over == nil && aggregateNames[n.Name.Lowered()]
	}
	return false
}

// holds tells whether a node, or one below it outside of subqueries, is of a kind.
func holds(n ast.SQLNode, kind func(ast.SQLNode) bool) bool {
	found := false
	// Walk returns only errors of the visitor, which returns none.
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		if found = found || kind(n); found {
			return false, nil
		}
		_, subquery := n.(*ast.Subquery)
		return !subquery, nil
	}, n)
	return found
}

// havingAliases replaces, in HAVING, the alias of an aggregate by the aggregate. In MySQL an alias goes before a column
// of the same name there, unless it is one that is grouped by; the engine takes the column.
func havingAliases(s *ast.Select) {
	if s.Having == nil {
		return
	}
	aliases := map[string]ast.Expr{}
	for _, x := range s.SelectExprs {
		if a, ok := x.(*ast.AliasedExpr); ok && !a.As.IsEmpty() && holds(a.Expr, isAggregate) && !holds(a.Expr, isSubquery) {
			aliases[a.As.Lowered()] = a.Expr
		}
	}
	for _, g := range s.GroupBy {
		if c, ok := g.(*ast.ColName); ok {
			delete(aliases, c.Name.Lowered())
		}
	}
	if len(aliases) == 0 {
		return
	}
	s.Having.Expr = replace(s.Having.Expr, func(e ast.Expr) ast.Expr {
		if isAggregate(e) {
			return e // its argument is a column
		}
		if c, ok := e.(*ast.ColName); ok && c.Qualifier.IsEmpty() {
			if aliased, ok := aliases[c.Name.Lowered()]; ok {
				return &ast.ParenExpr{Expr: aliased}
			}
		}
		return nil
	})
}

// havingVariables makes calls of the user variables in HAVING, in which the engine looks for columns only.
func havingVariables(s *ast.Select) {
	if s.Having == nil {
		return
	}
	s.Having.Expr = replace(s.Having.Expr, func(e ast.Expr) ast.Expr {
		c, ok := e.(*ast.ColName)
		if !ok || !c.Qualifier.IsEmpty() {
			return nil
		}
		name, found := strings.CutPrefix(c.Name.String(), "@")
		if !found || strings.HasPrefix(name, "@") {
			return nil
		}
		return call(variableName, ast.NewStrVal([]byte(strings.Trim(name, "`'\""))))
	})
}

func isSubquery(n ast.SQLNode) bool {
	_, ok := n.(*ast.Subquery)
	return ok
}
