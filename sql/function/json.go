package function

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	engine "github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/expression/function/aggregation"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// jsonFunctions gives the engine's functions that put values into JSON documents. Dates and times among them become texts
// as MySQL writes them; the engine would write them in a form of its own, and fail at a TIME.
func jsonFunctions() map[string]gsql.Function {
	out := map[string]gsql.Function{}
	for _, f := range engine.BuiltIns {
		n, ok := f.(gsql.FunctionN)
		if !ok || !makesJSON[n.Name] {
			continue
		}
		out[n.Name] = gsql.FunctionN{Name: n.Name, Fn: func(args ...gsql.Expression) (gsql.Expression, error) {
			own := make([]gsql.Expression, len(args))
			for i, a := range args {
				own[i], _ = inDocument(a)
			}
			return n.Fn(own...)
		}}
	}
	return out
}

var makesJSON = map[string]bool{
	"json_array": true, "json_object": true, "json_set": true, "json_insert": true, "json_replace": true,
	"json_array_append": true, "json_array_insert": true,
}

// gatherTimes does so with the arguments of JSON_ARRAYAGG and JSON_OBJECTAGG.
func gatherTimes(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	switch e.(type) {
	case *aggregation.JsonArray, *aggregation.JSONObjectAgg:
	default:
		return e, transform.SameTree, nil
	}
	children := append([]gsql.Expression{}, e.Children()...)
	changed := false
	for i, c := range children {
		written, is := inDocument(c)
		children[i], changed = written, changed || is
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	out, err := e.WithChildren(children...)
	return out, transform.NewTree, err
}

// inDocument gives an argument as it stands in a JSON document, and tells whether that is another.
func inDocument(e gsql.Expression) (gsql.Expression, bool) {
	t := e.Type()
	if s, ok := e.(*scalar); ok && s.definition == documentTime {
		return e, false
	}
	if !types.IsTime(t) && !types.IsTimespan(t) && !types.IsDeferredType(t) {
		return e, false
	}
	out, err := documentTime.call(e)
	return out, err == nil
}

// documentTime writes a date or time with all the digits that MySQL gives it in a document, and leaves other values.
var documentTime = &definition{
	arity: exactly(1), text: func(args []string) string { return args[0] },
	typeOf: func(args []gsql.Expression) gsql.Type {
		if t := args[0].Type(); !types.IsTime(t) && !types.IsTimespan(t) {
			return t
		}
		return types.LongText
	},
	eval: func(_ *gsql.Context, call *scalar, args []any) (any, error) {
		switch v := args[0].(type) {
		case time.Time:
			if types.IsDateType(call.args[0].Type()) {
				return v.Format(time.DateOnly), nil
			}
			return v.Format("2006-01-02 15:04:05.000000"), nil
		case types.Timespan:
			text := v.String()
			if v.AsMicroseconds()%int64(time.Second/time.Microsecond) == 0 {
				text += ".000000"
			}
			return text, nil
		}
		return args[0], nil
	},
}
