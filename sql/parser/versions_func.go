package parser

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// versionsFunction is the name of the function that ranges of versions are wrapped in.
const versionsFunction = "redoubt_versions"

// Flags of the first argument of redoubt_versions, behind the words of the clause. Its other arguments are the bounds,
// NULL for those that a flag gives.
const (
	flagLowest     = "MIN"      // the range begins where history does
	flagHighest    = "MAX"      // the range ends now
	flagLowHighest = "FROM_MAX" // the range begins now
	flagHighLowest = "TO_MIN"   // the range ends where history begins
	flagVisible    = "VISIBLE"
	flagHalfOpen   = "HALF_OPEN"
)

// Bound is one end of a range of versions: Kind is AtSCN, AtTime, AtName, Lowest or Highest.
type Bound struct {
	Kind AsOfKind
	SCN  uint64
	Time time.Time
	Name string
}

// VersionsRange is what VERSIONS BETWEEN asks for.
type VersionsRange struct {
	// Unbound says that a bound is not known yet, because its expression has a parameter and the statement is only being
	// prepared: it is then Present. The table is needed for its columns alone.
	Unbound   bool
	Low, High Bound
	// Visible leaves deletions out.
	Visible bool
	// HalfOpen says that the range ends before High.
	HalfOpen bool
}

// String returns the range in words.
func (r VersionsRange) String() string {
	return r.Low.Point().Describe() + " to " + r.High.Point().Describe()
}

// Point is the bound as a point in time.
func (b Bound) Point() AsOf { return AsOf{Kind: b.Kind, SCN: b.SCN, Time: b.Time, Name: b.Name} }

// canonical is the form of a bound within that of an AsOf.
func (b Bound) canonical() string {
	switch b.Kind {
	case AtSCN:
		return "SCN:" + strconv.FormatUint(b.SCN, 10)
	case AtTime:
		return "TS:" + b.Time.UTC().Format(timeLayout)
	case AtName:
		return "NAME:" + b.Name
	}
	return b.Kind.String()
}

// canonical is the form of the range behind VERSIONS:, its bounds quoted.
func (r VersionsRange) canonical() string {
	words := []string{strconv.Quote(r.Low.canonical()), strconv.Quote(r.High.canonical())}
	for _, flag := range []struct {
		set  bool
		word string
	}{{r.Unbound, "UNBOUND"}, {r.Visible, flagVisible}, {r.HalfOpen, flagHalfOpen}} {
		if flag.set {
			words = append(words, flag.word)
		}
	}
	return strings.Join(words, " ")
}

func decodeRange(s string) (r VersionsRange, ok bool) {
	for _, b := range []*Bound{&r.Low, &r.High} {
		quoted, err := strconv.QuotedPrefix(s)
		if err != nil {
			return r, false
		}
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return r, false
		}
		switch text {
		case Lowest.String():
			b.Kind = Lowest
		case Highest.String():
			b.Kind = Highest
		default:
			point, err := decodeAsOf(text)
			if err != nil {
				return r, false
			}
			*b = Bound{point.Kind, point.SCN, point.Time, point.Name}
		}
		s = strings.TrimPrefix(s[len(quoted):], " ")
	}
	for _, word := range strings.Fields(s) {
		switch word {
		case "UNBOUND":
			r.Unbound = true
		case flagVisible:
			r.Visible = true
		case flagHalfOpen:
			r.HalfOpen = true
		default:
			return r, false
		}
	}
	return r, true
}

// versionsExpr is redoubt_versions(clause, low, high): it evaluates to the canonical form of an AsOf.
type versionsExpr struct{ clause, low, high sql.Expression }

var (
	_ sql.FunctionExpression = (*versionsExpr)(nil)
	_ sql.CollationCoercible = (*versionsExpr)(nil)
)

func newVersionsExpr(args ...sql.Expression) (sql.Expression, error) {
	if len(args) != 3 {
		return nil, sql.ErrInvalidArgumentNumber.New(versionsFunction, "3", len(args))
	}
	return &versionsExpr{args[0], args[1], args[2]}, nil
}

// FunctionName implements sql.FunctionExpression.
func (e *versionsExpr) FunctionName() string { return versionsFunction }

// Description implements sql.FunctionExpression.
func (e *versionsExpr) Description() string {
	return "returns the canonical form of a range of history; VERSIONS BETWEEN is rewritten to it."
}

// Resolved implements sql.Expression.
func (e *versionsExpr) Resolved() bool {
	return e.clause.Resolved() && e.low.Resolved() && e.high.Resolved()
}

// String implements sql.Expression.
func (e *versionsExpr) String() string {
	return fmt.Sprintf("%s(%s,%s,%s)", versionsFunction, e.clause, e.low, e.high)
}

// Type implements sql.Expression.
func (e *versionsExpr) Type() sql.Type { return types.LongText }

// IsNullable implements sql.Expression.
func (e *versionsExpr) IsNullable() bool { return false }

// Children implements sql.Expression.
func (e *versionsExpr) Children() []sql.Expression { return []sql.Expression{e.clause, e.low, e.high} }

// WithChildren implements sql.Expression.
func (e *versionsExpr) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	return newVersionsExpr(children...)
}

// CollationCoercibility implements sql.CollationCoercible.
func (e *versionsExpr) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	return sql.Collation_Default, 4
}

// Eval implements sql.Expression.
func (e *versionsExpr) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	value, err := e.clause.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	clause, _ := value.(string)
	words := strings.Split(clause, "+")
	a := AsOf{Kind: Between}
	r := &a.Range
	for _, flag := range words[1:] {
		switch flag {
		case flagRowSCN:
			a.RowSCN = true
		case flagLowest:
			r.Low.Kind = Lowest
		case flagLowHighest:
			r.Low.Kind = Highest
		case flagHighest:
			r.High.Kind = Highest
		case flagHighLowest:
			r.High.Kind = Lowest
		case flagVisible:
			r.Visible = true
		case flagHalfOpen:
			r.HalfOpen = true
		}
	}
	if err := r.Low.evaluate(ctx, row, words[0], e.low); err != nil {
		return nil, err
	}
	if err := r.High.evaluate(ctx, row, words[0], e.high); err != nil {
		return nil, err
	}
	r.Unbound = r.Low.Kind == Present || r.High.Kind == Present
	notePoint(ctx, a)
	return a.String(), nil
}

// evaluate gives a bound the value of its expression, if it has one and the value is known.
func (b *Bound) evaluate(ctx *sql.Context, row sql.Row, clause string, e sql.Expression) error {
	if b.Kind != Present || hasUnbound(e) {
		return nil
	}
	v, err := e.Eval(ctx, row)
	if err == nil {
		v, err = sql.UnwrapAny(ctx, v)
	}
	if err != nil {
		return err
	}
	if v == nil {
		return sqlcode.New(sqlcode.IDVersionsRange, "an expression of it is NULL; write MINVALUE or MAXVALUE for an open end")
	}
	var point AsOf
	if err := point.set(ctx, clause, v, e.Type()); err != nil {
		return err
	}
	*b = Bound{point.Kind, point.SCN, point.Time, point.Name}
	return nil
}
