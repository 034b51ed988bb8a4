package function

import (
	"regexp"
	"strconv"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	engine "github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/expression/function/json"
	"github.com/dolthub/go-mysql-server/sql/types"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// jsonPathName is the function that stands around a path with a place that is counted from the end.
const jsonPathName = prefix + "json_path"

// lastPlaces matches such a place of an array, [last] or [last-2], and names in quotes, which may look like one.
var lastPlaces = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\[\s*last\s*(?:-\s*(\d+)\s*)?\]`)

// jsonPath writes [last] as [-1] and [last-2] as [-3], as those functions of the engine want it that look a path up.
func jsonPath() *definition {
	return &definition{
		arity: exactly(1), text: func(args []string) string { return args[0] }, typeOf: always(types.LongText),
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			return countFromEnd(textOfArgument(ctx, call.args[0], args[0])), nil
		},
	}
}

func countFromEnd(path string) string {
	return lastPlaces.ReplaceAllStringFunc(path, func(place string) string {
		if place[0] == '"' {
			return place
		}
		before, err := strconv.Atoi("0" + lastPlaces.FindStringSubmatch(place)[1])
		if err != nil { // more than any array has
			return place
		}
		return "[" + strconv.Itoa(-1-before) + "]"
	})
}

// isPathFromEnd tells whether a text, as a path, counts from the end.
func isPathFromEnd(text string) bool { return countFromEnd(text) != text }

// firstPaths tells which argument is the first path of the engine's functions that look paths up. Those that change a
// document know of places from the end; JSON_SEARCH is left out, whose answer holds the path.
var firstPaths = map[string]int{"json_extract": 1, "json_keys": 1, "json_length": 1, "json_contains": 2, "json_contains_path": 2}

// pathFunctions gives these functions.
func pathFunctions() map[string]gsql.Function {
	out := map[string]gsql.Function{"json_value": gsql.FunctionN{Name: "json_value", Fn: jsonValue}}
	for _, f := range engine.BuiltIns {
		n, ok := f.(gsql.FunctionN)
		first := firstPaths[n.Name]
		if !ok || first == 0 {
			continue
		}
		out[n.Name] = gsql.FunctionN{Name: n.Name, Fn: func(args ...gsql.Expression) (gsql.Expression, error) {
			own := append([]gsql.Expression{}, args...)
			for i := first; i < len(own); i++ {
				own[i] = pathOf(own[i])
			}
			return n.Fn(own...)
		}}
	}
	return out
}

// pathOf gives a path as the engine wants it: a literal mostly is so.
func pathOf(e gsql.Expression) gsql.Expression {
	if l, ok := e.(*expression.Literal); ok {
		text, isText := l.Value().(string)
		if !isText || !isPathFromEnd(text) {
			return e
		}
	}
	out, err := pathDefinition.call(e)
	if err != nil {
		return e
	}
	return out
}

var pathDefinition = jsonPath()

// pathOperand does so with the path of the operators -> and ->>, which is a literal.
func pathOperand(e ast.Expr) ast.Expr {
	if l, ok := e.(*ast.SQLVal); ok && isPathFromEnd(string(l.Val)) {
		return call(jsonPathName, e)
	}
	return e
}

// jsonValue makes a call of JSON_VALUE, whose text is without the quotes that it has in the document.
func jsonValue(args ...gsql.Expression) (gsql.Expression, error) {
	own := append([]gsql.Expression{}, args...)
	if len(own) > 1 {
		own[1] = pathOf(own[1])
	}
	value, err := json.NewJsonValue(own...)
	if err != nil || len(own) > 2 {
		return value, err
	}
	value.(*json.JsonValue).Typ = types.JSON
	return valueText.call(value)
}

// valueText is the text of a value in a document; arrays, objects and null have none.
var valueText = &definition{
	arity: exactly(1), text: func(args []string) string { return args[0] }, typeOf: always(types.LongText), ownCollation: true,
	eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		document, ok := args[0].(gsql.JSONWrapper)
		if !ok {
			return args[0], nil
		}
		value, err := document.ToInterface()
		if err != nil {
			return nil, err
		}
		switch value.(type) {
		case nil, []any, map[string]any:
			return nil, nil
		}
		return json.NewJSONUnquote(expression.NewLiteral(document, types.JSON)).Eval(ctx, nil)
	},
}
