package storage

import (
	"io"
	"slices"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

var errEOF = io.EOF

// Index is the primary key or a secondary index of a table, as the SQL engine plans with it.
type Index struct {
	table   *Table
	def     *catalog.Index // nil for the primary key
	columns []catalog.IndexColumn
	fields  []*datatype.Field // of columns, then of the primary key's columns that are not among them
}

var (
	_ gsql.OrderedIndex  = (*Index)(nil)
	_ gsql.ExtendedIndex = (*Index)(nil)
)

// GetIndexes implements gsql.IndexAddressable. An index that is still being built is not among them.
func (t *Table) GetIndexes(*gsql.Context) ([]gsql.Index, error) {
	var all []gsql.Index
	if len(t.def.PrimaryKey) > 0 {
		all = append(all, t.newIndex(nil, t.def.PrimaryKey))
	}
	for i := range t.def.Indexes {
		if index := &t.def.Indexes[i]; index.State == catalog.StatePublic {
			all = append(all, t.newIndex(index, index.Columns))
		}
	}
	return all, nil
}

func (t *Table) newIndex(def *catalog.Index, columns []catalog.IndexColumn) *Index {
	x := &Index{table: t, def: def, columns: columns, fields: make([]*datatype.Field, len(columns), len(columns)+len(t.def.PrimaryKey))}
	for i, c := range columns {
		x.fields[i] = &t.shape.Fields[t.shape.IndexOfID(c.Column)]
	}
	for _, p := range t.def.PrimaryKey {
		if !uses(columns, p.Column) {
			x.fields = append(x.fields, &t.shape.Fields[t.shape.IndexOfID(p.Column)])
		}
	}
	return x
}

// PreciseMatch implements gsql.IndexAddressable: ranges give exactly the rows that they describe. But of a column that holds fractions the
// SQL engine makes <> and NOT IN one range of all its values: then it has to look at the rows, too.
func (t *Table) PreciseMatch() bool {
	if keysFractions(t.def, t.def.PrimaryKey) {
		return false
	}
	return !slices.ContainsFunc(t.def.Indexes, func(x catalog.Index) bool { return keysFractions(t.def, x.Columns) })
}

func keysFractions(def *catalog.Table, parts []catalog.IndexColumn) bool {
	return slices.ContainsFunc(parts, func(p catalog.IndexColumn) bool {
		c, ok := def.ColumnByID(p.Column)
		return ok && (c.Kind == redo.Decimal || c.Kind == redo.Float32 || c.Kind == redo.Float64)
	})
}

// IndexedAccess implements gsql.IndexAddressable.
func (t *Table) IndexedAccess(_ *gsql.Context, lookup gsql.IndexLookup) gsql.IndexedTable {
	return &indexedTable{Table: t}
}

// ID implements gsql.Index.
func (x *Index) ID() string {
	if x.def == nil {
		return primaryName
	}
	return x.def.Name
}

// Database implements gsql.Index.
func (x *Index) Database() string { return x.table.db.name }

// Table implements gsql.Index.
func (x *Index) Table() string { return x.table.def.Name }

// String shows the index.
func (x *Index) String() string { return x.table.def.Name + "." + x.ID() }

// Expressions implements gsql.Index.
func (x *Index) Expressions() []string { return x.ExtendedExpressions()[:len(x.columns)] }

// ExtendedExpressions implements gsql.ExtendedIndex: entries are sorted by the primary key behind the index's columns.
func (x *Index) ExtendedExpressions() []string {
	out := make([]string, len(x.fields))
	for i, f := range x.fields {
		out[i] = x.table.def.Name + "." + f.Column.Name
	}
	return out
}

// ColumnExpressionTypes implements gsql.Index.
func (x *Index) ColumnExpressionTypes() []gsql.ColumnExpressionType {
	return x.ExtendedColumnExpressionTypes()[:len(x.columns)]
}

// ExtendedColumnExpressionTypes implements gsql.ExtendedIndex.
func (x *Index) ExtendedColumnExpressionTypes() []gsql.ColumnExpressionType {
	out := make([]gsql.ColumnExpressionType, len(x.fields))
	for i, f := range x.fields {
		out[i] = gsql.ColumnExpressionType{Expression: x.table.def.Name + "." + f.Column.Name, Type: keyTypeOf(f.Type)}
	}
	return out
}

// IsUnique implements gsql.Index.
func (x *Index) IsUnique() bool { return x.def == nil || x.def.Unique }

// IsSpatial implements gsql.Index.
func (x *Index) IsSpatial() bool { return false }

// IsFullText implements gsql.Index.
func (x *Index) IsFullText() bool { return false }

// IsVector implements gsql.Index.
func (x *Index) IsVector() bool { return false }

// IsGenerated implements gsql.Index.
func (x *Index) IsGenerated() bool { return false }

// IndexType implements gsql.Index.
func (x *Index) IndexType() string { return "BTREE" }

// Comment implements gsql.Index.
func (x *Index) Comment() string {
	if x.def == nil {
		return ""
	}
	return x.def.Comment
}

// CanSupport implements gsql.Index.
func (x *Index) CanSupport(_ *gsql.Context, ranges ...gsql.Range) bool {
	for _, r := range ranges {
		if _, ok := r.(gsql.MySQLRange); !ok {
			return false
		}
	}
	return true
}

// CanSupportOrderBy implements gsql.Index. Order by columns is Order's affair.
func (x *Index) CanSupportOrderBy(gsql.Expression) bool { return false }

// PrefixLengths implements gsql.Index: nil if all columns are indexed whole.
func (x *Index) PrefixLengths() []uint16 {
	if !x.hasPrefix() {
		return nil
	}
	out := make([]uint16, len(x.columns))
	for i, c := range x.columns {
		out[i] = uint16(c.PrefixLength)
	}
	return out
}

func (x *Index) hasPrefix() bool {
	for _, c := range x.columns {
		if c.PrefixLength > 0 {
			return true
		}
	}
	return false
}

// Order implements gsql.OrderedIndex. A column of which only the beginning is indexed gives no order.
func (x *Index) Order() gsql.IndexOrder {
	if x.hasPrefix() {
		return gsql.IndexOrderNone
	}
	return gsql.IndexOrderAsc
}

// Reversible implements gsql.OrderedIndex.
func (x *Index) Reversible() bool { return !x.hasPrefix() }

// indexedTable is a table that is read by the ranges of a lookup.
type indexedTable struct {
	*Table
	claim bool // rows read are parents of foreign keys
}

var (
	_ gsql.IndexedTable     = (*indexedTable)(nil)
	_ gsql.ReferenceChecker = (*indexedTable)(nil)
)

// SetReferenceCheck implements gsql.ReferenceChecker: the rows found must stay as they are until the commit.
func (t *indexedTable) SetReferenceCheck() error {
	t.claim = true
	return nil
}

// LookupPartitions implements gsql.IndexedTable.
func (t *indexedTable) LookupPartitions(ctx *gsql.Context, lookup gsql.IndexLookup) (gsql.PartitionIter, error) {
	ranges, err := t.ranges(ctx, lookup)
	if err != nil || len(ranges) == 0 {
		return &onePartition{}, err
	}
	p := &partition{ranges: ranges}
	if x, ok := lookup.Index.(*Index); ok && x.def != nil {
		p.index, _ = t.def.IndexByID(x.def.ID)
	}
	return &onePartition{p}, nil
}

// PartitionRows implements gsql.Table.
func (t *indexedTable) PartitionRows(ctx *gsql.Context, p gsql.Partition) (gsql.RowIter, error) {
	iter, err := t.Table.PartitionRows(ctx, p)
	if rows, ok := iter.(*rowIter); ok && err == nil {
		rows.claim = t.claim && t.view == nil
	}
	return iter, err
}

// WithProjections implements gsql.ProjectedTable, keeping the ranges.
func (t *indexedTable) WithProjections(names []string) gsql.Table {
	return &indexedTable{Table: t.Table.WithProjections(names).(*Table), claim: t.claim}
}
