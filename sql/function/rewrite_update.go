package function

import (
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// updateOfJoin moves the condition of an UPDATE of inner joins, or of a join with a derived table, into the join. With a WHERE the engine
// looks up the columns of the tables' checks among those of all tables, where a name may be several times, and also the checks of tables
// inside of the derived table.
func updateOfJoin(u *ast.Update) {
	if u.Where == nil || len(u.OrderBy) > 0 || u.Limit != nil || len(u.TableExprs) == 0 {
		return
	}
	if !holdsDerived(u.TableExprs) && holdsOuter(u.TableExprs) { // an outer join has to stay below the condition: the engine would look for rows of NULLs
		return
	}
	from := u.TableExprs[0]
	for _, t := range u.TableExprs[1:] {
		from = &ast.JoinTableExpr{LeftExpr: from, Join: ast.JoinStr, RightExpr: t}
	}
	join, ok := from.(*ast.JoinTableExpr)
	if !ok || join.Join != ast.JoinStr || len(join.Condition.Using) > 0 {
		return
	}
	if join.Condition.On == nil {
		join.Condition.On = u.Where.Expr
	} else {
		join.Condition.On = &ast.AndExpr{Left: &ast.ParenExpr{Expr: join.Condition.On}, Right: &ast.ParenExpr{Expr: u.Where.Expr}}
	}
	u.TableExprs, u.Where = ast.TableExprs{join}, nil
}

// holdsDerived tells whether there is a derived table among tables.
func holdsDerived(from ast.TableExprs) bool {
	for _, t := range from {
		if isDerived(t) {
			return true
		}
	}
	return false
}

func isDerived(t ast.TableExpr) bool {
	switch t := t.(type) {
	case *ast.AliasedTableExpr:
		_, ok := t.Expr.(*ast.Subquery)
		return ok
	case *ast.JoinTableExpr:
		return isDerived(t.LeftExpr) || isDerived(t.RightExpr)
	case *ast.ParenTableExpr:
		return holdsDerived(t.Exprs)
	}
	return false
}

// holdsOuter tells whether there is a join among tables that is no inner one.
func holdsOuter(from ast.TableExprs) bool {
	for _, t := range from {
		switch t := t.(type) {
		case *ast.JoinTableExpr:
			if t.Join != ast.JoinStr || holdsOuter(ast.TableExprs{t.LeftExpr, t.RightExpr}) {
				return true
			}
		case *ast.ParenTableExpr:
			if holdsOuter(t.Exprs) {
				return true
			}
		}
	}
	return false
}
