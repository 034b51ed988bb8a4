package engine

import (
	"errors"
	"maps"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// floors are the rows of the floors table, as of the newest applied SCN. They are immutable.
type floors struct {
	rows    map[scn.Space]catalog.Floor // by table; that of 0 holds for all that have none
	highest scn.SCN
	lowest  scn.SCN
}

func newFloors(rows map[scn.Space]catalog.Floor) *floors {
	f := &floors{rows: rows, lowest: rows[0].SCN}
	for _, row := range rows {
		f.highest, f.lowest = max(f.highest, row.SCN), min(f.lowest, row.SCN)
	}
	return f
}

func (f *floors) of(table scn.Space) catalog.Floor {
	if row, ok := f.rows[table]; ok {
		return row
	}
	return f.rows[0]
}

// top is the highest floor.
func (f *floors) top() (top catalog.Floor) {
	for _, row := range f.rows {
		if row.SCN >= top.SCN {
			top = row
		}
	}
	return top
}

// loadFloors reads the floors as of an SCN.
func (e *Engine) loadFloors(at scn.SCN) error {
	it, err := e.store.NewIterator(scn.Simple(catalog.FloorsSpace, at), mvcc.Range{})
	if err != nil {
		return err
	}
	defer it.Close()
	rows := map[scn.Space]catalog.Floor{}
	for it.Next() {
		row, _, err := redo.DecodeRow(it.Version().Value, nil)
		if err != nil {
			return err
		}
		f := catalog.FloorOf(row)
		rows[f.Table] = f
	}
	e.floors.Store(newFloors(rows))
	return it.Err()
}

// moveFloor takes a change of the floors table into what publish lets readers see.
func (a *applier) moveFloor(before, after redo.Row) {
	if a.floors == nil {
		a.floors = maps.Clone(a.engine.floors.Load().rows)
	}
	if after == nil {
		delete(a.floors, catalog.FloorOf(before).Table)
		return
	}
	f := catalog.FloorOf(after)
	a.floors[f.Table] = f
}

// Floor is how far back a table can be read; of table 0, how far all can that have no floor of their own.
func (e *Engine) Floor(table scn.Space) catalog.Floor { return e.floors.Load().of(e.ownerOf(table)) }

// CheckFloor returns a txn.FloorError if a table, named by its space or that of one of its indexes, can no longer be read at
// an SCN. Who opens something to read from asks afterwards: then nothing can have gone in between.
func (e *Engine) CheckFloor(table scn.Space, at scn.SCN) error {
	if floor, kept := e.keeps(table, at); !kept {
		return e.floorError(at, floor)
	}
	return nil
}

// keeps tells whether a space can be read at an SCN, and the floor that forbids it if not.
func (e *Engine) keeps(space scn.Space, at scn.SCN) (catalog.Floor, bool) {
	f := e.floors.Load()
	switch {
	case at >= f.highest || catalog.IsDictionary(space):
		return catalog.Floor{}, true
	case space != 0 && space < catalog.FirstUserSpace:
		return f.rows[0], at >= f.lowest
	}
	floor := f.of(e.ownerOf(space))
	return floor, at >= floor.SCN
}

// floorError finds out whether a point that is no longer kept has a name.
func (e *Engine) floorError(at scn.SCN, floor catalog.Floor) error {
	t := e.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	points, err := t.RestorePoints()
	refused := &txn.FloorError{At: at, Floor: floor}
	for _, p := range points {
		if p.SCN == at && !p.Guarantee {
			refused.RestorePoint = p.Name
		}
	}
	return errors.Join(err, refused)
}

// ownerOf gives the table that a space belongs to: itself, but for an index.
func (e *Engine) ownerOf(space scn.Space) scn.Space {
	e.sums.RLock()
	defer e.sums.RUnlock()
	if index, ok := e.indexes[space]; ok {
		return index.Table
	}
	return space
}
