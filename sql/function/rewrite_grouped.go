package function

import (
	"fmt"
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// groupedName is the name of the derived table that groupedWindows makes.
const groupedName = prefix + "grouped"

// groupedWindows takes apart a SELECT that has both groups and windows, which the engine refuses: the groups become a
// derived table, and the windows are over its rows.
//
//	SELECT a, SUM(COUNT(*)) OVER () FROM t GROUP BY a HAVING …
//	SELECT c1 AS a, SUM(c2) OVER () FROM (SELECT a AS c1, COUNT(*) AS c2 FROM t GROUP BY a HAVING …) AS redoubt_grouped
func groupedWindows(s *ast.Select) {
	windowed := false
	grouped := len(s.GroupBy) > 0
	for _, x := range s.SelectExprs {
		windowed, grouped = windowed || holds(x, isWindow), grouped || holdsAggregate(x)
	}
	for _, o := range s.OrderBy {
		windowed, grouped = windowed || holds(o, isWindow), grouped || holdsAggregate(o)
	}
	if !windowed || !grouped || hasStar(s.SelectExprs) {
		return
	}
	g := &grouping{outer: s, columns: map[string]string{}}
	g.split()
}

// havingOfJoin takes apart a SELECT whose HAVING has aggregates of columns of a join: the groups become a derived table,
// and HAVING a WHERE over its rows. The engine looks for such columns by their bare names, and takes a.id for b.id.
//
//	SELECT a.id FROM a JOIN b ON … GROUP BY a.id HAVING COUNT(b.id) > 1
//	SELECT c1 AS id FROM (SELECT a.id AS c1, COUNT(b.id) AS c2 FROM … GROUP BY a.id) AS redoubt_grouped WHERE c2 > 1
func havingOfJoin(s *ast.Select) {
	if s.Having == nil || len(s.GroupBy) == 0 || hasStar(s.SelectExprs) || !isJoin(s.From) || holds(s.Having.Expr, isSubquery) {
		return
	}
	ofColumn := holds(s.Having.Expr, func(n ast.SQLNode) bool {
		return isAggregate(n) && holds(n, func(n ast.SQLNode) bool {
			_, ok := n.(*ast.ColName)
			return ok
		})
	})
	if !ofColumn || holds(s.SelectExprs, isWindow) || holds(s.OrderBy, isWindow) {
		return
	}
	g := &grouping{outer: s, columns: map[string]string{}, filter: s.Having.Expr}
	s.Having = nil
	g.split()
}

func isJoin(from ast.TableExprs) bool {
	if len(from) != 1 {
		return len(from) > 1
	}
	_, one := from[0].(*ast.AliasedTableExpr)
	return !one
}

func isWindow(n ast.SQLNode) bool {
	f, ok := n.(*ast.FuncExpr)
	return ok && f.Over != nil
}

// holdsAggregate tells whether there is an aggregate over groups, be it below a window function. The tree's own walk
// does not go into OVER.
func holdsAggregate(n ast.SQLNode) bool {
	return holds(n, func(n ast.SQLNode) bool {
		if f, ok := n.(*ast.FuncExpr); ok && f.Over != nil {
			for _, p := range f.Over.PartitionBy {
				if holdsAggregate(p) {
					return true
				}
			}
			for _, o := range f.Over.OrderBy {
				if holdsAggregate(o.Expr) {
					return true
				}
			}
		}
		return isAggregate(n)
	})
}

// grouping is a SELECT that is being taken apart.
type grouping struct {
	outer   *ast.Select
	inner   ast.SelectExprs
	columns map[string]string // text of an expression → its column of the derived table
	filter  ast.Expr          // of the derived table's rows; nil for all
}

func (g *grouping) split() {
	s := g.outer
	for _, e := range s.GroupBy {
		if _, ordinal := e.(*ast.SQLVal); !ordinal {
			g.columns[ast.String(e)] = "" // to be made where it is used
		}
	}
	selected := make(ast.SelectExprs, len(s.SelectExprs))
	for i, x := range s.SelectExprs {
		selected[i] = g.item(x.(*ast.AliasedExpr), i)
	}
	for _, o := range s.OrderBy {
		o.Expr = g.order(o.Expr)
	}
	for _, w := range s.Window {
		g.definition(w)
	}
	if g.filter != nil {
		g.filter = g.condition(g.filter)
	}
	inner := &ast.Select{SelectExprs: g.inner, From: s.From, Where: s.Where, GroupBy: s.GroupBy, Having: s.Having}
	s.SelectExprs = selected
	s.Where, s.GroupBy, s.Having = nil, nil, nil
	if g.filter != nil {
		s.Where = ast.NewWhere(ast.WhereStr, g.filter)
	}
	s.From = ast.TableExprs{&ast.AliasedTableExpr{
		Expr: &ast.Subquery{Select: inner}, As: ast.NewTableIdent(groupedName),
		Auth: ast.AuthInformation{AuthType: ast.AuthType_IGNORE}, // the tables below are checked
	}}
}

// item rewrites what is selected. What holds no window goes into the derived table whole, under its alias, by which the
// groups or HAVING may name it.
func (g *grouping) item(x *ast.AliasedExpr, position int) ast.SelectExpr {
	name := x.As
	if name.IsEmpty() {
		name = ast.NewColIdent(x.InputExpression)
		if c, ok := x.Expr.(*ast.ColName); ok {
			name = c.Name
		}
	}
	if holds(x.Expr, isWindow) {
		for i, e := range g.outer.GroupBy {
			if n, ok := e.(*ast.SQLVal); ok && string(n.Val) == fmt.Sprint(position+1) {
				g.outer.GroupBy[i] = x.Expr // a window function in GROUP BY, which the engine refuses in its own words
			}
		}
		return &ast.AliasedExpr{Expr: g.above(x.Expr), As: name}
	}
	inside := x.As
	if inside.IsEmpty() {
		inside = ast.NewColIdent(fmt.Sprintf("%scolumn%d", prefix, len(g.inner)))
	}
	g.inner = append(g.inner, &ast.AliasedExpr{Expr: x.Expr, As: inside})
	g.columns[ast.String(x.Expr)] = inside.String()
	for i, e := range g.outer.GroupBy {
		if n, ok := e.(*ast.SQLVal); ok && string(n.Val) == fmt.Sprint(position+1) {
			g.outer.GroupBy[i] = ast.NewIntVal([]byte(fmt.Sprint(len(g.inner))))
		}
	}
	return &ast.AliasedExpr{Expr: column(inside.String()), As: name}
}

// order rewrites what the rows are ordered by: aliases and positions stay.
func (g *grouping) order(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.SQLVal:
		return e
	case *ast.ColName:
		for _, x := range g.outer.SelectExprs {
			if a, ok := x.(*ast.AliasedExpr); ok && e.Qualifier.IsEmpty() && strings.EqualFold(a.As.String(), e.Name.String()) {
				return e
			}
		}
	}
	return g.above(e)
}

// above rewrites an expression that stays above the derived table.
func (g *grouping) above(e ast.Expr) ast.Expr {
	return replace(e, func(e ast.Expr) ast.Expr {
		if f, ok := e.(*ast.FuncExpr); ok && f.Over != nil {
			for _, x := range f.Exprs {
				if a, ok := x.(*ast.AliasedExpr); ok {
					a.Expr = g.above(a.Expr)
				}
			}
			g.definition((*ast.WindowDef)(f.Over))
			return f
		}
		name, isColumn := e.(*ast.ColName)
		if isColumn && name.Qualifier.Name.String() == groupedName {
			return e // of a window that several functions share
		}
		if _, known := g.columns[ast.String(e)]; known || isColumn || isAggregate(e) {
			return g.below(e)
		}
		return nil
	})
}

// condition rewrites what was HAVING, in which aliases stand for what is selected.
func (g *grouping) condition(e ast.Expr) ast.Expr {
	aliased := replace(e, func(e ast.Expr) ast.Expr {
		if isAggregate(e) {
			return e // its argument is a column
		}
		if c, ok := e.(*ast.ColName); ok && c.Qualifier.IsEmpty() {
			for _, x := range g.inner {
				if a := x.(*ast.AliasedExpr); strings.EqualFold(a.As.String(), c.Name.String()) {
					return column(a.As.String())
				}
			}
		}
		return nil
	})
	return g.above(aliased)
}

func (g *grouping) definition(w *ast.WindowDef) {
	for i, p := range w.PartitionBy {
		w.PartitionBy[i] = g.above(p)
	}
	for _, o := range w.OrderBy {
		o.Expr = g.above(o.Expr)
	}
}

// below gives the column of the derived table that holds an expression.
func (g *grouping) below(e ast.Expr) ast.Expr {
	text := ast.String(e)
	if g.columns[text] == "" {
		name := fmt.Sprintf("%scolumn%d", prefix, len(g.inner))
		g.inner = append(g.inner, &ast.AliasedExpr{Expr: e, As: ast.NewColIdent(name)})
		g.columns[text] = name
	}
	return column(g.columns[text])
}

func column(name string) *ast.ColName {
	return &ast.ColName{Name: ast.NewColIdent(name), Qualifier: ast.TableName{Name: ast.NewTableIdent(groupedName)}}
}
