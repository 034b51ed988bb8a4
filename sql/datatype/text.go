package datatype

import (
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/planbuilder"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"

	"redoubt/wal/redo"
)

// Text gives the canonical text of a type, from which Parse makes the same type. Types of text name their collation.
func Text(t gsql.Type) string {
	switch t := t.(type) {
	case gsql.EnumType:
		return listText("enum", t.Values(), t.Collation())
	case gsql.SetType:
		return listText("set", t.Values(), t.Collation())
	case types.StringType:
		text := t.StringWithTableCollation(t.Collation())
		if t.Collation() == gsql.Collation_binary || t.Collation() == gsql.Collation_Unspecified {
			return text
		}
		return text + " COLLATE " + t.Collation().Name()
	case gsql.SpatialColumnType:
		if srid, defined := t.GetSpatialTypeSRID(); defined {
			return fmt.Sprintf("%s SRID %d", spatialName(t), srid)
		}
		return spatialName(t)
	}
	return t.String()
}

func spatialName(t gsql.SpatialColumnType) string {
	name, _, _ := strings.Cut(t.(gsql.Type).String(), " ")
	return name
}

func listText(word string, values []string, collation gsql.CollationID) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		v = strings.ReplaceAll(v, `\`, `\\`)
		quoted[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	text := word + "(" + strings.Join(quoted, ",") + ")"
	if collation == gsql.Collation_Unspecified {
		return text
	}
	return text + " COLLATE " + collation.Name()
}

// Parse makes the type of a canonical text.
func Parse(text string) (gsql.Type, error) {
	t, err := planbuilder.ParseColumnTypeString(text)
	if err != nil {
		return nil, fmt.Errorf("column type %q: %w", text, err)
	}
	return t, nil
}

// KindOf tells how values of a type are stored.
func KindOf(t gsql.Type) (redo.Kind, error) {
	switch q := t.Type(); q {
	case sqltypes.Int8, sqltypes.Int16, sqltypes.Int24, sqltypes.Int32, sqltypes.Int64:
		return redo.Int, nil
	case sqltypes.Uint8, sqltypes.Uint16, sqltypes.Uint24, sqltypes.Uint32, sqltypes.Uint64,
		sqltypes.Bit, sqltypes.Enum, sqltypes.Set:
		return redo.Uint, nil
	case sqltypes.Float32:
		return redo.Float32, nil
	case sqltypes.Float64:
		return redo.Float64, nil
	case sqltypes.Decimal:
		return redo.Decimal, nil
	case sqltypes.Char, sqltypes.VarChar, sqltypes.Text:
		return redo.String, nil
	case sqltypes.Binary, sqltypes.VarBinary, sqltypes.Blob:
		return redo.Bytes, nil
	case sqltypes.Date:
		return redo.Date, nil
	case sqltypes.Datetime, sqltypes.Timestamp:
		return redo.Datetime, nil
	case sqltypes.Time:
		return redo.Time, nil
	case sqltypes.Year:
		return redo.Year, nil
	case sqltypes.TypeJSON:
		return redo.JSON, nil
	case sqltypes.Geometry:
		return redo.Geometry, nil
	}
	return redo.Null, fmt.Errorf("columns of type %s cannot be stored", t)
}

// CollationOf names the collation by which text of the type sorts; "" for types that are not text.
func CollationOf(t gsql.Type) string {
	c, ok := t.(gsql.TypeWithCollation)
	if !ok || c.Collation() == gsql.Collation_binary || c.Collation() == gsql.Collation_Unspecified {
		return ""
	}
	return c.Collation().Name()
}
