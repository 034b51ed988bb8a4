package engine

import (
	"fmt"
	"slices"

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
	if slices.ContainsFunc(changes, func(c catalog.RowChange) bool { return c.Table == catalog.RewindsSpace }) {
		if err := a.rewind(at, changes); err != nil {
			return err
		}
	}
	for i := range changes {
		if changes[i].Table != catalog.TablesSpace || changes[i].After == nil {
			continue
		}
		id, _ := changes[i].After.Get(1)
		table, ok := after.TableByID(scn.Space(id.Uint()))
		if !ok {
			return fmt.Errorf("definition of table %d is not in the dictionary", id.Uint())
		}
		_, existed := before.TableByID(table.ID)
		if err := a.newIndexes(at, table, existed); err != nil {
			return err
		}
	}
	return nil
}

// rewind gives tables that went back the sums of then.
func (a *applier) rewind(at scn.SCN, changes []catalog.RowChange) error {
	if err := a.spill(); err != nil {
		return err
	}
	for i := range changes {
		if changes[i].Table != catalog.RewindsSpace || changes[i].After == nil {
			continue
		}
		space, r := catalog.RewindOf(changes[i].After)
		if _, isTable := a.catalog.TableByID(space); !isTable {
			continue // an index
		}
		sum, err := a.sumBefore(r.Source, r.To)
		if err != nil {
			return err
		}
		a.setSum(at, space, sum)
	}
	return nil
}

// newIndexes notes the indexes that a definition brings. Those of a new table are complete at once, with entries for
// the rows that came with it; those of an existing one lack the rows that were there before, see BuildIndex. An index
// that comes back with a flashback is as complete as it was, a clone's as what it is a clone of.
func (a *applier) newIndexes(at scn.SCN, table *catalog.Table, existed bool) error {
	var fresh []*catalog.Index
	for i := range table.Indexes {
		index := &table.Indexes[i]
		if a.knowsIndex(index.ID) {
			continue // its table comes back from the recycle bin, and so do its entries
		}
		fresh = append(fresh, index)
		a.indexes[index.ID] = indexState{Table: table.ID, Born: at, Built: !existed || a.catalog.Rewound(index.ID)}
	}
	if existed || len(fresh) == 0 || a.catalog.Rewound(table.ID) {
		return nil // rows of a table that went back, or of a clone, were there before, and so were their entries
	}
	for id, row := range a.rows {
		if id.table != table.ID || row == nil {
			continue
		}
		for _, index := range fresh {
			if err := a.indexEntry(at, table, index, []byte(id.key), nil, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// knowsIndex tells whether an index was ever there.
func (a *applier) knowsIndex(id scn.Space) bool {
	if _, ok := a.indexes[id]; ok {
		return true
	}
	a.engine.sums.RLock()
	defer a.engine.sums.RUnlock()
	_, ok := a.engine.indexes[id]
	return ok
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
