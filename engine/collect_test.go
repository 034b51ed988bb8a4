package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// backThere makes a table of n rows that went back to before it was changed.
func backThere(t *testing.T, d *enginetest.Database, n int64) *catalog.Table {
	t.Helper()
	table := createPerson(t, d)
	was := write(t, d, func(tx *txn.Txn, p *catalog.Table) (err error) {
		for i := range n {
			err = errors.Join(err, tx.Insert(p, row(i, "first", "", i)))
		}
		return err
	})
	write(t, d, func(tx *txn.Txn, p *catalog.Table) (err error) {
		for i := range n {
			err = errors.Join(err, tx.Update(p, row(i, "first", "", i), row(i, "second", "", i)))
		}
		return err
	})
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		err := tx.PutRewind(p.ID, was, p.ID)
		for i := range p.Indexes {
			err = errors.Join(err, tx.PutRewind(p.Indexes[i].ID, was, p.Indexes[i].ID))
		}
		return err
	})
	return table
}

func putFloor(t *testing.T, d *enginetest.Database, at scn.SCN) {
	t.Helper()
	write(t, d, func(tx *txn.Txn, _ *catalog.Table) error { return tx.PutFloor(catalog.Floor{SCN: at, By: "the test"}) })
}

func collect(t *testing.T, d *enginetest.Database) engine.Collected {
	t.Helper()
	done, err := d.Engine.Collect(ctx, engine.Pace{})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func fold(t *testing.T, d *enginetest.Database, want int) {
	t.Helper()
	if n, err := d.Engine.Fold(ctx, engine.Pace{}); err != nil || n != want {
		t.Fatalf("%d folded, %v; want %d", n, err, want)
	}
}

// TestCollectWaitsForOldReaders: a transaction that began before a fold looks into intervals that the fold took away. What it
// finds there stays until it ends.
func TestCollectWaitsForOldReaders(t *testing.T) {
	d := enginetest.Open(t)
	table := backThere(t, d, 3)
	old := d.Engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	fold(t, d, 3)
	putFloor(t, d, old.Snapshot())
	if done := collect(t, d); !done.Held || done.Versions != 0 {
		t.Fatalf("collected %+v under a transaction that needs it", done)
	}
	if got := show(t, old.Scan(table, txn.Range{})); got != `0 "first" NULL 0; 1 "first" NULL 1; 2 "first" NULL 2` {
		t.Fatalf("it reads %s", got)
	}
	old.Rollback()
	if done := collect(t, d); done.Held || done.Versions == 0 {
		t.Fatalf("collected %+v once it has ended", done)
	}
	d.CheckIndexes(t)
}

// TestCollectLeavesHalfAFold: copies that nobody sees yet, because their fold was interrupted, must stay for the time when it
// goes on.
func TestCollectLeavesHalfAFold(t *testing.T) {
	d := enginetest.Open(t)
	table := backThere(t, d, 20)
	abandoned := d.Engine.Applied() - 1 // what the table went back from, which a clone keeps
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		clone := p.Clone()
		clone.Name, clone.Indexes = "clone", nil
		var err error
		clone.ID, err = tx.NewSpace()
		return errors.Join(err, tx.PutRewind(clone.ID, abandoned, p.ID), tx.PutTable(clone))
	})
	if _, err := d.Engine.Fold(&cut{ctx, 3}, engine.Pace{BatchBytes: 1}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	putFloor(t, d, d.Engine.Applied())
	collect(t, d)
	fold(t, d, 4)
	collect(t, d)
	view, err := d.Engine.View(d.Engine.Applied())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Rollback()
	rows := view.Scan(table, txn.Range{})
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		if got, want := cells(rows.Row()), fmt.Sprintf(`%d "first" NULL %d`, i, i); got != want {
			t.Fatalf("row %d is %s, want %s", i, got, want)
		}
	}
	d.CheckIndexes(t)
}

// TestCollectTakesWhatWasDropped: the space of a dropped table goes when no reader can ask for it, with all that is kept beside it,
// and the state is still what its log gives.
func TestCollectTakesWhatWasDropped(t *testing.T) {
	d := enginetest.Open(t)
	table := backThere(t, d, 5)
	dropped := write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.DropTable(p.ID) })
	putFloorOnly := func(at scn.SCN) {
		tx := d.Engine.Begin(txn.Options{})
		tx.StartStatement(1, "")
		err := tx.PutFloor(catalog.Floor{SCN: at, By: "the test"})
		if _, commitErr := tx.Commit(ctx); errors.Join(err, commitErr) != nil {
			t.Fatal(err, commitErr)
		}
	}
	putFloorOnly(dropped - 1)
	if done := collect(t, d); done.Spaces != 0 {
		t.Fatalf("collected %+v while there are readers", done)
	}
	view, err := d.Engine.View(dropped - 1)
	if err != nil {
		t.Fatal(err)
	}
	if n := count(view.Scan(table, txn.Range{})); n != 5 {
		t.Fatalf("%d rows just before the drop, want 5", n)
	}
	view.Rollback()
	putFloorOnly(dropped)
	if done := collect(t, d); done.Spaces != 3 {
		t.Fatalf("collected %+v, want the table and its two indexes", done)
	}
	if s := d.Engine.TableHash(table.ID); s != (engine.TableState{}) {
		t.Fatalf("sums of what is gone: %v", s)
	}
	d.Restart(t)
	d.CheckLaw(t)
	if done := collect(t, d); done.Spaces != 0 && done.Spaces != 3 {
		t.Fatalf("collected %+v after a restart", done)
	}
}

// TestInsertOverCollectedDeletion: the deletion that an insert replaces may go, in front of it or behind its back.
func TestInsertOverCollectedDeletion(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(1, "a", "", 1)) })
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Delete(p, row(1, "a", "", 1)) })
	before := d.Engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	before.StartStatement(1, "")
	if err := before.Insert(person(t, d), row(1, "b", "", 1)); err != nil {
		t.Fatal(err)
	}
	putFloor(t, d, before.Snapshot())
	if done := collect(t, d); done.Versions == 0 {
		t.Fatal("the deletion is still there")
	}
	if _, err := before.Commit(ctx); err != nil {
		t.Fatalf("an insert over a deletion that went meanwhile: %v", err)
	}
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Delete(p, row(1, "b", "", 1)) })
	putFloor(t, d, d.Engine.Applied())
	collect(t, d)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(1, "c", "", 1)) }) // the window still knows the deletion
	d.CheckLaw(t)
}

// TestReadersWhileCollecting: transactions that read all the time see their snapshot whole while versions are dropped and tables
// are folded under them.
func TestReadersWhileCollecting(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	const keys, rounds = 8, 60
	write(t, d, func(tx *txn.Txn, p *catalog.Table) (err error) {
		err = tx.PutRetention(catalog.Retention{Kind: catalog.RetainVersions, Amount: 2})
		for i := range int64(keys) {
			err = errors.Join(err, tx.Insert(p, row(i, "0", "", 0)))
		}
		return err
	})
	var readers sync.WaitGroup
	var dropped uint64
	ended := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				tx := d.Engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
				table, _ := tx.Catalog().Table("app", "person")
				first := show(t, tx.Scan(table, txn.Range{}))
				if again := show(t, tx.ScanIndex(table, &table.Indexes[1], txn.Range{})); first != again {
					t.Errorf("a snapshot reads %s, then %s", first, again)
				}
				tx.Rollback()
			}
		})
	}
	for n := range int64(rounds) {
		was := d.Engine.Applied()
		write(t, d, func(tx *txn.Txn, p *catalog.Table) (err error) {
			rows := tx.Scan(p, txn.Range{})
			defer rows.Close()
			for rows.Next() {
				id, _ := rows.Row().Get(1)
				err = errors.Join(err, tx.Update(p, rows.Row().Clone(), row(id.Int(), fmt.Sprint(n), "", n)))
			}
			return err
		})
		if n%7 == 3 {
			write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
				return errors.Join(tx.PutRewind(p.ID, was, p.ID), tx.PutRewind(p.Indexes[0].ID, was, p.Indexes[0].ID), tx.PutRewind(p.Indexes[1].ID, was, p.Indexes[1].ID))
			})
		}
		if _, err := d.Engine.Fold(ctx, engine.Pace{}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Engine.MoveFloors(ctx); err != nil {
			t.Fatal(err)
		}
		dropped += collect(t, d).Versions
	}
	close(ended)
	readers.Wait()
	if _, err := d.Engine.MoveFloors(ctx); err != nil {
		t.Fatal(err)
	}
	dropped += collect(t, d).Versions
	if floor := d.Engine.Floor(person(t, d).ID).SCN; dropped == 0 || floor == 0 {
		t.Fatalf("%d versions dropped, the floor is %d", dropped, floor)
	}
	d.CheckIndexes(t)
	d.CheckLaw(t)
}
