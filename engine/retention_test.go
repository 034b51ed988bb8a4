package engine_test

import (
	"errors"
	"testing"
	"time"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// past is a database in which a row of table person changes once an hour.
type past struct {
	t     *testing.T
	d     *enginetest.Database
	clock time.Time
	at    []scn.SCN // of the changes
}

func newPast(t *testing.T, hours int) *past {
	p := &past{t: t, clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	now := func() time.Time { return p.clock }
	p.d = enginetest.Open(t, enginetest.WithClock(now), func(o *engine.Options, _ *enginetest.Log) { o.Now = now })
	createPerson(t, p.d)
	p.set(catalog.Retention{Kind: catalog.RetainAll})
	for i := range int64(hours) {
		p.clock = p.clock.Add(time.Hour)
		p.at = append(p.at, write(t, p.d, func(tx *txn.Txn, table *catalog.Table) error {
			if i == 0 {
				return tx.Insert(table, row(1, "", "", 0))
			}
			return tx.Update(table, row(1, "", "", i-1), row(1, "", "", i))
		}))
	}
	return p
}

func (p *past) set(r catalog.Retention) {
	p.t.Helper()
	write(p.t, p.d, func(tx *txn.Txn, table *catalog.Table) error { return tx.PutRetention(r) })
}

// floor moves the floors, and says where that of the table is.
func (p *past) floor() scn.SCN {
	p.t.Helper()
	if _, err := p.d.Engine.MoveFloors(ctx); err != nil {
		p.t.Fatal(err)
	}
	if n, err := p.d.Engine.MoveFloors(ctx); err != nil || n != 0 {
		p.t.Fatalf("%d floors moved once more, %v", n, err)
	}
	return p.d.Engine.Floor(person(p.t, p.d).ID).SCN
}

func (p *past) want(floor scn.SCN, by string) {
	p.t.Helper()
	table := person(p.t, p.d)
	if got := p.floor(); got != floor || p.d.Engine.Floor(table.ID).By != by {
		p.t.Fatalf("the floor is %+v, want SCN %d by %s", p.d.Engine.Floor(table.ID), floor, by)
	}
	if micros, err := p.d.Engine.SCNToTime(floor); err != nil || p.d.Engine.Floor(table.ID).TimeMicros != micros {
		p.t.Fatalf("the floor is of %d, want %d, %v", p.d.Engine.Floor(table.ID).TimeMicros, micros, err)
	}
}

func hours(n uint64) uint64 { return n * uint64(time.Hour/time.Microsecond) }

// TestRetentionByAge: what is younger than the retention stays, to the commit; a table, a schema and the database can each have
// their own, and a floor never goes down.
func TestRetentionByAge(t *testing.T) {
	p := newPast(t, 20)
	if got := p.floor(); got != 0 {
		t.Fatalf("the floor is %d though all is kept", got)
	}
	table := person(t, p.d)
	p.set(catalog.Retention{Kind: catalog.RetainAge, Amount: hours(12)})
	p.want(p.at[7], "retention 12 HOUR")
	p.set(catalog.Retention{Space: table.Schema, Kind: catalog.RetainAge, Amount: hours(10)})
	p.want(p.at[9], "retention 10 HOUR")
	p.set(catalog.Retention{Space: table.ID, Kind: catalog.RetainAge, Amount: hours(15)})
	p.want(p.at[9], "retention 10 HOUR")
	p.clock = p.clock.Add(10 * time.Hour)
	p.want(p.at[14], "retention 15 HOUR")
	if all := p.d.Engine.Floor(0).SCN; all <= p.at[14] {
		t.Fatalf("the floor of all is %d", all)
	}
	write(t, p.d, func(tx *txn.Txn, _ *catalog.Table) error {
		return errors.Join(tx.DropRetention(table.ID), tx.DropRetention(table.Schema))
	})
	p.want(p.d.Engine.Floor(0).SCN, "retention 12 HOUR")
}

// TestRetentionByVersions: the floor is where some row has its last version that is to be kept.
func TestRetentionByVersions(t *testing.T) {
	p := newPast(t, 20)
	p.set(catalog.Retention{Space: person(t, p.d).ID, Kind: catalog.RetainVersions, Amount: 5})
	p.want(p.at[15], "retention 5 VERSIONS")
	write(t, p.d, func(tx *txn.Txn, table *catalog.Table) error { return tx.Insert(table, row(2, "", "", 0)) })
	p.want(p.at[15], "retention 5 VERSIONS")
	write(t, p.d, func(tx *txn.Txn, table *catalog.Table) error {
		return tx.Update(table, row(1, "", "", 19), row(1, "", "", 20))
	})
	p.want(p.at[16], "retention 5 VERSIONS")
	p.set(catalog.Retention{Space: person(t, p.d).ID, Kind: catalog.RetainVersions, Amount: 1})
	p.want(p.d.Engine.Applied()-2, "retention 1 VERSION") // the update is before this retention and the floor itself
	collect(t, p.d)
	p.d.CheckIndexes(t)
}

// TestHoldsKeepHistory: a guaranteed restore point, an open transaction and what lies in the recycle bin stay above the floor, which
// names them.
func TestHoldsKeepHistory(t *testing.T) {
	p := newPast(t, 20)
	table := person(t, p.d)
	point := func(name string, at scn.SCN, guarantee bool) error {
		tx := p.d.Engine.Begin(txn.Options{})
		tx.StartStatement(1, "")
		if err := tx.PutRestorePoint(catalog.RestorePoint{Name: name, SCN: at, Guarantee: guarantee}); err != nil {
			tx.Rollback()
			return err
		}
		_, err := tx.Commit(ctx)
		return err
	}
	if err := errors.Join(point("safe", p.at[3], true), point("loose", p.at[1], false)); err != nil {
		t.Fatal(err)
	}
	p.set(catalog.Retention{Kind: catalog.RetainAge, Amount: hours(2)})
	p.want(p.at[3], "restore point safe")
	var refused *txn.FloorError
	if err := point("late", p.at[2], true); !errors.As(err, &refused) || refused.Floor.SCN != p.at[3] {
		t.Fatalf("a guarantee for what may be gone: %v", err)
	}
	reader := p.d.Engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	write(t, p.d, func(tx *txn.Txn, _ *catalog.Table) error { return tx.DropRestorePoint("safe") })
	p.clock = p.clock.Add(24 * time.Hour)
	write(t, p.d, func(tx *txn.Txn, table *catalog.Table) error {
		return tx.Update(table, row(1, "", "", 19), row(1, "", "", 20))
	})
	p.clock = p.clock.Add(24 * time.Hour)
	if got := p.floor(); got != reader.Snapshot() {
		t.Fatalf("the floor is %d, a transaction reads at %d", got, reader.Snapshot())
	}
	holds, err := p.d.Engine.Holds()
	if err != nil || len(holds) != 1 || holds[0].Kind != engine.HoldTransaction || holds[0].SCN != reader.Snapshot() {
		t.Fatalf("holds are %+v, %v", holds, err)
	}
	reader.Rollback()
	dropped := write(t, p.d, func(tx *txn.Txn, table *catalog.Table) error {
		return errors.Join(tx.PutRecycled(catalog.Recycled{ID: table.ID, Name: table.Name, SchemaName: "app"}), tx.DropTable(table.ID))
	})
	p.clock = p.clock.Add(24 * time.Hour)
	if _, err := p.d.Engine.MoveFloors(ctx); err != nil {
		t.Fatal(err)
	}
	if f := p.d.Engine.Floor(table.ID); f.SCN != dropped-1 || f.By != "recycle bin app.person" {
		t.Fatalf("the floor of what lies in the recycle bin is %+v, it was dropped at %d", f, dropped)
	}
	if done := collect(t, p.d); done.Spaces != 0 {
		t.Fatalf("collected %+v out of the recycle bin", done)
	}
}

// TestFloorsAndFlashbacksPassEachOther: what a flashback goes back to cannot go in the moment before it commits.
func TestFloorsAndFlashbacksPassEachOther(t *testing.T) {
	p := newPast(t, 20)
	table := person(t, p.d)
	tx := p.d.Engine.Begin(txn.Options{})
	tx.StartStatement(1, "")
	if err := tx.PutRewind(table.ID, p.at[2], table.ID); err != nil {
		t.Fatal(err)
	}
	putFloor(t, p.d, p.at[5])
	if _, err := tx.Commit(ctx); !errors.Is(err, txn.ErrConflict) {
		t.Fatalf("a flashback below a floor that rose meanwhile: %v", err)
	}
	tx = p.d.Engine.Begin(txn.Options{})
	defer tx.Rollback()
	var refused *txn.FloorError
	if err := tx.PutRewind(table.ID, p.at[2], table.ID); !errors.As(err, &refused) {
		t.Fatalf("a flashback below the floor: %v", err)
	}
}
