package sql

import (
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// binaryUpdate stands around the rows of an UPDATE of one table. The SQL engine leaves a row alone whose columns are equal
// to what they were, by their collations, and would so lose a change of 'a' to 'A'. To it this table has the same columns,
// and compares them byte by byte.
type binaryUpdate struct {
	gsql.Node
	table gsql.UpdatableTable
}

var _ gsql.UpdatableTable = (*binaryUpdate)(nil)

// updateByBytes gives an UPDATE of one table that compares bytes; nil for one that does so, or has no text to compare.
func updateByBytes(n *plan.Update) (gsql.Node, error) {
	if _, done := n.Child.(*binaryUpdate); done || n.IsJoin {
		return nil, nil
	}
	table, err := plan.GetUpdatable(n.Child)
	if err != nil || !slices.ContainsFunc(table.Schema(), func(c *gsql.Column) bool { return folding(c.Type) != noFold }) {
		return nil, nil //nolint:nilerr // the SQL engine says so
	}
	if keys, ok := table.(*plan.ForeignKeyHandler); ok {
		counting := *keys
		counting.Sch = byBytes(keys.Sch)
		table = &counting
	}
	return n.WithChildren(&binaryUpdate{n.Child, table})
}

// byBytes gives a schema whose texts are compared byte by byte.
func byBytes(schema gsql.Schema) gsql.Schema {
	out := schema.Copy()
	for _, c := range out {
		if folding(c.Type) != noFold {
			c.Type = types.LongBlob
		}
	}
	return out
}

// Name implements gsql.Table.
func (u *binaryUpdate) Name() string { return u.table.Name() }

// String implements gsql.Table and gsql.Node.
func (u *binaryUpdate) String() string { return u.Node.String() }

// Schema implements gsql.Table and gsql.Node.
func (u *binaryUpdate) Schema() gsql.Schema { return byBytes(u.table.Schema()) }

// Collation implements gsql.Table.
func (u *binaryUpdate) Collation() gsql.CollationID { return u.table.Collation() }

// Partitions implements gsql.Table.
func (u *binaryUpdate) Partitions(ctx *gsql.Context) (gsql.PartitionIter, error) {
	return u.table.Partitions(ctx)
}

// PartitionRows implements gsql.Table.
func (u *binaryUpdate) PartitionRows(ctx *gsql.Context, p gsql.Partition) (gsql.RowIter, error) {
	return u.table.PartitionRows(ctx, p)
}

// Updater implements gsql.UpdatableTable.
func (u *binaryUpdate) Updater(ctx *gsql.Context) gsql.RowUpdater { return u.table.Updater(ctx) }
