package sql

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	"github.com/dolthub/vitess/go/vt/proto/query"
	"github.com/shopspring/decimal"

	"redoubt/sql/datatype"
	"redoubt/sql/function"
	"redoubt/sql/numeral"
)

// misfit is why a column does not hold a value, in MySQL's words.
type misfit struct {
	errno int
	state string
	text  string
}

func (m *misfit) err() error { return mysql.NewSQLError(m.errno, m.state, "%s", m.text) }

func outOfRange(c *gsql.Column) *misfit {
	return &misfit{1264, "22003", "Out of range value for column '" + c.Name + "'"}
}

// hasNearest tells whether nearest knows the values of a type: numbers, and TIME.
func hasNearest(t gsql.Type) bool {
	return types.IsInteger(t) || types.IsDecimal(t) || types.IsFloat(t) || types.IsTimespan(t)
}

// nearest gives a value for a column, and what is wrong with it if it is not all of what was given, but the nearest value that the column
// holds. The SQL engine would take another one for some, or none.
func nearest(ctx *gsql.Context, c *gsql.Column, v any) (any, *misfit) {
	text, isText := v.(string)
	if types.IsTimespan(c.Type) {
		if isText && strings.TrimSpace(text) == "" {
			return types.Timespan(0), &misfit{1292, "22007", "Incorrect time value: '" + text + "' for column '" + c.Name + "'"}
		}
		if longest, beyond := function.BeyondTime(ctx, v); beyond {
			return longest, &misfit{1292, "22007", fmt.Sprintf("Incorrect time value: '%v' for column '%s'", v, c.Name)}
		}
		return v, nil
	}
	if !isText {
		return nearestNumber(ctx, c, v)
	}
	prefix, whole := numeral.Prefix(text)
	if prefix == "" {
		return int64(0), &misfit{1366, "HY000", "Incorrect " + kindOfNumber(c.Type) + " value: '" + text + "' for column '" + c.Name + "'"}
	}
	number, wrong := nearestNumber(ctx, c, numberOfPrefix(prefix))
	if !whole && wrong == nil {
		wrong = &misfit{1265, "01000", "Data truncated for column '" + c.Name + "'"}
	}
	return number, wrong
}

func kindOfNumber(t gsql.Type) string {
	switch {
	case types.IsInteger(t):
		return "integer"
	case types.IsDecimal(t):
		return "decimal"
	}
	return "double"
}

// decimalMax is above what any column holds that is no float: a text of more digits is read as one.
const decimalMax = 1e66

// numberOfPrefix gives the number that a text is. It reads no more digits than a column may hold, however large an exponent is.
func numberOfPrefix(text string) any {
	f, _ := strconv.ParseFloat(text, 64) // infinite if it is too great
	if math.Abs(f) >= decimalMax || math.Abs(f) < 1/decimalMax {
		return f
	}
	d, err := decimal.NewFromString(strings.TrimSuffix(text, "."))
	if err != nil {
		return f
	}
	return d
}

// nearestNumber does so for what is no text.
func nearestNumber(ctx *gsql.Context, c *gsql.Column, v any) (any, *misfit) {
	switch {
	case types.IsInteger(c.Type):
		return nearestWhole(ctx, c, v)
	case types.IsDecimal(c.Type):
		return nearestDecimal(ctx, c, v)
	}
	f, ok := v.(float64)
	if ok && (math.IsInf(f, 0) || types.TypesEqual(c.Type, types.Float32) && math.Abs(f) > math.MaxFloat32) {
		return math.Copysign(floatMax(c.Type), f), outOfRange(c)
	}
	return v, nil
}

func floatMax(t gsql.Type) float64 {
	if types.TypesEqual(t, types.Float32) {
		return math.MaxFloat32
	}
	return math.MaxFloat64
}

func nearestDecimal(ctx *gsql.Context, c *gsql.Column, v any) (any, *misfit) {
	number, ok := datatype.Number(ctx, v)
	if f, isFloat := v.(float64); isFloat && math.Abs(f) >= decimalMax {
		number, ok = decimal.New(int64(math.Copysign(1, f)), types.DecimalTypeMaxPrecision), true
	}
	t, isDecimal := c.Type.(gsql.DecimalType)
	if !ok || !isDecimal {
		return v, nil
	}
	scale := int32(t.Scale())
	highest := decimal.New(1, int32(t.Precision())-scale).Sub(decimal.New(1, -scale))
	if number.Round(scale).Abs().LessThanOrEqual(highest) {
		if _, isFloat := v.(float64); isFloat {
			return v, nil // the engine rounds it
		}
		return number, nil
	}
	if number.IsNegative() {
		highest = highest.Neg()
	}
	return highest, outOfRange(c)
}

func nearestWhole(ctx *gsql.Context, c *gsql.Column, v any) (any, *misfit) {
	if f, ok := v.(float64); ok && math.Abs(f) >= decimalMax {
		return limitOf(c.Type, f < 0), outOfRange(c)
	}
	if d, ok := v.(decimal.Decimal); ok {
		whole, ok := datatype.Whole(d)
		if !ok || types.IsUnsigned(c.Type) && d.IsNegative() {
			return limitOf(c.Type, d.IsNegative()), outOfRange(c)
		}
		v = whole
	}
	made, in, err := c.Type.Convert(ctx, v)
	if err != nil || datatype.SameWhole(v, made) || in == gsql.InRange && datatype.HoldsRounded(ctx, c.Type, v) {
		return v, nil
	}
	number, isNumber := datatype.Number(ctx, v)
	return limitOf(c.Type, isNumber && number.IsNegative()), outOfRange(c)
}

// wholeBits are how many bits the integer types have.
var wholeBits = map[query.Type]uint{
	sqltypes.Int8: 8, sqltypes.Int16: 16, sqltypes.Int24: 24, sqltypes.Int32: 32, sqltypes.Int64: 64,
	sqltypes.Uint8: 8, sqltypes.Uint16: 16, sqltypes.Uint24: 24, sqltypes.Uint32: 32, sqltypes.Uint64: 64,
}

// limitOf is the lowest or the highest number of an integer type.
func limitOf(t gsql.Type, lowest bool) any {
	bits := wholeBits[t.Type()]
	switch unsigned := types.IsUnsigned(t); {
	case unsigned && lowest:
		return uint64(0)
	case unsigned:
		return uint64(math.MaxUint64) >> (64 - bits)
	case lowest:
		return int64(math.MinInt64) >> (64 - bits)
	}
	return int64(math.MaxInt64) >> (64 - bits)
}
