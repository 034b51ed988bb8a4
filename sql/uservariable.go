package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"

	"redoubt/sql/function"
)

// setTexts gives a SET in which user variables get the texts of dates and times, for which they have no type; nil if it
// has none. The SQL engine would keep a DATE as a point in time, and show it as a DATETIME.
func setTexts(n *plan.Set) gsql.Node {
	out, changed := append([]gsql.Expression{}, n.Exprs...), false
	for i, e := range out {
		set, ok := e.(*expression.SetField)
		if !ok {
			continue
		}
		if _, ok := set.LeftChild.(*expression.UserVar); !ok {
			continue
		}
		if text, is := function.TextOfTime(set.RightChild); is {
			out[i], changed = expression.NewSetField(set.LeftChild, text), true
		}
	}
	if !changed {
		return nil
	}
	return plan.NewSet(out)
}
