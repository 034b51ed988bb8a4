package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/internal/crashfs"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Truth is the state hash that each SCN has.
type Truth map[scn.SCN]engine.StateHash

// Workload is a stream of random transactions on one database.
type Workload struct {
	Database *Database
	FS       *crashfs.FS // gets a mark, the SCN, for each acknowledged commit
	Truth    Truth
	Rand     *rand.Rand
	table    scn.Space
	nested   bool // a commit between the parts of another is running
}

const (
	tableName  = "item"
	schemaName = "sim"
	keys       = 40
	manyKeys   = 60 // changed by one large transaction
)

// errGivenUp ends a large transaction between its parts.
var errGivenUp = errors.New("given up")

// Run does n steps. It stops at the first commit whose outcome is not certain, and tells why.
func (w *Workload) Run(n int) error {
	if err := w.commit(w.create); err != nil {
		return fmt.Errorf("create table: %w", err)
	}
	w.Database.Between = w.between
	for i := range n {
		step := w.change
		switch {
		case i%29 == 17:
			step = w.addIndex
		case i%31 == 23:
			step = w.addColumn
		case i%5 == 2:
			step = w.changeMany
		}
		if err := w.commit(step); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		if i%29 == 18 {
			if err := w.publishIndexes(); err != nil {
				return fmt.Errorf("step %d: publish index: %w", i, err)
			}
		}
	}
	return nil
}

// commit runs one transaction. An acknowledged one is marked, and its state hash becomes part of the truth.
func (w *Workload) commit(step func(*txn.Txn) error) error {
	tx := w.Database.Engine.Begin(txn.Options{User: "sim"})
	tx.StartStatement(w.Rand.Uint64(), "")
	if err := step(tx); err != nil {
		return err
	}
	if _, err := tx.Commit(context.Background()); errors.Is(err, errGivenUp) {
		return nil
	} else if err != nil {
		return err
	}
	hash := w.Database.Engine.StateHash()
	w.Truth[hash.SCN] = hash
	w.FS.Mark(hash.SCN)
	return nil
}

func (w *Workload) create(tx *txn.Txn) error {
	schema, err := tx.NewSpace()
	if err != nil {
		return err
	}
	if w.table, err = tx.NewSpace(); err != nil {
		return err
	}
	index, err := tx.NewSpace()
	if err != nil {
		return err
	}
	return errors.Join(tx.PutSchema(&catalog.Schema{ID: schema, Name: schemaName}), tx.PutTable(&catalog.Table{
		ID: w.table, Schema: schema, Name: tableName, NextColumnID: 4,
		Columns: []catalog.Column{
			{ID: 1, Name: "id", Kind: redo.Int}, {ID: 2, Name: "text", Kind: redo.String}, {ID: 3, Name: "n", Kind: redo.Int},
		},
		PrimaryKey: []catalog.IndexColumn{{Column: 1}},
		Indexes:    []catalog.Index{{ID: index, Name: "n", Columns: []catalog.IndexColumn{{Column: 3}}, State: catalog.StatePublic}},
	}))
}

func (w *Workload) item(tx *txn.Txn) *catalog.Table {
	t, _ := tx.Catalog().Table(schemaName, tableName)
	return t
}

func (w *Workload) change(tx *txn.Txn) error { return w.changeKeys(tx, 1+w.Rand.IntN(6), 0, keys) }

// changeMany changes so much that it goes in parts.
func (w *Workload) changeMany(tx *txn.Txn) error {
	return w.changeKeys(tx, manyKeys+w.Rand.IntN(manyKeys), 1000, 2*manyKeys)
}

// between is what happens while parts of a large transaction are on their way: another commits, or the transaction is given
// up, or nothing.
func (w *Workload) between() error {
	if w.nested {
		return nil
	}
	switch w.Rand.IntN(12) {
	case 0:
		return errGivenUp
	case 1, 2, 3:
		w.nested = true
		defer func() { w.nested = false }()
		return w.commit(func(tx *txn.Txn) error { return w.changeKeys(tx, 1+w.Rand.IntN(6), 2000, keys) })
	}
	return nil
}

// changeKeys changes rows with ids from first on.
func (w *Workload) changeKeys(tx *txn.Txn, n int, first, keys int64) error {
	table := w.item(tx)
	for range n {
		id := first + w.Rand.Int64N(keys)
		row := redo.Row{
			{ID: 1, Value: redo.IntValue(id)},
			{ID: 2, Value: redo.StringValue([]byte(strings.Repeat("x", w.Rand.IntN(700))))},
			{ID: 3, Value: redo.IntValue(w.Rand.Int64N(9))},
		}
		key, err := tx.RowKey(table, row)
		if err != nil {
			return err
		}
		old, _, found, err := tx.Get(table, key)
		switch {
		case err != nil:
		case !found:
			err = tx.Insert(table, row)
		case w.Rand.IntN(3) == 0:
			err = tx.Delete(table, old)
		default:
			err = tx.Update(table, old, redo.Merge(old, row))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *Workload) addColumn(tx *txn.Txn) error {
	table := w.item(tx).Clone()
	table.Columns = append(table.Columns, catalog.Column{
		ID: table.NextColumnID, Name: fmt.Sprintf("c%d", table.NextColumnID), Kind: redo.Int, HasAdded: true, Added: redo.IntValue(5),
	})
	table.NextColumnID++
	return tx.PutTable(table)
}

func (w *Workload) addIndex(tx *txn.Txn) error {
	table := w.item(tx).Clone()
	id, err := tx.NewSpace()
	if err != nil {
		return err
	}
	table.Indexes = append(table.Indexes, catalog.Index{
		ID: id, Name: fmt.Sprintf("i%d", id), Columns: []catalog.IndexColumn{{Column: 2}}, State: catalog.StateBuilding,
	})
	return tx.PutTable(table)
}

// publishIndexes builds the indexes that were added and makes them public.
func (w *Workload) publishIndexes() error {
	table, _ := w.Database.Engine.Catalog().Table(schemaName, tableName)
	for i := range table.Indexes {
		if err := w.Database.Engine.BuildIndex(context.Background(), table.Indexes[i].ID); err != nil {
			return err
		}
	}
	return w.commit(func(tx *txn.Txn) error {
		table := w.item(tx).Clone()
		for i := range table.Indexes {
			table.Indexes[i].State = catalog.StatePublic
		}
		return tx.PutTable(table)
	})
}

// Check compares an open database with what was acknowledged and with the truth.
func Check(d *Database, acknowledged []any, truth Truth) error {
	hash := d.Engine.StateHash()
	var last scn.SCN
	if len(acknowledged) > 0 {
		last = acknowledged[len(acknowledged)-1].(scn.SCN)
	}
	if hash.SCN < last {
		return fmt.Errorf("SCN %d was acknowledged, the database is at %d", last, hash.SCN)
	}
	want, known := truth[hash.SCN]
	if known && !hash.Equal(want) {
		return fmt.Errorf("at SCN %d the state differs from what it was, in tables %v", hash.SCN, hash.Differing(want))
	}
	return CheckIndexes(d.Engine)
}

// CheckParts commits something, and then no parts of a transaction may be left whose node is gone.
func CheckParts(d *Database) error {
	tx := d.Engine.Begin(txn.Options{})
	tx.StartStatement(1, "")
	if err := tx.PutControl("sim", nil); err != nil {
		return err
	}
	if _, err := tx.Commit(context.Background()); err != nil {
		return err
	}
	if n := d.Engine.Underway(); n != 0 {
		return fmt.Errorf("parts of %d transactions are kept for ever", n)
	}
	return nil
}

// CheckIndexes compares every index with the rows of its table.
func CheckIndexes(e *engine.Engine) error {
	view, err := e.View(e.Applied())
	if err != nil {
		return err
	}
	for _, table := range view.Catalog().AllTables() {
		rows, err := count(view.Scan(table, txn.Range{}))
		if err != nil {
			return err
		}
		if sum := e.TableHash(table.ID); sum.Rows != rows {
			return fmt.Errorf("table %s has %d rows, its sums say %d", table.Name, rows, sum.Rows)
		}
		for i := range table.Indexes {
			entries, err := count(view.ScanIndex(table, &table.Indexes[i], txn.Range{}))
			if err != nil {
				return err
			}
			if entries != rows {
				return fmt.Errorf("table %s has %d rows, its index %s %d", table.Name, rows, table.Indexes[i].Name, entries)
			}
		}
	}
	return nil
}

func count(rows *txn.Rows) (n uint64, err error) {
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}
