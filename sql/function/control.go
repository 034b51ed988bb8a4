package function

import (
	"fmt"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	enginefunction "github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// unified is an expression of the engine that gives one of several values (CASE, IF, COALESCE), with the decimal type
// that holds all of them, or that of dates. The engine gives it one of ten digits behind the point, or that of the first
// value, and a text or a DATETIME of a DATE and NULL.
type unified struct {
	expression.UnaryExpression
	result gsql.Type
}

var (
	_ gsql.Expression         = (*unified)(nil)
	_ gsql.CollationCoercible = (*unified)(nil)
	_ exact                   = (*unified)(nil)
)

// unify puts the common type of its results around an expression, if that is a decimal or a date.
func unify(e gsql.Expression) gsql.Expression {
	if t := commonOf(results(e)); t != nil {
		u := &unified{result: t}
		u.Child = e
		return u
	}
	return e
}

func commonOf(all []gsql.Expression) gsql.Type {
	if t := decimalOf(all); t != nil {
		return t
	}
	return timesOf(all)
}

// timesOf gives the type that holds all dates and times, nil if there are none or others, too.
func timesOf(all []gsql.Expression) gsql.Type {
	var times []gsql.Expression
	digits := 0
	for _, e := range all {
		switch t := e.Type(); {
		case t == types.Null:
		case types.IsDeferredType(t) || !types.IsTime(t):
			return nil
		default:
			times, digits = append(times, e), max(digits, secondDigits(t))
		}
	}
	if len(times) == 0 {
		return nil
	}
	return commonTime(times, digits)
}

// alike writes numbers, dates and times as texts, if they are results beside texts: each as its own type does.
func alike(all ...gsql.Expression) []gsql.Expression {
	var texts []gsql.Expression
	others := false
	for _, e := range all {
		if e == nil {
			continue
		}
		if !resolved(e) || isBinary(e) {
			return all
		}
		switch t := e.Type(); {
		case t == types.Null:
		case types.IsDeferredType(t):
			return all
		case types.IsTextOnly(t):
			texts = append(texts, e)
		case types.IsTime(t), types.IsTimespan(t), types.IsNumber(t) && !types.IsYear(t):
			others = true
		default:
			return all
		}
	}
	if len(texts) == 0 || !others {
		return all
	}
	collation := textType(texts).(gsql.StringType).Collation()
	out := make([]gsql.Expression, len(all))
	for i, e := range all {
		out[i] = e
		if e != nil && !types.IsTextOnly(e.Type()) && e.Type() != types.Null {
			w := &asText{collation: collation}
			w.Child = e
			out[i] = w
		}
	}
	return out
}

// asText is an expression as a text.
type asText struct {
	expression.UnaryExpression
	collation gsql.CollationID // of the texts beside it
}

var (
	_ gsql.Expression         = (*asText)(nil)
	_ gsql.CollationCoercible = (*asText)(nil)
)

// Type implements gsql.Expression.
func (*asText) Type() gsql.Type { return types.LongText }

// String implements gsql.Expression.
func (w *asText) String() string { return w.Child.String() }

// CollationCoercibility implements gsql.CollationCoercible.
func (w *asText) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return w.collation, 5
}

// WithChildren implements gsql.Expression.
func (w *asText) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 1 {
		return nil, gsql.ErrInvalidChildrenNumber.New(w, len(children), 1)
	}
	out := *w
	out.Child = children[0]
	return &out, nil
}

// Eval implements gsql.Expression.
func (w *asText) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	v, err := w.Child.Eval(ctx, row)
	if err != nil || v == nil {
		return nil, err
	}
	return textOfArgument(ctx, w.Child, v), nil
}

// results gives the expressions that may be the value of e.
func results(e gsql.Expression) []gsql.Expression {
	switch e := e.(type) {
	case *expression.Case:
		var out []gsql.Expression
		for _, b := range e.Branches {
			out = append(out, b.Value)
		}
		if e.Else != nil {
			out = append(out, e.Else)
		}
		return out
	case *enginefunction.If:
		return e.Children()[1:]
	case *enginefunction.NullIf:
		return e.Children()[:1]
	case *enginefunction.IfNull, *enginefunction.Coalesce:
		return e.Children()
	}
	return nil
}

// decimalOf gives the decimal type that holds all values, nil if there is none or another type holds them.
func decimalOf(all []gsql.Expression) gsql.Type {
	common := shape{}
	integral := 0
	for _, e := range all {
		e = plain(e)
		t := e.Type()
		if t == types.Null {
			continue
		}
		if types.IsDeferredType(t) || !types.IsNumber(t) {
			return nil
		}
		s := shapeOf(e)
		common.class = max(common.class, s.class)
		common.scale = max(common.scale, s.scale)
		integral = max(integral, s.integral())
	}
	if common.class != classDecimal {
		return nil
	}
	return decimalType(integral+common.scale, common.scale)
}

// Type implements gsql.Expression.
func (u *unified) Type() gsql.Type { return u.result }

// String implements gsql.Expression.
func (u *unified) String() string { return u.Child.String() }

// CollationCoercibility implements gsql.CollationCoercible.
func (*unified) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// WithChildren implements gsql.Expression. A child that was computed beforehand keeps the type.
func (u *unified) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 1 {
		return nil, gsql.ErrInvalidChildrenNumber.New(u, len(children), 1)
	}
	out := *u
	out.Child = children[0]
	if !resolved(children...) {
		return &out, nil
	}
	if t := commonOf(results(children[0])); t != nil {
		out.result = t
	}
	return &out, nil
}

// Eval implements gsql.Expression.
func (u *unified) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	if types.IsTime(u.result) {
		return u.evalTime(ctx, row)
	}
	v, err := u.evalExact(ctx, row)
	if err != nil || v == nil {
		return nil, err
	}
	return rounded(toDecimal(ctx, v), u.result), nil
}

func (u *unified) evalTime(ctx *gsql.Context, row gsql.Row) (any, error) {
	all := []gsql.Expression{u.Child}
	if c, ok := u.Child.(*enginefunction.Coalesce); ok {
		all = c.Children() // it would write a text
	}
	for _, e := range all {
		v, err := e.Eval(ctx, row)
		if err != nil {
			return nil, err
		}
		if v != nil {
			v, _, err = u.result.Convert(ctx, v)
			return v, err
		}
	}
	return nil, nil
}

// evalExact implements exact.
func (u *unified) evalExact(ctx *gsql.Context, row gsql.Row) (any, error) {
	if c, ok := u.Child.(*enginefunction.Coalesce); ok { // it would use the digits of one of them
		for _, e := range c.Children() {
			if v, err := evalNumber(ctx, e, row); err != nil || v != nil {
				return v, err
			}
		}
		return nil, nil
	}
	c, ok := u.Child.(*expression.Case)
	if !ok {
		return evalNumber(ctx, u.Child, row)
	}
	for _, b := range c.Branches {
		condition := b.Cond
		if c.Expr != nil {
			condition = expression.NewEquals(c.Expr, b.Cond)
		}
		met, err := gsql.EvaluateCondition(ctx, condition, row)
		if err != nil {
			return nil, err
		}
		if gsql.IsTrue(met) {
			return evalNumber(ctx, b.Value, row)
		}
	}
	if c.Else == nil {
		return nil, nil
	}
	return evalNumber(ctx, c.Else, row)
}

// newCase makes CASE of its parts: the value that is compared, if simple, then pairs of condition and value, then the
// value of ELSE if their number leaves one over.
func newCase(simple bool) gsql.CreateFuncNArgs {
	return func(args ...gsql.Expression) (gsql.Expression, error) {
		for i := range args {
			args[i] = plain(args[i])
		}
		var value, otherwise gsql.Expression
		if simple && len(args) > 0 {
			value, args = args[0], args[1:]
		}
		if len(args)%2 == 1 {
			otherwise, args = args[len(args)-1], args[:len(args)-1]
		}
		if len(args) == 0 {
			return nil, gsql.ErrSyntaxError.New("CASE without WHEN")
		}
		values := []gsql.Expression{otherwise}
		for i := 1; i < len(args); i += 2 {
			values = append(values, args[i])
		}
		values = alike(values...)
		otherwise = values[0]
		var branches []expression.CaseBranch
		for i := 0; i < len(args); i += 2 {
			branches = append(branches, expression.CaseBranch{Cond: args[i], Value: values[1+i/2]})
		}
		c := expression.NewCase(value, branches, otherwise)
		if types.IsText(c.Type()) {
			c = expression.NewCase(value, textBranches(branches), textOfEnum(otherwise))
		}
		return unify(c), nil
	}
}

func textBranches(branches []expression.CaseBranch) []expression.CaseBranch {
	out := make([]expression.CaseBranch, len(branches))
	for i, b := range branches {
		out[i] = expression.CaseBranch{Cond: b.Cond, Value: textOfEnum(b.Value)}
	}
	return out
}

func textOfEnum(e gsql.Expression) gsql.Expression {
	if e != nil && types.IsEnum(e.Type()) {
		return expression.NewEnumToString(e)
	}
	return e
}

// controlFunctions gives the engine's functions that choose one of their arguments, with unified types.
func controlFunctions() map[string]gsql.Function {
	coalesce := func(name string) gsql.Function {
		return gsql.FunctionN{Name: name, Fn: func(args ...gsql.Expression) (gsql.Expression, error) {
			e, err := enginefunction.NewCoalesce(alike(args...)...)
			if err != nil {
				return nil, err
			}
			return unify(e), nil
		}}
	}
	ifNull := func(name string) gsql.Function {
		return gsql.Function2{Name: name, Fn: func(a, b gsql.Expression) gsql.Expression {
			if both := alike(a, b); both[0] != a || both[1] != b || resolved(a, b) && types.IsFloat(b.Type()) && types.IsNumber(a.Type()) {
				e, _ := enginefunction.NewCoalesce(both...) // whose type is not that of the first
				return unify(e)
			}
			return unify(enginefunction.NewIfNull(a, b))
		}}
	}
	return map[string]gsql.Function{
		"coalesce": coalesce("coalesce"), "ifnull": ifNull("ifnull"), "nvl": ifNull("nvl"),
		"if": gsql.Function3{Name: "if", Fn: func(c, a, b gsql.Expression) gsql.Expression {
			both := alike(a, b)
			return unify(enginefunction.NewIf(c, both[0], both[1]))
		}},
		"nvl2": gsql.Function3{Name: "nvl2", Fn: func(c, a, b gsql.Expression) gsql.Expression {
			both := alike(a, b)
			return unify(enginefunction.NewIf(expression.NewNot(expression.NewIsNull(c)), both[0], both[1]))
		}},
		"nullif": gsql.Function2{Name: "nullif", Fn: func(a, b gsql.Expression) gsql.Expression {
			return unify(enginefunction.NewNullIf(a, b))
		}},
		prefix + "case_searched": gsql.FunctionN{Name: prefix + "case_searched", Fn: newCase(false)},
		prefix + "case_simple":   gsql.FunctionN{Name: prefix + "case_simple", Fn: newCase(true)},
	}
}

// extreme defines GREATEST and LEAST: sign is 1 for the greatest.
func extreme(sign int) *definition {
	return &definition{arity: arity{1, -1}, typeOf: extremeType, exact: true, eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		var best any
		for i, v := range args {
			v, err := comparable(ctx, call, i, v)
			if err != nil || v == nil {
				return nil, err
			}
			if best == nil {
				best = v
				continue
			}
			order, err := call.result.Compare(ctx, v, best)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", call.name, err)
			}
			if order*sign > 0 {
				best = v
			}
		}
		return best, nil
	}}
}

// extremeType gives the type in which the arguments are compared.
func extremeType(args []gsql.Expression) gsql.Type {
	texts, times, spans := 0, 0, 0
	digits := 0
	for _, a := range args {
		switch t := a.Type(); {
		case types.IsTime(t):
			times++
			digits = max(digits, secondDigits(t))
		case types.IsTimespan(t):
			spans++
		case types.IsText(t), types.IsEnum(t), types.IsSet(t):
			texts++
		}
	}
	switch {
	case spans == len(args):
		return types.Time
	case times > 0 && times+texts == len(args):
		return commonTime(args, digits)
	case texts == len(args):
		return textType(args)
	}
	if t := decimalOf(args); t != nil {
		return t
	}
	common := classSigned
	for _, a := range args {
		common = max(common, shapeOf(a).class)
	}
	switch common {
	case classSigned:
		return types.Int64
	case classUnsigned:
		return types.Uint64
	}
	return types.Float64
}

func commonTime(args []gsql.Expression, digits int) gsql.Type {
	for _, a := range args {
		if !types.IsDateType(a.Type()) {
			return types.MustCreateDatetimeType(types.Datetime.Type(), digits)
		}
	}
	return types.Date
}

// comparable gives an argument's value in the type of a comparison.
func comparable(ctx *gsql.Context, call *scalar, i int, v any) (any, error) {
	switch t := call.result; {
	case types.IsTime(t):
		point, ok := pointOf(ctx, v)
		if !ok {
			return nil, nil
		}
		return point, nil
	case types.IsText(t):
		return asResult(call, textOfArgument(ctx, call.args[i], v)), nil
	case types.IsDecimal(t):
		return toDecimal(ctx, v), nil
	case t == types.Float64:
		return toDouble(ctx, v), nil
	case types.IsTimespan(t):
		return v, nil
	}
	if point, ok := v.(time.Time); ok {
		v = point.Unix()
	}
	n, _ := toInteger(ctx, v)
	return integerAs(call, n)
}
