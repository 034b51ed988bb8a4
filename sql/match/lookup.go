package match

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// Finds tells whether a lookup by an index finds all rows that an equality wants: the values looked up must compare with
// the column as the index sorts it, and not be NULL to equal NULL, which the SQL engine's lookup does not find. It may
// find more, since the engine makes each value one of the column's type: 1.5 finds 2 in a column of integers.
func Finds(ctx *gsql.Context, access *plan.IndexedTableAccess) bool {
	return everyKey(access, func(column gsql.Type, key gsql.Expression) bool { return sortsAlike(ctx, column, key) })
}

// findsOnly tells whether a lookup finds these rows and no others.
func findsOnly(ctx *gsql.Context, access *plan.IndexedTableAccess) bool {
	return everyKey(access, func(column gsql.Type, key gsql.Expression) bool {
		return sortsAlike(ctx, column, key) && contains(column, key.Type())
	})
}

func everyKey(access *plan.IndexedTableAccess, good func(column gsql.Type, key gsql.Expression) bool) bool {
	columns, null := access.Index().ColumnExpressionTypes(), access.NullMask()
	for i, key := range access.Expressions() {
		if i >= len(columns) || i < len(null) && null[i] || !good(columns[i].Type, key) {
			return false
		}
	}
	return true
}

func sortsAlike(ctx *gsql.Context, column gsql.Type, key gsql.Expression) bool {
	t := key.Type()
	switch {
	case types.IsTextOnly(column) && types.IsTextOnly(t):
		text, ok := column.(gsql.StringType)
		return ok && text.Collation() == collationOf(ctx, expression.NewGetField(0, column, "", true), key)
	case types.IsNumber(column):
		return types.IsNumber(t) && !isFloat32(column) && !isFloat32(t)
	}
	return kindOf(column, t) != noKey || types.TypesEqual(column, t)
}

// contains tells whether all values of one type are values of another.
func contains(column, t gsql.Type) bool {
	switch c := column.(type) {
	case gsql.StringType:
		s, ok := t.(gsql.StringType)
		return ok && s.MaxCharacterLength() <= c.MaxCharacterLength()
	case gsql.DecimalType:
		scale, whole, ok := digits(t)
		return ok && scale <= int(c.Scale()) && whole <= int(c.Precision())-int(c.Scale())
	case gsql.DatetimeType:
		d, ok := t.(gsql.DatetimeType)
		return ok && (types.IsDateType(t) || !types.IsDateType(column) && d.Precision() <= c.Precision())
	}
	if types.IsInteger(column) {
		return types.IsInteger(t) && containsIntegers(column, t)
	}
	if types.TypesEqual(column, types.Float64) && types.IsInteger(t) {
		return t.MaxTextResponseByteLength(nil) <= types.Int32.MaxTextResponseByteLength(nil)
	}
	return types.TypesEqual(column, t)
}

// digits gives how many digits numbers of a type have behind and before the point.
func digits(t gsql.Type) (scale, whole int, ok bool) {
	if d, is := t.(gsql.DecimalType); is {
		return int(d.Scale()), int(d.Precision()) - int(d.Scale()), true
	}
	return 0, int(t.MaxTextResponseByteLength(nil)), types.IsInteger(t)
}

// containsIntegers tells the same of two types of integers, by how many digits they have.
func containsIntegers(column, t gsql.Type) bool {
	if types.IsUnsigned(column) != types.IsUnsigned(t) {
		return !types.IsUnsigned(column) && bits(column) > bits(t)
	}
	return bits(column) >= bits(t)
}

// bits gives the width of a type of integers.
func bits(t gsql.Type) int {
	for i, same := range [][]gsql.Type{
		{types.Int8, types.Uint8, types.Boolean}, {types.Int16, types.Uint16}, {types.Int24, types.Uint24}, {types.Int32, types.Uint32},
	} {
		for _, s := range same {
			if types.TypesEqual(s, t) {
				return 8 * (i + 1)
			}
		}
	}
	return 64
}
