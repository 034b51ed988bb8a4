package vview

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// Asked is what a statement asks of the rows of a view: conditions that all must hold. The SQL engine looks at each row once
// more, so a view may heed them or not.
type Asked struct{ conditions []gsql.Expression }

// Asking is a view that makes fewer rows if it knows what is asked of them.
type Asking struct {
	View
	asked Asked
	open  func(ctx *gsql.Context, asked *Asked) (gsql.RowIter, error)
}

// NewAsking makes a view whose rows are made one by one. Values must be of the columns' types, or nil.
func NewAsking(name, comment string, columns []Column, open func(ctx *gsql.Context, asked *Asked) (gsql.RowIter, error)) *Asking {
	return &Asking{View: *New(name, comment, columns, nil), open: open}
}

// PartitionRows implements gsql.Table.
func (v *Asking) PartitionRows(ctx *gsql.Context, _ gsql.Partition) (gsql.RowIter, error) {
	return v.open(ctx, &v.asked)
}

// Conditions implements Told.
func (v *Asking) Conditions() string {
	texts := make([]string, len(v.asked.conditions))
	for i, c := range v.asked.conditions {
		texts[i] = c.String()
	}
	return strings.Join(texts, " AND ")
}

// Told is a view that can be told what is asked of its rows.
type Told interface {
	gsql.Table
	// Told gives the view with the conditions of a filter that stands right above it, where it has the given id.
	Told(filter gsql.Expression, id gsql.TableId) gsql.Table
	// Conditions tells what was understood of them, for EXPLAIN.
	Conditions() string
}

// Told implements Told.
func (v *Asking) Told(filter gsql.Expression, id gsql.TableId) gsql.Table {
	c := *v
	c.asked = v.understood(filter, id)
	return &c
}

// understood gives what of a filter can be computed from a row of the view alone.
func (v *Asking) understood(filter gsql.Expression, id gsql.TableId) (asked Asked) {
	for _, e := range expression.SplitConjunction(filter) {
		if own, ok := v.own(e, id); ok {
			asked.conditions = append(asked.conditions, own)
		}
	}
	return asked
}

var errNotOwn = errors.New("the condition depends on more than the view")

// own gives a condition with its columns numbered as the view has them, if it can be computed from a row of the view alone.
func (v *Asking) own(e gsql.Expression, id gsql.TableId) (gsql.Expression, bool) {
	if !e.Resolved() {
		return nil, false
	}
	own, _, err := transform.Expr(e, func(e gsql.Expression) (gsql.Expression, transform.TreeIdentity, error) {
		switch e := e.(type) {
		case *expression.GetField:
			if i := v.schema.IndexOfColName(e.Name()); i >= 0 && e.TableId() == id {
				return e.WithIndex(i), transform.NewTree, nil
			}
			return nil, transform.SameTree, errNotOwn
		case *plan.Subquery:
			return nil, transform.SameTree, errNotOwn
		}
		return e, transform.SameTree, nil
	})
	return own, err == nil
}

// Accepts tells whether a row can be wanted of which only some columns are known so far: those that row has a value for in
// known.
func (a *Asked) Accepts(ctx *gsql.Context, row gsql.Row, known func(column int) bool) (bool, error) {
	for _, c := range a.conditions {
		computable := true
		transform.InspectExpr(c, func(e gsql.Expression) bool {
			if f, ok := e.(*expression.GetField); ok && !known(f.Index()) {
				computable = false
			}
			return !computable
		})
		if !computable {
			continue
		}
		holds, err := gsql.EvaluateCondition(ctx, c, row)
		if err != nil || !gsql.IsTrue(holds) {
			return false, err
		}
	}
	return true, nil
}

// Mentions tells whether any condition looks at one of the columns.
func (a *Asked) Mentions(columns ...int) bool {
	found := false
	for _, c := range a.conditions {
		transform.InspectExpr(c, func(e gsql.Expression) bool {
			f, ok := e.(*expression.GetField)
			found = found || ok && slices.Contains(columns, f.Index())
			return found
		})
	}
	return found
}

// Numbers gives the values that a column of unsigned integers must be one of; not ok if it may be any.
func (a *Asked) Numbers(ctx *gsql.Context, column int) (values []uint64, ok bool) {
	for _, c := range a.conditions {
		list := equals(c, column)
		if len(list) == 0 {
			continue
		}
		if found, understood := numbers(ctx, list); understood {
			return found, true
		}
	}
	return nil, false
}

// equals gives what a condition says that a column is equal to, one of it; none if it says nothing of the kind.
func equals(c gsql.Expression, column int) []gsql.Expression {
	switch c := c.(type) {
	case *expression.Equals:
		if other, _ := facing(c, column); other != nil {
			return []gsql.Expression{other}
		}
	case *expression.InTuple:
		return listOf(c.Left(), c.Right(), column)
	case *expression.HashInTuple:
		return listOf(c.Left(), c.Right(), column)
	}
	return nil
}

func listOf(left, right gsql.Expression, column int) []gsql.Expression {
	tuple, ok := right.(expression.Tuple)
	if f, isField := left.(*expression.GetField); !ok || !isField || f.Index() != column {
		return nil
	}
	return tuple
}

func numbers(ctx *gsql.Context, list []gsql.Expression) (out []uint64, understood bool) {
	for _, e := range list {
		v, ok := constant(ctx, e)
		if !ok {
			return nil, false
		}
		if v == nil {
			continue // equal to nothing
		}
		n, ok := whole(ctx, v)
		if !ok {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// whole gives a value that is an integer of 0 or more.
func whole(ctx *gsql.Context, v any) (uint64, bool) {
	if v == nil {
		return 0, false
	}
	n, inRange, err := types.Uint64.Convert(ctx, v)
	if err != nil || inRange != gsql.InRange {
		return 0, false
	}
	if cmp, err := types.Float64.Compare(ctx, n, v); err != nil || cmp != 0 {
		return 0, false // it was rounded
	}
	return n.(uint64), true
}

// Bounds gives the lowest and the highest value that a column may have, both included; nil for none.
func (a *Asked) Bounds(ctx *gsql.Context, column int) (low, high any) {
	for _, c := range a.conditions {
		comparison, ok := c.(expression.Comparer)
		if !ok {
			continue
		}
		other, turned := facing(comparison, column)
		if other == nil {
			continue
		}
		v, ok := constant(ctx, other)
		if !ok || v == nil {
			continue
		}
		isLow, isHigh := false, false
		switch c.(type) {
		case *expression.Equals:
			isLow, isHigh = true, true
		case *expression.GreaterThan, *expression.GreaterThanOrEqual:
			isLow = true
		case *expression.LessThan, *expression.LessThanOrEqual:
			isHigh = true
		}
		if turned {
			isLow, isHigh = isHigh, isLow
		}
		if isLow {
			low = v
		}
		if isHigh {
			high = v
		}
	}
	return low, high
}

// NumberBounds is Bounds for unsigned integers: from 0 and up to the highest there is, if nothing is asked.
func (a *Asked) NumberBounds(ctx *gsql.Context, column int) (low, high uint64) {
	from, to := a.Bounds(ctx, column)
	high = 1<<64 - 1
	if n, ok := whole(ctx, from); ok {
		low = n
	}
	if n, ok := whole(ctx, to); ok {
		high = n
	}
	return low, high
}

// TimeBounds is Bounds for times; nil for none.
func (a *Asked) TimeBounds(ctx *gsql.Context, column int) (low, high *time.Time) {
	from, to := a.Bounds(ctx, column)
	return shownTime(ctx, from), shownTime(ctx, to)
}

func shownTime(ctx *gsql.Context, v any) *time.Time {
	if v == nil {
		return nil
	}
	converted, _, err := types.DatetimeMaxPrecision.Convert(ctx, v)
	if t, ok := converted.(time.Time); err == nil && ok {
		return &t
	}
	return nil
}

// facing gives what a column is compared with, if it is; turned tells that the column stands at the right.
func facing(c expression.Comparer, column int) (other gsql.Expression, turned bool) {
	if f, ok := c.Left().(*expression.GetField); ok && f.Index() == column {
		return c.Right(), false
	}
	if f, ok := c.Right().(*expression.GetField); ok && f.Index() == column {
		return c.Left(), true
	}
	return nil, false
}

// constant gives the value of an expression that depends on no row.
func constant(ctx *gsql.Context, e gsql.Expression) (any, bool) {
	fixed := true
	transform.InspectExpr(e, func(e gsql.Expression) bool {
		if _, ok := e.(*expression.GetField); ok {
			fixed = false
		}
		return !fixed
	})
	if !fixed {
		return nil, false
	}
	v, err := e.Eval(ctx, nil)
	if err == nil {
		v, err = gsql.UnwrapAny(ctx, v)
	}
	return v, err == nil
}

// digests gives the digests that a column of them, written in hexadecimal, must be one of; not ok if it may be any.
func (a *Asked) digests(ctx *gsql.Context) (out []uint64, ok bool) {
	for _, c := range a.conditions {
		list := equals(c, sqlIDColumn)
		out, ok = make([]uint64, 0, len(list)), len(list) > 0
		for _, e := range list {
			v, fixed := constant(ctx, e)
			text, isText := v.(string)
			n, err := strconv.ParseUint(text, 16, 64)
			if !fixed || !isText || err != nil || len(text) != 16 {
				ok = false
			} else if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
		if ok {
			return out, true
		}
	}
	return nil, false
}
