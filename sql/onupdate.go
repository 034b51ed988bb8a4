package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// stampChanges gives an UPDATE's assignments so that ON UPDATE sets a column only in rows of which something else changes,
// as in MySQL: the SQL engine would set it in each row that an UPDATE finds. It gives nil if there is no ON UPDATE.
func stampChanges(source *plan.UpdateSource) *plan.UpdateSource {
	if len(source.UpdateExprs) == 0 {
		return nil
	}
	if _, done := source.UpdateExprs[0].(*keepRow); done {
		return nil
	}
	kept := &keptRow{schema: source.Child.Schema()}
	expressions := []gsql.Expression{&keepRow{kept}}
	found := false
	for _, e := range source.UpdateExprs {
		if isStamp(e, kept.schema) {
			e, found = &stamp{set: e, kept: kept}, true
		}
		expressions = append(expressions, e)
	}
	if !found {
		return nil
	}
	return plan.NewUpdateSource(source.Child, source.Ignore, expressions)
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
	row    gsql.Row
}

// unchanged tells whether no column of the table that the column at a position belongs to differs from what it was.
func (k *keptRow) unchanged(ctx *gsql.Context, row gsql.Row, position int) (bool, error) {
	if position >= len(k.schema) || len(row) != len(k.row) {
		return false, nil
	}
	table := k.schema[position].Source
	for i, c := range k.schema {
		if i == position || c.Source != table || i >= len(row) {
			continue
		}
		if (row[i] == nil) != (k.row[i] == nil) {
			return false, nil
		}
		if row[i] == nil {
			continue
		}
		kind := c.Type
		if types.IsText(kind) {
			kind = types.LongBlob // 'a' and 'A' differ
		}
		order, err := kind.Compare(ctx, k.row[i], row[i])
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
