package function

import (
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// updateOfJoin moves the condition of an UPDATE of a join into the join. With a WHERE the engine looks up the columns of the tables'
// checks among those of all tables, where a name may be several times, and also the checks of tables inside of a derived table.
func updateOfJoin(u *ast.Update) {
	if u.Where == nil || len(u.OrderBy) > 0 || u.Limit != nil || len(u.TableExprs) == 0 {
		return
	}
	from := u.TableExprs[0]
	for _, t := range u.TableExprs[1:] {
		from = &ast.JoinTableExpr{LeftExpr: from, Join: ast.JoinStr, RightExpr: t}
	}
	if _, single := from.(*ast.AliasedTableExpr); single {
		return
	}
	join, isJoin := from.(*ast.JoinTableExpr)
	if !isJoin || join.Join != ast.JoinStr || len(join.Condition.Using) > 0 { // its own condition is another: joined with one row, it has a second
		join = &ast.JoinTableExpr{LeftExpr: &ast.ParenTableExpr{Exprs: ast.TableExprs{from}}, Join: ast.JoinStr, RightExpr: oneRow()}
	}
	if join.Condition.On == nil {
		join.Condition.On = u.Where.Expr
	} else {
		join.Condition.On = &ast.AndExpr{Left: &ast.ParenExpr{Expr: join.Condition.On}, Right: &ast.ParenExpr{Expr: u.Where.Expr}}
	}
	u.TableExprs, u.Where = ast.TableExprs{join}, nil
}

// oneRow is a table of one row.
func oneRow() ast.TableExpr {
	one := &ast.AliasedExpr{Expr: ast.NewIntVal([]byte("1")), As: ast.NewColIdent(prefix + "one")}
	query := &ast.Subquery{Select: &ast.Select{SelectExprs: ast.SelectExprs{one}}}
	return &ast.AliasedTableExpr{Expr: query, As: ast.NewTableIdent(prefix + "one_row"), Auth: ast.AuthInformation{AuthType: ast.AuthType_IGNORE}}
}
