package function

import (
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// EndOfList is the variable that load puts behind the columns of LOAD DATA.
const EndOfList = prefix + "end_of_list"

// load marks where the list of columns ends, behind which the plan puts those of SET, and makes variables that SET reads
// calls: the file sets them while the statement runs, and the engine would take them for what they are before it.
func load(s *ast.Load) {
	if n := len(s.Columns); n > 0 && s.Columns[n-1].Lowered() != "@"+EndOfList {
		s.Columns = append(s.Columns, ast.NewColIdent("@"+EndOfList))
	}
	for _, set := range s.SetExprs {
		set.Expr = replace(set.Expr, func(e ast.Expr) ast.Expr {
			c, ok := e.(*ast.ColName)
			if !ok || !strings.HasPrefix(c.Name.String(), "@") || strings.HasPrefix(c.Name.String(), "@@") {
				return nil
			}
			return call(variableName, ast.NewStrVal([]byte(strings.Trim(c.Name.String()[1:], "`'\""))))
		})
	}
}
