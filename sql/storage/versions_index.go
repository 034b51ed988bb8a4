package storage

import (
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
)

// versionsIndex is the primary key or an index of a table whose versions are read: a key has many rows, in no order that
// the SQL engine could use.
type versionsIndex struct{ *Index }

var _ gsql.ExtendedIndex = (*versionsIndex)(nil)

// IsUnique implements gsql.Index.
func (x *versionsIndex) IsUnique() bool { return false }

// Order implements gsql.OrderedIndex.
func (x *versionsIndex) Order() gsql.IndexOrder { return gsql.IndexOrderNone }

// Reversible implements gsql.OrderedIndex.
func (x *versionsIndex) Reversible() bool { return false }

// GetIndexes implements gsql.IndexAddressable: the primary key, and indexes that the table had through all of the range.
func (t *VersionsTable) GetIndexes(*gsql.Context) ([]gsql.Index, error) {
	var all []gsql.Index
	def := t.base.def
	if len(def.PrimaryKey) > 0 && t.life.Bounded() {
		all = append(all, &versionsIndex{t.base.newIndex(nil, def.PrimaryKey)})
	}
	for i := range def.Indexes {
		if index := &def.Indexes[i]; index.State == catalog.StatePublic && t.life.Indexed(index.ID) {
			all = append(all, &versionsIndex{t.base.newIndex(index, index.Columns)})
		}
	}
	return all, nil
}

// PreciseMatch implements gsql.IndexAddressable: every row that is read through an index is compared with its range. See that of Table.
func (t *VersionsTable) PreciseMatch() bool { return t.base.PreciseMatch() }

// IndexedAccess implements gsql.IndexAddressable.
func (t *VersionsTable) IndexedAccess(*gsql.Context, gsql.IndexLookup) gsql.IndexedTable {
	return &indexedVersions{t}
}

// indexedVersions is the versions of rows in the ranges of a lookup.
type indexedVersions struct{ *VersionsTable }

var _ gsql.IndexedTable = (*indexedVersions)(nil)

// WithProjections implements gsql.ProjectedTable, keeping the ranges.
func (t *indexedVersions) WithProjections(names []string) gsql.Table {
	return &indexedVersions{t.VersionsTable.WithProjections(names).(*VersionsTable)}
}

// LookupPartitions implements gsql.IndexedTable.
func (t *indexedVersions) LookupPartitions(ctx *gsql.Context, lookup gsql.IndexLookup) (gsql.PartitionIter, error) {
	x, ok := lookup.Index.(*versionsIndex)
	if !ok {
		return nil, fmt.Errorf("storage: index is a %T, not one of versions", lookup.Index)
	}
	if lookup.IsEmptyRange {
		return &oneVersionsPartition{}, nil
	}
	collection, ok := lookup.Ranges.(gsql.MySQLRangeCollection)
	if !ok {
		return nil, fmt.Errorf("storage: ranges are a %T", lookup.Ranges)
	}
	p := &versionsPartition{index: x.def}
	for _, r := range collection {
		k, empty, err := x.keyRange(ctx, t.base.view, r)
		if err != nil {
			return nil, fmt.Errorf("index %s of table %s: %w", x.ID(), t.base.def.Name, err)
		}
		if !empty {
			p.ranges = append(p.ranges, versionsRange{k.Range, t.cuts(x, r)})
		}
	}
	return &oneVersionsPartition{p: p}, nil
}

// cuts are what the columns of a row in a range must satisfy.
func (t *indexedVersions) cuts(x *versionsIndex, r gsql.MySQLRange) (cuts []versionsCut) {
	for i, cut := range r {
		if i < len(x.fields) && !isAll(cut) {
			cuts = append(cuts, versionsCut{t.base.shape.IndexOfID(x.fields[i].Column.ID), columnCut{x.fields[i], cut}})
		}
	}
	return cuts
}

// versionsPartition is ranges of keys of the rows, or of entries of an index.
type versionsPartition struct {
	index  *catalog.Index // nil: the rows
	ranges []versionsRange
}

// versionsRange is a range of keys, and what the columns of rows in it must satisfy: a row in the range of keys need not lie
// in that of the lookup.
type versionsRange struct {
	txn.Range
	cuts []versionsCut
}

// versionsCut is the range of the column at a position.
type versionsCut struct {
	position int
	columnCut
}

// Key implements gsql.Partition.
func (p *versionsPartition) Key() []byte { return []byte(fmt.Sprintf("%p", p)) }

// oneVersionsPartition iterates over one partition.
type oneVersionsPartition struct{ p *versionsPartition }

func (o *oneVersionsPartition) Next(*gsql.Context) (gsql.Partition, error) {
	if o.p == nil {
		return nil, errEOF
	}
	p := o.p
	o.p = nil
	return p, nil
}

func (o *oneVersionsPartition) Close(*gsql.Context) error { return nil }
