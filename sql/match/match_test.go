package match

import (
	"hash/maphash"
	"math"
	"testing"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"
	"github.com/shopspring/decimal"
)

var (
	ctx   = gsql.NewEmptyContext()
	price = types.MustCreateDecimalType(8, 2)
	fold  = types.MustCreateString(sqltypes.VarChar, 100, gsql.Collation_utf8mb4_general_ci)
)

func column(t gsql.Type) gsql.Expression { return expression.NewGetField(0, t, "c", true) }

// TestKeys holds the keys of pairs that are equal against one another: a join finds only what has the same key.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		left, right gsql.Type
		a, b        any
	}{
		{types.Int64, types.Uint8, int64(7), uint8(7)},
		{price, types.Int32, decimal.RequireFromString("2.00"), int32(2)},
		{price, types.Float64, decimal.RequireFromString("1.5"), 1.5},
		{types.Float64, types.Int8, math.Copysign(0, -1), int8(0)},
		{types.Float32, types.Float64, float32(0.1), float64(float32(0.1))},
		{fold, fold, "Zebra", "zEBRA"},
		{fold, fold, "a", "a "},
		{fold, types.LongText, "x", "x"},
		{fold, types.Int64, "07", int64(7)},
		{price, fold, decimal.RequireFromString("1.50"), "1.5e0x"},
	} {
		comparison := NewComparison(ctx, column(c.left), column(c.right))
		var h maphash.Hash
		key := func(v any) uint64 {
			h.Reset()
			if err := comparison.Write(ctx, &h, v); err != nil {
				t.Fatalf("%v: %v", v, err)
			}
			return h.Sum64()
		}
		if !comparison.HasKeys() || key(c.a) != key(c.b) {
			t.Errorf("%s %v and %s %v have different keys", c.left, c.a, c.right, c.b)
		}
	}
	if NewComparison(ctx, column(types.JSON), column(types.Int64)).HasKeys() {
		t.Error("documents and numbers have no key in common")
	}
}

// TestSet asks for rows among others, with NULL on either side.
func TestSet(t *testing.T) {
	one := NewComparison(ctx, column(types.Int64), column(types.Int32))
	for _, c := range []struct {
		name    string
		rows    [][]any
		row     []any
		answers any
	}{
		{"no rows", nil, []any{nil, int64(1)}, false},
		{"there", [][]any{{int32(1), int32(2)}, {int32(3), int32(4)}}, []any{int64(3), int64(4)}, true},
		{"not there", [][]any{{int32(1), int32(2)}}, []any{int64(1), int64(3)}, false},
		{"NULL that may be it", [][]any{{int32(1), nil}}, []any{int64(1), int64(3)}, nil},
		{"NULL that cannot be it", [][]any{{int32(2), nil}}, []any{int64(1), int64(3)}, false},
		{"asked with NULL, may be", [][]any{{int32(1), int32(2)}}, []any{nil, int64(2)}, nil},
		{"asked with NULL, cannot be", [][]any{{int32(1), int32(2)}}, []any{nil, int64(3)}, false},
		{"NULLs in other columns", [][]any{{nil, int32(2)}}, []any{int64(1), nil}, nil},
		{"there in spite of NULL", [][]any{{int32(1), nil}, {int32(1), int32(3)}}, []any{int64(1), int64(3)}, true},
	} {
		set := NewSet([]*Comparison{one, one})
		for _, row := range c.rows {
			set.add(row)
		}
		if got, err := set.Contains(ctx, c.row); err != nil || got != c.answers {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.answers)
		}
	}
}

func TestContains(t *testing.T) {
	short := types.MustCreateString(sqltypes.VarChar, 10, gsql.Collation_utf8mb4_general_ci)
	for _, c := range []struct {
		column, key gsql.Type
		all         bool
	}{
		{types.Int64, types.Int32, true},
		{types.Int32, types.Int64, false},
		{types.Int32, types.Uint32, false},
		{types.Int64, types.Uint32, true},
		{types.Int64, price, false}, // 1.5 would find 2
		{price, types.MustCreateDecimalType(10, 4), false},
		{price, types.MustCreateDecimalType(6, 2), true},
		{types.MustCreateDecimalType(20, 2), types.Int32, true},
		{types.Date, types.Datetime, false},
		{types.Datetime, types.Date, true},
		{fold, short, true},
		{short, fold, false},
	} {
		if got := contains(c.column, c.key); got != c.all {
			t.Errorf("%s holds all %s: %v, want %v", c.column, c.key, got, c.all)
		}
	}
}
