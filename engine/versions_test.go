package engine_test

import (
	"errors"
	"fmt"
	"testing"

	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
	"redoubt/scn"
)

func TestCommitsFrom(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	for i := range int64(40) {
		write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(i, "x", "", i)) })
	}
	newest := d.Engine.Applied()
	for at := scn.SCN(1); at <= newest; at++ {
		list, err := d.Engine.CommitsFrom(at, 7)
		if err != nil {
			t.Fatal(err)
		}
		if want := min(7, int(newest-at)+1); len(list) < want {
			t.Fatalf("from SCN %d: %d commits, want %d", at, len(list), want)
		}
		for i, got := range list {
			if want, err := d.Engine.CommitOf(at + scn.SCN(i)); err != nil || got != want {
				t.Fatalf("from SCN %d: commit %d is %+v, want %+v, %v", at, i, got, want, err)
			}
		}
	}
	if _, err := d.Engine.CommitsFrom(newest+1, 7); !errors.Is(err, txn.ErrFuture) {
		t.Fatalf("of the future: %v", err)
	}
}

func TestDefinitions(t *testing.T) {
	d := enginetest.Open(t)
	table := createPerson(t, d)
	var at [3]scn.SCN
	at[0] = d.Engine.Applied()
	rename := func(name string) scn.SCN {
		return write(t, d, func(tx *txn.Txn, _ *catalog.Table) error {
			c := table.Clone()
			c.Name = name
			return tx.PutTable(c)
		})
	}
	at[1] = rename("Person")
	at[2] = write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.DropTable(p.ID) })
	show := func(to scn.SCN) (out string) {
		all, err := d.Engine.Definitions(table.ID, to)
		if err != nil {
			t.Fatal(err)
		}
		for _, def := range all {
			name := "none"
			if def.Table != nil {
				name = def.Table.Name
			}
			out += fmt.Sprintf("%d:%s ", def.At, name)
		}
		return out
	}
	if got, want := show(scn.Max), fmt.Sprintf("%d:person %d:Person %d:none ", at[0], at[1], at[2]); got != want {
		t.Fatalf("definitions: %s, want %s", got, want)
	}
	if got, want := show(at[1]), fmt.Sprintf("%d:person %d:Person ", at[0], at[1]); got != want {
		t.Fatalf("definitions: %s, want %s", got, want)
	}
	ended, err := d.Engine.NamesEnded("PERSON", scn.Max)
	if err != nil || len(ended) == 0 || ended[0] != (struct {
		Table scn.Space
		At    scn.SCN
	}{table.ID, at[2]}) {
		t.Fatalf("names ended: %v, %v", ended, err)
	}
	if ended, err := d.Engine.NamesEnded("person", at[2]-1); err != nil || len(ended) != 1 {
		t.Fatalf("names ended before the drop: %v, %v", ended, err)
	}
}
