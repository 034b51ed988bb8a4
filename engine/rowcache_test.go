package engine_test

import (
	"errors"
	"testing"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
)

// TestRowsOutliveTheirTransaction: what rows that are still open read is not collected, though their transaction has ended.
func TestRowsOutliveTheirTransaction(t *testing.T) {
	for _, index := range []bool{false, true} {
		d := enginetest.Open(t)
		createPerson(t, d)
		const n = 300
		write(t, d, func(tx *txn.Txn, p *catalog.Table) (err error) {
			for i := range int64(n) {
				err = errors.Join(err, tx.Insert(p, row(i, "first", "", i)))
			}
			return err
		})
		old := d.Engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
		var rows *txn.Rows
		if p := person(t, d); index {
			rows = old.ScanIndex(p, &p.Indexes[0], txn.Range{})
		} else {
			rows = old.Scan(p, txn.Range{})
		}
		got := 0
		for range 10 {
			if rows.Next() {
				got++
			}
		}
		old.Rollback()
		write(t, d, func(tx *txn.Txn, p *catalog.Table) (err error) {
			for i := range int64(n) {
				err = errors.Join(err, tx.Delete(p, row(i, "first", "", i)))
			}
			return err
		})
		putFloor(t, d, d.Engine.Applied())
		collect(t, d)
		for rows.Next() {
			got++
		}
		if got != n || rows.Err() != nil {
			t.Errorf("index %v: %d rows of %d, %v", index, got, n, rows.Err())
		}
		holding := func() (n int) {
			holds, err := d.Engine.Holds()
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range holds {
				if h.Kind == engine.HoldTransaction {
					n++
				}
			}
			return n
		}
		before := holding()
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
		if after := holding(); before != 1 || after != 0 {
			t.Errorf("%d transactions held history before the rows were closed, %d after", before, after)
		}
	}
}

// TestDiffSeesWhatItBeganWith: a comparison has no pin, and is not to notice that what it compares is collected meanwhile.
func TestDiffSeesWhatItBeganWith(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	const n = 20
	was := write(t, d, func(tx *txn.Txn, p *catalog.Table) (err error) {
		for i := range int64(n) {
			err = errors.Join(err, tx.Insert(p, row(i, "first", "", i)))
		}
		return err
	})
	deleted := write(t, d, func(tx *txn.Txn, p *catalog.Table) (err error) {
		for i := range int64(n) {
			err = errors.Join(err, tx.Delete(p, row(i, "first", "", i)))
		}
		return err
	})
	then := d.Engine.Catalog()
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		err := tx.PutRewind(p.ID, was, p.ID)
		for i := range p.Indexes {
			err = errors.Join(err, tx.PutRewind(p.Indexes[i].ID, was, p.Indexes[i].ID))
		}
		return err
	})
	p := person(t, d)
	now := d.Engine.Catalog()
	snapshot := d.Engine.Applied()
	tx := d.Engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	defer tx.Rollback()
	diff, err := d.Engine.Diff(now.Lineage(p.ID, snapshot), then.Lineage(p.ID, deleted), mvcc.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer diff.Close()
	putFloor(t, d, snapshot)
	collect(t, d)
	view, err := d.Engine.View(d.Engine.Applied())
	if err != nil {
		t.Fatal(err)
	}
	defer view.Rollback()
	show(t, view.Scan(p, txn.Range{}))
	leaving := 0
	for diff.Next() {
		if now, then := diff.Exists(); now && !then {
			leaving++
		}
	}
	if leaving != n || diff.Err() != nil {
		t.Errorf("%d rows leave, want %d, %v", leaving, n, diff.Err())
	}
}
