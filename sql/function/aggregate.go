package function

import (
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function/aggregation"
	"github.com/dolthub/go-mysql-server/sql/transform"
)

// aggregateKind is an aggregate function.
type aggregateKind struct {
	name     string
	distinct bool // it is always of distinct values
	unframed bool // a window's frame clause does not count
	typeOf   func(a *aggregate) gsql.Type
	buffer   func(a *aggregate) gsql.AggregationBuffer
	window   func(a *aggregate) frameFunction // nil computes each frame with a buffer
}

// aggregate is a call of an aggregate function.
type aggregate struct {
	kind     *aggregateKind
	args     []gsql.Expression
	distinct bool
	list     *listOptions // of GROUP_CONCAT
	window   *gsql.WindowDefinition
	id       gsql.ColumnId
	result   gsql.Type
}

var (
	_ gsql.FunctionExpression = (*aggregate)(nil)
	_ gsql.Aggregation        = (*aggregate)(nil)
	_ gsql.CollationCoercible = (*aggregate)(nil)
)

// withArguments gives the aggregate over other arguments.
func (a *aggregate) withArguments(args []gsql.Expression) *aggregate {
	out := *a
	out.args = make([]gsql.Expression, len(args))
	for i, e := range args {
		out.args[i] = plain(e)
	}
	if resolved(out.args...) {
		out.result = a.kind.typeOf(&out)
	}
	return &out
}

// makeAggregate gives the constructor of an aggregate of one argument.
func makeAggregate(kind *aggregateKind) gsql.CreateFunc1Args {
	return func(e gsql.Expression) gsql.Expression {
		a := &aggregate{kind: kind}
		if d, ok := plain(e).(*expression.DistinctExpression); ok {
			a.distinct, e = true, d.Child
		}
		return a.withArguments([]gsql.Expression{e})
	}
}

// mark stands for an aggregate as the argument of FIRST, until the aggregate is made.
type mark struct{ *aggregate }

// WithChildren implements gsql.Expression.
func (m mark) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	return mark{m.withArguments(children)}, nil
}

// newMark makes the constructor of marks.
func newMark(kind *aggregateKind) gsql.CreateFuncNArgs {
	return func(args ...gsql.Expression) (gsql.Expression, error) {
		if len(args) == 0 && !kind.unframed {
			return nil, gsql.ErrInvalidArgumentNumber.New(kind.name, "1 or more", 0)
		}
		return mark{(&aggregate{kind: kind, distinct: kind.distinct}).withArguments(args)}, nil
	}
}

// newFirst makes the aggregate FIRST, or the aggregate that its argument is the mark of.
func newFirst(argument gsql.Expression) gsql.Expression {
	distinct := false
	inner := plain(argument)
	if d, ok := inner.(*expression.DistinctExpression); ok {
		distinct, inner = true, plain(d.Child)
	}
	m, ok := inner.(mark)
	if !ok {
		return aggregation.NewFirst(argument)
	}
	out := *m.aggregate
	out.distinct = out.distinct || distinct
	return &out
}

// FunctionName implements gsql.FunctionExpression.
func (a *aggregate) FunctionName() string { return a.kind.name }

// Description implements gsql.FunctionExpression.
func (a *aggregate) Description() string { return "is the aggregate function " + a.kind.name + "." }

// Type implements gsql.Expression.
func (a *aggregate) Type() gsql.Type { return a.result }

// IsNullable implements gsql.Expression.
func (a *aggregate) IsNullable() bool { return true }

// String implements gsql.Expression.
func (a *aggregate) String() string {
	texts := make([]string, len(a.args))
	for i, e := range a.args {
		texts[i] = e.String()
	}
	inner := a.list.join(texts)
	if a.distinct {
		inner = "distinct " + inner
	}
	if a.window != nil {
		return fmt.Sprintf("%s(%s) %s", a.kind.name, inner, a.window)
	}
	return a.kind.name + "(" + inner + ")"
}

// join writes arguments, and for a list its order and its separator.
func (l *listOptions) join(texts []string) string {
	if l == nil {
		return strings.Join(texts, ",")
	}
	values := len(texts) - len(l.descending)
	out := strings.Join(texts[:values], ",")
	for i, text := range texts[values:] {
		if out += ","; i == 0 {
			out = strings.TrimSuffix(out, ",") + " order by "
		}
		if out += text; l.descending[i] {
			out += " desc"
		}
	}
	return out + " separator '" + strings.ReplaceAll(l.separator, "'", "''") + "'"
}

// CollationCoercibility implements gsql.CollationCoercible.
func (a *aggregate) CollationCoercibility(ctx *gsql.Context) (gsql.CollationID, byte) {
	if a.list != nil && len(a.args) > 0 {
		return gsql.GetCoercibility(ctx, a.args[0])
	}
	return gsql.Collation_binary, 5
}

// Children implements gsql.Expression.
func (a *aggregate) Children() []gsql.Expression {
	return append(append([]gsql.Expression{}, a.args...), a.window.ToExpressions()...)
}

// WithChildren implements gsql.Expression.
func (a *aggregate) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) < len(a.args) {
		return nil, gsql.ErrInvalidChildrenNumber.New(a, len(children), len(a.args))
	}
	out := a.withArguments(children[:len(a.args)])
	window, err := a.window.FromExpressions(children[len(a.args):])
	out.window = window
	return out, err
}

// Resolved implements gsql.Expression.
func (a *aggregate) Resolved() bool { return expression.ExpressionsResolved(a.Children()...) }

// Id implements gsql.IdExpression.
func (a *aggregate) Id() gsql.ColumnId { return a.id }

// WithId implements gsql.IdExpression.
func (a *aggregate) WithId(id gsql.ColumnId) gsql.IdExpression {
	out := *a
	out.id = id
	return &out
}

// Window implements gsql.WindowAdaptableExpression.
func (a *aggregate) Window() *gsql.WindowDefinition { return a.window }

// WithWindow implements gsql.WindowAdaptableExpression.
func (a *aggregate) WithWindow(w *gsql.WindowDefinition) gsql.WindowAdaptableExpression {
	out := *a
	out.window = w
	return &out
}

// Eval implements gsql.Expression. An aggregate is evaluated by its buffers only.
func (a *aggregate) Eval(*gsql.Context, gsql.Row) (any, error) {
	return nil, fmt.Errorf("%s outside of an aggregation", a)
}

// own gives the aggregate with arguments of its own, whose state no other buffer shares.
func (a *aggregate) own() (*aggregate, error) {
	out := *a
	out.args = make([]gsql.Expression, len(a.args))
	for i, e := range a.args {
		var err error
		if out.args[i], err = transform.Clone(e); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// NewBuffer implements gsql.Aggregation.
func (a *aggregate) NewBuffer() (gsql.AggregationBuffer, error) {
	own, err := a.own()
	if err != nil {
		return nil, err
	}
	if own.kind.buffer == nil {
		return nil, gsql.ErrUnsupportedFeature.New(a.kind.name + " without OVER")
	}
	return own.kind.buffer(own), nil
}

// dispose ends the expressions of a buffer.
func (a *aggregate) dispose() {
	for _, e := range a.args {
		expression.Dispose(e)
	}
}
