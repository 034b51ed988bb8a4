package parser

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"

	"redoubt/sql/sqlcode"
)

// asOfFunction is the name of the function that AS OF expressions are wrapped in.
const asOfFunction = "redoubt_asof"

// The first argument of redoubt_asof: the words of the clause, then flags after a plus sign.
const (
	clausePresent   = "PRESENT"
	clausePlain     = "AS OF"
	clauseSCN       = "SCN"
	clauseTimestamp = "TIMESTAMP"
	clauseName      = "RESTORE POINT"
)

// Functions returns the SQL functions that rewritten statements call. The engine's catalog must know them.
func Functions() []sql.Function {
	return []sql.Function{
		sql.FunctionN{Name: asOfFunction, Fn: newAsOfExpr}, sql.FunctionN{Name: versionsFunction, Fn: newVersionsExpr},
	}
}

// asOfExpr is redoubt_asof(clause, value): it evaluates to the canonical form of an AsOf.
type asOfExpr struct {
	clause, value sql.Expression
}

var (
	_ sql.FunctionExpression = (*asOfExpr)(nil)
	_ sql.CollationCoercible = (*asOfExpr)(nil)
)

func newAsOfExpr(args ...sql.Expression) (sql.Expression, error) {
	if len(args) != 2 {
		return nil, sql.ErrInvalidArgumentNumber.New(asOfFunction, "2", len(args))
	}
	return &asOfExpr{clause: args[0], value: args[1]}, nil
}

// FunctionName implements sql.FunctionExpression.
func (e *asOfExpr) FunctionName() string { return asOfFunction }

// Description implements sql.FunctionExpression.
func (e *asOfExpr) Description() string {
	return "returns the canonical form of a point in the past; AS OF clauses are rewritten to it."
}

// Resolved implements sql.Expression.
func (e *asOfExpr) Resolved() bool { return e.clause.Resolved() && e.value.Resolved() }

// String implements sql.Expression.
func (e *asOfExpr) String() string { return fmt.Sprintf("%s(%s,%s)", asOfFunction, e.clause, e.value) }

// Type implements sql.Expression.
func (e *asOfExpr) Type() sql.Type { return types.LongText }

// IsNullable implements sql.Expression.
func (e *asOfExpr) IsNullable() bool { return false }

// Children implements sql.Expression.
func (e *asOfExpr) Children() []sql.Expression { return []sql.Expression{e.clause, e.value} }

// WithChildren implements sql.Expression.
func (e *asOfExpr) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	return newAsOfExpr(children...)
}

// CollationCoercibility implements sql.CollationCoercible.
func (e *asOfExpr) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	return sql.Collation_Default, 4
}

// Eval implements sql.Expression.
func (e *asOfExpr) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	clauseValue, err := e.clause.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	clause, _ := clauseValue.(string)
	words := strings.Split(clause, "+")
	var a AsOf
	for _, flag := range words[1:] {
		a.SchemaNow = a.SchemaNow || flag == flagSchemaNow
		a.RowSCN = a.RowSCN || flag == flagRowSCN
		a.Lock.set(flag)
	}
	switch {
	case words[0] == clausePresent:
		return a.String(), nil
	case hasUnbound(e.value):
		a.Kind = Unbound
		return a.String(), nil
	}
	v, err := e.value.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	if v, err = sql.UnwrapAny(ctx, v); err != nil {
		return nil, err
	}
	if err := a.set(ctx, words[0], v, e.value.Type()); err != nil {
		return nil, err
	}
	notePoint(ctx, a)
	return a.String(), nil
}

// hasUnbound reports whether the expression holds a parameter without a value: the statement is being prepared.
func hasUnbound(e sql.Expression) bool {
	found := false
	sql.Inspect(e, func(e sql.Expression) bool {
		if _, ok := e.(*expression.BindVar); ok {
			found = true
		}
		return !found
	})
	return found
}

// set gives the point the value v of an expression of type t, under the words of the clause.
func (a *AsOf) set(ctx *sql.Context, clause string, v any, t sql.Type) (err error) {
	if v == nil {
		return sqlcode.BadAsOf("its expression is NULL")
	}
	switch clause {
	case clauseSCN:
		a.Kind = AtSCN
		a.SCN, err = toSCN(v)
	case clauseTimestamp:
		a.Kind = AtTime
		a.Time, err = toInstant(ctx, v, t)
	case clauseName:
		a.Kind = AtName
		a.Name, err = toName(v)
	default:
		err = a.guess(ctx, v, t)
	}
	return err
}

// guess handles plain AS OF: a time is a time, a whole number is an SCN, a string that looks like a time is one, and
// any other string is the name of a restore point.
func (a *AsOf) guess(ctx *sql.Context, v any, t sql.Type) (err error) {
	switch s := v.(type) {
	case time.Time:
		a.Kind = AtTime
		a.Time, err = toInstant(ctx, v, t)
	case string:
		if looksLikeTime(s) {
			a.Kind = AtTime
			a.Time, err = toInstant(ctx, v, t)
			break
		}
		a.Kind = AtName
		a.Name, err = toName(v)
	case []byte:
		return a.guess(ctx, string(s), t)
	default:
		a.Kind = AtSCN
		a.SCN, err = toSCN(v)
	}
	return err
}

// looksLikeTime reports whether s begins like YYYY-MM-DD, with any of the separators that timestamps take here.
func looksLikeTime(s string) bool {
	s = strings.TrimSpace(s)
	if len(s) < 8 {
		return false
	}
	for i := range 4 {
		if !isDigit(s[i]) {
			return false
		}
	}
	return (s[4] == '-' || s[4] == '/') && isDigit(s[5])
}

// toSCN reads a whole number from 0 to 2^64-1, from a number or from a string of digits.
func toSCN(v any) (uint64, error) {
	bad := func() (uint64, error) {
		return 0, sqlcode.BadAsOf(fmt.Sprintf("an SCN is a whole number of 0 or more, not %s", show(v)))
	}
	var d decimal.Decimal
	switch n := v.(type) {
	case int8, int16, int32, int64, int:
		d = decimal.RequireFromString(fmt.Sprint(n))
	case uint8, uint16, uint32, uint64, uint:
		d = decimal.RequireFromString(fmt.Sprint(n))
	case float32:
		return toSCN(float64(n))
	case float64:
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return bad()
		}
		d = decimal.NewFromFloat(n)
	case decimal.Decimal:
		d = n
	case []byte:
		return toSCN(string(n))
	case string:
		u, err := strconv.ParseUint(strings.TrimSpace(n), 10, 64)
		if err != nil {
			return bad()
		}
		return u, nil
	default:
		return bad()
	}
	if !d.IsInteger() || d.IsNegative() || !d.BigInt().IsUint64() {
		return bad()
	}
	return d.BigInt().Uint64(), nil
}

// toName reads the name of a restore point.
func toName(v any) (string, error) {
	switch s := v.(type) {
	case string:
		if s != "" {
			return s, nil
		}
	case []byte:
		return toName(string(s))
	}
	return "", sqlcode.BadAsOf(fmt.Sprintf("the name of a restore point is a string that is not empty, not %s", show(v)))
}

// show quotes a value for an error message, shortened.
func show(v any) string {
	s := fmt.Sprint(v)
	if b, ok := v.([]byte); ok {
		s = string(b)
	}
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	if _, number := v.(string); number {
		return "'" + s + "'"
	}
	return s
}

// toInstant reads a date and time as the session's clock shows it and returns the instant. Values of type TIMESTAMP
// and DATETIME alike hold what the clock shows. A string may carry its own offset, and then means that.
func toInstant(ctx *sql.Context, v any, t sql.Type) (time.Time, error) {
	wall, isTime := v.(time.Time)
	if !isTime {
		s, ok := asText(v)
		if !ok || !looksLikeTime(s) {
			return time.Time{}, sqlcode.BadAsOf(fmt.Sprintf("a timestamp is written 'YYYY-MM-DD hh:mm:ss[.ffffff]', not %s", show(v)))
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-07:00"} {
			if at, err := time.Parse(layout, s); err == nil {
				return at.UTC().Truncate(time.Microsecond), nil
			}
		}
		converted, _, err := types.DatetimeMaxPrecision.Convert(ctx, s)
		if wall, isTime = converted.(time.Time); err != nil || !isTime {
			return time.Time{}, sqlcode.BadAsOf(fmt.Sprintf("a timestamp is written 'YYYY-MM-DD hh:mm:ss[.ffffff]', not %s", show(v)))
		}
	}
	zone, err := sessionZone(ctx)
	if err != nil {
		return time.Time{}, err
	}
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), zone)
	return at.UTC().Truncate(time.Microsecond), nil
}

func asText(v any) (string, bool) {
	switch s := v.(type) {
	case string:
		return strings.TrimSpace(s), true
	case []byte:
		return strings.TrimSpace(string(s)), true
	}
	return "", false
}

// WallClock returns an instant, microseconds since 1970-01-01 UTC, as the session's clock shows it.
func WallClock(ctx *sql.Context, micros int64) (time.Time, error) {
	zone, err := sessionZone(ctx)
	if err != nil {
		return time.Time{}, err
	}
	t := time.UnixMicro(micros).In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), nil
}

// sessionZone returns @@time_zone as a location: a name of the time zone database, or an offset such as +02:00.
func sessionZone(ctx *sql.Context) (*time.Location, error) {
	value, err := ctx.GetSessionVariable(ctx, "time_zone")
	if err != nil {
		return nil, err
	}
	name, _ := value.(string)
	if name == "SYSTEM" {
		return time.Local, nil // with its summer time, not with today's offset
	}
	if len(name) >= 5 && (name[0] == '+' || name[0] == '-') {
		h, m, ok := strings.Cut(name[1:], ":")
		hours, errH := strconv.Atoi(h)
		minutes, errM := strconv.Atoi(m)
		if ok && errH == nil && errM == nil {
			seconds := hours*3600 + minutes*60
			if name[0] == '-' {
				seconds = -seconds
			}
			return time.FixedZone(name, seconds), nil
		}
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, sqlcode.BadAsOf("the session's time zone is not known: " + name)
	}
	return zone, nil
}
