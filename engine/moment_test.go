package engine_test

import (
	"strings"
	"testing"

	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
)

// TestMoment: what is read of a moment is as it was then, of the store and of the transaction's own changes.
func TestMoment(t *testing.T) {
	d := enginetest.Open(t)
	createPerson(t, d)
	for _, r := range []struct{ id, age int64 }{{1, 1}, {2, 2}, {3, 3}} {
		write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(r.id, "old", "", r.age)) })
	}
	tx := d.Engine.Begin(txn.Options{})
	defer tx.Rollback()
	p := person(t, d)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tx.StartStatement(1, "")
	must(tx.Update(p, row(2, "old", "", 2), row(2, "own", "", 2)))
	must(tx.Insert(p, row(4, "own", "", 4)))
	byKey, byAge := tx.Moment(p, nil), tx.Moment(p, &p.Indexes[1])
	must(tx.Update(p, row(1, "old", "", 1), row(1, "late", "", 5)))
	must(tx.Update(p, row(2, "own", "", 2), row(2, "late", "", 6)))
	must(tx.Delete(p, row(3, "old", "", 3)))
	must(tx.Delete(p, row(4, "own", "", 4)))
	must(tx.Insert(p, row(5, "late", "", 3)))
	const then = `1 "old" null 1; 2 "own" null 2; 3 "old" null 3; 4 "own" null 4`
	if got := strings.ToLower(show(t, byKey.Scan(txn.Range{}))); got != then {
		t.Errorf("by key: %s", got)
	}
	if got := strings.ToLower(show(t, byAge.Scan(txn.Range{}))); got != then {
		t.Errorf("by age: %s", got)
	}
	for id, name := range map[int64]string{1: "old", 2: "own", 3: "old", 4: "own", 5: "", 6: ""} {
		key, err := tx.RowKey(p, row(id, "", "", 0))
		must(err)
		got, at, found, err := byKey.Get(key)
		must(err)
		if found != (name != "") || found && (string(got[1].Value.Data()) != name || (at == 0) != (name == "own")) {
			t.Errorf("row %d: %v, %v at SCN %d, want %q", id, got, found, at, name)
		}
	}
}
