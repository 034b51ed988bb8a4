package parser

import (
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
	local := localNames(ddl.ViewSpec.ViewExpr)
	_ = ast.Walk(func(n ast.SQLNode) (bool, error) {
		t, ok := n.(*ast.AliasedTableExpr)
		if !ok || t.AsOf != nil {
			return true, nil
		}
		name, ok := t.Expr.(ast.TableName)
		if !ok || name.DbQualifier.IsEmpty() && local[strings.ToLower(name.Name.String())] {
			return true, nil
		}
		t.AsOf = &ast.AsOf{Time: &ast.FuncExpr{
			Name: ast.NewColIdent(asOfFunction),
			Exprs: ast.SelectExprs{
				&ast.AliasedExpr{Expr: ast.NewStrVal([]byte(clauseSCN))}, &ast.AliasedExpr{Expr: ast.NewIntVal([]byte(scn))},
			},
		}}
		return true, nil
	}, ddl.ViewSpec.ViewExpr)
}
