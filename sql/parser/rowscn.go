package parser

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/planbuilder"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// rowSCNColumn is the pseudo-column with the SCN of the commit that made a row's version.
const rowSCNColumn = "ora_rowscn"

// versionsPrefix is what the names of the pseudo-columns of VERSIONS begin with.
const versionsPrefix = "versions_"

// VersionsColumns are the pseudo-columns of VERSIONS, ORA_ROWSCN besides, in the order of their table.
func VersionsColumns() []string {
	return []string{
		"versions_startscn", "versions_starttime", "versions_endscn", "versions_endtime", "versions_xid",
		"versions_operation", "versions_user", "versions_incarnation",
	}
}

// PseudoColumn is what Extra says of a column that `*` does not show.
const PseudoColumn = "pseudo-column"

// isPseudoColumn reports whether a name is that of a pseudo-column.
func isPseudoColumn(name string) bool {
	switch {
	case len(name) == len(rowSCNColumn) && strings.EqualFold(name, rowSCNColumn):
		return true
	case len(name) <= len(versionsPrefix) || !strings.EqualFold(name[:len(versionsPrefix)], versionsPrefix):
		return false
	}
	return slices.ContainsFunc(VersionsColumns(), func(c string) bool { return strings.EqualFold(c, name) })
}

// mentionsRowSCN reports whether a pseudo-column is named among the tokens.
func mentionsRowSCN(list []Token) bool {
	for _, t := range list {
		if name, ok := t.Ident(); ok && isPseudoColumn(name) {
			return true
		}
	}
	return false
}

// rowSCN makes pseudo-columns work, ORA_ROWSCN and those of VERSIONS: the tables that it is asked of get an AS OF value that asks the storage for one more
// column, and `*` beside it is replaced by what it stands for, without that column.
func (c *completer) rowSCN(tree ast.Statement) error {
	switch s := tree.(type) {
	case ast.SelectStatement:
		return c.selectStatement(s, nil)
	case *ast.Insert:
		if rows, ok := s.Rows.(ast.SelectStatement); ok {
			return c.selectStatement(rows, nil)
		}
	case *ast.DDL:
		return c.ddl(s)
	case *ast.Update:
		return c.written("UPDATE", s)
	case *ast.Delete:
		return c.written("DELETE", s)
	}
	return c.subqueries(tree, nil)
}

func (c *completer) ddl(s *ast.DDL) error {
	switch { // a walk does not enter the bodies of stored programs
	case s.ProcedureSpec != nil:
		return c.subqueries(s.ProcedureSpec.Body, nil)
	case s.TriggerSpec != nil:
		return c.subqueries(s.TriggerSpec.Body, nil)
	}
	if s.ViewSpec != nil && s.ViewSpec.ViewExpr != nil {
		return c.selectStatement(s.ViewSpec.ViewExpr, nil)
	}
	if s.OptSelect != nil && s.OptSelect.Select != nil {
		return c.selectStatement(s.OptSelect.Select, nil)
	}
	return c.subqueries(s, nil)
}

// written handles UPDATE and DELETE: their own tables have no pseudo-column, those of their subqueries do.
func (c *completer) written(verb string, tree ast.SQLNode) error {
	own := false
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *ast.Subquery:
			return false, nil
		case *ast.ColName:
			own = own || n.Name.EqualString(rowSCNColumn)
		}
		return true, nil
	}, tree)
	if own {
		return sqlcode.RowSCN("in the WHERE of " + verb + "; write WHERE key IN (SELECT key FROM … WHERE ORA_ROWSCN …)")
	}
	return c.subqueries(tree, nil)
}

// subqueries handles the SELECTs below a node.
func (c *completer) subqueries(n ast.SQLNode, outer *block) error {
	return ast.Walk(func(n ast.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *ast.Subquery:
			return false, c.selectStatement(n.Select, outer)
		case *ast.Select, *ast.SetOp:
			return false, c.selectStatement(n.(ast.SelectStatement), outer)
		}
		return true, nil
	}, n)
}

// block is one SELECT and what it is nested in.
type block struct {
	outer  *block
	ctes   map[string]bool
	tables []*blockTable
}

// blockTable is one table of a block. Views, derived tables and common table expressions have no base.
type blockTable struct {
	name string // by which its columns are qualified
	expr *ast.AliasedTableExpr
	base bool
	scn  bool // the pseudo-column is asked of it
}

func (c *completer) selectStatement(s ast.SelectStatement, outer *block) error {
	switch s := s.(type) {
	case *ast.Select:
		return c.selectBlock(s, outer)
	case *ast.SetOp:
		scope := &block{outer: outer, ctes: cteNames(s.With)}
		if err := c.withClause(s.With, scope); err != nil {
			return err
		}
		if err := c.selectStatement(s.Left, scope); err != nil {
			return err
		}
		return c.selectStatement(s.Right, scope)
	case *ast.ParenSelect:
		return c.selectStatement(s.Select, outer)
	}
	return nil
}

func cteNames(w *ast.With) map[string]bool {
	names := map[string]bool{}
	if w != nil {
		for _, cte := range w.Ctes {
			names[strings.ToLower(cte.As.String())] = true
		}
	}
	return names
}

// withClause handles common table expressions: they see what the block sees that they belong to.
func (c *completer) withClause(w *ast.With, scope *block) error {
	if w == nil {
		return nil
	}
	for _, cte := range w.Ctes {
		if err := c.subqueries(cte.AliasedTableExpr, scope); err != nil {
			return err
		}
	}
	return nil
}

func (c *completer) selectBlock(s *ast.Select, outer *block) error {
	b := &block{outer: outer, ctes: cteNames(s.With)}
	if err := c.withClause(s.With, b); err != nil {
		return err
	}
	joined := false // NATURAL or USING: `*` then is not the sum of its tables
	for _, from := range s.From {
		if err := c.collect(from, b, &joined); err != nil {
			return err
		}
	}
	b.mark(s)
	for _, t := range b.tables {
		if t.scn {
			if err := t.ask(); err != nil {
				return err
			}
		}
	}
	if err := c.expandStars(s, b, joined); err != nil {
		return err
	}
	// The rest of the block: derived tables and subqueries, which may ask for it themselves or refer to this block.
	for _, n := range b.parts(s) {
		if err := c.subqueries(n, b); err != nil {
			return err
		}
	}
	return nil
}

// collect adds the tables of one FROM element to the block.
func (c *completer) collect(from ast.TableExpr, b *block, joined *bool) error {
	switch t := from.(type) {
	case *ast.AliasedTableExpr:
		bt := &blockTable{name: strings.ToLower(t.As.String()), expr: t}
		if name, ok := t.Expr.(ast.TableName); ok {
			if bt.name == "" {
				bt.name = strings.ToLower(name.Name.String())
			}
			base, err := c.isBase(name, b)
			if err != nil {
				return err
			}
			bt.base = base
		}
		b.tables = append(b.tables, bt)
	case *ast.JoinTableExpr:
		*joined = *joined || len(t.Condition.Using) > 0 || strings.Contains(strings.ToLower(t.Join), "natural")
		if err := c.collect(t.LeftExpr, b, joined); err != nil {
			return err
		}
		return c.collect(t.RightExpr, b, joined)
	case *ast.ParenTableExpr:
		for _, e := range t.Exprs {
			if err := c.collect(e, b, joined); err != nil {
				return err
			}
		}
	}
	return nil
}

// isBase reports whether a name in FROM is that of a base table.
func (c *completer) isBase(name ast.TableName, b *block) (bool, error) {
	if name.DbQualifier.IsEmpty() {
		lower := strings.ToLower(name.Name.String())
		for scope := b; scope != nil; scope = scope.outer {
			if scope.ctes[lower] {
				return false, nil
			}
		}
	}
	if c.ctx == nil || c.catalog == nil {
		return true, nil
	}
	return !c.isView(name), nil
}

func (c *completer) isView(name ast.TableName) bool {
	database := name.DbQualifier.String()
	if database == "" {
		database = c.ctx.GetCurrentDatabase()
	}
	db, err := c.catalog.Database(c.ctx, database)
	if err != nil {
		return false // the engine reports it
	}
	if views, ok := db.(sql.ViewDatabase); ok {
		if _, ok, err := views.GetViewDefinition(c.ctx, name.Name.String()); ok && err == nil {
			return true
		}
	}
	return false
}

// mark finds which tables of the block the pseudo-column is asked of: by the block itself, and, qualified, by the
// subqueries in it.
func (b *block) mark(s *ast.Select) {
	for _, n := range b.parts(s) {
		b.markIn(n, false)
	}
}

func (b *block) markIn(n ast.SQLNode, nested bool) {
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		switch n := n.(type) {
		case *ast.Subquery:
			b.markIn(n.Select, true)
			return false, nil
		case *ast.ColName:
			if isPseudoColumn(n.Name.String()) && !(nested && n.Qualifier.IsEmpty()) {
				b.ask(n)
			}
		}
		return true, nil
	}, n)
}

// parts returns what a SELECT consists of, its common table expressions left out.
func (b *block) parts(s *ast.Select) []ast.SQLNode {
	return []ast.SQLNode{s.SelectExprs, s.From, s.Where, s.GroupBy, s.Having, s.OrderBy}
}

// ask marks the tables of the block that a reference can mean. What it does not find may be a column of that name in a
// derived table, or of none: the engine knows.
func (b *block) ask(n *ast.ColName) {
	qualifier := strings.ToLower(n.Qualifier.Name.String())
	for _, t := range b.tables {
		if t.base && (qualifier == "" || t.name == qualifier) && (t.versions() || n.Name.EqualString(rowSCNColumn)) {
			t.scn = true
		}
	}
}

// versions reports whether the table's versions are asked for.
func (t *blockTable) versions() bool {
	if t.expr.AsOf == nil {
		return false
	}
	call, ok := t.expr.AsOf.Time.(*ast.FuncExpr)
	return ok && call.Name.Lowered() == versionsFunction
}

// ask gives the table the AS OF value that asks for the column.
func (t *blockTable) ask() error {
	if t.expr.AsOf == nil {
		t.expr.AsOf = &ast.AsOf{Time: asOfCall(clausePresent+"+"+flagRowSCN, &ast.NullVal{})}
		return nil
	}
	call, ok := t.expr.AsOf.Time.(*ast.FuncExpr)
	if !ok || call.Name.Lowered() != asOfFunction && call.Name.Lowered() != versionsFunction || len(call.Exprs) < 2 {
		return sqlcode.RowSCN("beside FOR VERSION")
	}
	first, ok := call.Exprs[0].(*ast.AliasedExpr)
	if !ok {
		return nil
	}
	if words, ok := first.Expr.(*ast.SQLVal); ok && !strings.Contains(string(words.Val), flagRowSCN) {
		words.Val = append(append([]byte(nil), words.Val...), "+"+flagRowSCN...)
	}
	return nil
}

func asOfCall(words string, value ast.Expr) *ast.FuncExpr {
	return &ast.FuncExpr{Name: ast.NewColIdent(asOfFunction), Exprs: ast.SelectExprs{
		&ast.AliasedExpr{Expr: ast.NewStrVal([]byte(words))}, &ast.AliasedExpr{Expr: value},
	}}
}

// expandStars replaces each `*` that would show the pseudo-column.
func (c *completer) expandStars(s *ast.Select, b *block, joined bool) error {
	asked := false
	for _, t := range b.tables {
		asked = asked || t.scn
	}
	if !asked {
		return nil
	}
	var out ast.SelectExprs
	for _, e := range s.SelectExprs {
		star, ok := e.(*ast.StarExpr)
		if !ok {
			out = append(out, e)
			continue
		}
		if star.TableName.IsEmpty() && joined {
			return sqlcode.RowSCN("beside * over a NATURAL join or one with USING")
		}
		columns, err := c.starColumns(star, b)
		if err != nil {
			return err
		}
		out = append(out, columns...)
	}
	s.SelectExprs = out
	return nil
}

// starColumns returns what a star stands for: the columns of tables that were asked for the pseudo-column, by name, and
// a star of its own for each other table.
func (c *completer) starColumns(star *ast.StarExpr, b *block) (out ast.SelectExprs, err error) {
	only := strings.ToLower(star.TableName.Name.String())
	for _, t := range b.tables {
		if only != "" && t.name != only {
			continue
		}
		qualifier := ast.TableName{Name: ast.NewTableIdent(t.name)}
		if !t.scn {
			out = append(out, &ast.StarExpr{TableName: qualifier})
			continue
		}
		columns, err := c.columns(t.expr)
		if err != nil {
			return nil, err
		}
		for _, name := range columns {
			out = append(out, &ast.AliasedExpr{Expr: &ast.ColName{Name: ast.NewColIdent(name), Qualifier: qualifier}})
		}
	}
	if len(out) == 0 {
		out = ast.SelectExprs{star} // the engine reports that there is no such table
	}
	return out, nil
}

// columns returns the names of a table's columns, at the point of its AS OF clause.
func (c *completer) columns(t *ast.AliasedTableExpr) ([]string, error) {
	if c.ctx == nil || c.catalog == nil {
		return nil, sqlcode.RowSCN("beside * outside of a session; name the columns")
	}
	name, ok := t.Expr.(ast.TableName)
	if !ok {
		return nil, nil
	}
	point, err := c.evaluate(t.AsOf.Time)
	if err != nil {
		return nil, err
	}
	if at, err := DecodeAsOf(point); err != nil || at.Kind == Unbound || at.Kind == Between && at.Range.High.Kind == Present {
		return nil, sqlcode.RowSCN("beside * in a table AS OF a parameter; name the columns")
	}
	table, ok, err := c.table(name, point)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, sqlcode.UnknownTable(name.Name.String())
	}
	var names []string
	for _, col := range table.Schema() {
		if !strings.EqualFold(col.Name, rowSCNColumn) && col.Extra != PseudoColumn {
			names = append(names, col.Name)
		}
	}
	return names, nil
}

// evaluate computes an expression that refers to no table.
func (c *completer) evaluate(e ast.Expr) (any, error) {
	tree, err := ast.Parse("SELECT 1")
	if err != nil {
		return nil, err
	}
	statement, ok := tree.(*ast.Select)
	if !ok {
		return nil, fmt.Errorf("parser: SELECT 1 is a %T", tree)
	}
	statement.SelectExprs = ast.SelectExprs{&ast.AliasedExpr{Expr: e}}
	node, _, err := planbuilder.New(c.ctx, c.catalog, nil, sql.GlobalParser).BindOnly(statement, "", nil)
	if err != nil {
		return nil, err
	}
	project, ok := node.(*plan.Project)
	if !ok || len(project.Projections) != 1 {
		return nil, sqlcode.BadAsOf("its expression is not a value")
	}
	return project.Projections[0].Eval(c.ctx, nil)
}
