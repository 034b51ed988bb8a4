package storage

import (
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/sql/datatype"
)

const primaryName = "PRIMARY"

// catalogColumn makes the definition of a column as the SQL engine describes it.
func catalogColumn(c *gsql.Column, id uint32) (catalog.Column, error) {
	kind, err := datatype.KindOf(c.Type)
	if err != nil {
		return catalog.Column{}, fmt.Errorf("column %s: %w", c.Name, err)
	}
	out := catalog.Column{
		ID: id, Name: c.Name, Type: datatype.Text(c.Type), Kind: kind, Collation: datatype.CollationOf(c.Type),
		Nullable: c.Nullable, AutoIncrement: c.AutoIncrement, Virtual: c.Virtual, Comment: c.Comment,
	}
	if c.Default != nil {
		out.Default, out.DefaultLiteral = c.Default.String(), c.Default.IsLiteral()
	}
	if c.Generated != nil {
		out.Generated = c.Generated.String()
	}
	if c.OnUpdate != nil {
		out.OnUpdate = c.OnUpdate.String()
	}
	return out, nil
}

// newDefinition makes the definition of a new table. Its ids are still to be set.
func newDefinition(name string, schema gsql.PrimaryKeySchema, collation gsql.CollationID, comment string) (*catalog.Table, error) {
	t := &catalog.Table{Name: name, NextColumnID: 1, Collation: collation.Name(), Comment: comment}
	for _, c := range schema.Schema {
		column, err := catalogColumn(c, t.NextColumnID)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		t.Columns = append(t.Columns, column)
		t.NextColumnID++
	}
	for _, ordinal := range schema.PkOrdinals {
		t.PrimaryKey = append(t.PrimaryKey, catalog.IndexColumn{Column: t.Columns[ordinal].ID})
	}
	return t, nil
}

// schemaOf describes a table to the SQL engine. A virtual column is described as a stored one, and its values are
// stored: around tables with virtual columns the SQL engine forgets checks and mixes up projections.
func schemaOf(shape *datatype.Shape, database string) gsql.PrimaryKeySchema {
	def := shape.Table
	schema := make(gsql.Schema, len(def.Columns))
	for i := range def.Columns {
		c := &def.Columns[i]
		column := &gsql.Column{
			Name: c.Name, Type: shape.Fields[i].Type, Source: def.Name, DatabaseSource: database,
			Nullable: c.Nullable, AutoIncrement: c.AutoIncrement, Comment: c.Comment,
		}
		if c.Default != "" {
			column.Default = gsql.NewUnresolvedColumnDefaultValue(c.Default)
		}
		if c.Generated != "" {
			column.Generated = gsql.NewUnresolvedColumnDefaultValue(c.Generated)
		}
		if c.OnUpdate != "" {
			column.OnUpdate = gsql.NewUnresolvedColumnDefaultValue(c.OnUpdate)
		}
		if c.AutoIncrement {
			column.Extra = "auto_increment"
		}
		schema[i] = column
	}
	ordinals := make([]int, len(def.PrimaryKey))
	for i, p := range def.PrimaryKey {
		ordinals[i] = shape.IndexOfID(p.Column)
		schema[ordinals[i]].PrimaryKey = true
	}
	return gsql.NewPrimaryKeySchema(schema, ordinals...)
}

// indexColumns makes the parts of a key from the columns that a statement names.
func indexColumns(def *catalog.Table, columns []gsql.IndexColumn) ([]catalog.IndexColumn, error) {
	parts := make([]catalog.IndexColumn, len(columns))
	for i, c := range columns {
		column, ok := def.Column(c.Name)
		if !ok {
			return nil, gsql.ErrKeyColumnDoesNotExist.New(c.Name)
		}
		if c.Length < 0 {
			return nil, gsql.ErrKeyZero.New(c.Name)
		}
		parts[i] = catalog.IndexColumn{Column: column.ID, PrefixLength: int(c.Length)}
	}
	return parts, nil
}

func collationOf(name string) gsql.CollationID {
	id, err := gsql.ParseCollation("", name, false)
	if err != nil || id == gsql.Collation_Unspecified {
		return gsql.Collation_Default
	}
	return id
}

// IsVirtual tells whether a generated column was defined as VIRTUAL. Its values are stored all the same.
func IsVirtual(table gsql.Table, column string) bool {
	t, ok := storedTable(table)
	if !ok {
		return false
	}
	c, ok := t.def.Column(column)
	return ok && c.Virtual
}
