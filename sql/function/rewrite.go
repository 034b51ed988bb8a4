package function

import (
	"reflect"
	"strings"
	"sync"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// Rewriter replaces, in a statement's syntax tree, what the SQL engine would build without asking for a function by
// calls of functions of the Library. It may be used by many goroutines.
type Rewriter struct {
	holds  sync.Map // reflect.Type → whether expressions can be below it
	fields sync.Map // reflect.Type of a struct → []int, its fields below which expressions can be
}

// NewRewriter makes a Rewriter.
func NewRewriter() *Rewriter { return &Rewriter{} }

// Rewrite changes the tree in place and returns it. A tree that was rewritten is left as it is.
func (r *Rewriter) Rewrite(tree ast.Statement) ast.Statement {
	if tree != nil {
		p := pass{Rewriter: r}
		switch t := tree.(type) {
		case *ast.DDL:
			p.defines = t.ViewSpec == nil && t.TriggerSpec == nil && t.ProcedureSpec == nil
		case *ast.AlterTable:
			p.defines = true
		}
		p.walk(reflect.ValueOf(tree))
	}
	return tree
}

// pass is the rewriting of one statement.
type pass struct {
	*Rewriter
	defines bool // the statement defines columns or checks, whose text is written from the tree and comes through here again when it is used
}

var (
	exprType      = reflect.TypeFor[ast.Expr]()
	procedureType = reflect.TypeFor[ast.ProcedureSpec]()
	loadType      = reflect.TypeFor[ast.Load]()
	valuesType    = reflect.TypeFor[ast.Values]()
	updateType    = reflect.TypeFor[ast.Update]()
	selectType    = reflect.TypeFor[ast.Select]()
	nodeType      = reflect.TypeFor[ast.SQLNode]()
	scheduleType  = reflect.TypeFor[ast.EventScheduleSpec]() // the engine reads its intervals itself
)

// walk goes through everything that the parser can put expressions into. It goes by the types of the fields, because
// the tree's own Walk leaves some out: ORDER BY of a UNION, the conditions of WHILE, defaults of columns.
func (r pass) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			r.walk(v.Elem())
		}
	case reflect.Interface:
		r.walkInterface(v)
	case reflect.Slice:
		if v.Type() == valuesType { // the rows of an INSERT, perhaps a great many
			for _, t := range v.Interface().(ast.Values) {
				r.expression(t, false)
			}
		} else if r.mayHold(v.Type().Elem()) {
			for i := range v.Len() {
				r.walk(v.Index(i))
			}
		}
	case reflect.Struct:
		r.walkStruct(v)
	}
}

func (r pass) walkStruct(v reflect.Value) {
	if v.CanAddr() {
		switch v.Type() {
		case selectType:
			s := v.Addr().Interface().(*ast.Select)
			rollUp(s)
			namedWindows(s)
			havingAliases(s)
			havingVariables(s)
			groupedWindows(s)
			havingOfJoin(s)
		case updateType:
			updateOfJoin(v.Addr().Interface().(*ast.Update))
		case loadType:
			load(v.Addr().Interface().(*ast.Load))
		case procedureType:
			procedure(v.Addr().Interface().(*ast.ProcedureSpec))
		}
	}
	for _, i := range r.fieldsOf(v.Type()) {
		r.walk(v.Field(i))
	}
}

// fieldsOf gives the fields of a struct below which expressions can be.
func (r *Rewriter) fieldsOf(t reflect.Type) []int {
	if known, ok := r.fields.Load(t); ok {
		return known.([]int)
	}
	var found []int
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && r.mayHold(f.Type) {
			found = append(found, i)
		}
	}
	r.fields.Store(t, found)
	return found
}

func (r pass) walkInterface(v reflect.Value) {
	if v.IsNil() {
		return
	}
	if v.Type() != exprType {
		r.walk(v.Elem())
		return
	}
	before := v.Interface().(ast.Expr)
	if after := r.expression(before, false); v.CanSet() {
		v.Set(reflect.ValueOf(after))
	}
}

// mayHold tells whether expressions can be below a value of a type.
func (r *Rewriter) mayHold(t reflect.Type) bool {
	if known, ok := r.holds.Load(t); ok {
		return known.(bool)
	}
	found := searchType(t, map[reflect.Type]bool{})
	r.holds.Store(t, found)
	return found
}

func searchType(t reflect.Type, visiting map[reflect.Type]bool) bool {
	if t == scheduleType || visiting[t] {
		return false
	}
	visiting[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return t.Implements(nodeType)
	case reflect.Pointer, reflect.Slice:
		return searchType(t.Elem(), visiting)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && searchType(f.Type, visiting) {
				return true
			}
		}
	}
	return false
}

// expression gives what takes the place of an expression. operand tells that it is an operand of arithmetic, which goes
// on with all digits.
func (r pass) expression(e ast.Expr, operand bool) ast.Expr {
	switch e := e.(type) {
	case nil, *ast.SQLVal, *ast.ColName, *ast.NullVal, ast.BoolVal:
		return e
	case ast.ValTuple:
		for i := range e {
			e[i] = r.expression(e[i], false)
		}
		return e
	case *ast.ParenExpr:
		e.Expr = r.expression(e.Expr, operand)
		return e
	case *ast.BinaryExpr:
		return r.binary(e)
	case *ast.UnaryExpr:
		return r.unary(e)
	case *ast.FuncExpr:
		return r.function(e, operand)
	case *ast.TimestampFuncExpr:
		return r.timestamp(e)
	case *ast.ConvertExpr:
		return r.cast(e)
	case *ast.SubstrExpr:
		return r.substring(e)
	case *ast.ComparisonExpr:
		return r.comparison(e)
	case *ast.GroupConcatExpr:
		return r.list(e)
	case *ast.CaseExpr:
		return r.choice(e)
	case *ast.ExistsExpr:
		r.walk(reflect.ValueOf(e))
		if r.defines {
			return e
		}
		return call(memberName, e)
	case *ast.ConvertUsingExpr:
		return call(convertName, r.expression(e.Expr, false), ast.NewStrVal([]byte(e.Type)))
	case *ast.ExtractFuncExpr:
		return call(prefix+"extract", ast.NewStrVal([]byte(e.Unit)), r.expression(e.Expr, false))
	}
	r.walk(reflect.ValueOf(e))
	return e
}

// binaryFunctions names what stands for the operators with two operands.
var binaryFunctions = map[string]string{
	ast.PlusStr: operatorFunctions[plusOperator], ast.MinusStr: operatorFunctions[minusOperator],
	ast.MultStr: operatorFunctions[timesOperator], ast.DivStr: operatorFunctions[divideOperator],
	ast.ModStr: operatorFunctions[moduloOperator], ast.IntDivStr: operatorFunctions[quotientOperator],
	ast.BitAndStr: prefix + "bit_and", ast.BitOrStr: prefix + "bit_or", ast.BitXorStr: prefix + "bit_xor",
	ast.ShiftLeftStr: prefix + "shift_left", ast.ShiftRightStr: prefix + "shift_right",
}

func (r pass) binary(e *ast.BinaryExpr) ast.Expr {
	e.Left, e.Right = r.expression(e.Left, true), r.expression(e.Right, true)
	name, ok := binaryFunctions[strings.ToLower(e.Operator)]
	if !ok {
		if e.Operator == ast.JSONExtractOp || e.Operator == ast.JSONUnquoteExtractOp {
			e.Right = pathOperand(e.Right)
		}
		return e
	}
	if shifted := shiftInTime(e); shifted != nil {
		return shifted
	}
	return call(name, e.Left, e.Right)
}

func (r pass) unary(e *ast.UnaryExpr) ast.Expr {
	if _, literal := e.Expr.(*ast.SQLVal); literal && e.Operator != ast.TildaStr {
		return e
	}
	switch e.Operator {
	case ast.UMinusStr:
		return call(prefix+"negate", r.expression(e.Expr, true))
	case ast.TildaStr:
		return call(prefix+"bit_not", r.expression(e.Expr, true))
	}
	e.Expr = r.expression(e.Expr, e.Operator == ast.UPlusStr)
	return e
}

// exactArguments are functions that go on with all digits of their arguments.
var exactArguments = map[string]bool{"round": true, "truncate": true}

// function rewrites a call. SUM and AVG become calls of FIRST, the one aggregate that keeps its function's type: the
// engine takes every SUM and AVG for a float. The Library's FIRST gives them back.
func (r pass) function(e *ast.FuncExpr, operand bool) ast.Expr {
	name := e.Name.Lowered()
	if name == digitsName {
		return e
	}
	if name == memberName { // made before
		r.walk(reflect.ValueOf(e.Exprs[0].(*ast.AliasedExpr).Expr))
		return e
	}
	for _, x := range e.Exprs {
		if a, ok := x.(*ast.AliasedExpr); ok {
			a.Expr = r.expression(a.Expr, exactArguments[name])
		}
	}
	if e.Over != nil {
		r.walk(reflect.ValueOf(e.Over))
		return overWindow(e, name)
	}
	switch {
	case name == "count" && e.Distinct && !hasStar(e.Exprs):
		return call("first", &ast.FuncExpr{Name: ast.NewColIdent(countDistinctName), Exprs: e.Exprs})
	case (name == "sum" || name == "avg") && len(e.Exprs) == 1:
		outer := call("first", &ast.FuncExpr{Name: ast.NewColIdent(prefix + name), Exprs: e.Exprs})
		outer.Distinct = e.Distinct
		if name == "avg" && !operand {
			return call(prefix+"shown", outer)
		}
		return outer
	}
	return e
}

// windowNames holds the functions over windows that are ours.
var windowNames = windowKinds()

// overWindow makes a window function one of ours, in the place of FIRST.
func overWindow(e *ast.FuncExpr, name string) ast.Expr {
	if _, ok := windowNames[name]; !ok || e.Distinct {
		return e
	}
	inner := &ast.FuncExpr{Name: ast.NewColIdent(windowPrefix + name), Exprs: e.Exprs}
	if hasStar(e.Exprs) {
		inner.Exprs = ast.SelectExprs{&ast.AliasedExpr{Expr: ast.NewIntVal([]byte("1"))}}
	}
	outer := call("first", inner)
	outer.Over = e.Over
	return outer
}

func hasStar(exprs ast.SelectExprs) bool {
	for _, x := range exprs {
		if _, ok := x.(*ast.StarExpr); ok {
			return true
		}
	}
	return false
}

// list makes a call of GROUP_CONCAT.
func (r pass) list(e *ast.GroupConcatExpr) ast.Expr {
	r.walk(reflect.ValueOf(e))
	separator, directions := ",", make([]byte, len(e.OrderBy))
	if !e.Separator.DefaultSeparator {
		separator = e.Separator.SeparatorString
	}
	for i, o := range e.OrderBy {
		directions[i] = o.Direction[0]
	}
	inner := call(listName, ast.NewStrVal([]byte(separator)), ast.NewStrVal(directions))
	inner.Exprs = append(inner.Exprs, e.Exprs...)
	for _, o := range e.OrderBy {
		inner.Exprs = append(inner.Exprs, &ast.AliasedExpr{Expr: o.Expr})
	}
	outer := call("first", inner)
	outer.Distinct = e.Distinct != ""
	return outer
}

// timestamp makes calls of TIMESTAMPADD and TIMESTAMPDIFF, whose units are no names to the engine's grammar.
func (r pass) timestamp(e *ast.TimestampFuncExpr) ast.Expr {
	e.Expr1, e.Expr2 = r.expression(e.Expr1, false), r.expression(e.Expr2, false)
	if !strings.EqualFold(e.Name, "timestampadd") {
		return call("timestampdiff", ast.NewStrVal([]byte(e.Unit)), e.Expr1, e.Expr2)
	}
	return call("date_add", e.Expr2, &ast.IntervalExpr{Expr: e.Expr1, Unit: e.Unit})
}

// comparison rewrites a comparison with ALL or ANY of a subquery, which the parser front has left as a call.
func (r pass) comparison(e *ast.ComparisonExpr) ast.Expr {
	r.walk(reflect.ValueOf(e))
	switch e.Operator {
	case ast.EqualStr, ast.NotEqualStr, ast.LessThanStr, ast.LessEqualStr, ast.GreaterThanStr, ast.GreaterEqualStr, ast.NullSafeEqualStr:
		e.Left, e.Right = r.markDigits(e.Left), r.markDigits(e.Right)
	}
	if e.Escape == nil && !r.defines {
		switch e.Operator {
		case ast.LikeStr:
			return call(likeName, e.Left, e.Right)
		case ast.NotLikeStr:
			return &ast.NotExpr{Expr: call(likeName, e.Left, e.Right)}
		case ast.RegexpStr:
			return call(regexpLikeName, e.Left, e.Right)
		case ast.NotRegexpStr:
			return &ast.NotExpr{Expr: call(regexpLikeName, e.Left, e.Right)}
		}
	}
	f, ok := e.Right.(*ast.FuncExpr)
	if !ok || len(f.Exprs) != 1 {
		return r.membership(e)
	}
	argument, ok := f.Exprs[0].(*ast.AliasedExpr)
	if !ok {
		return e
	}
	all := f.Name.Lowered() == allName
	switch {
	case !all && f.Name.Lowered() != anyName:
		return e
	case all && e.Operator == ast.NotEqualStr:
		return r.membership(&ast.ComparisonExpr{Operator: ast.NotInStr, Left: e.Left, Right: argument.Expr})
	case !all && e.Operator == ast.EqualStr:
		return r.membership(&ast.ComparisonExpr{Operator: ast.InStr, Left: e.Left, Right: argument.Expr})
	}
	quantifier := "any"
	if all {
		quantifier = "all"
	}
	return call(quantifiedName, ast.NewStrVal([]byte(e.Operator)), ast.NewStrVal([]byte(quantifier)), e.Left, argument.Expr)
}

// allName and anyName are the functions by which the parser front marks ALL and ANY.
const (
	allName = prefix + "all"
	anyName = prefix + "any"
)

// choice makes a call of a CASE.
func (r pass) choice(e *ast.CaseExpr) ast.Expr {
	name := prefix + "case_searched"
	var args []ast.Expr
	if e.Expr != nil {
		name = prefix + "case_simple"
		args = append(args, r.expression(e.Expr, false))
	}
	for _, w := range e.Whens {
		args = append(args, r.expression(w.Cond, false), r.expression(w.Val, true))
	}
	if e.Else != nil {
		args = append(args, r.expression(e.Else, true))
	}
	return call(name, args...)
}

// cast makes a call of a cast, if it is one of ours: those to JSON, BINARY and YEAR, and into a character set, are the
// engine's.
func (r pass) cast(e *ast.ConvertExpr) ast.Expr {
	e.Expr = r.expression(e.Expr, true)
	name := strings.ToLower(e.Type.Type)
	if _, ok := castNames[name]; !ok || e.Type.Charset != "" {
		return e
	}
	args := []ast.Expr{e.Expr}
	for _, n := range []*ast.SQLVal{e.Type.Length, e.Type.Scale} {
		if n != nil {
			args = append(args, n)
		}
	}
	return call(castPrefix+name, args...)
}

// castNames holds the types that castFunctions cast to.
var castNames = casts()

func (r pass) substring(e *ast.SubstrExpr) ast.Expr {
	var text ast.Expr = e.Name
	if e.Name == nil {
		text = e.StrVal
	}
	args := []ast.Expr{text, r.expression(e.From, false)}
	if e.To != nil {
		args = append(args, r.expression(e.To, false))
	}
	return call("substring", args...)
}

// call makes a call of a function.
func call(name string, args ...ast.Expr) *ast.FuncExpr {
	exprs := make(ast.SelectExprs, len(args))
	for i, a := range args {
		exprs[i] = &ast.AliasedExpr{Expr: a}
	}
	return &ast.FuncExpr{Name: ast.NewColIdent(name), Exprs: exprs}
}

// shiftInTime gives the call for a point in time plus or minus an interval, nil if there is no interval.
func shiftInTime(e *ast.BinaryExpr) ast.Expr {
	interval, point := e.Right, e.Left
	if _, ok := interval.(*ast.IntervalExpr); !ok {
		interval, point = e.Left, e.Right
		if e.Operator != ast.PlusStr {
			return nil
		}
	}
	if _, ok := interval.(*ast.IntervalExpr); !ok {
		return nil
	}
	switch e.Operator {
	case ast.PlusStr:
		return call(prefix+"later", point, interval)
	case ast.MinusStr:
		return call(prefix+"earlier", point, interval)
	}
	return nil
}
