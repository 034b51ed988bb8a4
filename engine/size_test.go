package engine_test

import (
	"errors"
	"fmt"
	"testing"

	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/wal/redo"
)

// add locks and inserts a row.
func add(tx *txn.Txn, p *catalog.Table, r redo.Row) error {
	if err := tx.LockChange(ctx, p, nil, r); err != nil {
		return err
	}
	return tx.Insert(p, r)
}

// TestTakenBackStillCounts: what is taken back leaves its locks and claims, so a transaction that goes on and on with new rows
// comes to its limit, and one that does so with the same rows does not.
func TestTakenBackStillCounts(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	for _, back := range []string{"savepoint", "statement"} {
		for _, same := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, same rows %v", back, same), func(t *testing.T) {
				tx, p := d.Engine.Begin(txn.Options{BytesMax: 1 << 20}), person(t, d)
				defer tx.Rollback()
				mark := tx.Savepoint()
				var err error
				for i := int64(0); i < 20_000 && err == nil; i++ {
					id := i
					if same {
						id = i % 10
					}
					tx.StartStatement(uint64(i), "")
					if err = add(tx, p, row(id, "n", fmt.Sprintf("%d@x", id), 1)); err != nil {
						break
					}
					if back == "statement" {
						tx.RollbackStatement()
					} else {
						tx.EndStatement()
						tx.RollbackTo(mark)
					}
				}
				if same {
					if _, bytes := tx.Size(); err != nil || bytes > 10*1000 {
						t.Fatalf("%d bytes, %v", bytes, err)
					}
				} else if !errors.Is(err, txn.ErrTooLarge) {
					t.Fatalf("got %v, want ErrTooLarge", err)
				}
			})
		}
	}
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return add(tx, p, row(1, "free", "1@x", 1)) })
}

// TestRestartCountsOnce: a statement that begins again has the locks that it had, once.
func TestRestartCountsOnce(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	write(t, d, fill)
	tx, p := d.Engine.Begin(txn.Options{}), person(t, d)
	defer tx.Rollback()
	tx.StartStatement(1, "")
	var first int64
	for round := range 5 {
		for id := range int64(bigRows) {
			key, err := tx.RowKey(p, old(id))
			if err != nil {
				t.Fatal(err)
			}
			if err := tx.LockRow(ctx, p, key, lock.Exclusive, 0); err != nil {
				t.Fatal(err)
			}
		}
		_, bytes := tx.Size()
		if round == 0 {
			first = bytes
		}
		if bytes != first || bytes < 300*bigRows {
			t.Fatalf("round %d: %d bytes, at first %d", round, bytes, first)
		}
		if err := tx.Restart(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTakenBackLeavesNoStatement: statements that are taken back are neither kept nor in the redo.
func TestTakenBackLeavesNoStatement(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	tx, p := d.Engine.Begin(txn.Options{}), person(t, d)
	for i := range uint64(10) {
		tx.StartStatement(i, "")
		mark := tx.Savepoint()
		for id := range int64(3) { // the first is taken back within the statement, too
			if err := tx.Insert(p, row(100*int64(i)+id, "n", fmt.Sprintf("%d %d@x", i, id), 1)); err != nil {
				t.Fatal(err)
			}
			if id == 0 {
				tx.RollbackTo(mark)
			}
		}
		if i%3 > 0 {
			tx.RollbackStatement()
		} else {
			tx.EndStatement()
		}
	}
	if _, err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	entries := d.Log.Entries()
	record, err := redo.DecodeTransaction(entries[len(entries)-1].Group.Txns[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	var statements, changes []uint64
	for _, s := range record.Statements {
		statements = append(statements, s.Digest)
	}
	for _, c := range record.Changes {
		changes = append(changes, record.Statements[c.Statement].Digest)
	}
	if got := fmt.Sprint(statements, changes); got != "[0 3 6 9] [0 0 3 3 6 6 9 9]" {
		t.Errorf("statements, and those of the changes: %s", got)
	}
	d.CheckLaw(t)
}
