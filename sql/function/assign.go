package function

import (
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// assign defines @v := e within an expression: the function is called with the variable's name and the value.
func assign() *definition {
	return &definition{
		arity: exactly(2), nulls: true, varies: true,
		text: func(args []string) string {
			return fmt.Sprintf("@%s := %s", strings.Trim(args[0], "'"), args[1])
		},
		typeOf: func(args []gsql.Expression) gsql.Type { return args[1].Type() },
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			name, ok := args[0].(string)
			if !ok {
				return nil, gsql.ErrSyntaxError.New("the name of a variable is missing")
			}
			return args[1], ctx.SetUserVariable(ctx, name, args[1], variableType(call.args[1].Type()))
		},
	}
}

// variable defines a function that reads a user variable, as a text.
func variable() *definition {
	return &definition{
		arity: exactly(1), varies: true, ownCollation: true, typeOf: always(types.LongText),
		text: func(args []string) string { return "@" + strings.Trim(args[0], "'") },
		eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
			name, _ := args[0].(string)
			t, v, err := ctx.GetUserVariable(ctx, name)
			if err != nil || v == nil || t == nil {
				return nil, err
			}
			return textOfArgument(ctx, expression.NewLiteral(v, t), v), nil
		},
	}
}

// collateVariables puts user variables that hold texts among the operands of a comparison under the connection's
// collation. The engine compares their bytes, but against a column, which may have an index, by that one's.
func collateVariables(operands []gsql.Expression) (changed bool) {
	for _, e := range operands {
		if _, column := e.(*expression.GetField); column {
			return false
		}
	}
	for i, e := range operands {
		v, ok := e.(*expression.UserVar)
		if !ok || !types.IsTextOnly(v.Type()) {
			continue
		}
		d := variable()
		d.name = variableName
		if collated, err := d.call(expression.NewLiteral(v.Name, types.LongText)); err == nil {
			operands[i], changed = collated, true
		}
	}
	return changed
}

const variableName = prefix + "variable"

// variableType gives the type that a variable has after it was given a value of a type.
func variableType(t gsql.Type) gsql.Type {
	switch {
	case types.IsSigned(t):
		return types.Int64
	case types.IsUnsigned(t):
		return types.Uint64
	}
	return t
}

// isUnset tells whether an expression is a variable that nothing was assigned to when the statement was planned. It may
// get any value while the statement runs.
func isUnset(e gsql.Expression) bool {
	v, ok := e.(*expression.UserVar)
	return ok && v.Type() == types.Null
}
