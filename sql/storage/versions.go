package storage

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"

	"redoubt/engine/catalog"
	"redoubt/flashback/versions"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// VersionsTable is the versions of a table's rows in a range of history, as one statement sees them: the columns of the
// table as it was at the end of the range, and pseudo-columns if they are asked for. It can only be read.
type VersionsTable struct {
	base       *Table // at the end of the range; its keys are those of ranges
	life       *versions.Life
	asked      parser.VersionsRange
	schema     gsql.Schema
	pseudo     []string            // those behind the table's own columns
	flashbacks []catalog.Flashback // for incarnations
	project    []int               // positions in schema; nil: all
}

var (
	_ gsql.PrimaryKeyTable       = (*VersionsTable)(nil)
	_ gsql.ProjectedTable        = (*VersionsTable)(nil)
	_ gsql.IndexAddressableTable = (*VersionsTable)(nil)
	_ gsql.StatisticsTable       = (*VersionsTable)(nil)
	_ gsql.Databaseable          = (*VersionsTable)(nil)
	_ gsql.TemporaryTable        = (*VersionsTable)(nil)
)

// versionsTable gives the versions of a table's rows.
func (d *Database) versionsTable(ctx *gsql.Context, name string, point parser.AsOf) (gsql.Table, error) {
	if _, ok := d.store.systemTable(name); ok {
		return nil, sqlcode.New(sqlcode.IDVersionsOf, name)
	}
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, err
	}
	within, err := session.versionsRange(ctx, point.Range)
	if err != nil {
		return nil, err
	}
	life, err := d.follow(session, name, within, point.Range)
	if err != nil {
		return nil, err
	}
	base, err := d.table(life.Table)
	if err != nil {
		return nil, err
	}
	if base.view, err = session.pastTxn(life.Range.To); err != nil {
		return nil, err
	}
	t := &VersionsTable{base: base, life: life, asked: point.Range}
	t.define(point.RowSCN)
	if point.RowSCN {
		newest, err := session.pastTxn(d.store.engine.Applied())
		if err != nil {
			return nil, err
		}
		if t.flashbacks, err = newest.Flashbacks(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// define makes the columns: those of the table, which may be NULL in rows that are older than they are, and those that
// tell of the version.
func (t *VersionsTable) define(pseudo bool) {
	for _, c := range t.base.schema.Schema {
		t.schema = append(t.schema, &gsql.Column{
			Name: c.Name, Type: c.Type, Source: c.Source, DatabaseSource: c.DatabaseSource, Comment: c.Comment, Nullable: true,
		})
	}
	if !pseudo {
		return
	}
	for _, name := range append(parser.VersionsColumns(), RowSCNColumn) {
		if t.base.schema.Schema.IndexOfColName(name) >= 0 {
			continue // the table has a column of that name
		}
		t.pseudo = append(t.pseudo, name)
		t.schema = append(t.schema, &gsql.Column{
			Name: name, Type: pseudoType(name), Nullable: true, Extra: parser.PseudoColumn,
			Source: t.base.def.Name, DatabaseSource: t.base.db.name,
		})
	}
}

func pseudoType(name string) gsql.Type {
	switch name {
	case "versions_starttime", "versions_endtime":
		return types.DatetimeMaxPrecision
	case "versions_operation":
		return types.MustCreateStringWithDefaults(sqltypes.Char, 1)
	case "versions_user":
		return types.Text
	}
	return types.Uint64
}

// Name implements gsql.Table.
func (t *VersionsTable) Name() string { return t.base.def.Name }

// String implements gsql.Table.
func (t *VersionsTable) String() string { return t.base.def.Name }

// Database implements gsql.Databaseable.
func (t *VersionsTable) Database() string { return t.base.db.name }

// Describe tells which versions these are.
func (t *VersionsTable) Describe() string {
	return "versions: " + t.asked.String()
}

// Schema implements gsql.Table.
func (t *VersionsTable) Schema() gsql.Schema {
	if t.project == nil {
		return t.schema
	}
	out := make(gsql.Schema, len(t.project))
	for i, p := range t.project {
		out[i] = t.schema[p]
	}
	return out
}

// PrimaryKeySchema implements gsql.PrimaryKeyTable: all columns, none of which is a key, since a key has many versions. The
// SQL engine takes from it what a projection was made of.
func (t *VersionsTable) PrimaryKeySchema() gsql.PrimaryKeySchema {
	return gsql.NewPrimaryKeySchema(t.schema)
}

// Collation implements gsql.Table.
func (t *VersionsTable) Collation() gsql.CollationID { return t.base.Collation() }

// IsTemporary implements gsql.TemporaryTable: it is not. The SQL engine asks every table in a read-only transaction.
func (t *VersionsTable) IsTemporary() bool { return false }

// Projections implements gsql.ProjectedTable.
func (t *VersionsTable) Projections() []string {
	if t.project == nil {
		return nil
	}
	names := make([]string, len(t.project))
	for i, p := range t.project {
		names[i] = t.schema[p].Name
	}
	return names
}

// WithProjections implements gsql.ProjectedTable.
func (t *VersionsTable) WithProjections(names []string) gsql.Table {
	c := *t
	c.project = make([]int, len(names))
	for i, name := range names {
		c.project[i] = t.schema.IndexOfColName(name)
	}
	return &c
}

// RowCount implements gsql.StatisticsTable: a guess, from the rows that there are now.
func (t *VersionsTable) RowCount(*gsql.Context) (uint64, bool, error) {
	return max(t.base.db.store.engine.Rows(t.base.def.ID), 1) * versionsGuess, false, nil
}

// versionsGuess is how many versions a row is taken to have.
const versionsGuess = 2

// DataLength implements gsql.StatisticsTable.
func (t *VersionsTable) DataLength(ctx *gsql.Context) (uint64, error) {
	rows, _, err := t.RowCount(ctx)
	return rows * rowBytesGuess, err
}

// Partitions implements gsql.Table: all rows.
func (t *VersionsTable) Partitions(*gsql.Context) (gsql.PartitionIter, error) {
	return &oneVersionsPartition{&versionsPartition{ranges: []versionsRange{{}}}}, nil
}

// PartitionRows implements gsql.Table.
func (t *VersionsTable) PartitionRows(ctx *gsql.Context, p gsql.Partition) (gsql.RowIter, error) {
	return newVersionsIter(ctx, t, p)
}
