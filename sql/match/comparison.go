package match

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"

	"redoubt/sql/numeral"
)

// Comparison is the equality of two expressions.
type Comparison struct {
	kind      kind
	collation gsql.CollationID // of texts
	equal     gsql.Expression  // of the two values of a row
}

// kind is how values of two types become keys.
type kind int

const (
	noKey    kind = iota // values of the types may be equal in ways that no key shows
	integers             // exactly
	numbers              // as float64
	floats               // as float32, since one side has no more digits
	texts                // by the weights of a collation
	bytesOf              // as they are
	instants             // as microseconds
	spans                // TIME
)

// NewComparison makes the comparison of two expressions.
func NewComparison(ctx *gsql.Context, left, right gsql.Expression) *Comparison {
	c := &Comparison{kind: kindOf(left.Type(), right.Type())}
	l, r, mixed := AsNumbers(operand(left, 0), operand(right, 1))
	if mixed {
		c.kind = numbers
	}
	if exact := exactOperands([]gsql.Expression{l, r}); exact != nil {
		l, r = exact[0], exact[1]
	}
	c.equal = expression.NewEquals(l, r)
	if c.kind == texts {
		c.collation = collationOf(ctx, left, right)
	}
	return c
}

// collationOf gives the collation by which the SQL engine compares two texts.
func collationOf(ctx *gsql.Context, left, right gsql.Expression) gsql.CollationID {
	if t, ok := left.Type().(gsql.StringType); ok && types.TypesEqual(left.Type(), right.Type()) {
		return t.Collation()
	}
	l, lc := gsql.GetCoercibility(ctx, left)
	r, rc := gsql.GetCoercibility(ctx, right)
	out, _ := gsql.ResolveCoercibility(l, lc, r, rc)
	return out
}

func kindOf(l, r gsql.Type) kind {
	both := func(is func(gsql.Type) bool) bool { return is(l) && is(r) }
	switch {
	case both(types.IsInteger):
		return integers
	case both(types.IsNumber):
		if isFloat32(l) || isFloat32(r) {
			return floats
		}
		return numbers
	case both(types.IsTextOnly):
		return texts
	case both(types.IsBinaryType):
		return bytesOf
	case both(types.IsTime):
		return instants
	case both(types.IsTimespan):
		return spans
	}
	return noKey
}

func isFloat32(t gsql.Type) bool { return types.TypesEqual(t, types.Float32) }

// HasKeys tells whether equal values can be found by a key.
func (c *Comparison) HasKeys() bool { return c.kind != noKey }

// Equal compares two values: true, false, or nil if one is NULL.
func (c *Comparison) Equal(ctx *gsql.Context, left, right any) (any, error) {
	if left == nil || right == nil {
		return nil, nil
	}
	return c.equal.Eval(ctx, gsql.Row{left, right})
}

// Write adds the key of a value that is not NULL to a hash.
func (c *Comparison) Write(ctx *gsql.Context, h *maphash.Hash, v any) error {
	v, err := gsql.UnwrapAny(ctx, v)
	if err != nil {
		return err
	}
	switch c.kind {
	case integers:
		if n, ok := integer(v); ok {
			writeUint(h, n)
			return nil
		}
		return fmt.Errorf("match: a %T is no integer", v)
	case numbers, floats:
		f, ok := float(v)
		if !ok {
			return fmt.Errorf("match: a %T is no number", v)
		}
		if c.kind == floats {
			f = float64(float32(f))
		}
		writeUint(h, math.Float64bits(f+0)) // -0 becomes 0
		return nil
	case texts:
		text, _, err := types.LongText.Convert(ctx, v)
		if err != nil {
			return err
		}
		// Collations that pad take blanks at the end for nothing; to those that do not, the key is only less sharp.
		return c.collation.WriteWeightString(h, strings.TrimRight(text.(string), " "))
	case instants:
		t, _, err := types.DatetimeMaxPrecision.Convert(ctx, v) // the engine has some as text
		if err == nil {
			writeUint(h, uint64(t.(time.Time).UnixMicro()))
		}
		return err
	}
	switch v := v.(type) {
	case []byte:
		h.Write(v)
	case string:
		h.WriteString(v)
	default:
		fmt.Fprint(h, v)
	}
	return nil
}

func writeUint(h *maphash.Hash, n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	h.Write(b[:])
}

// integer gives the bits of an integer. A great unsigned one shares them with a negative one, which does no harm.
func integer(v any) (uint64, bool) {
	switch v := v.(type) {
	case int8:
		return uint64(v), true
	case int16:
		return uint64(v), true
	case int32:
		return uint64(v), true
	case int64:
		return uint64(v), true
	case int:
		return uint64(v), true
	case uint8:
		return uint64(v), true
	case uint16:
		return uint64(v), true
	case uint32:
		return uint64(v), true
	case uint64:
		return v, true
	case uint:
		return uint64(v), true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case string:
		return numeral.Double(nil, v), true // it is compared with a number, which warns of what is none
	case []byte:
		return numeral.Double(nil, string(v)), true
	case float32:
		return float64(v), true
	case float64:
		return v, true
	case decimal.Decimal:
		return v.InexactFloat64(), true
	case uint64:
		return float64(v), true
	case uint:
		return float64(v), true
	}
	n, ok := integer(v)
	return float64(int64(n)), ok
}

// operand gives what reads the value of an expression from a row. A column stays one: the SQL engine compares numbers of
// an ENUM with text only if it sees the column.
func operand(e gsql.Expression, at int) gsql.Expression {
	if f, ok := e.(*expression.GetField); ok {
		return f.WithIndex(at)
	}
	return &slot{e, at}
}

// slot stands for an expression whose value is already known: it is in a row.
type slot struct {
	gsql.Expression
	at int
}

// Eval implements gsql.Expression.
func (s *slot) Eval(_ *gsql.Context, row gsql.Row) (any, error) { return row[s.at], nil }

// Children implements gsql.Expression.
func (s *slot) Children() []gsql.Expression { return nil }

// WithChildren implements gsql.Expression.
func (s *slot) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 0 {
		return nil, gsql.ErrInvalidChildrenNumber.New(s, len(children), 0)
	}
	return s, nil
}

// CollationCoercibility implements gsql.CollationCoercible.
func (s *slot) CollationCoercibility(ctx *gsql.Context) (gsql.CollationID, byte) {
	return gsql.GetCoercibility(ctx, s.Expression)
}
