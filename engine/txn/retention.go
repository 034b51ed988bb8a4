package txn

import (
	"fmt"
	"time"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// FloorError is returned for a read of what is no longer kept.
type FloorError struct {
	Table string // empty: not of one table
	At    scn.SCN
	// RestorePoint is a name for At that does not keep it; empty: there is none.
	RestorePoint string
	Floor        catalog.Floor
}

func (e *FloorError) Error() string {
	return fmt.Sprintf("the past is no longer kept at %s; it goes back to %s", e.Point(), e.Oldest())
}

// Point names what was asked for.
func (e *FloorError) Point() string {
	text := fmt.Sprintf("SCN %d", e.At)
	if e.Table != "" {
		text += " of table " + e.Table
	}
	if e.RestorePoint != "" {
		text += ", where restore point " + e.RestorePoint + " is, which has no guarantee"
	}
	return text
}

// Oldest names the lowest point that is kept, and what keeps it.
func (e *FloorError) Oldest() string {
	return fmt.Sprintf("SCN %d of %s UTC, kept by %s", e.Floor.SCN, time.UnixMicro(e.Floor.TimeMicros).UTC().Format("2006-01-02 15:04:05.000000"), e.Floor.By)
}

// PutRetention says how much history is kept of a table, a schema or the database, and holds the floors where they are.
func (t *Txn) PutRetention(r catalog.Retention) error {
	t.claimFloors()
	return t.putSystem(catalog.RetentionSpace, catalog.RetentionRow(r))
}

// DropRetention leaves a table to what holds for its schema, or a schema to what holds for the database.
func (t *Txn) DropRetention(space scn.Space) error {
	t.claimFloors()
	return t.dropSystem(catalog.RetentionSpace, catalog.RetentionRow(catalog.Retention{Space: space}))
}

// Retentions lists what was said about retention, that of the database first.
func (t *Txn) Retentions() (out []catalog.Retention, err error) {
	err = t.scanSystem(catalog.RetentionSpace, func(row redo.Row, _ scn.SCN) error {
		out = append(out, catalog.RetentionOf(row))
		return nil
	})
	return out, err
}

// PutFloor moves a floor.
func (t *Txn) PutFloor(f catalog.Floor) error {
	return t.putSystem(catalog.FloorsSpace, catalog.FloorRow(f))
}

// DropFloor leaves a table to the floor of all.
func (t *Txn) DropFloor(table scn.Space) error {
	return t.dropSystem(catalog.FloorsSpace, catalog.FloorRow(catalog.Floor{Table: table}))
}

// Floors lists the floors, that of all tables first.
func (t *Txn) Floors() (out []catalog.Floor, err error) {
	err = t.scanSystem(catalog.FloorsSpace, func(row redo.Row, _ scn.SCN) error {
		out = append(out, catalog.FloorOf(row))
		return nil
	})
	return out, err
}

// claimFloors says that no floor must move until this transaction commits: it relies on history that they might pass.
func (t *Txn) claimFloors() {
	t.claim(redo.Claim{Mode: redo.Share, Space: catalog.FloorsSpace, Since: t.snapshot})
}
