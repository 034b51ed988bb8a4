package engine

import (
	"fmt"

	"redoubt/engine/catalog"
	"redoubt/scn"
)

// define brings the dictionary to what a transaction's changes made of it, and starts what follows from them: rows
// that the same transaction wrote into a table get entries in the indexes that it brought.
func (a *applier) define(at scn.SCN, changes []catalog.RowChange) error {
	before := a.catalog
	after, err := before.With(at, changes)
	if err != nil {
		return err
	}
	a.catalog, a.defined = after, append(a.defined, at)
	for i := range changes {
		if changes[i].Table == catalog.RewindsSpace {
			if err := a.spill(); err != nil {
				return err
			}
		}
		if changes[i].Table != catalog.TablesSpace || changes[i].After == nil {
			continue
		}
		id, _ := changes[i].After.Get(1)
		table, ok := after.TableByID(scn.Space(id.Uint()))
		if !ok {
			return fmt.Errorf("definition of table %d is not in the dictionary", id.Uint())
		}
		old, existed := before.TableByID(table.ID)
		if err := a.newIndexes(at, table, old, existed); err != nil {
			return err
		}
	}
	return nil
}

// newIndexes notes the indexes that a definition brings. Those of a new table are complete at once, with entries for
// the rows that came with it; those of an existing one lack the rows that were there before, see BuildIndex.
func (a *applier) newIndexes(at scn.SCN, table, old *catalog.Table, existed bool) error {
	for i := range table.Indexes {
		index := &table.Indexes[i]
		if existed {
			if _, had := old.IndexByID(index.ID); had {
				continue
			}
		}
		a.indexes[index.ID] = indexState{Born: at, Built: !existed}
	}
	if existed || len(table.Indexes) == 0 {
		return nil
	}
	for id, row := range a.rows {
		if id.table != table.ID || row == nil {
			continue
		}
		if err := a.tableEntries(at, table, []byte(id.key), nil, row); err != nil {
			return err
		}
	}
	return nil
}

// spill writes what the batch has so far, without the position: after a rewind, what a row is now can only be told by
// the store. A crash right after it leaves versions beyond the position, which nobody reads and which applying the
// same commits again writes once more.
func (a *applier) spill() error {
	if err := a.batch.Commit(); err != nil {
		return err
	}
	a.batch = a.engine.store.NewBatch()
	clear(a.rows)
	a.forgot = false
	return nil
}
