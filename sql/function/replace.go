package function

import (
	"reflect"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// replace gives an expression with parts of it replaced. by is asked for each part from the top, outside of subqueries;
// where it gives nil the parts below are asked.
func replace(e ast.Expr, by func(ast.Expr) ast.Expr) ast.Expr {
	if e == nil {
		return nil
	}
	if other := by(e); other != nil {
		return other
	}
	if !isSubquery(e) {
		replaceBelow(reflect.ValueOf(e), by)
	}
	return e
}

var limitType = reflect.TypeFor[*ast.Limit]()

// replaceBelow replaces the expressions in the fields of a node, but for those of LIMIT, where there are only numbers
// and variables.
func replaceBelow(v reflect.Value, by func(ast.Expr) ast.Expr) {
	if v.Type() == limitType {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			replaceBelow(v.Elem(), by)
		}
	case reflect.Interface:
		switch {
		case v.IsNil():
		case v.Type() == exprType && v.CanSet():
			v.Set(reflect.ValueOf(replace(v.Interface().(ast.Expr), by)))
		case v.Type().Implements(nodeType):
			replaceBelow(v.Elem(), by)
		}
	case reflect.Slice:
		for i := range v.Len() {
			replaceBelow(v.Index(i), by)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				replaceBelow(v.Field(i), by)
			}
		}
	}
}
