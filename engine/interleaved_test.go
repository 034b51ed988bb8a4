package engine_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// interleaved runs transactions beside each other, one step after the other, with whatever else can happen to their table in
// between, and keeps what the table must be.
type interleaved struct {
	t      *rapid.T
	outer  *testing.T
	d      *enginetest.Database
	table  scn.Space                      // that has the name now
	now    map[int64]redo.Row             // its rows
	copies map[scn.SCN]map[int64]redo.Row // of it, at all SCNs since it is there
	open   []*interleavedTxn              // not ended
}

// interleavedTxn is an open transaction with what it has made of each row, by table.
type interleavedTxn struct {
	*txn.Txn
	changes map[rowOf]changed
}

type rowOf struct {
	table scn.Space
	id    int64
}

// changed is a row before and after; nil where there is none.
type changed struct{ before, after redo.Row }

func (m *interleaved) begin() {
	level := rapid.SampledFrom([]txn.Isolation{txn.ReadCommitted, txn.ReadCommitted, txn.RepeatableRead, txn.Serializable}).Draw(m.t, "level")
	m.open = append(m.open, &interleavedTxn{m.d.Engine.Begin(txn.Options{Isolation: level}), map[rowOf]changed{}})
}

// statement changes a few rows as a transaction finds them, and is taken back if that fails, or sometimes.
func (m *interleaved) statement(tx *interleavedTxn) {
	tx.StartStatement(1, "")
	defer tx.EndStatement()
	table, ok := tx.Catalog().Table("app", "person")
	if !ok {
		m.t.Fatal("the table is not in the dictionary")
	}
	changes := maps.Clone(tx.changes)
	for range rapid.IntRange(1, 3).Draw(m.t, "rows") {
		id := rapid.Int64Range(0, 3).Draw(m.t, "id")
		if err := m.change(tx, table, id, changes); err != nil {
			if !errors.Is(err, txn.ErrConflict) && !errors.As(err, new(*txn.DuplicateKeyError)) {
				m.t.Fatal(err)
			}
			tx.RollbackStatement()
			return
		}
	}
	if rapid.IntRange(0, 4).Draw(m.t, "take it back") == 0 {
		tx.RollbackStatement()
		return
	}
	tx.changes = changes
}

func (m *interleaved) change(tx *interleavedTxn, table *catalog.Table, id int64, changes map[rowOf]changed) error {
	fresh := row(id, rapid.StringMatching("[a-z]{1,3}").Draw(m.t, "name"), rapid.SampledFrom([]string{"", "", "x@x", "y@y"}).Draw(m.t, "mail"), rapid.Int64Range(0, 5).Draw(m.t, "age"))
	key, err := tx.RowKey(table, fresh)
	if err != nil {
		return err
	}
	old, _, found, err := tx.Get(table, key)
	switch {
	case err != nil:
		return err
	case !found:
		old, err = nil, tx.Insert(table, fresh)
	case rapid.IntRange(0, 2).Draw(m.t, "delete") == 0:
		old = old.Clone()
		fresh, err = nil, tx.Delete(table, old)
	default:
		old = old.Clone()
		err = tx.Update(table, old, fresh)
	}
	of := rowOf{table.ID, id}
	if c, ok := changes[of]; ok {
		old = c.before
	}
	changes[of] = changed{old, fresh}
	return err
}

// commit ends a transaction. Either it hears of a conflict, or each row that it changed was as it had read it, and is as it left it.
func (m *interleaved) commit(i int) {
	tx := m.open[i]
	m.open = slices.Delete(m.open, i, i+1)
	if rapid.IntRange(0, 5).Draw(m.t, "roll back") == 0 {
		tx.Rollback()
		return
	}
	before := m.d.Engine.Applied()
	at, err := tx.Commit(ctx)
	switch {
	case errors.Is(err, txn.ErrConflict):
		return
	case err != nil:
		m.t.Fatal(err)
	case at <= before:
		for of, c := range tx.changes {
			if cells(c.before) != cells(c.after) {
				m.t.Fatalf("nothing was committed, and row %d of table %d had changed", of.id, of.table)
			}
		}
		return
	}
	next := maps.Clone(m.now)
	for of, c := range tx.changes {
		if cells(c.before) == cells(c.after) {
			continue
		}
		if of.table != m.table {
			m.t.Fatalf("SCN %d says that it has changed table %d, which is gone", at, of.table)
		}
		if got := cells(m.now[of.id]); got != cells(c.before) {
			m.t.Fatalf("SCN %d has written over row %d, which was %q and not %q", at, of.id, got, cells(c.before))
		}
		if c.after == nil {
			delete(next, of.id)
		} else {
			next[of.id] = c.after
		}
	}
	m.now = next
}

// define changes the table as a whole, in a transaction of its own.
func (m *interleaved) define() {
	tx := m.d.Engine.Begin(txn.Options{})
	tx.StartStatement(1, "…")
	table, _ := tx.Catalog().TableByID(m.table)
	next, now, copies, errs := table.Clone(), m.now, m.copies, []error(nil)
	rewind := func(to scn.SCN) {
		errs = append(errs, tx.PutRewind(table.ID, to, table.ID))
		for i := range table.Indexes {
			errs = append(errs, tx.PutRewind(table.Indexes[i].ID, to, table.Indexes[i].ID))
		}
	}
	switch rapid.IntRange(0, 3).Draw(m.t, "definition") {
	case 0: // TRUNCATE
		rewind(0)
		now = map[int64]redo.Row{}
	case 1: // FLASHBACK
		to := rapid.SampledFrom(slices.Sorted(maps.Keys(m.copies))).Draw(m.t, "to")
		rewind(to)
		now = m.copies[to]
	case 2: // ADD COLUMN
		next.Columns = append(next.Columns, catalog.Column{ID: next.NextColumnID, Name: fmt.Sprint("c", next.NextColumnID), Kind: redo.Int, Nullable: true})
		next.NextColumnID++
		errs = append(errs, tx.PutTable(next))
	default: // another of the same name
		spaces := []*scn.Space{&next.ID}
		for i := range next.Indexes {
			spaces = append(spaces, &next.Indexes[i].ID)
		}
		for _, space := range spaces {
			id, err := tx.NewSpace()
			*space, errs = id, append(errs, err)
		}
		errs = append(errs, tx.DropTable(table.ID), tx.PutTable(next))
		now, copies = map[int64]redo.Row{}, map[scn.SCN]map[int64]redo.Row{}
	}
	_, err := tx.Commit(ctx)
	if err := errors.Join(append(errs, err)...); err != nil {
		m.t.Fatal(err)
	}
	m.table, m.now, m.copies = next.ID, now, copies
}

// restart takes open transactions with it.
func (m *interleaved) restart() {
	for _, tx := range m.open {
		tx.Rollback()
	}
	m.open = nil
	if rapid.Bool().Draw(m.t, "flush") {
		if _, err := m.d.Engine.Persist(ctx); err != nil {
			m.t.Fatal(err)
		}
	}
	m.d.Restart(m.outer)
}

// check compares the table with what it must be.
func (m *interleaved) check() {
	at := m.d.Engine.Applied()
	view, err := m.d.Engine.View(at)
	if err != nil {
		m.t.Fatal(err)
	}
	defer view.Rollback()
	table, ok := view.Catalog().TableByID(m.table)
	if !ok {
		m.t.Fatalf("at %d table %d is not there", at, m.table)
	}
	var want []string
	for _, id := range slices.Sorted(maps.Keys(m.now)) {
		want = append(want, cells(m.now[id]))
	}
	if got := show(m.outer, view.Scan(table, txn.Range{})); got != strings.Join(want, "; ") {
		m.t.Fatalf("at %d: %s, want %s", at, got, want)
	}
	m.copies[at] = m.now
}

// TestInterleaved: transactions of all levels, in parts or not, between definitions, flashbacks and crashes. What was acknowledged is there,
// what was refused is not, and the log makes the same state.
func TestInterleaved(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := enginetest.Open(t, enginetest.WithPartBytes(rapid.SampledFrom([]int{1 << 20, 64}).Draw(rt, "bytes of a part")))
		m := &interleaved{t: rt, outer: t, d: d, table: createPerson(t, d).ID, now: map[int64]redo.Row{}, copies: map[scn.SCN]map[int64]redo.Row{}}
		m.check()
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			step := rapid.IntRange(0, 19).Draw(rt, "step")
			switch {
			case step == 0:
				m.restart()
			case step <= 4:
				m.define()
			case len(m.open) == 0 || step <= 7 && len(m.open) < 4:
				m.begin()
			case step <= 10:
				m.commit(rapid.IntRange(0, len(m.open)-1).Draw(rt, "which"))
			default:
				m.statement(m.open[rapid.IntRange(0, len(m.open)-1).Draw(rt, "which")])
			}
			m.check()
		}
		for _, tx := range m.open {
			tx.Rollback()
		}
		d.CheckIndexes(t)
		d.CheckLaw(t)
	})
}
