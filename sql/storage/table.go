package storage

import (
	"context"
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// Table is one table as one statement sees it: a definition, and the snapshot it is read from.
type Table struct {
	db     *Database
	def    *catalog.Table
	shape  *datatype.Shape
	schema gsql.PrimaryKeySchema // of all columns
	view   *txn.Txn              // the past, or nil for the session's transaction
	lock   *RowLock              // taken on the rows that are read; nil for none
	rowSCN bool                  // has one more column, the SCN of each row's version

	projected  []string // names, nil for all
	projection gsql.Schema
	decode     rowDecoder

	rewriting *rewrite // the change of definition that reads the table's rows now
}

var (
	_ gsql.PrimaryKeyTable       = (*Table)(nil)
	_ gsql.ProjectedTable        = (*Table)(nil)
	_ gsql.CommentedTable        = (*Table)(nil)
	_ gsql.StatisticsTable       = (*Table)(nil)
	_ gsql.IndexAddressableTable = (*Table)(nil)
	_ gsql.Databaseable          = (*Table)(nil)
)

// rowDecoder makes the SQL row of a stored one; at is the SCN of its version, 0 if it is not committed.
type rowDecoder func(row redo.Row, at scn.SCN) (gsql.Row, error)

// RowSCNColumn is the name of the pseudo-column that holds the SCN at which a row's version was committed.
const RowSCNColumn = "ora_rowscn"

func newTable(d *Database, shape *datatype.Shape) *Table {
	t := &Table{db: d, def: shape.Table, shape: shape, schema: schemaOf(shape, d.name)}
	t.decode = func(row redo.Row, _ scn.SCN) (gsql.Row, error) { return shape.Decode(row) }
	return t
}

// withRowSCN gives the table with the pseudo-column at its end, 0 for rows that are not committed. It can only be
// read.
func (t *Table) withRowSCN() *Table {
	c := *t
	column := &gsql.Column{
		Name: RowSCNColumn, Type: types.Uint64, Source: t.def.Name, DatabaseSource: t.db.name,
	}
	schema := append(append(gsql.Schema{}, t.schema.Schema...), column)
	c.schema = gsql.NewPrimaryKeySchema(schema, t.schema.PkOrdinals...)
	c.rowSCN = true
	c.decode = func(stored redo.Row, at scn.SCN) (gsql.Row, error) {
		row, err := t.shape.Decode(stored)
		if err != nil {
			return nil, err
		}
		return append(row, uint64(at)), nil
	}
	return &c
}

// Name implements gsql.Table.
func (t *Table) Name() string { return t.def.Name }

// String implements gsql.Table.
func (t *Table) String() string { return t.def.Name }

// Database implements gsql.Databaseable.
func (t *Table) Database() string { return t.db.name }

// Schema implements gsql.Table.
func (t *Table) Schema() gsql.Schema {
	if t.projected != nil {
		return t.projection
	}
	return t.schema.Schema
}

// PrimaryKeySchema implements gsql.PrimaryKeyTable.
func (t *Table) PrimaryKeySchema() gsql.PrimaryKeySchema { return t.schema }

// Collation implements gsql.Table.
func (t *Table) Collation() gsql.CollationID { return collationOf(t.def.Collation) }

// Comment implements gsql.CommentedTable.
func (t *Table) Comment() string { return t.def.Comment }

// Projections implements gsql.ProjectedTable.
func (t *Table) Projections() []string { return t.projected }

// WithProjections implements gsql.ProjectedTable: only these columns are decoded.
func (t *Table) WithProjections(names []string) gsql.Table {
	c := *t
	c.projected = names
	c.projection = make(gsql.Schema, len(names))
	positions := make([]int, 0, len(names))
	scnAt := -1
	for i, name := range names {
		position := t.schema.Schema.IndexOfColName(name)
		c.projection[i] = t.schema.Schema[position]
		if t.rowSCN && position == len(t.def.Columns) {
			scnAt = i
			continue
		}
		positions = append(positions, position)
	}
	projection := t.shape.Project(positions)
	c.decode = func(stored redo.Row, at scn.SCN) (gsql.Row, error) {
		row, err := projection.Decode(stored)
		if err != nil || scnAt < 0 {
			return row, err
		}
		row = append(row, nil)
		copy(row[scnAt+1:], row[scnAt:])
		row[scnAt] = uint64(at)
		return row, nil
	}
	return &c
}

// txn gives the transaction that the table is read with.
func (t *Table) txn(ctx *gsql.Context) (*txn.Txn, error) {
	if t.view != nil {
		return t.view, nil
	}
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, err
	}
	return session.txn(ctx)
}

// writer gives the transaction that the table is changed with.
func (t *Table) writer(ctx *gsql.Context) (*Transaction, error) {
	if t.view != nil || t.rowSCN {
		return nil, gsql.ErrReadOnlyTransaction.New()
	}
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, err
	}
	inner, err := session.txn(ctx)
	if err != nil {
		return nil, err
	}
	if err := session.lockFor(ctx, inner, t.def, lock.IntentUpdate); err != nil {
		return nil, err
	}
	return session.current, nil
}

// IsTemporary implements gsql.TemporaryTable: it is not. The SQL engine asks every table in a read-only transaction.
func (t *Table) IsTemporary() bool { return false }

// RowCount implements gsql.StatisticsTable. It is exact as of the newest commit, which need not be what the statement
// sees, so it must not answer COUNT(*).
func (t *Table) RowCount(ctx *gsql.Context) (uint64, bool, error) {
	reader, err := t.txn(ctx)
	if err != nil {
		return 0, false, err
	}
	return reader.EstimateRows(t.def), false, nil
}

// rowBytesGuess is what a row is taken to need when nothing has been measured.
const rowBytesGuess = 100

// DataLength implements gsql.StatisticsTable: bytes, by the average that ANALYZE TABLE measured.
func (t *Table) DataLength(ctx *gsql.Context) (uint64, error) {
	rows, _, err := t.RowCount(ctx)
	if err != nil {
		return 0, err
	}
	average := uint64(rowBytesGuess)
	if s := t.db.store.stats.table(t.def); s != nil && s.RowBytes > 0 {
		average = s.RowBytes
	}
	return rows * average, nil
}

// partition is a list of key ranges, read one after the other.
type partition struct {
	index  *catalog.Index // nil: the table itself
	ranges []keyRange
}

// Key implements gsql.Partition.
func (p *partition) Key() []byte { return []byte(fmt.Sprintf("%p", p)) }

// onePartition iterates over one partition.
type onePartition struct{ p *partition }

func (o *onePartition) Next(*gsql.Context) (gsql.Partition, error) {
	if o.p == nil {
		return nil, errEOF
	}
	p := o.p
	o.p = nil
	return p, nil
}

func (o *onePartition) Close(*gsql.Context) error { return nil }

// Partitions implements gsql.Table: the whole table.
func (t *Table) Partitions(*gsql.Context) (gsql.PartitionIter, error) {
	return &onePartition{&partition{ranges: []keyRange{{}}}}, nil
}

// PartitionRows implements gsql.Table.
func (t *Table) PartitionRows(ctx *gsql.Context, p gsql.Partition) (gsql.RowIter, error) {
	part, ok := p.(*partition)
	if !ok {
		return nil, fmt.Errorf("storage: partition is a %T, not one of ours", p)
	}
	reader, err := t.txn(ctx)
	if err != nil {
		return nil, err
	}
	if t.rewriting != nil && !t.rewriting.readsRows {
		return gsql.RowsToRowIter(), nil
	}
	iter, err := t.newRowIter(ctx, reader, part)
	if err != nil {
		return nil, err // not an interface that holds nil
	}
	return iter, nil
}

// newRowIter makes an iterator over a partition. The session closes it at the end of the statement if nobody else
// does: the SQL engine forgets some when a statement fails.
func (t *Table) newRowIter(ctx *gsql.Context, reader *txn.Txn, part *partition) (*rowIter, error) {
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, err
	}
	if t.lock != nil && t.lock.ask.Update && session.ReadOnly() {
		return nil, gsql.ErrReadOnlyTransaction.New()
	}
	if err := session.lockFor(ctx, reader, t.def, lock.IntentShare); err != nil {
		return nil, err
	}
	return &rowIter{table: t, reader: reader, part: part, session: session}, nil
}

// rowIter reads the rows of a partition.
type rowIter struct {
	table   *Table
	session *Session
	reader  *txn.Txn
	part    *partition
	next    int // range
	rows    *txn.Rows
	moment  *txn.Moment // that is read; nil: each range is read as it is then
	filter  residual
	count   uint
	claim   bool   // claim each row, as the parent of a foreign key
	key     []byte // of the row that was read last
}

// cancelEvery is the number of rows between two looks at whether the statement was killed.
const cancelEvery = 256

// Next implements gsql.RowIter.
func (i *rowIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	for {
		if i.rows == nil {
			if i.next == len(i.part.ranges) {
				return nil, errEOF
			}
			i.keepMoment()
			if r := &i.part.ranges[i.next]; r.point != nil {
				i.next++
				row, found, err := i.get(ctx, r.point)
				if err != nil || found {
					return row, err
				}
				continue
			}
			i.open()
		}
		if !i.rows.Next() {
			if err := i.closeRange(); err != nil {
				return nil, err
			}
			continue
		}
		if i.count++; i.count%cancelEvery == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if i.filter != nil {
			keep, err := i.filter.accepts(ctx, i.table, i.rows.Row())
			if err != nil {
				return nil, err
			}
			if !keep {
				continue
			}
		}
		if i.claim {
			if err := i.reader.LockParent(ctx, i.table.def, i.rows.Key()); err != nil {
				return nil, engineError(err)
			}
		}
		if i.table.lock != nil {
			i.key = i.rows.Key()
			if keep, err := i.table.lock.read(ctx, i); err != nil {
				return nil, err
			} else if !keep {
				continue
			}
		}
		if i.table.rewriting != nil {
			i.table.rewriting.note(i.rows)
		}
		return i.table.decode(i.rows.Row(), i.rows.SCN())
	}
}

// get reads the row with a primary key.
func (i *rowIter) get(ctx *gsql.Context, key []byte) (gsql.Row, bool, error) {
	row, at, found, err := i.read(key)
	if err != nil || !found {
		return nil, false, engineError(err)
	}
	if i.claim {
		if err := i.reader.LockParent(ctx, i.table.def, key); err != nil {
			return nil, false, engineError(err)
		}
	}
	if i.table.lock != nil {
		i.key = key
		if keep, err := i.table.lock.read(ctx, i); err != nil || !keep {
			return nil, false, err
		}
	}
	out, err := i.table.decode(row, at)
	return out, true, err
}

// keepMoment lets a statement that changes rows read all its ranges as they were before the first: a row that it moves into a later range
// must not be met there again.
func (i *rowIter) keepMoment() {
	if i.next == 0 && len(i.part.ranges) > 1 && i.table.view == nil && i.session.writes() {
		i.moment = i.reader.Moment(i.table.def, i.part.index)
	}
}

func (i *rowIter) read(key []byte) (redo.Row, scn.SCN, bool, error) {
	if i.moment != nil {
		return i.moment.Get(key)
	}
	return i.reader.Get(i.table.def, key)
}

func (i *rowIter) open() {
	r := &i.part.ranges[i.next]
	i.next++
	i.filter = r.filter
	switch {
	case i.moment != nil:
		i.rows = i.moment.Scan(r.Range)
	case i.part.index == nil:
		i.rows = i.reader.Scan(i.table.def, r.Range)
	default:
		i.rows = i.reader.ScanIndex(i.table.def, i.part.index, r.Range)
	}
	i.session.opened(i)
}

func (i *rowIter) closeRange() error {
	err := i.rows.Err()
	if closeErr := i.rows.Close(); err == nil {
		err = closeErr
	}
	i.rows = nil
	i.session.closed(i)
	if err != nil {
		return fmt.Errorf("table %s: %w", i.table.def.Name, engineError(err))
	}
	return nil
}

// Close implements gsql.RowIter.
func (i *rowIter) Close(*gsql.Context) error {
	i.next = len(i.part.ranges)
	if i.rows == nil {
		return nil
	}
	return i.closeRange()
}
