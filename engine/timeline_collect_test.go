package engine_test

import (
	"context"
	"errors"
	"flag"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// A long run: go test ./engine -run AgainstModel -rapid.checks=1000 -timeline-steps=200. rapid prints how to replay.
var timelineSteps = flag.Int("timeline-steps", 50, "most steps of TestCollectingAgainstModel")

// moveFloor moves the floor of a table, or of all, as the leader does.
func (m *timelines) moveFloor() {
	of := scn.Space(0)
	if rapid.Bool().Draw(m.t, "one table") {
		of = m.table().ID
	}
	old, top := m.d.Engine.Floor(of).SCN, m.d.Engine.Applied()
	for _, r := range m.readers {
		top = min(top, r.Snapshot())
	}
	to := scn.SCN(rapid.Uint64Range(uint64(old), max(uint64(old), uint64(top))).Draw(m.t, "floor"))
	tx := m.d.Engine.Begin(txn.Options{})
	tx.StartStatement(1, "")
	err := tx.PutFloor(catalog.Floor{Table: of, SCN: to, By: "the test"})
	if _, commitErr := tx.Commit(ctx); errors.Join(err, commitErr) != nil {
		m.t.Fatal(errors.Join(err, commitErr))
	}
	m.copy()
}

func (m *timelines) collect() {
	ctx, pace := m.some()
	if _, err := m.d.Engine.Collect(ctx, pace); err != nil && !errors.Is(err, context.Canceled) {
		m.t.Fatal(err)
	}
}

// open begins a transaction that reads later what it would read now.
func (m *timelines) open() {
	tx := m.d.Engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	tx.Pin()
	m.readers = append(m.readers, tx)
}

// readAll lets the open transactions read, and ends them.
func (m *timelines) readAll() {
	for _, tx := range m.readers {
		for id, copies := range m.copies {
			table, ok := tx.Catalog().TableByID(id)
			want, was := copies[tx.Snapshot()]
			if ok != was {
				m.t.Fatalf("a transaction of SCN %d sees table %d: %v", tx.Snapshot(), id, ok)
			}
			if !ok {
				continue
			}
			if got := show(m.outer, tx.Scan(table, txn.Range{})); got != content(want) {
				m.t.Fatalf("a transaction of SCN %d sees in table %d: %s, want %s", tx.Snapshot(), id, got, content(want))
			}
		}
		tx.Rollback()
	}
	m.readers = nil
}

func (m *timelines) lowest(table *catalog.Table) scn.SCN { return m.d.Engine.Floor(table.ID).SCN }

// drop drops a table; its past stays readable down to its floor.
func (m *timelines) drop() {
	i := rapid.IntRange(0, len(m.tables)-1).Draw(m.t, "dropped")
	if len(m.tables) < 2 {
		return
	}
	tx := m.d.Engine.Begin(txn.Options{})
	tx.StartStatement(1, "DROP …")
	err := tx.DropTable(m.tables[i].ID)
	if _, commitErr := tx.Commit(ctx); errors.Join(err, commitErr) != nil {
		m.t.Fatal(errors.Join(err, commitErr))
	}
	delete(m.now, m.tables[i].ID)
	m.dropped = append(m.dropped, m.tables[i])
	m.tables = slices.Delete(m.tables, i, i+1)
	m.copy()
}

// checkFloors reads just below each floor, which must be refused.
func (m *timelines) checkFloors() {
	for _, table := range m.tables {
		floor := m.lowest(table)
		if _, was := m.copies[table.ID][floor-1]; floor == 0 || !was {
			continue
		}
		view, err := m.d.Engine.View(floor - 1)
		if err != nil {
			m.t.Fatal(err)
		}
		rows := view.Scan(table, txn.Range{})
		var refused *txn.FloorError
		if rows.Next() || !errors.As(rows.Err(), &refused) || refused.Floor.SCN != floor {
			m.t.Fatalf("table %d below its floor of %d: %v", table.ID, floor, rows.Err())
		}
		rows.Close()
		view.Rollback()
	}
}

// TestCollectingAgainstModel: readers at or above a table's floor see the same whatever is collected and folded, in any order and
// after any crash.
func TestCollectingAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newTimelines(t, rt)
		for range rapid.IntRange(1, *timelineSteps).Draw(rt, "steps") {
			switch rapid.IntRange(0, 17).Draw(rt, "kind") {
			case 0:
				m.readAll()
				m.restart()
			case 16:
				m.open()
			case 17:
				if rapid.Bool().Draw(rt, "read") {
					m.readAll()
				}
			case 1, 2:
				m.fold()
			case 3:
				m.moveFloor()
			case 4, 5:
				m.collect()
			case 6:
				m.drop()
			default:
				m.step(m.lowest)
			}
		}
		m.readAll()
		m.checkAll(m.lowest)
		m.checkFloors()
		for range 2 {
			if _, err := m.d.Engine.Fold(ctx, engine.Pace{}); err != nil {
				rt.Fatal(err)
			}
			m.checkAll(m.lowest)
			if done, err := m.d.Engine.Collect(ctx, engine.Pace{}); err != nil || done.Held {
				rt.Fatal(done, err)
			}
			m.checkAll(m.lowest)
			m.restart()
			m.checkAll(m.lowest)
			m.moveFloor()
		}
		m.d.CheckLaw(t)
	})
}
