package datatype

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// CurrentTime gives CURRENT_TIMESTAMP with the digits of a column's type.
func CurrentTime(t gsql.Type) (gsql.Expression, error) {
	digits := 0
	if d, ok := t.(gsql.DatetimeType); ok {
		digits = d.Precision()
	}
	return function.NewNow(expression.NewLiteral(int8(digits), types.Int8))
}
