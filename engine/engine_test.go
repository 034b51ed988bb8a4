package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

var ctx = context.Background()

// person is the table of these tests: id, name, a unique mail that may be NULL, and an indexed age.
func createPerson(t testing.TB, d *enginetest.Database) *catalog.Table {
	t.Helper()
	tx := d.Engine.Begin(txn.Options{})
	space := func() scn.Space {
		id, err := tx.NewSpace()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	schema := &catalog.Schema{ID: space(), Name: "app"}
	table := &catalog.Table{
		ID: space(), Schema: schema.ID, Name: "person", NextColumnID: 5,
		Columns: []catalog.Column{
			{ID: 1, Name: "id", Kind: redo.Int},
			{ID: 2, Name: "name", Kind: redo.String},
			{ID: 3, Name: "mail", Kind: redo.String, Nullable: true},
			{ID: 4, Name: "age", Kind: redo.Int},
		},
		PrimaryKey: []catalog.IndexColumn{{Column: 1}},
		Indexes: []catalog.Index{
			{ID: space(), Name: "mail", Unique: true, Columns: []catalog.IndexColumn{{Column: 3}}, State: catalog.StatePublic},
			{ID: space(), Name: "age", Columns: []catalog.IndexColumn{{Column: 4}}, State: catalog.StatePublic},
		},
	}
	tx.StartStatement(1, "CREATE …")
	if err := errors.Join(tx.PutSchema(schema), tx.PutTable(table)); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	return person(t, d)
}

func person(t testing.TB, d *enginetest.Database) *catalog.Table {
	t.Helper()
	table, ok := d.Engine.Catalog().Table("APP", "Person")
	if !ok {
		t.Fatal("table app.person is not in the catalog")
	}
	return table
}

func row(id int64, name, mail string, age int64) redo.Row {
	m := redo.StringValue([]byte(mail))
	if mail == "" {
		m = redo.Value{}
	}
	return redo.Row{{ID: 1, Value: redo.IntValue(id)}, {ID: 2, Value: redo.StringValue([]byte(name))}, {ID: 3, Value: m}, {ID: 4, Value: redo.IntValue(age)}}
}

func write(t testing.TB, d *enginetest.Database, f func(tx *txn.Txn, table *catalog.Table) error) scn.SCN {
	t.Helper()
	tx := d.Engine.Begin(txn.Options{})
	tx.StartStatement(2, "")
	if err := f(tx, person(t, d)); err != nil {
		t.Fatal(err)
	}
	at, err := tx.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func show(t testing.TB, rows *txn.Rows) string {
	t.Helper()
	defer rows.Close()
	var out []string
	for rows.Next() {
		var cells []string
		for _, c := range rows.Row() {
			cells = append(cells, c.Value.String())
		}
		out = append(out, strings.Join(cells, " "))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "; ")
}

func TestRowsThroughTheirLife(t *testing.T) {
	d := enginetest.Open(t)
	table := createPerson(t, d)
	inserted := write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		return errors.Join(tx.Insert(p, row(1, "ann", "a@x", 30)), tx.Insert(p, row(2, "bob", "", 20)), tx.Insert(p, row(3, "cid", "", 25)))
	})
	updated := write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		return errors.Join(tx.Update(p, row(1, "ann", "a@x", 30), row(1, "ann", "b@x", 31)), tx.Delete(p, row(2, "bob", "", 20)))
	})
	moved := write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		return tx.Update(p, row(3, "cid", "", 25), row(9, "cid", "", 25))
	})
	check := func() {
		t.Helper()
		for _, c := range []struct {
			at               scn.SCN
			byKey, byAgeDown string
		}{
			{inserted - 1, "", ""},
			{inserted, `1 "ann" "a@x" 30; 2 "bob" NULL 20; 3 "cid" NULL 25`, `1 "ann" "a@x" 30; 3 "cid" NULL 25; 2 "bob" NULL 20`},
			{updated, `1 "ann" "b@x" 31; 3 "cid" NULL 25`, `1 "ann" "b@x" 31; 3 "cid" NULL 25`},
			{moved, `1 "ann" "b@x" 31; 9 "cid" NULL 25`, `1 "ann" "b@x" 31; 9 "cid" NULL 25`},
		} {
			view, err := d.Engine.View(c.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(t, view.Scan(table, txn.Range{})); got != c.byKey {
				t.Errorf("at %d: %s, want %s", c.at, got, c.byKey)
			}
			if got := show(t, view.ScanIndex(table, &table.Indexes[1], txn.Range{Reverse: true})); got != c.byAgeDown {
				t.Errorf("at %d by age, descending: %s, want %s", c.at, got, c.byAgeDown)
			}
		}
	}
	check()
	d.CheckLaw(t)
	d.Restart(t)
	check()
	d.CheckLaw(t)
	d.CheckIndexes(t)
}

func TestDuplicateKeys(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(1, "ann", "a@x", 30)) })
	tx := d.Engine.Begin(txn.Options{})
	tx.StartStatement(3, "")
	p := person(t, d)
	var duplicate *txn.DuplicateKeyError
	if err := tx.Insert(p, row(1, "eve", "", 1)); !errors.As(err, &duplicate) || duplicate.Index != "PRIMARY" {
		t.Fatalf("same primary key: %v", err)
	}
	if err := tx.Insert(p, row(2, "eve", "a@x", 1)); !errors.As(err, &duplicate) || duplicate.Index != "mail" {
		t.Fatalf("same mail: %v", err)
	}
	if id, _ := duplicate.Existing.Get(1); id.Int() != 1 {
		t.Fatalf("existing row is %v", duplicate.Existing)
	}
	if err := errors.Join(tx.Insert(p, row(2, "eve", "", 1)), tx.Insert(p, row(3, "eva", "", 1))); err != nil {
		t.Fatalf("two rows without mail: %v", err)
	}
	if err := tx.Insert(p, row(2, "eve", "", 1)); !errors.As(err, &duplicate) {
		t.Fatalf("own row's key: %v", err)
	}
	// A key that the transaction itself has freed may be taken again.
	if err := errors.Join(tx.Delete(p, row(1, "ann", "a@x", 30)), tx.Insert(p, row(4, "new", "a@x", 1))); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	d.CheckIndexes(t)
	d.CheckLaw(t)
}

func TestStatementRollbackAndSavepoint(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	tx := d.Engine.Begin(txn.Options{})
	p := person(t, d)
	tx.StartStatement(1, "")
	tx.Insert(p, row(1, "a", "a@x", 1))
	tx.EndStatement()
	mark := tx.Savepoint()
	tx.StartStatement(2, "")
	tx.Insert(p, row(2, "b", "b@x", 2))
	tx.Update(p, row(1, "a", "a@x", 1), row(1, "changed", "c@x", 9))
	tx.RollbackStatement()
	if got := show(t, tx.Scan(p, txn.Range{})); got != `1 "a" "a@x" 1` {
		t.Fatalf("after statement rollback: %s", got)
	}
	tx.StartStatement(3, "")
	tx.Insert(p, row(3, "c", "b@x", 3))
	tx.EndStatement()
	tx.RollbackTo(mark)
	tx.StartStatement(4, "")
	tx.Insert(p, row(4, "d", "b@x", 4))
	if got := show(t, tx.ScanIndex(p, &p.Indexes[0], txn.Range{})); got != `1 "a" "a@x" 1; 4 "d" "b@x" 4` {
		t.Fatalf("by mail, after savepoint: %s", got)
	}
	if _, err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	d.CheckIndexes(t)
	d.CheckLaw(t)
}

// TestCertification runs pairs of transactions that overlap, and says which of them may not commit both.
func TestCertification(t *testing.T) {
	type step func(tx *txn.Txn, p *catalog.Table) error
	insert := func(r redo.Row) step { return func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, r) } }
	update := func(a, b redo.Row) step {
		return func(tx *txn.Txn, p *catalog.Table) error { return tx.Update(p, a, b) }
	}
	remove := func(r redo.Row) step { return func(tx *txn.Txn, p *catalog.Table) error { return tx.Delete(p, r) } }
	refer := func(id int64) step {
		return func(tx *txn.Txn, p *catalog.Table) error {
			key, err := tx.KeyPrefix(p, []redo.Value{redo.IntValue(id)})
			tx.ClaimShared(p, key)
			return errors.Join(err, tx.Insert(p, row(id+100, "child", "", 1)))
		}
	}
	alter := func(tx *txn.Txn, p *catalog.Table) error {
		c := p.Clone()
		c.Comment = "altered"
		return tx.PutTable(c)
	}
	rewrite := func(tx *txn.Txn, p *catalog.Table) error {
		tx.Scan(p, txn.Range{}).Close()
		return alter(tx, p)
	}
	base := row(1, "ann", "a@x", 30)
	for _, c := range []struct {
		name          string
		first, second step
		conflict      bool
	}{
		{"different rows", insert(row(2, "b", "", 1)), insert(row(3, "c", "", 1)), false},
		{"same new key", insert(row(2, "b", "", 1)), insert(row(2, "c", "", 1)), true},
		{"same row updated", update(base, row(1, "x", "a@x", 30)), update(base, row(1, "ann", "a@x", 99)), true},
		{"updated, then deleted", update(base, row(1, "x", "a@x", 30)), remove(base), true},
		{"same unique value", insert(row(2, "b", "u@x", 1)), insert(row(3, "c", "u@x", 1)), true},
		{"NULLs are not the same unique value", insert(row(2, "b", "", 1)), insert(row(3, "c", "", 1)), false},
		{"unique value taken by update", insert(row(2, "b", "u@x", 1)), update(base, row(1, "ann", "u@x", 30)), true},
		{"parent deleted under a child", remove(base), refer(1), true},
		{"child under a parent that is deleted", refer(1), remove(base), true},
		{"parent updated beside a child", update(base, row(1, "x", "a@x", 31)), refer(1), false},
		{"parent's unique value updated beside a child", update(base, row(1, "ann", "z@x", 30)), refer(1), true},
		{"child beside an updated parent", refer(1), update(base, row(1, "x", "a@x", 31)), false},
		{"two children", refer(1), func(tx *txn.Txn, p *catalog.Table) error {
			key, _ := tx.KeyPrefix(p, []redo.Value{redo.IntValue(1)})
			tx.ClaimShared(p, key)
			return tx.Insert(p, row(500, "child", "", 1))
		}, false},
		{"row written under a new definition", alter, insert(row(2, "b", "", 1)), true},
		{"definition changed beside a row", insert(row(2, "b", "", 1)), alter, false},
		{"definition made from the rows", insert(row(2, "b", "", 1)), rewrite, true},
		{"two definitions", alter, alter, true},
		{"row written beside a claim on the content", func(tx *txn.Txn, p *catalog.Table) error {
			tx.ClaimContent(p)
			return tx.PutControl("x", []byte("y"))
		}, remove(base), true},
		{"content claimed beside a row", remove(base), func(tx *txn.Txn, p *catalog.Table) error {
			tx.ClaimContent(p)
			return tx.PutControl("x", []byte("y"))
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := enginetest.Open(t)
			createPerson(t, d)
			write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, base) })
			p := person(t, d)
			a, b := d.Engine.Begin(txn.Options{}), d.Engine.Begin(txn.Options{})
			a.StartStatement(1, "")
			b.StartStatement(1, "")
			if err := errors.Join(c.first(a, p), c.second(b, p)); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Commit(ctx); err != nil {
				t.Fatalf("first: %v", err)
			}
			_, err := b.Commit(ctx)
			if c.conflict != errors.Is(err, txn.ErrConflict) {
				t.Fatalf("second: %v, want conflict %v", err, c.conflict)
			}
			d.CheckLaw(t)
		})
	}
}

func TestNamesAreGivenOnce(t *testing.T) {
	d := enginetest.Open(t)
	table := createPerson(t, d)
	create := func() *txn.Txn {
		tx := d.Engine.Begin(txn.Options{})
		tx.StartStatement(1, "CREATE TABLE other …")
		id, err := tx.NewSpace()
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.PutTable(&catalog.Table{ID: id, Schema: table.Schema, Name: "other"}); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	a, b := create(), create()
	if _, err := a.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(ctx); !errors.Is(err, txn.ErrConflict) {
		t.Fatalf("second table of the name: %v", err)
	}
}

// TestLostUpdates has many writers increment one counter, retrying on conflict: none may be lost.
func TestLostUpdates(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(1, "n", "", 0)) })
	p := person(t, d)
	key, err := p.RowKey(nil, row(1, "n", "", 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 8, 50
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for done := 0; done < each; {
				tx := d.Engine.Begin(txn.Options{})
				tx.StartStatement(1, "")
				r, _, _, err := tx.Get(p, key)
				if err != nil {
					t.Error(err)
					return
				}
				age, _ := r.Get(4)
				if err := tx.Update(p, r, row(1, "n", "", age.Int()+1)); err != nil {
					t.Error(err)
					return
				}
				switch _, err := tx.Commit(ctx); {
				case err == nil:
					done++
				case !errors.Is(err, txn.ErrConflict):
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	view := d.Engine.Begin(txn.Options{})
	if got, want := show(t, view.Scan(p, txn.Range{})), fmt.Sprintf(`1 "n" NULL %d`, writers*each); got != want {
		t.Fatalf("%s, want %s", got, want)
	}
}

func TestBuildIndexWhileWriting(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		for i := range int64(500) {
			if err := tx.Insert(p, row(i, fmt.Sprintf("n%d", i%50), "", i)); err != nil {
				return err
			}
		}
		return nil
	})
	var index scn.Space
	write(t, d, func(tx *txn.Txn, p *catalog.Table) (err error) {
		c := p.Clone()
		if index, err = tx.NewSpace(); err != nil {
			return err
		}
		c.Indexes = append(c.Indexes, catalog.Index{ID: index, Name: "name", Columns: []catalog.IndexColumn{{Column: 2}}, State: catalog.StateBuilding})
		return tx.PutTable(c)
	})
	// Rows change after the index came and before it is built.
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		return errors.Join(tx.Delete(p, row(7, "n7", "", 7)), tx.Update(p, row(8, "n8", "", 8), row(8, "changed", "", 8)),
			tx.Insert(p, row(1000, "late", "", 1)))
	})
	d.Restart(t) // builds what is not built
	d.CheckIndexes(t)
	p := person(t, d)
	built, _ := p.IndexByID(index)
	tx := d.Engine.Begin(txn.Options{})
	prefix, err := tx.IndexPrefix(p, built, []redo.Value{redo.StringValue([]byte("n7"))})
	if err != nil {
		t.Fatal(err)
	}
	if got := count(tx.ScanIndex(p, built, txn.Range{Low: prefix, High: catalog.KeySuccessor(prefix)})); got != 9 {
		t.Fatalf("%d rows under n7, want 9", got)
	}
	d.CheckLaw(t)
}

// TestPastIndexAfterCrash: an index that came and went since the last flush must be whole for readers of the past.
func TestPastIndexAfterCrash(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		return errors.Join(tx.Insert(p, row(3, "a", "", 1)), tx.Insert(p, row(4, "b", "", 1)))
	})
	var index scn.Space
	change := func(f func(c *catalog.Table)) scn.SCN {
		return write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
			c := p.Clone()
			if index == 0 {
				var err error
				if index, err = tx.NewSpace(); err != nil {
					return err
				}
			}
			f(c)
			return tx.PutTable(c)
		})
	}
	change(func(c *catalog.Table) {
		c.Indexes = append(c.Indexes, catalog.Index{ID: index, Name: "name", Columns: []catalog.IndexColumn{{Column: 2}}, State: catalog.StateBuilding})
	})
	if err := d.Engine.BuildIndex(ctx, index); err != nil {
		t.Fatal(err)
	}
	change(func(c *catalog.Table) { c.Indexes[2].State = catalog.StatePublic })
	at := write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(5, "c", "", 1)) })
	change(func(c *catalog.Table) { c.Indexes = c.Indexes[:2] })
	check := func() {
		t.Helper()
		view, err := d.Engine.View(at)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := view.Catalog().Table("app", "person")
		if got := count(view.ScanIndex(p, &p.Indexes[2], txn.Range{})); got != 3 {
			t.Fatalf("%d rows by the index as of %d, want 3", got, at)
		}
	}
	check()
	d.Restart(t)
	check()
}

func count(rows *txn.Rows) (n int) {
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n
}

func TestTimesAreExact(t *testing.T) {
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d := enginetest.Open(t, enginetest.WithClock(func() time.Time { clock = clock.Add(time.Second); return clock }))
	createPerson(t, d)
	for i := range int64(50) {
		write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(i, "x", "", i)) })
	}
	check := func() {
		var last int64
		for at := scn.SCN(1); at <= d.Engine.Applied(); at++ {
			micros, err := d.Engine.SCNToTime(at)
			if err != nil || micros <= last {
				t.Fatalf("time of SCN %d: %d, %v; of the one before: %d", at, micros, err, last)
			}
			for _, c := range []struct {
				micros int64
				want   scn.SCN
			}{{micros - 1, at - 1}, {micros, at}, {micros + 1, at}} {
				if got, err := d.Engine.TimeToSCN(c.micros); err != nil || got != c.want {
					t.Fatalf("SCN of time %d: %d, %v; want %d", c.micros, got, err, c.want)
				}
			}
			last = micros
		}
	}
	check()
	d.Restart(t)
	check()
	if _, err := d.Engine.SCNToTime(d.Engine.Applied() + 1); !errors.Is(err, txn.ErrFuture) {
		t.Fatalf("time of an SCN to come: %v", err)
	}
	if _, err := d.Engine.View(d.Engine.Applied() + 1); !errors.Is(err, txn.ErrFuture) {
		t.Fatalf("view of an SCN to come: %v", err)
	}
}

func TestSequences(t *testing.T) {
	d := enginetest.Open(t)
	table := createPerson(t, d)
	next := func(want uint64) {
		t.Helper()
		if got, err := d.Engine.NextAutoIncrement(ctx, table.ID); err != nil || got != want {
			t.Fatalf("next is %d, %v; want %d", got, err, want)
		}
	}
	next(1)
	next(2)
	if err := d.Engine.BumpAutoIncrement(ctx, table.ID, 500); err != nil {
		t.Fatal(err)
	}
	next(501)
	if err := d.Engine.BumpAutoIncrement(ctx, table.ID, 100); err != nil {
		t.Fatal(err)
	}
	next(502)
	if err := d.Engine.BumpAutoIncrement(ctx, table.ID, 1_000_000); err != nil {
		t.Fatal(err)
	}
	next(1_000_001)
	if err := d.Engine.GiveBack(ctx); err != nil {
		t.Fatal(err)
	}
	d.Restart(t)
	next(1_000_002) // given back: no gap
	d.Restart(t)
	if got, err := d.Engine.NextAutoIncrement(ctx, table.ID); err != nil || got <= 1_000_002 {
		t.Fatalf("after a crash next is %d, %v: given twice", got, err)
	}
	if err := d.Engine.SetAutoIncrement(ctx, table.ID, 10); err != nil {
		t.Fatal(err)
	}
	if got, _ := d.Engine.PeekAutoIncrement(table.ID); got != 10 {
		t.Fatalf("peek gives %d, want 10", got)
	}
	next(10)
}

// TestSequenceEnds: a sequence that has come to its end stays there, after restarts, too, and begins anew only when it is
// set.
func TestSequenceEnds(t *testing.T) {
	for _, used := range []uint64{math.MaxUint64, math.MaxUint64 - 1} {
		for _, clean := range []bool{true, false} {
			d := enginetest.Open(t)
			table := createPerson(t, d)
			if got, err := d.Engine.NextAutoIncrement(ctx, table.ID); err != nil || got != 1 {
				t.Fatalf("next is %d, %v; want 1", got, err)
			}
			if err := d.Engine.BumpAutoIncrement(ctx, table.ID, math.MaxUint64-3); err != nil {
				t.Fatal(err)
			}
			if got, err := d.Engine.NextAutoIncrement(ctx, table.ID); err != nil || got != math.MaxUint64-2 {
				t.Fatalf("next is %d, %v; want two less than the largest", got, err)
			}
			if err := d.Engine.BumpAutoIncrement(ctx, table.ID, used); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				for range 2 {
					if got, err := d.Engine.NextAutoIncrement(ctx, table.ID); !errors.Is(err, engine.ErrNoNumbers) {
						t.Fatalf("after %d next is %d, %v; want no number", used, got, err)
					}
					if err := d.Engine.BumpAutoIncrement(ctx, table.ID, 7); err != nil {
						t.Fatal(err)
					}
				}
				if clean {
					if err := d.Engine.GiveBack(ctx); err != nil {
						t.Fatal(err)
					}
				}
				d.Restart(t)
			}
			if err := d.Engine.SetAutoIncrement(ctx, table.ID, 10); err != nil {
				t.Fatal(err)
			}
			if got, err := d.Engine.NextAutoIncrement(ctx, table.ID); err != nil || got != 10 {
				t.Fatalf("set anew, next is %d, %v; want 10", got, err)
			}
		}
	}
}

// TestHistoryAgainstModel runs random transactions, restarts and rewinds against a model that keeps a copy of the
// table for every SCN, and then compares reads at all of them.
func TestHistoryAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := enginetest.Open(t)
		table := createPerson(t, d)
		model := map[scn.SCN]map[int64]redo.Row{d.Engine.Applied(): {}}
		state := map[int64]redo.Row{}
		clones := map[scn.Space]map[int64]redo.Row{}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0:
				d.Restart(t)
			case 1:
				back := rapid.SampledFrom(slices.Sorted(maps.Keys(model))).Draw(rt, "back to")
				tx := d.Engine.Begin(txn.Options{})
				tx.StartStatement(1, "FLASHBACK …")
				if err := tx.PutRewind(table.ID, back, table.ID); err != nil {
					rt.Fatal(err)
				}
				for i := range table.Indexes {
					if err := tx.PutRewind(table.Indexes[i].ID, back, table.Indexes[i].ID); err != nil {
						rt.Fatal(err)
					}
				}
				at, err := tx.Commit(ctx)
				if err != nil {
					rt.Fatal(err)
				}
				state = model[back]
				model[at] = state
			case 2:
				back := rapid.SampledFrom(slices.Sorted(maps.Keys(model))).Draw(rt, "clone of")
				clone, at := cloneTable(rt, d, table, back)
				clones[clone.ID] = model[back]
				model[at] = state
				if rapid.Bool().Draw(rt, "change the clone") {
					var changed scn.SCN
					if clones[clone.ID], changed = randomTransaction(rt, d, clone, model[back]); changed == 0 {
						clones[clone.ID] = model[back]
					} else {
						model[changed] = state
					}
				}
			default:
				next, at := randomTransaction(rt, d, table, state)
				if at != 0 {
					state = next
					model[at] = state
				}
			}
		}
		sums := map[string]engine.TableState{}
		check := func(at scn.SCN, table *catalog.Table, want map[int64]redo.Row) {
			view, err := d.Engine.View(at)
			if err != nil {
				rt.Fatal(err)
			}
			var lines []string
			for _, id := range slices.Sorted(maps.Keys(want)) {
				lines = append(lines, cells(want[id]))
			}
			content := strings.Join(lines, "; ")
			if got := show(t, view.Scan(table, txn.Range{})); got != content {
				rt.Fatalf("at %d: %s, want %s", at, got, content)
			}
			if got := count(view.ScanIndex(table, &table.Indexes[1], txn.Range{})); got != len(want) {
				rt.Fatalf("at %d the index has %d rows, want %d", at, got, len(want))
			}
			sum, err := d.Engine.TableStateAt(table.ID, at)
			if err != nil || sum.Rows != uint64(len(want)) {
				rt.Fatalf("at %d the sums have %d rows, want %d; %v", at, sum.Rows, len(want), err)
			}
			if same, ok := sums[content]; ok && same != sum {
				rt.Fatalf("at %d the sums are %v, those of the same rows at another SCN %v", at, sum, same)
			}
			sums[content] = sum
		}
		for at, want := range model {
			check(at, table, want)
		}
		for id, want := range clones {
			clone, _ := d.Engine.Catalog().TableByID(id)
			check(d.Engine.Applied(), clone, want)
		}
		now, err := d.Engine.StateHashAt(d.Engine.Applied())
		if err != nil || !now.Equal(d.Engine.StateHash()) {
			rt.Fatalf("the stored hash of the newest SCN is %v, the kept one %v; %v", now, d.Engine.StateHash(), err)
		}
		d.CheckIndexes(t)
		d.CheckLaw(t)
	})
}

// cloneTable makes a new table with the content that a table had at an SCN.
func cloneTable(rt *rapid.T, d *enginetest.Database, table *catalog.Table, back scn.SCN) (*catalog.Table, scn.SCN) {
	tx := d.Engine.Begin(txn.Options{})
	tx.StartStatement(1, "CREATE TABLE … CLONE …")
	clone := table.Clone()
	var errs []error
	put := func(space *scn.Space) {
		id, err := tx.NewSpace()
		errs = append(errs, err, tx.PutRewind(id, back, *space))
		*space = id
	}
	put(&clone.ID)
	for i := range clone.Indexes {
		put(&clone.Indexes[i].ID)
	}
	clone.Name = fmt.Sprint("clone", clone.ID)
	if err := errors.Join(append(errs, tx.PutTable(clone))...); err != nil {
		rt.Fatal(err)
	}
	at, err := tx.Commit(ctx)
	if err != nil {
		rt.Fatal(err)
	}
	return clone, at
}

func cells(r redo.Row) string {
	var out []string
	for _, c := range r {
		out = append(out, c.Value.String())
	}
	return strings.Join(out, " ")
}

func randomTransaction(rt *rapid.T, d *enginetest.Database, table *catalog.Table, state map[int64]redo.Row) (map[int64]redo.Row, scn.SCN) {
	next := map[int64]redo.Row{}
	for id, r := range state {
		next[id] = r
	}
	tx := d.Engine.Begin(txn.Options{})
	tx.StartStatement(1, "")
	for range rapid.IntRange(1, 6).Draw(rt, "changes") {
		id := rapid.Int64Range(0, 12).Draw(rt, "id")
		r := row(id, rapid.StringMatching("[a-z]{0,3}").Draw(rt, "name"), "", rapid.Int64Range(0, 5).Draw(rt, "age"))
		old, exists := next[id]
		var err error
		switch {
		case !exists:
			err = tx.Insert(table, r)
			next[id] = r
		case rapid.Bool().Draw(rt, "delete"):
			err = tx.Delete(table, old)
			delete(next, id)
		default:
			err = tx.Update(table, old, r)
			next[id] = r
		}
		if err != nil {
			rt.Fatal(err)
		}
	}
	before := d.Engine.Applied()
	at, err := tx.Commit(ctx)
	if err != nil {
		rt.Fatal(err)
	}
	if at == before {
		return nil, 0 // nothing in the end
	}
	return next, at
}
