package parser

import (
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// writeThroughView turns an UPDATE, DELETE or INSERT of a view into one of its table, if the view is a selection of rows
// and columns of one table:
//
//	CREATE VIEW v AS SELECT id, a AS b FROM t WHERE c > 0
//	UPDATE v SET b = b + 1 WHERE id = 5  ->  UPDATE t AS v SET v.a = v.a + 1 WHERE (v.c > 0) AND (v.id = 5)
//
// Other views are left to the engine, which refuses them. The privileges that are asked for are those of the table.
func (c *completer) writeThroughView(p *Parser, tree ast.Statement) {
	if c.ctx == nil || c.ctx.Session == nil || c.catalog == nil {
		return
	}
	switch s := tree.(type) {
	case *ast.Update:
		if v := c.simpleView(p, s.TableExprs); v != nil {
			v.update(s)
		}
	case *ast.Delete:
		if len(s.Targets) > 0 {
			return
		}
		if v := c.simpleView(p, s.TableExprs); v != nil {
			s.TableExprs, s.Where = ast.TableExprs{v.table(ast.AuthType_DELETE)}, v.where(s.Where)
			v.order(s.OrderBy)
		}
	case *ast.Insert:
		if v := c.viewOf(p, s.Table, s.Table.Name); v != nil && len(s.OnDup) == 0 {
			v.insert(s)
		}
	}
}

// simpleView is a view whose rows are rows of one table.
type simpleView struct {
	base      ast.TableName
	alias     ast.TableIdent          // under which the statement names the view
	columns   map[string]*ast.ColName // the table's column of each of the view's, by lower-case name
	names     []string                // the view's columns in order
	condition ast.Expr                // the view's WHERE, nil if it has none
}

// simpleView gives the view that is the only table of a statement; nil if it is none, or not simple.
func (c *completer) simpleView(p *Parser, from ast.TableExprs) *simpleView {
	if len(from) != 1 {
		return nil
	}
	t, ok := from[0].(*ast.AliasedTableExpr)
	if !ok || t.AsOf != nil {
		return nil
	}
	name, ok := t.Expr.(ast.TableName)
	if !ok {
		return nil
	}
	alias := t.As
	if alias.IsEmpty() {
		alias = name.Name
	}
	return c.viewOf(p, name, alias)
}

func (c *completer) viewOf(p *Parser, name ast.TableName, alias ast.TableIdent) *simpleView {
	database := name.DbQualifier.String()
	if database == "" {
		database = c.ctx.GetCurrentDatabase()
	}
	if database == "" {
		return nil
	}
	db, err := c.catalog.Database(c.ctx, database)
	if err != nil {
		return nil
	}
	views, ok := db.(sql.ViewDatabase)
	if !ok {
		return nil
	}
	definition, found, err := views.GetViewDefinition(c.ctx, name.Name.String())
	if err != nil || !found || strings.Contains(strings.ToUpper(definition.CreateViewStatement), "CHECK OPTION") {
		return nil
	}
	tree, err := p.ParseSimple(definition.TextDefinition)
	query, ok := tree.(*ast.Select)
	if err != nil || !ok {
		return nil
	}
	v := &simpleView{alias: alias, columns: map[string]*ast.ColName{}}
	if !v.read(query, database) || !v.readColumns(c, query, database) {
		return nil
	}
	return v
}

// read takes the table and the condition out of a view's SELECT, if there is nothing else in it.
func (v *simpleView) read(query *ast.Select, database string) bool {
	plain := len(query.From) == 1 && len(query.GroupBy) == 0 && query.Having == nil && query.Limit == nil && query.With == nil &&
		len(query.Window) == 0 && !query.QueryOpts.Distinct && query.Into == nil
	if !plain {
		return false
	}
	t, ok := query.From[0].(*ast.AliasedTableExpr)
	if !ok || t.AsOf != nil {
		return false
	}
	if v.base, ok = t.Expr.(ast.TableName); !ok {
		return false
	}
	if v.base.DbQualifier.IsEmpty() {
		v.base.DbQualifier = ast.NewTableIdent(database)
	}
	if query.Where == nil {
		return true
	}
	// A subquery may use the table's name for its own columns; Walk returns only errors of the visitor.
	simple := true
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *ast.Subquery:
			simple = false
		case *ast.ColName:
			v.qualify(n, n.Name)
		}
		return simple, nil
	}, query.Where)
	v.condition = query.Where.Expr
	return simple
}

// qualify makes a name one of a column of the table, as the statement calls it.
func (v *simpleView) qualify(c *ast.ColName, column ast.ColIdent) {
	if !strings.HasPrefix(c.Name.String(), "@") {
		c.Name, c.Qualifier = column, ast.TableName{Name: v.alias}
	}
}

// readColumns takes the columns out of a view's SELECT; those that are computed cannot be named by the statement.
func (v *simpleView) readColumns(c *completer, query *ast.Select, database string) bool {
	for _, x := range query.SelectExprs {
		switch x := x.(type) {
		case *ast.StarExpr:
			table, ok, err := c.table(v.base, nil)
			if err != nil || !ok {
				return false
			}
			for _, column := range table.Schema() {
				v.add(column.Name, &ast.ColName{Name: ast.NewColIdent(column.Name)})
			}
		case *ast.AliasedExpr:
			column, ok := x.Expr.(*ast.ColName)
			name := x.As.String()
			switch {
			case !ok:
				v.add(name, nil)
			case name == "":
				v.add(column.Name.String(), column)
			default:
				v.add(name, column)
			}
		default:
			return false
		}
	}
	return true
}

func (v *simpleView) add(name string, column *ast.ColName) {
	v.columns[strings.ToLower(name)] = column
	v.names = append(v.names, name)
}

// table gives the view's table under the name by which the statement calls the view.
func (v *simpleView) table(authType string) *ast.AliasedTableExpr {
	return &ast.AliasedTableExpr{Expr: v.base, As: v.alias, Auth: v.auth(authType)}
}

func (v *simpleView) auth(authType string) ast.AuthInformation {
	return ast.AuthInformation{
		AuthType: authType, TargetType: ast.AuthTargetType_SingleTableIdentifier,
		TargetNames: []string{v.base.DbQualifier.String(), v.base.Name.String()},
	}
}

// rename makes the names of the view's columns below a node those of the table's.
func (v *simpleView) rename(n ast.SQLNode) {
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		if c, ok := n.(*ast.ColName); ok && (c.Qualifier.IsEmpty() || strings.EqualFold(c.Qualifier.Name.String(), v.alias.String())) {
			if column := v.columns[c.Name.Lowered()]; column != nil {
				v.qualify(c, column.Name)
			}
		}
		return true, nil
	}, n)
}

// where joins the view's condition with the statement's.
func (v *simpleView) where(w *ast.Where) *ast.Where {
	if w != nil {
		v.rename(w)
	}
	switch {
	case v.condition == nil:
		return w
	case w == nil:
		return ast.NewWhere(ast.WhereStr, v.condition)
	}
	return ast.NewWhere(ast.WhereStr, &ast.AndExpr{Left: &ast.ParenExpr{Expr: v.condition}, Right: &ast.ParenExpr{Expr: w.Expr}})
}

func (v *simpleView) order(by ast.OrderBy) {
	for _, o := range by {
		v.rename(o)
	}
}

func (v *simpleView) update(s *ast.Update) {
	for _, a := range s.Exprs {
		if v.columns[a.Name.Name.Lowered()] == nil {
			return // a computed column, or none
		}
	}
	for _, a := range s.Exprs {
		v.rename(a.Name)
		v.rename(a.Expr)
	}
	s.TableExprs, s.Where = ast.TableExprs{v.table(ast.AuthType_UPDATE)}, v.where(s.Where)
	v.order(s.OrderBy)
}

func (v *simpleView) insert(s *ast.Insert) {
	names := v.names
	if len(s.Columns) > 0 {
		names = nil
		for _, c := range s.Columns {
			names = append(names, c.String())
		}
	}
	columns := make(ast.Columns, len(names))
	for i, name := range names {
		column := v.columns[strings.ToLower(name)]
		if column == nil {
			return
		}
		columns[i] = column.Name
	}
	s.Table, s.Columns = v.base, columns
	s.Auth.TargetNames = []string{v.base.DbQualifier.String(), v.base.Name.String()}
}
