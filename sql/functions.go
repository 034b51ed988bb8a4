package sql

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/engine"
	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// functions gives the SQL functions of ours.
func functions(e *engine.Engine) []gsql.Function {
	return []gsql.Function{
		gsql.FunctionN{Name: "current_scn", Fn: define("current_scn", 0, types.Uint64, func(ctx *gsql.Context, _ []any) (any, error) {
			return uint64(e.Applied()), nil
		})},
		gsql.FunctionN{Name: "scn_to_timestamp", Fn: define("scn_to_timestamp", 1, types.DatetimeMaxPrecision, func(ctx *gsql.Context, args []any) (any, error) {
			return timeOfSCN(ctx, e, args[0])
		})},
		gsql.FunctionN{Name: "timestamp_to_scn", Fn: newTimestampToSCN(e)},
	}
}

// call is an expression that calls one of our functions.
type call struct {
	name     string
	arity    int
	returns  gsql.Type
	args     []gsql.Expression
	evaluate func(ctx *gsql.Context, args []any) (any, error)
}

var (
	_ gsql.FunctionExpression         = (*call)(nil)
	_ gsql.NonDeterministicExpression = (*call)(nil)
	_ gsql.CollationCoercible         = (*call)(nil)
)

func define(name string, arity int, returns gsql.Type, evaluate func(*gsql.Context, []any) (any, error)) gsql.CreateFuncNArgs {
	return func(args ...gsql.Expression) (gsql.Expression, error) {
		if len(args) != arity {
			return nil, gsql.ErrInvalidArgumentNumber.New(name, strconv.Itoa(arity), len(args))
		}
		return &call{name, arity, returns, args, evaluate}, nil
	}
}

// FunctionName implements gsql.FunctionExpression.
func (c *call) FunctionName() string { return c.name }

// Description implements gsql.FunctionExpression.
func (c *call) Description() string { return "translates between SCNs and times." }

// Resolved implements gsql.Expression.
func (c *call) Resolved() bool { return expression.ExpressionsResolved(c.args...) }

// String implements gsql.Expression.
func (c *call) String() string {
	texts := make([]string, len(c.args))
	for i, a := range c.args {
		texts[i] = a.String()
	}
	return c.name + "(" + strings.Join(texts, ",") + ")"
}

// Type implements gsql.Expression.
func (c *call) Type() gsql.Type { return c.returns }

// IsNullable implements gsql.Expression.
func (c *call) IsNullable() bool { return true }

// IsNonDeterministic implements gsql.NonDeterministicExpression.
func (c *call) IsNonDeterministic() bool { return true }

// Children implements gsql.Expression.
func (c *call) Children() []gsql.Expression { return c.args }

// WithChildren implements gsql.Expression.
func (c *call) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	return define(c.name, c.arity, c.returns, c.evaluate)(children...)
}

// CollationCoercibility implements gsql.CollationCoercible.
func (c *call) CollationCoercibility(*gsql.Context) (gsql.CollationID, byte) {
	return gsql.Collation_binary, 5
}

// Eval implements gsql.Expression. NULL gives NULL.
func (c *call) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	values := make([]any, len(c.args))
	for i, a := range c.args {
		v, err := a.Eval(ctx, row)
		if err == nil {
			v, err = gsql.UnwrapAny(ctx, v)
		}
		if err != nil || v == nil {
			return nil, err
		}
		values[i] = v
	}
	return c.evaluate(ctx, values)
}

// timeOfSCN gives the commit time of an SCN, as the session's clock shows it.
func timeOfSCN(ctx *gsql.Context, e *engine.Engine, v any) (any, error) {
	number, inRange, err := types.Uint64.Convert(ctx, v)
	if err != nil || inRange != gsql.InRange {
		return nil, sqlcode.CommandArgument(fmt.Sprintf("SCN_TO_TIMESTAMP takes an SCN, not %v", v))
	}
	at := scn.SCN(number.(uint64))
	if newest := e.Applied(); at > newest {
		return nil, sqlcode.AsOfFuture("SCN "+at.String(), newest.String())
	}
	if at == 0 {
		return nil, nil // before the first commit there is no time
	}
	micros, err := e.SCNToTime(at)
	if err != nil {
		return nil, err
	}
	return wallClock(ctx, micros)
}

// wallClock gives what the session's clock shows at an instant, as a DATETIME holds it.
func wallClock(ctx *gsql.Context, micros int64) (time.Time, error) {
	zone, err := sessionZone(ctx)
	if err != nil {
		return time.Time{}, err
	}
	t := time.UnixMicro(micros).In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), nil
}

// instants gives the first and the last instant at which the session's clock shows something, as microseconds: the same, but
// for what it shows twice when it is set back.
func instants(ctx *gsql.Context, shown time.Time) (first, last int64, err error) {
	zone, err := sessionZone(ctx)
	if err != nil {
		return 0, 0, err
	}
	for i, around := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := shown.Add(around).In(zone).Zone()
		micros := shown.UnixMicro() - int64(offset)*1_000_000
		if i == 0 {
			first, last = micros, micros
		}
		first, last = min(first, micros), max(last, micros)
	}
	return first, last, nil
}

// sessionZone gives @@time_zone as a location: a name of the time zone database, or an offset such as +02:00.
func sessionZone(ctx *gsql.Context) (*time.Location, error) {
	name, err := function.SessionTimeZone(ctx)
	if err != nil {
		return nil, err
	}
	if offset, err := time.Parse("-07:00", name); err == nil {
		_, seconds := offset.Zone()
		return time.FixedZone(name, seconds), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, sqlcode.CommandArgument("The session's time zone is not known: " + name)
	}
	return zone, nil
}

// newTimestampToSCN makes TIMESTAMP_TO_SCN, which reads its argument exactly as AS OF TIMESTAMP does.
func newTimestampToSCN(e *engine.Engine) gsql.CreateFuncNArgs {
	const name = "timestamp_to_scn"
	return func(args ...gsql.Expression) (gsql.Expression, error) {
		if len(args) != 1 {
			return nil, gsql.ErrInvalidArgumentNumber.New(name, "1", len(args))
		}
		moment, err := asOf(expression.NewLiteral("TIMESTAMP", types.LongText), args[0])
		if err != nil {
			return nil, err
		}
		newCall := define(name, 1, types.Uint64, func(_ *gsql.Context, values []any) (any, error) {
			point, err := parser.DecodeAsOf(values[0])
			if err != nil {
				return nil, err
			}
			at, err := e.TimeToSCN(point.Time.UnixMicro())
			return uint64(at), err
		})
		return newCall(moment)
	}
}

// asOf makes the expression by which the parser reads a point in time.
func asOf(args ...gsql.Expression) (gsql.Expression, error) {
	for _, f := range parser.Functions() {
		if n, ok := f.(gsql.FunctionN); ok {
			return n.Fn(args...)
		}
	}
	return nil, sqlcode.Internal(fmt.Errorf("the parser has no function for AS OF"))
}
