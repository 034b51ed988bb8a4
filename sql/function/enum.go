package function

import (
	"strings"
	"unicode/utf8"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	enginefunction "github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"
)

// writeEnums is an analyzer rule that makes an ENUM or SET a text wherever it is used as one. The engine keeps them as
// numbers and hands those on: to most functions, to columns of other types, to comparisons with texts that are not
// literals.
func writeEnums(_ *gsql.Context, _ *analyzer.Analyzer, n gsql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *gsql.QueryFlags) (gsql.Node, transform.TreeIdentity, error) {
	if insert, ok := n.(*plan.InsertInto); ok {
		if values, ok := insert.Source.(*plan.Values); ok && len(insert.OnDupExprs) == 0 && plainValues(values) {
			return n, transform.SameTree, nil // perhaps a great many
		}
	}
	r := &retyping{types: map[gsql.ColumnId]gsql.Type{}, enums: true}
	return r.node(n)
}

// plainValues tells whether an INSERT has literals only.
func plainValues(v *plan.Values) bool {
	for _, row := range v.ExpressionTuples {
		for _, e := range row {
			if _, ok := e.(*expression.Literal); !ok {
				return false
			}
		}
	}
	return true
}

func isEnum(e gsql.Expression) bool {
	return e != nil && e.Resolved() && (types.IsEnum(e.Type()) || types.IsSet(e.Type()))
}

func isText(e gsql.Expression) bool { return e != nil && e.Resolved() && types.IsText(e.Type()) }

// enumText gives a value, above all that of an ENUM or SET, as a text.
var enumText = &definition{
	name: prefix + "enum_text", arity: exactly(1),
	typeOf: func(args []gsql.Expression) gsql.Type {
		if isEnum(args[0]) {
			return enumTextType(args[0].Type())
		}
		return types.LongText
	},
	text: func(args []string) string { return args[0] },
	eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		return textOfArgument(ctx, call.args[0], args[0]), nil
	},
}

// enumTextType gives the type of the texts of an ENUM or SET.
func enumTextType(t gsql.Type) gsql.Type {
	length, collation := 1, collationOf(t)
	switch t := t.(type) {
	case gsql.EnumType:
		for _, v := range t.Values() {
			length = max(length, utf8.RuneCountInString(v))
		}
	case gsql.SetType:
		length = utf8.RuneCountInString(strings.Join(t.Values(), ","))
	}
	if text, err := types.CreateString(sqltypes.VarChar, int64(max(1, length)), collation); err == nil {
		return text
	}
	return types.CreateLongText(collation)
}

// collationOf gives the collation of a type that has one.
func collationOf(t gsql.Type) gsql.CollationID {
	if c, ok := t.(gsql.TypeWithCollation); ok {
		return c.Collation()
	}
	return gsql.Collation_Default
}

// written gives an expression as a text if it is an ENUM or SET, else as it is.
func written(e gsql.Expression) (gsql.Expression, bool) {
	if !isEnum(e) {
		return e, false
	}
	if a, ok := e.(*expression.Alias); ok {
		inner, _ := written(a.Child)
		out, err := a.WithChildren(inner)
		return out, err == nil
	}
	return &scalar{definition: enumText, args: []gsql.Expression{e}, result: enumTextType(e.Type())}, true
}

// enumNumbers are functions to which an ENUM or SET is a number, or which hand it on as it is.
var enumNumbers = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Fields(`abs ceil ceiling floor round truncate sign sqrt pow power exp ln log log2 log10 sin cos tan
		cot asin acos atan atan2 degrees radians mod bin oct conv from_unixtime sec_to_time makedate maketime bit_count elt
		bitor bitand bitxor sum avg std stddev stddev_pop stddev_samp variance var_pop var_samp bit_and bit_or bit_xor count count_distinct
		countdistinct any_value first last lag lead first_value last_value nth_value grouping sleep`) {
		names[name] = true
	}
	return names
}()

// writesEnums tells whether a function takes ENUM and SET for texts, and has not its own way with them.
func writesEnums(e gsql.Expression) bool {
	switch e := e.(type) {
	case *scalar:
		return e.definition != enumText && !e.number && (!e.exact || e.name == "greatest" || e.name == "least") &&
			!strings.HasPrefix(e.name, castPrefix) && !strings.HasPrefix(e.name, prefix+"bit") && !strings.HasPrefix(e.name, prefix+"shift")
	case volatile:
		return writesEnums(e.scalar)
	case *arithmetic, *aggregate, *unified:
		return false
	}
	f, ok := e.(gsql.FunctionExpression)
	return ok && !enumNumbers[strings.ToLower(f.FunctionName())]
}

// WriteEnums does the same for expressions of an UPDATE or DELETE of one table, whose rules the engine passes over.
func WriteEnums(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	return transform.Expr(e, writeEnum)
}

// writeEnum gives an expression with the ENUMs and SETs written that it uses as texts.
func writeEnum(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
	children := append([]gsql.Expression{}, e.Children()...)
	changed := false
	write := func(from, to int) {
		for i := from; i < to; i++ {
			var now bool
			children[i], now = written(children[i])
			changed = changed || now
		}
	}
	switch x := e.(type) {
	case *expression.SetField:
		if _, column := x.LeftChild.(*expression.GetField); column {
			children[1], changed = writtenFor(children[1], x.LeftChild.Type())
		} else {
			write(1, 2)
		}
	case *expression.Case:
		return writeCase(x)
	case *enginefunction.If:
		write(1, 3)
	case *expression.Between:
		if isText(x.Lower) || isText(x.Upper) {
			write(0, len(children))
		}
		changed = collateVariables(children) || changed
	case *expression.InTuple:
		return writeList(x)
	case *expression.HashInTuple:
		return e, transform.SameTree, nil // made of an IN that was seen to; its keys are of the types that it has
	case *plan.InSubquery:
		return writeInSubquery(x)
	case *expression.Like:
		write(0, 2)
		changed = collateVariables(children) || changed
	case expression.Comparer:
		if comparesTexts(x) {
			write(0, 2)
		}
		changed = collateVariables(children) || changed
	default:
		if writesEnums(e) {
			write(0, len(children))
		}
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	out, err := e.WithChildren(children...)
	return out, transform.NewTree, err
}

// writtenFor gives an expression as a column of a type takes it: an ENUM or SET as a text, unless the column is a number
// or has the same texts; and for a text a time or number as SQL shows it, where the engine has a way of its own.
func writtenFor(e gsql.Expression, column gsql.Type) (gsql.Expression, bool) {
	if !e.Resolved() || types.IsDeferredType(column) {
		return e, false
	}
	t := e.Type()
	switch {
	case isEnum(e):
		if types.IsNumber(column) || column.Equals(t) {
			return e, false
		}
		return written(e)
	case !types.IsText(column) || !types.IsTime(t) && !types.IsTimespan(t) && !types.IsFloat(t):
		return e, false
	}
	if a, ok := e.(*expression.Alias); ok {
		inner, _ := writtenFor(a.Child, column)
		out, err := a.WithChildren(inner)
		return out, err == nil
	}
	return &scalar{definition: enumText, args: []gsql.Expression{e}, result: types.LongText}, true
}

// writeInSubquery writes both sides of IN (SELECT …) if one is an ENUM or SET and the other is not the same one.
func writeInSubquery(e *plan.InSubquery) (gsql.Expression, transform.TreeIdentity, error) {
	l, r := e.LeftChild, e.RightChild
	query, ok := r.(*plan.Subquery)
	if !ok || !isEnum(l) && !isEnum(r) || l.Type().Equals(r.Type()) || types.IsNumber(l.Type()) || types.IsNumber(r.Type()) {
		return e, transform.SameTree, nil
	}
	left, changed := written(l)
	rows, now, err := writeColumns(query.Query, gsql.Schema{{Type: types.LongText}})
	if err != nil || !changed && !now {
		return e, transform.SameTree, err
	}
	out, err := e.WithChildren(left, query.WithQuery(rows))
	return out, transform.NewTree, err
}

// writeCase writes the results of a CASE, and what it compares if that is not by literals of the ENUM.
func writeCase(c *expression.Case) (gsql.Expression, transform.TreeIdentity, error) {
	out := &expression.Case{Branches: append([]expression.CaseBranch{}, c.Branches...)}
	var changed bool
	out.Else, changed = written(c.Else)
	texts := false
	for i, b := range c.Branches {
		var now bool
		out.Branches[i].Value, now = written(b.Value)
		changed = changed || now
		texts = texts || c.Expr != nil && comparesTexts(expression.NewEquals(c.Expr, b.Cond))
	}
	out.Expr = c.Expr
	if texts {
		out.Expr, _ = written(c.Expr)
		for i, b := range c.Branches {
			out.Branches[i].Cond, _ = written(b.Cond)
		}
	}
	if !changed && !texts {
		return c, transform.SameTree, nil
	}
	return out, transform.NewTree, nil
}

// writeList writes both sides of IN (…), unless all texts on the right are literals of the ENUM on the left.
func writeList(e *expression.InTuple) (gsql.Expression, transform.TreeIdentity, error) {
	list, ok := e.Right().(expression.Tuple)
	if !ok {
		return e, transform.SameTree, nil
	}
	texts := false
	for _, item := range list {
		texts = texts || comparesTexts(expression.NewEquals(e.Left(), item))
	}
	if !texts {
		return e, transform.SameTree, nil
	}
	left, changed := written(e.Left())
	out := append(expression.Tuple{}, list...)
	for i, item := range list {
		var now bool
		out[i], now = written(item)
		changed = changed || now
	}
	if !changed {
		return e, transform.SameTree, nil
	}
	return expression.NewInTuple(left, out), transform.NewTree, nil
}

// comparesTexts tells whether a comparison with an ENUM or SET is one of texts that the engine would make one of
// numbers. An ENUM that is compared for equality with one of its own texts stays: an index may be used.
func comparesTexts(c expression.Comparer) bool {
	l, r := c.Left(), c.Right()
	switch {
	case isEnum(l) && isEnum(r):
		return !l.Type().Equals(r.Type())
	case isEnum(r) && isText(l):
		l, r = r, l
	case !isEnum(l) || !isText(r):
		return false
	}
	enum, ok := l.Type().(gsql.EnumType)
	literal, isLiteral := r.(*expression.Literal)
	if !ok || !isLiteral {
		return true
	}
	text, ok := literal.Value().(string)
	if !ok {
		return true
	}
	member := false
	for _, v := range enum.Values() {
		member = member || v == text
	}
	switch c.(type) {
	case *expression.Equals, *expression.NullSafeEquals:
		return !member
	}
	return true
}

// writeInserted gives the source of an INSERT with the ENUMs and SETs written that go into columns of other texts.
func writeInserted(insert *plan.InsertInto) (gsql.Node, transform.TreeIdentity, error) {
	columns := insert.Destination.Schema()
	if len(insert.ColumnNames) > 0 {
		named := make(gsql.Schema, 0, len(insert.ColumnNames))
		for _, name := range insert.ColumnNames {
			i := columns.IndexOfColName(name)
			if i < 0 {
				return insert, transform.SameTree, nil
			}
			named = append(named, columns[i])
		}
		columns = named
	}
	source, changed, err := writeColumns(insert.Source, columns)
	if err != nil || !changed {
		return insert, transform.SameTree, err
	}
	return insert.WithSource(source), transform.NewTree, nil
}

// writeColumns gives a source of rows for columns, written where they want it.
func writeColumns(n gsql.Node, into gsql.Schema) (gsql.Node, bool, error) {
	switch x := n.(type) {
	case *plan.Project:
		exprs, changed := writeFor(x.Projections, into)
		return plan.NewProject(exprs, x.Child), changed, nil
	case *plan.GroupBy:
		exprs, changed := writeFor(x.SelectedExprs, into)
		return plan.NewGroupBy(exprs, x.GroupByExprs, x.Child), changed, nil
	case *plan.Values:
		tuples, changed := make([][]gsql.Expression, len(x.ExpressionTuples)), false
		for i, row := range x.ExpressionTuples {
			var now bool
			tuples[i], now = writeFor(row, into)
			changed = changed || now
		}
		return plan.NewValues(tuples), changed, nil
	case *plan.ResolvedTable, *plan.TableAlias, *plan.SubqueryAlias, *plan.LoadData:
		return n, false, nil
	}
	children, changed := append([]gsql.Node{}, n.Children()...), false
	for i, c := range children {
		out, now, err := writeColumns(c, into)
		if err != nil {
			return nil, false, err
		}
		if now {
			children[i], changed = out, true
		}
	}
	if !changed {
		return n, false, nil
	}
	out, err := n.WithChildren(children...)
	return out, true, err
}

func writeFor(exprs []gsql.Expression, into gsql.Schema) ([]gsql.Expression, bool) {
	out, changed := append([]gsql.Expression{}, exprs...), false
	for i, e := range exprs {
		if i >= len(into) {
			break
		}
		text, now := writtenFor(e, into[i].Type)
		if !now {
			continue
		}
		name := e.String()
		if n, ok := e.(gsql.Nameable); ok {
			name = n.Name()
		}
		if _, named := text.(*expression.Alias); !named {
			text = expression.NewAlias(name, text)
		}
		out[i], changed = text, true
	}
	return out, changed
}

// TextOfTime gives a date or time as the text that SQL shows of it, and tells whether the expression is one.
func TextOfTime(e gsql.Expression) (gsql.Expression, bool) {
	if !e.Resolved() || !types.IsTime(e.Type()) && !types.IsTimespan(e.Type()) {
		return e, false
	}
	text, err := enumText.call(e)
	return text, err == nil
}
