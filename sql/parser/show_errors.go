package parser

import (
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// showErrors makes of SHOW ERRORS, which the engine does not have, a SHOW WARNINGS that lists none: sessions keep no errors,
// and SHOW WARNINGS after one lists none either.
func showErrors(tree ast.Statement) {
	if s, ok := tree.(*ast.Show); ok && !s.CountStar && strings.EqualFold(s.Type, "errors") {
		s.Type, s.Limit = "warnings", &ast.Limit{Rowcount: ast.NewIntVal([]byte("0"))}
	}
}
