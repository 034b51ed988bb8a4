package function

import (
	"fmt"
	"reflect"
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// rollupName is the function that the parser front puts at the end of GROUP BY for WITH ROLLUP, and the derived table
// that rollUp makes.
const rollupName = prefix + "rollup"

// rollUp makes a GROUP BY … WITH ROLLUP the union of its groupings: by all expressions, by all but the last, and so on,
// with NULL in the place of those that are left out. The rows come in the order of the groups, each sum behind what it
// sums up.
func rollUp(s *ast.Select) {
	if len(s.GroupBy) < 2 {
		return
	}
	marker, ok := s.GroupBy[len(s.GroupBy)-1].(*ast.FuncExpr)
	if !ok || marker.Name.Lowered() != rollupName || hasStar(s.SelectExprs) {
		return
	}
	r := &rollup{outer: s}
	for _, g := range s.GroupBy[:len(s.GroupBy)-1] {
		r.groups = append(r.groups, r.group(g))
	}
	r.split()
}

// rollup is a SELECT with ROLLUP that is being taken apart.
type rollup struct {
	outer  *ast.Select
	groups []ast.Expr
	items  []*ast.AliasedExpr // what the groupings select: the items of the statement, then what its order needs
}

// group gives the expression that is grouped by, of a position or an alias, too.
func (r *rollup) group(g ast.Expr) ast.Expr {
	for i, x := range r.outer.SelectExprs {
		a := x.(*ast.AliasedExpr)
		if n, ok := g.(*ast.SQLVal); ok && string(n.Val) == fmt.Sprint(i+1) {
			return a.Expr
		}
		if c, ok := g.(*ast.ColName); ok && c.Qualifier.IsEmpty() && !a.As.IsEmpty() && strings.EqualFold(a.As.String(), c.Name.String()) {
			return a.Expr
		}
	}
	return g
}

func (r *rollup) split() {
	s := r.outer
	selected := make(ast.SelectExprs, len(s.SelectExprs))
	for i, x := range s.SelectExprs {
		a := x.(*ast.AliasedExpr)
		name := a.As
		if name.IsEmpty() {
			name = ast.NewColIdent(a.InputExpression)
			if c, ok := a.Expr.(*ast.ColName); ok {
				name = c.Name
			}
		}
		selected[i] = &ast.AliasedExpr{Expr: r.column(a.Expr), As: name}
	}
	order := r.order()
	var union ast.SelectStatement
	for level := len(r.groups); level >= 0; level-- {
		grouping := r.grouping(level)
		if union == nil {
			union = grouping
			continue
		}
		union = &ast.SetOp{Type: ast.UnionAllStr, Left: union, Right: grouping}
	}
	s.SelectExprs, s.OrderBy = selected, order
	s.Where, s.GroupBy, s.Having = nil, nil, nil
	s.From = ast.TableExprs{&ast.AliasedTableExpr{
		Expr: &ast.Subquery{Select: union}, As: ast.NewTableIdent(rollupName),
		Auth: ast.AuthInformation{AuthType: ast.AuthType_IGNORE}, // the tables below are checked
	}}
}

// column gives the column of the derived table that holds an expression.
func (r *rollup) column(e ast.Expr) ast.Expr {
	text := ast.String(e)
	for i, x := range r.items {
		if ast.String(x.Expr) == text {
			return rollupColumn(i)
		}
	}
	r.items = append(r.items, &ast.AliasedExpr{Expr: e, As: ast.NewColIdent(itemName(len(r.items)))})
	return rollupColumn(len(r.items) - 1)
}

func itemName(i int) string { return fmt.Sprintf("%sitem%d", prefix, i) }

func rollupColumn(i int) ast.Expr {
	return &ast.ColName{Name: ast.NewColIdent(itemName(i)), Qualifier: ast.TableName{Name: ast.NewTableIdent(rollupName)}}
}

// order gives the statement's order over the derived table, or that of the groups.
func (r *rollup) order() ast.OrderBy {
	var out ast.OrderBy
	if len(r.outer.OrderBy) == 0 {
		for _, g := range r.groups {
			out = append(out, &ast.Order{Expr: r.column(call("grouping", g)), Direction: ast.AscScr},
				&ast.Order{Expr: r.column(g), Direction: ast.AscScr})
		}
		return out
	}
	for _, o := range r.outer.OrderBy {
		if !r.isResult(o.Expr) {
			o.Expr = r.column(o.Expr)
		}
		out = append(out, o)
	}
	return out
}

// isResult tells whether an expression of ORDER BY names a column of the result.
func (r *rollup) isResult(e ast.Expr) bool {
	if _, ok := e.(*ast.SQLVal); ok {
		return true
	}
	c, ok := e.(*ast.ColName)
	if !ok || !c.Qualifier.IsEmpty() {
		return false
	}
	for _, x := range r.outer.SelectExprs {
		if a := x.(*ast.AliasedExpr); strings.EqualFold(a.As.String(), c.Name.String()) {
			return true
		}
	}
	return false
}

// grouping gives the SELECT by the first groups.
func (r *rollup) grouping(level int) *ast.Select {
	out := &ast.Select{From: clone(r.outer.From), Where: clone(r.outer.Where), Having: clone(r.outer.Having)}
	for _, g := range r.groups[:level] {
		out.GroupBy = append(out.GroupBy, clone(g))
	}
	for _, x := range r.items {
		x = clone(x)
		x.Expr = r.without(x.Expr, level)
		out.SelectExprs = append(out.SelectExprs, x)
	}
	count := &ast.FuncExpr{Name: ast.NewColIdent("count"), Exprs: ast.SelectExprs{&ast.StarExpr{}}}
	out.SelectExprs = append(out.SelectExprs, &ast.AliasedExpr{Expr: count, As: ast.NewColIdent(prefix + "rows")})
	if out.Having != nil {
		r.itemsIn(out.Having)
		out.Having.Expr = r.without(out.Having.Expr, level)
	}
	if level == 0 { // of no rows there is no sum
		some := &ast.ComparisonExpr{Operator: ast.GreaterThanStr, Left: clone(count), Right: ast.NewIntVal([]byte("0"))}
		if out.Having == nil {
			out.Having = ast.NewWhere(ast.HavingStr, some)
		} else {
			out.Having.Expr = &ast.AndExpr{Left: &ast.ParenExpr{Expr: out.Having.Expr}, Right: some}
		}
	}
	return out
}

// itemsIn puts the selected expressions into the place of their aliases in HAVING.
func (r *rollup) itemsIn(having *ast.Where) {
	having.Expr = replace(having.Expr, func(e ast.Expr) ast.Expr {
		c, ok := e.(*ast.ColName)
		if !ok || !c.Qualifier.IsEmpty() {
			return nil
		}
		for _, x := range r.outer.SelectExprs {
			if a := x.(*ast.AliasedExpr); !a.As.IsEmpty() && strings.EqualFold(a.As.String(), c.Name.String()) {
				return &ast.ParenExpr{Expr: clone(a.Expr)}
			}
		}
		return nil
	})
}

// without gives an expression with NULL in the place of the groups from a level on, and GROUPING computed.
func (r *rollup) without(e ast.Expr, level int) ast.Expr {
	return replace(e, func(e ast.Expr) ast.Expr {
		if f, ok := e.(*ast.FuncExpr); ok && f.Name.Lowered() == "grouping" && len(f.Exprs) == 1 {
			if a, ok := f.Exprs[0].(*ast.AliasedExpr); ok {
				bit := "0"
				if i := r.indexOf(a.Expr); i >= level {
					bit = "1"
				}
				return ast.NewIntVal([]byte(bit))
			}
		}
		if isAggregate(e) {
			return e
		}
		if i := r.indexOf(e); i >= level {
			return &ast.NullVal{}
		}
		return nil
	})
}

// indexOf gives which group an expression is, -1 if none.
func (r *rollup) indexOf(e ast.Expr) int {
	for i, g := range r.groups {
		if ast.String(e) == ast.String(g) {
			return i
		}
		c, ok := e.(*ast.ColName)
		other, okOther := g.(*ast.ColName)
		if ok && okOther && c.Name.Equal(other.Name) && (c.Qualifier.IsEmpty() || other.Qualifier.IsEmpty()) {
			return i
		}
	}
	return -1
}

// clone copies a part of a syntax tree with all that is below it.
func clone[T any](part T) T {
	v := reflect.ValueOf(&part).Elem()
	cloneInto(v)
	return part
}

// cloneInto replaces what a settable value shares with its original by copies.
func cloneInto(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			cloneInto(fresh.Elem())
			v.Set(fresh)
		}
	case reflect.Interface:
		if !v.IsNil() {
			fresh := reflect.New(v.Elem().Type()).Elem()
			fresh.Set(v.Elem())
			cloneInto(fresh)
			v.Set(fresh)
		}
	case reflect.Slice:
		if !v.IsNil() {
			fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(fresh, v)
			for i := range fresh.Len() {
				cloneInto(fresh.Index(i))
			}
			v.Set(fresh)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				cloneInto(v.Field(i))
			}
		}
	}
}
