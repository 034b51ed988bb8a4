package sql

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/datatype"
)

// stampChanges gives assignments to rows of a schema so that ON UPDATE sets a column only in rows of which something
// else changes, as in MySQL: the SQL engine would set it in each row that an UPDATE finds, in the first of its tables
// only, and never for ON DUPLICATE KEY UPDATE. found tells whether there is any ON UPDATE to see to.
func stampChanges(assignments []gsql.Expression, schema gsql.Schema) (out []gsql.Expression, found bool, err error) {
	if len(assignments) == 0 {
		return assignments, false, nil
	}
	if _, done := assignments[0].(*keepRow); done {
		return assignments, false, nil
	}
	kept := &keptRow{schema: schema, before: columnsBefore(assignments, schema)}
	out = []gsql.Expression{&keepRow{kept}}
	for _, e := range assignments {
		if isStamp(e, schema) {
			e, found = &stamp{set: e, kept: kept}, true
		}
		out = append(out, e)
	}
	missing, err := missingStamps(assignments, kept)
	if err != nil {
		return nil, false, err
	}
	for _, set := range missing {
		out, found = append(out, &stamp{set: set, kept: kept}), true
	}
	if !found {
		return assignments, false, nil
	}
	return out, true, nil
}

// missingStamps gives assignments for the ON UPDATE columns of the tables that are assigned to, where there is none.
func missingStamps(assignments []gsql.Expression, kept *keptRow) ([]gsql.Expression, error) {
	assigned, tables, schema := map[int]bool{}, map[string]bool{}, kept.schema
	for _, e := range assignments {
		if field, ok := assignedField(e); ok {
			if i := field.Index() - kept.before; i >= 0 && i < len(schema) {
				assigned[i], tables[schema[i].Source] = true, true
			}
		}
	}
	var out []gsql.Expression
	for i, c := range schema {
		if c.OnUpdate == nil || c.Generated != nil || assigned[i] || !tables[c.Source] {
			continue
		}
		now, err := datatype.CurrentTime(c.Type)
		if err != nil {
			return nil, err
		}
		field := expression.NewGetFieldWithTable(kept.before+i, 0, c.Type, c.DatabaseSource, c.Source, c.Name, c.Nullable)
		out = append(out, expression.NewSetField(field, now))
	}
	return out, nil
}

// assignedField gives the column that an assignment sets.
func assignedField(e gsql.Expression) (*expression.GetField, bool) {
	set, ok := e.(*expression.SetField)
	if !ok {
		return nil, false
	}
	field, ok := set.LeftChild.(*expression.GetField)
	return field, ok
}

// columnsBefore gives how many columns stand before those of the schema in the rows: in a trigger those of the row that
// fired it.
func columnsBefore(assignments []gsql.Expression, schema gsql.Schema) int {
	for _, e := range assignments {
		field, ok := assignedField(e)
		if !ok {
			continue
		}
		for i, c := range schema {
			if strings.EqualFold(c.Name, field.Name()) && strings.EqualFold(c.Source, field.Table()) {
				return max(field.Index()-i, 0)
			}
		}
	}
	return 0
}

// updatedSchema gives the schema of the rows that an UPDATE changes, with the ON UPDATE of its tables' columns, which a
// join may have lost.
func updatedSchema(n gsql.Node) gsql.Schema {
	schema := n.Schema().Copy()
	transform.Inspect(n, func(n gsql.Node) bool {
		if n == nil { // behind the children of a node
			return true
		}
		for _, c := range n.Schema() {
			if c.OnUpdate == nil {
				continue
			}
			for _, column := range schema {
				if column.Source == c.Source && column.Name == c.Name {
					column.OnUpdate = c.OnUpdate
				}
			}
		}
		return true
	})
	return schema
}

// isStamp tells whether an expression sets a column because of its ON UPDATE.
func isStamp(e gsql.Expression, schema gsql.Schema) bool {
	set, ok := e.(*expression.SetField)
	if !ok {
		return false
	}
	field, isField := set.LeftChild.(*expression.GetField)
	if _, isDefault := set.RightChild.(*gsql.ColumnDefaultValue); !isField || !isDefault {
		return false
	}
	for _, c := range schema {
		if c.OnUpdate != nil && c.Generated == nil && c.Name == field.Name() {
			return true
		}
	}
	return false
}

// keptRow is a row as it was before the first assignment of an UPDATE. It belongs to the one statement that runs.
type keptRow struct {
	schema gsql.Schema
	before int // columns of the rows that stand before those of the schema
	row    gsql.Row
}

// unchanged tells whether no column of the table that the column at a position belongs to differs from what it was.
func (k *keptRow) unchanged(ctx *gsql.Context, row gsql.Row, position int) (bool, error) {
	position -= k.before
	if position < 0 || position >= len(k.schema) || len(row) != len(k.row) || len(row) < k.before {
		return false, nil
	}
	row, kept := row[k.before:], k.row[k.before:]
	table := k.schema[position].Source
	for i, c := range k.schema {
		if i == position || c.Source != table || i >= len(row) {
			continue
		}
		if (row[i] == nil) != (kept[i] == nil) {
			return false, nil
		}
		if row[i] == nil {
			continue
		}
		kind := c.Type
		if types.IsText(kind) {
			kind = types.LongBlob // 'a' and 'A' differ
		}
		order, err := kind.Compare(ctx, kept[i], row[i])
		if err != nil || order != 0 {
			return false, err
		}
	}
	return true, nil
}

// keepRow is the first of an UPDATE's assignments: it assigns nothing, and keeps the row.
type keepRow struct{ kept *keptRow }

var _ gsql.Expression = (*keepRow)(nil)

// Resolved implements gsql.Expression.
func (*keepRow) Resolved() bool { return true }

// String implements gsql.Expression.
func (*keepRow) String() string { return "keep" }

// Type implements gsql.Expression.
func (*keepRow) Type() gsql.Type { return types.Null }

// IsNullable implements gsql.Expression.
func (*keepRow) IsNullable() bool { return false }

// Eval implements gsql.Expression.
func (e *keepRow) Eval(_ *gsql.Context, row gsql.Row) (any, error) {
	e.kept.row = row
	return row, nil
}

// Children implements gsql.Expression.
func (*keepRow) Children() []gsql.Expression { return nil }

// WithChildren implements gsql.Expression.
func (e *keepRow) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 0 {
		return nil, gsql.ErrInvalidChildrenNumber.New(e, len(children), 0)
	}
	return e, nil
}

// stamp is the assignment of an ON UPDATE.
type stamp struct {
	set  gsql.Expression // an expression.SetField
	kept *keptRow
}

var _ gsql.Expression = (*stamp)(nil)

// Resolved implements gsql.Expression.
func (e *stamp) Resolved() bool { return e.set.Resolved() }

// String implements gsql.Expression.
func (e *stamp) String() string { return e.set.String() }

// Type implements gsql.Expression.
func (e *stamp) Type() gsql.Type { return e.set.Type() }

// IsNullable implements gsql.Expression.
func (e *stamp) IsNullable() bool { return e.set.IsNullable() }

// Eval implements gsql.Expression.
func (e *stamp) Eval(ctx *gsql.Context, row gsql.Row) (any, error) {
	if set, ok := e.set.(*expression.SetField); ok {
		if field, ok := set.LeftChild.(*expression.GetField); ok {
			same, err := e.kept.unchanged(ctx, row, field.Index())
			if err != nil || same {
				return row, err
			}
		}
	}
	return e.set.Eval(ctx, row)
}

// Children implements gsql.Expression.
func (e *stamp) Children() []gsql.Expression { return []gsql.Expression{e.set} }

// WithChildren implements gsql.Expression.
func (e *stamp) WithChildren(children ...gsql.Expression) (gsql.Expression, error) {
	if len(children) != 1 {
		return nil, gsql.ErrInvalidChildrenNumber.New(e, len(children), 1)
	}
	return &stamp{children[0], e.kept}, nil
}
