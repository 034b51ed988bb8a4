package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// relay passes proposals on, and calls after when a part is in the log. Its error is the answer.
type relay struct {
	*enginetest.Log
	after func(part *redo.Part) error
}

func (r relay) ProposePart(c context.Context, body []byte, part *redo.Part) error {
	if part.Number == 0 && errors.Is(r.after(part), errDied) {
		return errDied // so did it
	}
	if err := r.Log.ProposePart(c, body, part); err != nil || part.Number == 0 {
		return err
	}
	return r.after(part)
}

var errDied = errors.New("the node died")

// big inserts, updates and deletes so many rows that it goes in many parts of partBytes.
const (
	partBytes = 8 << 10
	bigRows   = 600
)

func fill(tx *txn.Txn, p *catalog.Table) error {
	for id := int64(0); id < bigRows; id++ {
		if err := tx.Insert(p, old(id)); err != nil {
			return err
		}
	}
	return nil
}

func old(id int64) redo.Row { return row(id, "old", fmt.Sprintf("%d@old", id), id%50) }

func changeMany(tx *txn.Txn, p *catalog.Table) error {
	for id := int64(0); id < bigRows; id++ {
		fresh := row(id, strings.Repeat("n", 100), fmt.Sprintf("%d@new", id), id%7)
		var err error
		switch id % 3 {
		case 0:
			err = tx.Update(p, old(id), fresh)
		case 1:
			err = tx.Delete(p, old(id))
		default:
			fresh[0].Value = redo.IntValue(id + bigRows)
			err = tx.Insert(p, fresh)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func inParts(t *testing.T) *enginetest.Database {
	d := enginetest.Open(t, enginetest.WithPartBytes(partBytes))
	createPerson(t, d)
	write(t, d, fill)
	return d
}

// checkAll checks the laws, and again after a restart.
func checkAll(t *testing.T, d *enginetest.Database) {
	t.Helper()
	for range 2 {
		d.CheckLaw(t)
		d.CheckIndexes(t)
		if n := d.Engine.Underway(); n != 0 {
			t.Fatalf("parts of %d transactions are kept for ever", n)
		}
		d.Restart(t)
	}
}

func countRows(t *testing.T, d *enginetest.Database) int {
	t.Helper()
	tx := d.Engine.Begin(txn.Options{ReadOnly: true})
	defer tx.Rollback()
	rows := tx.Scan(person(t, d), txn.Range{})
	defer rows.Close()
	return count(rows)
}

// TestPartsAreOneCommit: while parts travel others commit, and see nothing; then all is there, at one SCN.
func TestPartsAreOneCommit(t *testing.T) {
	d := inParts(t)
	before, others, copies := d.Engine.Applied(), scn.SCN(0), []int{}
	d.Engine.Propose(relay{d.Log, func(part *redo.Part) error {
		if got := countRows(t, d); got != bigRows+int(others) {
			t.Fatalf("after part %d there are %d rows", part.Number, got)
		}
		others++
		write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
			return tx.Insert(p, row(5000+int64(others), "other", "", 1))
		})
		copies = append(copies, d.Checkpoint(t, fmt.Sprintf("copy%d", others)))
		return nil
	}})
	at := write(t, d, changeMany)
	if others < 5 {
		t.Fatalf("it went in %d parts only", others)
	}
	if at != before+others+1 {
		t.Fatalf("SCN %d after %d and %d others", at, before, others)
	}
	if got, want := countRows(t, d), bigRows-bigRows/3+bigRows/3+int(others); got != want {
		t.Fatalf("%d rows, want %d", got, want)
	}
	for i, entries := range copies {
		d.CheckLawFrom(t, fmt.Sprintf("copy%d", i+1), entries)
	}
	checkAll(t, d)
}

// TestPartsOfADeadNode: nothing of a transaction is there whose node died, and its parts go with the next term.
func TestPartsOfADeadNode(t *testing.T) {
	for died := 1; died <= 4; died++ {
		for _, persist := range []bool{false, true} {
			d := inParts(t)
			before := d.Engine.StateHash()
			d.Engine.Propose(relay{d.Log, func(part *redo.Part) error {
				if part.Number == 0 || part.Number >= died {
					return errDied
				}
				return nil
			}})
			tx := d.Engine.Begin(txn.Options{})
			tx.StartStatement(2, "")
			if err := changeMany(tx, person(t, d)); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Commit(ctx); !errors.Is(err, errDied) {
				t.Fatalf("commit: %v", err)
			}
			if persist {
				if _, err := d.Engine.Persist(ctx); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				d.Restart(t)
				if got := d.Engine.StateHash(); !got.Equal(before) {
					t.Fatalf("the state changed, in tables %v", got.Differing(before))
				}
				if n := d.Engine.Underway(); n != 1 {
					t.Fatalf("parts of %d transactions are kept, want 1", n)
				}
			}
			write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(9999, "next", "", 1)) })
			checkAll(t, d)
		}
	}
}

// TestPartsThatMeetOthers: whoever comes first wins, and the other hears so.
func TestPartsThatMeetOthers(t *testing.T) {
	for _, c := range []struct {
		name  string
		after int // part
		other func(tx *txn.Txn, p *catalog.Table) error
		wins  string // big or other
	}{
		{"a row of a part to come", 1, func(tx *txn.Txn, p *catalog.Table) error {
			return tx.Update(p, old(bigRows-3), row(bigRows-3, "other", "", 1))
		}, "other"},
		{"a row of a part before", 3, func(tx *txn.Txn, p *catalog.Table) error { return tx.Delete(p, old(0)) }, "big"},
		{"a unique key of a part before", 4, func(tx *txn.Txn, p *catalog.Table) error {
			return tx.Insert(p, row(7777, "other", "0@new", 1))
		}, "big"},
		{"the parent of a row, which goes", 4, func(tx *txn.Txn, p *catalog.Table) error {
			key, err := tx.RowKey(p, old(1))
			tx.ClaimShared(p, key)
			return errors.Join(err, tx.Insert(p, row(7777, "child", "", 1)))
		}, "big"},
		{"the definition of the table", 2, func(tx *txn.Txn, p *catalog.Table) error {
			next := p.Clone()
			next.Columns = append(next.Columns, catalog.Column{ID: 5, Name: "more", Kind: redo.Int, Nullable: true})
			next.NextColumnID++
			return tx.PutTable(next)
		}, "other"},
		{"another row", 2, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(7777, "other", "", 1)) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := inParts(t)
			var otherErr error
			d.Engine.Propose(relay{d.Log, func(part *redo.Part) error {
				if part.Number == c.after {
					tx := d.Engine.Begin(txn.Options{})
					tx.StartStatement(3, "")
					if err := c.other(tx, person(t, d)); err != nil {
						t.Fatal(err)
					}
					_, otherErr = tx.Commit(ctx)
				}
				return nil
			}})
			tx := d.Engine.Begin(txn.Options{})
			tx.StartStatement(2, "")
			if err := changeMany(tx, person(t, d)); err != nil {
				t.Fatal(err)
			}
			_, err := tx.Commit(ctx)
			for who, err := range map[string]error{"big": err, "other": otherErr} {
				if lost := c.wins != "" && c.wins != who; lost != errors.Is(err, txn.ErrConflict) || !lost && err != nil {
					t.Errorf("%s: %v", who, err)
				}
			}
			// Who lost may try again, and nothing is left in its way.
			write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(8888, "next", "", 1)) })
			d.Restart(t)
			write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(8889, "next", "", 1)) })
			checkAll(t, d)
		})
	}
}

// TestDefinitionInParts: a table that comes with its rows in one transaction, as when its primary key changes.
func TestDefinitionInParts(t *testing.T) {
	d := inParts(t)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		next := p.Clone()
		var err error
		if next.ID, err = tx.NewSpace(); err != nil {
			return err
		}
		for i := range next.Indexes {
			if next.Indexes[i].ID, err = tx.NewSpace(); err != nil {
				return err
			}
		}
		next.PrimaryKey = []catalog.IndexColumn{{Column: 4}, {Column: 1}}
		if err := errors.Join(tx.DropTable(p.ID), tx.PutTable(next)); err != nil {
			return err
		}
		return fill(tx, next)
	})
	if got := countRows(t, d); got != bigRows {
		t.Fatalf("%d rows", got)
	}
	checkAll(t, d)
}

// TestAssembledIsTheSame: what sealed segments have of a transaction in parts gives the same state.
func TestAssembledIsTheSame(t *testing.T) {
	d := inParts(t)
	write(t, d, changeMany)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		for id := int64(0); id < 3000; id++ { // more than is applied at once
			if err := tx.Insert(p, row(20000+id, strings.Repeat("x", 4000), "", id)); err != nil {
				return err
			}
		}
		return nil
	})
	fresh, err := engine.Open(engine.Options{FS: vfs.NewMem(), Dir: "fresh", CacheBytes: 1 << 20, MemtableBytes: 1 << 20, NodeOrdinal: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	var parts redo.Assembler
	for _, c := range d.Log.Entries() {
		if c.Part != nil {
			if err := parts.Add(c.Part); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if record, err := redo.DecodeTransaction(c.Group.Txns[0].Body); err != nil || record.Parts > 0 {
			if c.Group.Txns[0].Body, _, err = parts.Finish(c.Group.Txns[0].Body); err != nil {
				t.Fatal(err)
			}
			parts = redo.Assembler{}
		}
		if err := fresh.Apply([]engine.Commit{c}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := fresh.StateHash(), d.Engine.StateHash(); !got.Equal(want) {
		t.Fatalf("differs in tables %v", got.Differing(want))
	}
}

// TestCrashWhileApplying: versions of a large transaction, and of what was applied with it, are on disk without the
// position. They are not there for anybody, and applying the same again makes the state that it should be.
func TestCrashWhileApplying(t *testing.T) {
	d := inParts(t)
	addColumn := func(name string) {
		write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
			next := p.Clone()
			next.Columns = append(next.Columns, catalog.Column{ID: next.NextColumnID, Name: name, Kind: redo.Int, Nullable: true})
			next.NextColumnID++
			return tx.PutTable(next)
		})
	}
	start := len(d.Log.Entries())
	addColumn("one")
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error { // its rows come into another table
		next := p.Clone()
		var err error
		if next.ID, err = tx.NewSpace(); err != nil {
			return err
		}
		next.Indexes = nil
		if err := errors.Join(tx.DropTable(p.ID), tx.PutTable(next)); err != nil {
			return err
		}
		return fill(tx, next)
	})
	addColumn("two")
	entries := d.Log.Entries()
	fs := vfs.NewMem()
	open := func() *engine.Engine {
		e, err := engine.Open(engine.Options{FS: fs, Dir: "crashed", CacheBytes: 1 << 20, MemtableBytes: 1 << 20, NodeOrdinal: 1})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	lastPart := 0
	for i, c := range entries {
		if c.Part != nil {
			lastPart = i
		}
	}
	e := open()
	if err := e.Apply(entries[:start]); err != nil {
		t.Fatal(err)
	}
	broken := slices.Clone(entries[start : lastPart+2])
	broken[lastPart-start].Part = redo.AppendPart(nil, &redo.Part{XID: 1, Number: 1}) // of another: now one is missing
	if err := e.Apply(broken); err == nil {
		t.Fatal("applied without all parts")
	}
	if _, err := e.Persist(ctx); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open()
	defer e.Close()
	at := e.Applied()
	if at >= d.Engine.Applied() {
		t.Fatalf("the state is at SCN %d", at)
	}
	if err := e.Apply(entries[e.Position().Index:]); err != nil {
		t.Fatal(err)
	}
	if got, want := e.StateHash(), d.Engine.StateHash(); !got.Equal(want) {
		t.Fatalf("differs in tables %v", got.Differing(want))
	}
	for s := scn.SCN(1); s <= e.Applied(); s++ {
		got, err := e.CatalogAt(s)
		want, wantErr := d.Engine.CatalogAt(s)
		if err := errors.Join(err, wantErr); err != nil {
			t.Fatal(err)
		}
		a, _ := got.Table("app", "person")
		b, _ := want.Table("app", "person")
		if (a == nil) != (b == nil) || a != nil && (a.ID != b.ID || len(a.Columns) != len(b.Columns)) {
			t.Fatalf("at SCN %d the dictionary has %+v, want %+v", s, a, b)
		}
	}
}

// TestPartsMeetRewind: a large transaction that relied on a row of another table is refused when that table goes back before it
// commits, as a small one is.
func TestPartsMeetRewind(t *testing.T) {
	d := inParts(t)
	other := func(tx *txn.Txn) *catalog.Table {
		table, ok := tx.Catalog().Table("app", "parent")
		if !ok {
			t.Fatal("table app.parent is not in the catalog")
		}
		return table
	}
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		next := p.Clone()
		var err error
		next.Name, next.Indexes = "parent", nil
		next.ID, err = tx.NewSpace()
		return errors.Join(err, tx.PutTable(next))
	})
	write(t, d, func(tx *txn.Txn, _ *catalog.Table) error { return tx.Insert(other(tx), row(1, "parent", "", 1)) })
	d.Engine.Propose(relay{d.Log, func(part *redo.Part) error {
		if part.Number == 3 {
			write(t, d, func(tx *txn.Txn, _ *catalog.Table) error { return tx.PutRewind(other(tx).ID, 0, other(tx).ID) })
		}
		return nil
	}})
	tx := d.Engine.Begin(txn.Options{})
	tx.StartStatement(2, "")
	key, err := tx.RowKey(other(tx), row(1, "parent", "", 1))
	tx.ClaimShared(other(tx), key)
	if err := errors.Join(err, changeMany(tx, person(t, d))); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(ctx); !errors.Is(err, txn.ErrConflict) {
		t.Errorf("commit gives %v, want a conflict", err)
	}
	checkAll(t, d)
}

// TestClaimsInParts: rows that are only locked make redo, too. Many of them go in parts with what is changed, hold others off, and
// without a change nothing goes into the log.
func TestClaimsInParts(t *testing.T) {
	lockAll := func(tx *txn.Txn, p *catalog.Table) error {
		for id := range int64(bigRows) {
			key, err := tx.RowKey(p, old(id))
			if err != nil {
				return err
			}
			if err := tx.LockRow(ctx, p, key, lock.Exclusive, 0); err != nil {
				return err
			}
		}
		return nil
	}
	d := inParts(t)
	before := len(d.Log.Entries())
	if write(t, d, lockAll); len(d.Log.Entries()) != before {
		t.Fatal("rows that are locked and not changed went into the log")
	}
	var otherErr error
	d.Engine.Propose(relay{d.Log, func(part *redo.Part) error {
		if part.Number == 1 {
			tx := d.Engine.Begin(txn.Options{})
			tx.StartStatement(3, "")
			if err := tx.Delete(person(t, d), old(0)); err != nil {
				t.Fatal(err)
			}
			_, otherErr = tx.Commit(ctx)
		}
		return nil
	}})
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		return errors.Join(lockAll(tx, p), tx.Insert(p, row(5000, "new", "", 1)))
	})
	if !errors.Is(otherErr, txn.ErrConflict) {
		t.Errorf("who changes a row that a part has claimed: %v", otherErr)
	}
	checkPartSizes(t, d, before)
	checkAll(t, d)
}

// TestStatementsInParts: so do statements, each of which has a place in the redo, though they change the same row.
func TestStatementsInParts(t *testing.T) {
	d := inParts(t)
	before := len(d.Log.Entries())
	tx, p := d.Engine.Begin(txn.Options{}), person(t, d)
	for i := range int64(1000) {
		tx.StartStatement(uint64(i), "")
		if err := tx.Update(p, row(0, "old", "0@old", i), row(0, "old", "0@old", i+1)); err != nil {
			t.Fatal(err)
		}
		tx.EndStatement()
	}
	if _, err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	checkPartSizes(t, d, before)
	checkAll(t, d)
}

// checkPartSizes checks that there are parts after so many entries, and that no entry is much larger than one may be.
func checkPartSizes(t *testing.T, d *enginetest.Database, before int) {
	t.Helper()
	parts := 0
	for _, e := range d.Log.Entries()[before:] {
		size := len(e.Part)
		if e.Part != nil {
			parts++
		}
		for _, one := range e.Group.Txns {
			size += len(one.Body)
		}
		if size > partBytes+partBytes/4 {
			t.Errorf("entry %d has %d bytes, a part may have %d", e.Index, size, partBytes)
		}
	}
	if parts < 2 {
		t.Errorf("it went in %d parts", parts)
	}
}
