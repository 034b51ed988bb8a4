package parser

import (
	"context"
	"strconv"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// PointSession is a session that wants to know at which point in time the table that the engine is about to look for is
// to be read. The engine asks a database for the definition of a view without telling the point.
type PointSession interface {
	PointEvaluated(AsOf)
}

func notePoint(ctx *sql.Context, a AsOf) {
	if ctx == nil {
		return
	}
	if s, ok := ctx.Session.(PointSession); ok {
		s.PointEvaluated(a)
	}
}

// The marker at the end of the definition of a view that is read as of an SCN. The control character keeps it apart
// from what a client would write.
const (
	pastMarker    = "\n/*\x01redoubt:as of scn "
	pastMarkerEnd = "*/"
)

// PastDefinition returns the text of a CREATE VIEW whose tables and views are read as of an SCN, unless they name a
// point themselves.
func PastDefinition(text string, scn uint64) string {
	return text + pastMarker + strconv.FormatUint(scn, 10) + pastMarkerEnd
}

// pointOfDefinition returns the SCN that PastDefinition has put behind a text.
func pointOfDefinition(text string) (scn string, ok bool) {
	at := strings.LastIndex(text, pastMarker)
	if at < 0 || !strings.HasSuffix(text, pastMarkerEnd) {
		return "", false
	}
	scn = text[at+len(pastMarker) : len(text)-len(pastMarkerEnd)]
	_, err := strconv.ParseUint(scn, 10, 64)
	return scn, err == nil
}

// readPast gives each table of a view's definition the point that the text names. Names of common table expressions are
// left alone.
func readPast(text string, tree ast.Statement) {
	scn, ok := pointOfDefinition(text)
	ddl, isDDL := tree.(*ast.DDL)
	if !ok || !isDDL || ddl.ViewSpec == nil {
		return
	}
	eachTableNow(ddl.ViewSpec.ViewExpr, func(t *ast.AliasedTableExpr, _ ast.TableName) {
		t.AsOf = &ast.AsOf{Time: &ast.FuncExpr{
			Name: ast.NewColIdent(asOfFunction),
			Exprs: ast.SelectExprs{
				&ast.AliasedExpr{Expr: ast.NewStrVal([]byte(clauseSCN))}, &ast.AliasedExpr{Expr: ast.NewIntVal([]byte(scn))},
			},
		}}
	})
}

// eachTableNow calls f for each table or view that a query names without a point of its own, except common table expressions.
func eachTableNow(query ast.SQLNode, f func(*ast.AliasedTableExpr, ast.TableName)) {
	local := localNames(query)
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		t, ok := n.(*ast.AliasedTableExpr)
		if !ok || t.AsOf != nil {
			return true, nil
		}
		name, ok := t.Expr.(ast.TableName)
		if ok && !(name.DbQualifier.IsEmpty() && local[strings.ToLower(name.Name.String())]) {
			f(t, name)
		}
		return true, nil
	}, query)
}

// TablesOfView returns the tables and views that the text of a CREATE VIEW reads as they are now; none if it cannot be read, which
// shows when the view is.
func TablesOfView(text string, options ast.ParserOptions) (tables []TableName) {
	tree, _, _, err := sql.GlobalParser.ParseWithOptions(context.Background(), text, ';', false, options)
	ddl, ok := tree.(*ast.DDL)
	if err != nil || !ok || ddl.ViewSpec == nil {
		return nil
	}
	eachTableNow(ddl.ViewSpec.ViewExpr, func(_ *ast.AliasedTableExpr, name ast.TableName) {
		tables = append(tables, TableName{Database: name.DbQualifier.String(), Table: name.Name.String()})
	})
	return tables
}
