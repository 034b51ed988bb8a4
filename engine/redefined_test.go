package engine_test

import (
	"errors"
	"testing"

	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
)

// TestRedefinedBetweenStatements: under READ COMMITTED each statement has a snapshot of its own, and what an earlier one did to
// a row was done on an older one. Whatever happened to the table since is in the way, also if a later statement changes the row again, or
// no longer finds the table.
func TestRedefinedBetweenStatements(t *testing.T) {
	takeBack := func(tx *txn.Txn, p *catalog.Table) error {
		return errors.Join(tx.PutRewind(p.ID, 0, p.ID), tx.PutRewind(p.Indexes[0].ID, 0, p.Indexes[0].ID), tx.PutRewind(p.Indexes[1].ID, 0, p.Indexes[1].ID))
	}
	makeUnique := func(tx *txn.Txn, p *catalog.Table) error {
		next := p.Clone()
		id, err := tx.NewSpace()
		next.Indexes = append(next.Indexes, catalog.Index{ID: id, Name: "name", Unique: true, Columns: []catalog.IndexColumn{{Column: 2}}, State: catalog.StatePublic})
		return errors.Join(err, tx.PutTable(next))
	}
	replace := func(tx *txn.Txn, p *catalog.Table) error {
		next := p.Clone()
		var err error
		if next.ID, err = tx.NewSpace(); err != nil {
			return err
		}
		next.Indexes = nil
		return errors.Join(tx.DropTable(p.ID), tx.PutTable(next))
	}
	first, second, third := row(1, "ann", "a@x", 30), row(1, "eve", "a@x", 30), row(1, "eve", "a@x", 31)
	fresh, older := row(2, "bob", "", 20), row(2, "bob", "", 21)
	for _, c := range []struct {
		name          string
		before, after func(tx *txn.Txn, p *catalog.Table) error
		between       func(tx *txn.Txn, p *catalog.Table) error
	}{
		{
			"a row changed twice, whose table goes back",
			func(tx *txn.Txn, p *catalog.Table) error { return tx.Update(p, first, second) },
			func(tx *txn.Txn, p *catalog.Table) error { return tx.Update(p, second, third) }, takeBack,
		},
		{
			"a new row, changed, whose table goes back",
			func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, fresh) },
			func(tx *txn.Txn, p *catalog.Table) error { return tx.Update(p, fresh, older) }, takeBack,
		},
		{
			"a new row, changed, whose table gets a unique key",
			func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, fresh) },
			func(tx *txn.Txn, p *catalog.Table) error { return tx.Update(p, fresh, older) }, makeUnique,
		},
		{
			"a new row whose table is replaced",
			func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, fresh) },
			func(tx *txn.Txn, p *catalog.Table) error { return nil }, replace,
		},
		{
			"a new row whose table is dropped",
			func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, fresh) },
			func(tx *txn.Txn, p *catalog.Table) error { return nil },
			func(tx *txn.Txn, p *catalog.Table) error { return tx.DropTable(p.ID) },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := enginetest.Open(t)
			p := createPerson(t, d)
			write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, first) })
			if _, err := d.Engine.Persist(ctx); err != nil {
				t.Fatal(err)
			}
			d.Restart(t) // nothing is known of who changed the row last
			tx := d.Engine.Begin(txn.Options{Isolation: txn.ReadCommitted})
			tx.StartStatement(3, "")
			err := c.before(tx, p)
			tx.EndStatement()
			write(t, d, c.between)
			tx.StartStatement(4, "")
			if err := errors.Join(err, c.after(tx, p)); err != nil {
				t.Fatal(err)
			}
			if _, err = tx.Commit(ctx); !errors.Is(err, txn.ErrConflict) {
				t.Errorf("commit gives %v, want a conflict", err)
			}
			d.CheckLaw(t)
			d.Restart(t)
			d.CheckLaw(t)
		})
	}
}

// TestOwnDroppedTable: what a transaction did to a table that it drops itself is nobody's business.
func TestOwnDroppedTable(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	write(t, d, func(tx *txn.Txn, p *catalog.Table) error {
		return errors.Join(tx.Insert(p, row(1, "ann", "", 1)), tx.DropTable(p.ID))
	})
	if _, ok := d.Engine.Catalog().Table("app", "person"); ok {
		t.Error("the table is still there")
	}
	d.CheckLaw(t)
}

// TestDefinedInWhatGoes: of two definitions of which one relies on what the other takes away, the later one to commit is refused.
func TestDefinedInWhatGoes(t *testing.T) {
	newTable := func(tx *txn.Txn, p *catalog.Table, keys ...catalog.ForeignKey) error {
		id, err := tx.NewSpace()
		next := &catalog.Table{ID: id, Schema: p.Schema, Name: "other", Columns: []catalog.Column{p.Columns[0]}, NextColumnID: p.NextColumnID, ForeignKeys: keys}
		return errors.Join(err, tx.PutTable(next))
	}
	dropSchema := func(tx *txn.Txn, p *catalog.Table) error {
		return errors.Join(tx.DropTable(p.ID), tx.DropSchema(p.Schema))
	}
	for name, c := range map[string]struct {
		relies, takes func(tx *txn.Txn, p *catalog.Table) error
	}{
		"a table in a schema": {func(tx *txn.Txn, p *catalog.Table) error { return newTable(tx, p) }, dropSchema},
		"a view in a schema": {func(tx *txn.Txn, p *catalog.Table) error {
			return tx.PutObject(&catalog.Object{Kind: catalog.View, Schema: p.Schema, Name: "v"})
		}, dropSchema},
		"a foreign key to a table": {func(tx *txn.Txn, p *catalog.Table) error {
			return newTable(tx, p, catalog.ForeignKey{Name: "fk", Columns: []string{"id"}, ParentSchema: "app", ParentTable: "person", ParentColumns: []string{"id"}})
		}, func(tx *txn.Txn, p *catalog.Table) error { return tx.DropTable(p.ID) }},
		"a foreign key to rows": {func(tx *txn.Txn, p *catalog.Table) error {
			tx.ClaimContent(p)
			return newTable(tx, p)
		}, func(tx *txn.Txn, p *catalog.Table) error {
			return errors.Join(tx.PutRewind(p.ID, 0, p.ID), tx.PutRewind(p.Indexes[0].ID, 0, p.Indexes[0].ID), tx.PutRewind(p.Indexes[1].ID, 0, p.Indexes[1].ID))
		}},
	} {
		for _, first := range []bool{true, false} {
			d := enginetest.Open(t)
			p := createPerson(t, d)
			relies, takes := d.Engine.Begin(txn.Options{}), d.Engine.Begin(txn.Options{})
			if err := errors.Join(c.relies(relies, p), c.takes(takes, p)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			a, b := relies, takes
			if !first {
				a, b = takes, relies
			}
			if _, err := a.Commit(ctx); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := b.Commit(ctx); !errors.Is(err, txn.ErrConflict) {
				t.Errorf("%s, made first: %v: the later commit gives %v, want a conflict", name, first, err)
			}
			d.CheckLaw(t)
		}
	}
}
