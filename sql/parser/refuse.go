package parser

import (
	ast "github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/sql/sqlcode"
)

// isPeriodWord reports whether a word may belong to a clause that asks for a period of time.
func isPeriodWord(t Token) bool { return t.IsAny("SYSTEM_TIME", "VERSIONS", "VERSION") }

func mentionsPeriod(list []Token) bool {
	for _, t := range list {
		if isPeriodWord(t) {
			return true
		}
	}
	return false
}

// refusePast refuses periods, which the engine's grammar has and its planner has not, and AS OF at the only table of
// an UPDATE. An UPDATE of several tables may take values from the past; its storage refuses to write there.
func refusePast(tree ast.Statement, periods bool) error {
	if update, ok := tree.(*ast.Update); ok && len(update.TableExprs) == 1 {
		if t, ok := update.TableExprs[0].(*ast.AliasedTableExpr); ok && t.AsOf != nil {
			return sqlcode.AsOfWrite("UPDATE")
		}
	}
	if !periods {
		return nil
	}
	return ast.Walk(func(n ast.SQLNode) (bool, error) {
		if a, ok := n.(*ast.AsOf); ok && a != nil && a.Time == nil {
			return false, sqlcode.Unsupported("VERSIONS and FOR SYSTEM_TIME with BETWEEN, FROM, CONTAINED IN or ALL; AS OF it does")
		}
		return true, nil
	}, tree)
}
