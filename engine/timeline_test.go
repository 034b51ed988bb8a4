package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// timelines is a database beside a model of it: a whole copy of every table for every SCN.
type timelines struct {
	t       *rapid.T
	outer   *testing.T
	d       *enginetest.Database
	tables  []*catalog.Table
	readers []*txn.Txn // open transactions
	// dropped are tables that are no more
	dropped []*catalog.Table
	copies  map[scn.Space]map[scn.SCN]map[int64]redo.Row
	taken   scn.SCN // copies are taken up to here
	now     map[scn.Space]map[int64]redo.Row
}

func newTimelines(t *testing.T, rt *rapid.T, options ...enginetest.Option) *timelines {
	d := enginetest.Open(t, options...)
	m := &timelines{t: rt, outer: t, d: d, copies: map[scn.Space]map[scn.SCN]map[int64]redo.Row{}, now: map[scn.Space]map[int64]redo.Row{}}
	table := createPerson(t, d)
	m.copyTo(d.Engine.Applied() - 1)
	m.add(table, nil)
	m.copy()
	return m
}

func (m *timelines) add(table *catalog.Table, content map[int64]redo.Row) {
	m.tables = append(m.tables, table)
	m.copies[table.ID] = map[scn.SCN]map[int64]redo.Row{}
	m.now[table.ID] = content
}

// copy takes copies of all tables for the SCNs since the last ones.
func (m *timelines) copy() { m.copyTo(m.d.Engine.Applied()) }

func (m *timelines) copyTo(last scn.SCN) {
	for ; m.taken < last; m.taken++ {
		for id, content := range m.now {
			m.copies[id][m.taken+1] = content
		}
	}
}

func (m *timelines) table() *catalog.Table {
	return m.tables[rapid.IntRange(0, len(m.tables)-1).Draw(m.t, "table")]
}

// since gives an SCN at which a table was, from a lowest one on.
func (m *timelines) since(table *catalog.Table, lowest scn.SCN, label string) scn.SCN {
	all := slices.DeleteFunc(slices.Sorted(maps.Keys(m.copies[table.ID])), func(at scn.SCN) bool { return at < lowest })
	return rapid.SampledFrom(all).Draw(m.t, label)
}

// step does one thing that users do; lowest is how far back they may go.
func (m *timelines) step(lowest func(*catalog.Table) scn.SCN) {
	switch rapid.IntRange(0, 11).Draw(m.t, "step") {
	case 0, 1:
		table := m.table()
		m.rewind(table, m.since(table, lowest(table), "back to"))
	case 2:
		m.rewind(m.table(), 0)
	case 3:
		if len(m.tables) < 4 {
			source := m.table()
			back := m.since(source, lowest(source), "clone of")
			clone, at := cloneTable(m.t, m.d, source, back)
			m.copyTo(at - 1)
			m.add(clone, m.copies[source.ID][back])
		}
	default:
		table := m.table()
		if next, at := randomTransaction(m.t, m.d, table, m.now[table.ID]); at != 0 {
			m.now[table.ID] = next
		}
	}
	m.copy()
}

// rewind takes a table back, to when it was empty for 0.
func (m *timelines) rewind(table *catalog.Table, to scn.SCN) {
	tx := m.d.Engine.Begin(txn.Options{})
	tx.StartStatement(1, "FLASHBACK …")
	errs := []error{tx.PutRewind(table.ID, to, table.ID)}
	for i := range table.Indexes {
		errs = append(errs, tx.PutRewind(table.Indexes[i].ID, to, table.Indexes[i].ID))
	}
	if _, err := tx.Commit(ctx); errors.Join(append(errs, err)...) != nil {
		m.t.Fatal(errors.Join(append(errs, err)...))
	}
	m.now[table.ID] = m.copies[table.ID][to]
}

// restart is a crash, or not, with or without what was not yet flushed.
func (m *timelines) restart() {
	if rapid.Bool().Draw(m.t, "flush") {
		m.flush()
	}
	m.d.Restart(m.outer)
}

func (m *timelines) flush() {
	if _, err := m.d.Engine.Persist(ctx); err != nil {
		m.t.Fatal(err)
	}
}

// check compares a table at an SCN with its copy: rows, indexes, sums.
func (m *timelines) check(table *catalog.Table, at scn.SCN) {
	view, err := m.d.Engine.View(at)
	if err != nil {
		m.t.Fatal(err)
	}
	defer view.Rollback()
	want := m.copies[table.ID][at]
	if got := show(m.outer, view.Scan(table, txn.Range{})); got != content(want) {
		m.t.Fatalf("table %d at %d: %s, want %s", table.ID, at, got, content(want))
	}
	if got := show(m.outer, view.Scan(table, txn.Range{Reverse: true})); got != reversed(content(want)) {
		m.t.Fatalf("table %d at %d, from the end: %s, want the reverse of %s", table.ID, at, got, content(want))
	}
	for i := range table.Indexes {
		rows := strings.Split(show(m.outer, view.ScanIndex(table, &table.Indexes[i], txn.Range{})), "; ")
		slices.SortFunc(rows, func(a, b string) int { return idOf(a) - idOf(b) })
		if got := strings.Join(rows, "; "); got != content(want) {
			m.t.Fatalf("table %d at %d by index %s: %s, want %s", table.ID, at, table.Indexes[i].Name, got, content(want))
		}
	}
	for id, r := range want {
		key, err := view.RowKey(table, r)
		if err != nil {
			m.t.Fatal(err)
		}
		if got, _, found, err := view.Get(table, key); err != nil || !found || cells(got) != cells(r) {
			m.t.Fatalf("table %d at %d: row %d is %v, %v, %v; want %s", table.ID, at, id, got, found, err, cells(r))
		}
	}
	if sum, err := m.d.Engine.TableStateAt(table.ID, at); err != nil || sum.Rows != uint64(len(want)) {
		m.t.Fatalf("table %d at %d: sums of %d rows, %v; want %d", table.ID, at, sum.Rows, err, len(want))
	}
}

// checkDiff compares what the engine says differs between two SCNs with what differs between the copies.
func (m *timelines) checkDiff(table *catalog.Table, before, after scn.SCN) {
	dictionary := m.d.Engine.Catalog()
	diff, err := m.d.Engine.Diff(dictionary.Lineage(table.ID, before), dictionary.Lineage(table.ID, after), mvcc.Range{})
	if err != nil {
		m.t.Fatal(err)
	}
	defer diff.Close()
	var got, want []string
	for diff.Next() {
		a, _, err := diff.Before()
		b, _, err2 := diff.After()
		if err := errors.Join(err, err2); err != nil {
			m.t.Fatal(err)
		}
		got = append(got, cells(a)+" -> "+cells(b))
	}
	if err := diff.Err(); err != nil {
		m.t.Fatal(err)
	}
	for id := range int64(20) {
		if a, b := cells(m.copies[table.ID][before][id]), cells(m.copies[table.ID][after][id]); a != b {
			want = append(want, a+" -> "+b)
		}
	}
	if !slices.Equal(got, want) {
		m.t.Fatalf("table %d between %d and %d: %q, want %q", table.ID, before, after, got, want)
	}
}

// checkAll compares all tables at all SCNs from a lowest one on, and some differences.
func (m *timelines) checkAll(lowest func(*catalog.Table) scn.SCN) {
	for _, table := range slices.Concat(m.tables, m.dropped) {
		for at := range m.copies[table.ID] {
			if at >= lowest(table) {
				m.check(table, at)
			}
		}
		for range 4 {
			if slices.Contains(m.dropped, table) {
				break
			}
			m.checkDiff(table, m.since(table, lowest(table), "before"), m.since(table, lowest(table), "after"))
		}
	}
	m.d.CheckIndexes(m.outer)
}

// cut is a context that ends when it has been asked a number of times.
type cut struct {
	context.Context
	left int
}

func (c *cut) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// some gives a context for work in the background that may not come to its end, and how to do it.
func (m *timelines) some() (context.Context, engine.Pace) {
	return &cut{ctx, rapid.SampledFrom([]int{0, 1, 2, 5, 1000}).Draw(m.t, "batches")}, engine.Pace{BatchBytes: 1}
}

func (m *timelines) fold() {
	if _, err := m.d.Engine.Fold(m.some()); err != nil && !errors.Is(err, context.Canceled) {
		m.t.Fatal(err)
	}
}

func anywhere(*catalog.Table) scn.SCN { return 0 }

func content(rows map[int64]redo.Row) string {
	var lines []string
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		lines = append(lines, cells(rows[id]))
	}
	return strings.Join(lines, "; ")
}

func reversed(content string) string {
	lines := strings.Split(content, "; ")
	slices.Reverse(lines)
	return strings.Join(lines, "; ")
}

func idOf(line string) (id int) {
	fmt.Sscan(line, &id)
	return id
}

// TestDiffAgainstModel: what differs between two points is found, on whatever timelines they lie.
func TestDiffAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newTimelines(t, rt)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			if rapid.IntRange(0, 9).Draw(rt, "kind") == 0 {
				m.restart()
				continue
			}
			m.step(anywhere)
		}
		m.checkAll(anywhere)
	})
}

// TestFoldingAgainstModel: readers at every SCN see the same whatever is folded, however far, and after any crash.
func TestFoldingAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newTimelines(t, rt)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "kind") {
			case 0:
				m.restart()
			case 1, 2:
				m.fold()
			default:
				m.step(anywhere)
			}
		}
		m.checkAll(anywhere)
		if _, err := m.d.Engine.Fold(ctx, engine.Pace{}); err != nil {
			rt.Fatal(err)
		}
		for _, table := range m.tables {
			if l := m.d.Engine.Catalog().Lineage(table.ID, m.d.Engine.Applied()); len(l) != 1 {
				rt.Fatalf("when all is folded, the lineage of table %d is %v", table.ID, l)
			}
		}
		m.checkAll(anywhere)
		m.restart()
		m.checkAll(anywhere)
		m.d.CheckLaw(t)
	})
}

// TestChangedKeys: keys with versions in a span are found, others not, from memory as from files.
func TestChangedKeys(t *testing.T) {
	d := enginetest.Open(t)
	table := createPerson(t, d)
	var at []scn.SCN
	for i := range int64(40) {
		at = append(at, write(t, d, func(tx *txn.Txn, p *catalog.Table) error { return tx.Insert(p, row(i, "x", "", i)) }))
		if i%10 == 9 {
			if _, err := d.Engine.Persist(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(a, b scn.SCN, want int) {
		t.Helper()
		keys, err := d.Engine.ChangedKeys(table.ID, scn.Range{After: a, To: b})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for keys.Next() {
			n++
		}
		if err := errors.Join(keys.Err(), keys.Close()); err != nil || n != want {
			t.Fatalf("%d keys changed in (%d, %d], %v; want %d", n, a, b, err, want)
		}
	}
	check(at[5], at[25], 20)
	check(0, scn.Max, 40)
	check(at[39], scn.Max, 0)
	check(at[9]-1, at[9], 1)
}
