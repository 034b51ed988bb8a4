package versions_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/flashback/versions"
	"redoubt/scn"
	"redoubt/wal/redo"
)

var (
	modelSeed  = flag.Uint64("versions-seed", 0, "seed of TestModel; 0 takes one from the clock")
	modelRuns  = flag.Int("versions-runs", 40, "number of histories")
	modelSteps = flag.Int("versions-steps", 80, "steps of each history")
)

// model makes a random history of a table and compares what versions tells of it with what AS OF tells.
type model struct {
	t       *testing.T
	random  *rand.Rand
	d       *enginetest.Database
	schema  scn.Space
	dropped *catalog.Table // the last table that was dropped
	calm    bool           // mostly rows are changed
	floor   scn.SCN
}

func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; again: go test ./flashback/versions -run TestModel -versions-seed=%d", seed, seed)
	runs := *modelRuns
	if testing.Short() {
		runs = min(runs, 4)
	}
	for i := range runs {
		m := &model{t: t, random: rand.New(rand.NewPCG(seed, uint64(i))), d: enginetest.Open(t)}
		m.run(i)
		if t.Failed() {
			return
		}
	}
}

func (m *model) run(number int) {
	m.commit(func(tx *txn.Txn) error {
		m.schema = m.space(tx)
		return tx.PutSchema(&catalog.Schema{ID: m.schema, Name: "app"})
	})
	m.create()
	m.calm = number%3 == 0
	for step := range *modelSteps {
		m.step()
		if m.random.IntN(40) == 0 {
			m.d.Restart(m.t)
		}
		if step%6 == 5 {
			m.check(fmt.Sprintf("history %d, step %d", number, step))
		}
		if m.t.Failed() {
			return
		}
	}
}

func (m *model) step() {
	def, ok := m.now()
	if !ok {
		if m.random.IntN(2) == 0 && m.dropped != nil {
			back := m.dropped.Clone()
			if m.random.IntN(2) == 0 {
				back.Name = other(back.Name)
			}
			m.commit(func(tx *txn.Txn) error { return tx.PutTable(back) })
			return
		}
		m.create()
		return
	}
	n := m.random.IntN(34)
	if m.calm && m.random.IntN(30) > 0 {
		n = 0
	}
	switch {
	case n < 17:
		m.change(def)
	case n < 21:
		m.rewind(def)
	case n == 21:
		m.commit(func(tx *txn.Txn) error { m.dropped = def; return tx.DropTable(def.ID) })
	case n == 22:
		m.rewrite(def, def.PrimaryKey)
	case n == 23:
		m.rewrite(def, otherKey(def))
	case n == 24:
		m.clone(def)
	case n == 25:
		m.redefine(def, func(c *catalog.Table) { addColumn(c, m.random.Int64N(3)) })
	case n == 26:
		m.redefine(def, func(c *catalog.Table) { c.Columns = c.Columns[:3] })
	case n == 27:
		m.redefine(def, func(c *catalog.Table) { c.Name = other(c.Name) })
	case n == 28:
		m.commit(func(tx *txn.Txn) error { return errors.Join(tx.DropTable(def.ID), tx.PutTable(m.table(tx))) })
	case n == 29:
		m.commit(func(tx *txn.Txn) error { return tx.PutControl("x", []byte{1}) })
	case n == 32:
		m.floor += scn.SCN(m.random.Uint64N(min(uint64(m.d.Engine.Applied()-m.floor), 12) + 1))
		m.commit(func(tx *txn.Txn) error { return tx.PutFloor(catalog.Floor{SCN: m.floor, By: "the model"}) })
	case n == 33:
		if _, err := m.d.Engine.Collect(context.Background(), engine.Pace{}); err != nil {
			m.t.Fatal(err)
		}
	default:
		if _, err := m.d.Engine.Fold(context.Background(), engine.Pace{BatchBytes: 1}); err != nil {
			m.t.Fatal(err)
		}
	}
}

func other(name string) string { return map[string]string{"t": "u", "u": "t"}[name] }

func otherKey(def *catalog.Table) []catalog.IndexColumn {
	if len(def.PrimaryKey) == 1 {
		return []catalog.IndexColumn{{Column: 3}, {Column: 1}}
	}
	return []catalog.IndexColumn{{Column: 1}}
}

func addColumn(c *catalog.Table, n int64) {
	if _, ok := c.Column("x"); ok {
		return
	}
	c.Columns = append(c.Columns, catalog.Column{ID: c.NextColumnID, Name: "x", Kind: redo.Int, HasAdded: true, Added: redo.IntValue(n)})
	c.NextColumnID++
}

func (m *model) now() (*catalog.Table, bool) {
	if def, ok := m.d.Engine.Catalog().Table("app", "t"); ok {
		return def, true
	}
	return m.d.Engine.Catalog().Table("app", "u")
}

func (m *model) commit(f func(tx *txn.Txn) error) {
	m.t.Helper()
	tx := m.d.Engine.Begin(txn.Options{User: "ann"})
	tx.StartStatement(1, "")
	if err := f(tx); err != nil {
		m.t.Fatal(err)
	}
	if !tx.Dirty() {
		tx.Rollback()
		return
	}
	if _, err := tx.Commit(context.Background()); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) space(tx *txn.Txn) scn.Space {
	id, err := tx.NewSpace()
	if err != nil {
		m.t.Fatal(err)
	}
	return id
}

func (m *model) table(tx *txn.Txn) *catalog.Table {
	return &catalog.Table{
		ID: m.space(tx), Schema: m.schema, Name: "t", NextColumnID: 4,
		Columns: []catalog.Column{
			{ID: 1, Name: "id", Kind: redo.Int}, {ID: 2, Name: "v", Kind: redo.String, Nullable: true}, {ID: 3, Name: "n", Kind: redo.Int},
		},
		PrimaryKey: []catalog.IndexColumn{{Column: 1}},
		Indexes:    []catalog.Index{{ID: m.space(tx), Name: "n", Columns: []catalog.IndexColumn{{Column: 3}}, State: catalog.StatePublic}},
	}
}

func (m *model) create() {
	m.commit(func(tx *txn.Txn) error {
		def := m.table(tx)
		err := tx.PutTable(def)
		for id := range m.random.Int64N(3) {
			err = errors.Join(err, tx.Insert(def, m.row(def, id)))
		}
		return err
	})
}

func (m *model) row(def *catalog.Table, id int64) redo.Row {
	row := redo.Row{
		{ID: 1, Value: redo.IntValue(id)},
		{ID: 2, Value: redo.StringValue([]byte{byte('a' + m.random.IntN(3))})},
		{ID: 3, Value: redo.IntValue(m.random.Int64N(4))},
	}
	if x, ok := def.Column("x"); ok {
		row = append(row, redo.Column{ID: x.ID, Value: redo.IntValue(m.random.Int64N(3))})
	}
	return row
}

// change inserts, updates and deletes some rows in one transaction.
func (m *model) change(def *catalog.Table) {
	m.commit(func(tx *txn.Txn) error {
		for range 1 + m.random.IntN(4) {
			rows, id := all(m.t, tx, def), m.random.Int64N(6)
			at := slices.IndexFunc(rows, func(r seen) bool { return r.id() == id })
			var err error
			switch {
			case at < 0:
				err = tx.Insert(def, m.row(def, id))
			case m.random.IntN(3) == 0:
				err = tx.Delete(def, rows[at].row)
			default:
				err = tx.Update(def, rows[at].row, m.row(def, id))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// rewind takes the table back to an SCN at which it was there, or to nothing.
func (m *model) rewind(def *catalog.Table) {
	defs, err := m.d.Engine.Definitions(def.ID, m.d.Engine.Applied())
	if err != nil {
		m.t.Fatal(err)
	}
	to := max(defs[0].At, m.floor)
	to += scn.SCN(m.random.Uint64N(uint64(m.d.Engine.Applied()-to) + 1))
	if m.random.IntN(5) == 0 {
		to = 0
	}
	m.commit(func(tx *txn.Txn) error {
		return errors.Join(tx.PutRewind(def.ID, to, def.ID), tx.PutRewind(def.Indexes[0].ID, to, def.Indexes[0].ID))
	})
}

// rewrite puts the rows into a new table of the same name, as ALTER TABLE does.
func (m *model) rewrite(def *catalog.Table, key []catalog.IndexColumn) {
	m.commit(func(tx *txn.Txn) error {
		next := def.Clone()
		next.ID, next.Indexes[0].ID, next.PrimaryKey = m.space(tx), m.space(tx), key
		err := tx.PutTable(next)
		for i, r := range all(m.t, tx, def) {
			if i%3 == 2 {
				r.row = m.row(next, r.id()) // the change changes some rows
			}
			err = errors.Join(err, tx.Insert(next, r.row))
		}
		return errors.Join(err, tx.DropTable(def.ID))
	})
}

// clone replaces the table by a clone of its past.
func (m *model) clone(def *catalog.Table) {
	defs, err := m.d.Engine.Definitions(def.ID, m.d.Engine.Applied())
	if err != nil {
		m.t.Fatal(err)
	}
	to := max(defs[0].At, m.floor)
	to += scn.SCN(m.random.Uint64N(uint64(m.d.Engine.Applied()-to) + 1))
	m.commit(func(tx *txn.Txn) error {
		next := def.Clone()
		next.ID, next.Indexes[0].ID = m.space(tx), m.space(tx)
		return errors.Join(tx.DropTable(def.ID), tx.PutTable(next), tx.PutRewind(next.ID, to, def.ID), tx.PutRewind(next.Indexes[0].ID, to, def.Indexes[0].ID))
	})
}

func (m *model) redefine(def *catalog.Table, edit func(*catalog.Table)) {
	m.commit(func(tx *txn.Txn) error {
		next := def.Clone()
		edit(next)
		return tx.PutTable(next)
	})
}

// seen is a row as a reader of one SCN sees it.
type seen struct {
	table  *catalog.Table
	key    string
	row    redo.Row
	at     scn.SCN
	values string // in the columns that are shown
}

func (s *seen) id() int64 { v, _ := s.row.Get(1); return v.Int() }

func all(t *testing.T, tx *txn.Txn, def *catalog.Table) (out []seen) {
	rows := tx.Scan(def, txn.Range{})
	defer rows.Close()
	for rows.Next() {
		out = append(out, seen{table: def, key: string(rows.Key()), row: rows.Row().Clone(), at: rows.SCN()})
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// check compares versions with the naive model for random ranges.
func (m *model) check(where string) {
	newest := uint64(m.d.Engine.Applied())
	for range 4 {
		from := 1 + m.random.Uint64N(newest)
		if m.random.IntN(4) == 0 {
			from = 1
		}
		to := from + m.random.Uint64N(newest-from+1)
		if m.random.IntN(3) == 0 {
			to = newest
		}
		r := versions.Range{From: scn.SCN(from), To: scn.SCN(to), Before: m.random.IntN(2) == 0}
		name := []string{"t", "t", "t", "u"}[m.random.IntN(4)]
		what := fmt.Sprintf("%s: %s versions of %d to %d (%v)", where, name, from, to, r.Before)
		life, found, err := versions.Follow(m.d.Engine, "app", name, r)
		if err != nil {
			m.t.Fatalf("%s: %v", what, err)
		}
		if m.below(life, found, r) {
			if _, err := versions.NewReader(m.d.Engine, life); !isFloor(err) || life.Floor(m.d.Engine) != m.floor {
				m.t.Fatalf("%s: below the floor of %d: %v", what, m.floor, err)
			}
			continue
		}
		if r.From <= m.floor {
			continue // no table was there, or it is younger than the floor
		}
		naive := m.naive(name, r)
		if found != (naive != nil) {
			m.t.Fatalf("%s: found %v, the model says %v", what, found, naive != nil)
		}
		if found {
			m.compare(what, life, naive)
		}
	}
}

// below tells whether a life needs history below the floor.
func (m *model) below(life *versions.Life, found bool, r versions.Range) bool {
	return found && slices.ContainsFunc(life.Generations, func(g versions.Generation) bool { return max(g.First, r.From-1) < m.floor })
}

func isFloor(err error) bool {
	var floor *txn.FloorError
	return errors.As(err, &floor)
}

func (m *model) compare(what string, life *versions.Life, naive []string) {
	reader, err := versions.NewReader(m.d.Engine, life)
	if err != nil {
		m.t.Fatal(err)
	}
	defer reader.Close()
	got := m.show(what, life, reader.Rows(m.t.Context(), mvcc.Range{}))
	slices.Sort(got)
	slices.Sort(naive)
	if !slices.Equal(got, naive) {
		m.t.Fatalf("%s: generations %+v\n%s", what, life.Generations, difference(got, naive))
	}
	if life.Bounded() {
		id := m.random.Int64N(6)
		low, err := catalog.AppendKeyPart(nil, &catalog.Column{Name: "id", Kind: redo.Int}, 0, redo.IntValue(id), nil)
		if err != nil {
			m.t.Fatal(err)
		}
		prefix := fmt.Sprintf("%x", low)
		want := slices.DeleteFunc(slices.Clone(naive), func(s string) bool { return !strings.HasPrefix(s, prefix) })
		got := m.show(what, life, reader.Rows(m.t.Context(), mvcc.Range{Low: low, High: catalog.KeySuccessor(low)}))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			m.t.Fatalf("%s, keys %s:\n%s", what, prefix, difference(got, want))
		}
	}
	if index := life.Table.Indexes[0].ID; life.Indexed(index) {
		n := m.random.Int64N(4)
		low, err := catalog.AppendKeyPart(nil, &catalog.Column{Name: "n", Kind: redo.Int}, 0, redo.IntValue(n), nil)
		if err != nil {
			m.t.Fatal(err)
		}
		want := slices.DeleteFunc(slices.Clone(naive), func(s string) bool { return !strings.Contains(s, fmt.Sprintf("n=%d", n)) })
		got := m.show("", life, reader.IndexRows(m.t.Context(), index, mvcc.Range{Low: low, High: catalog.KeySuccessor(low)}))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			m.t.Fatalf("%s, n = %d:\n%s", what, n, difference(got, want))
		}
	}
}

// show gives rows as text, and checks that those of a key come in the order of SCN.
func (m *model) show(what string, life *versions.Life, rows iter.Seq2[*versions.Row, error]) (out []string) {
	last := map[string]scn.SCN{}
	for row, err := range rows {
		if err != nil {
			m.t.Fatalf("%s: %v", what, err)
		}
		if what != "" && row.Start < last[string(row.Key)] {
			m.t.Fatalf("%s: key %x: a version from %d after one from %d", what, row.Key, row.Start, last[string(row.Key)])
		}
		last[string(row.Key)] = row.Start
		sources := life.Sources(row.Generation, row.Then)
		var values []string
		for i := range life.Table.Columns {
			c := &life.Table.Columns[i]
			values = append(values, c.Name+"="+sources[i].Of(c, row.Values).String())
		}
		out = append(out, line(row.Key, strings.Join(values, " "), row.SCN, row.Start, row.End, byte(row.Operation)))
	}
	return out
}

func line(key []byte, values string, at, start, end scn.SCN, operation byte) string {
	return fmt.Sprintf("%x %s written %d from %d to %d by %q", key, values, at, start, end, operation)
}

// naive asks AS OF each SCN of the range, and makes a row of each maximal run. It is nil if no table had the name.
func (m *model) naive(name string, r versions.Range) []string {
	subjects, byID := m.subjects(name, r)
	var shown *catalog.Table
	for s := r.To; s+1 >= r.From && shown == nil; s-- {
		shown = subjects[s]
		if s == 0 {
			break
		}
	}
	if shown == nil {
		return nil
	}
	type run struct {
		seen
		start     scn.SCN
		operation byte
		version   scn.SCN
	}
	out := []string{}
	open := map[string]*run{}
	for s := r.From - 1; s <= r.To; s++ {
		now := map[string]seen{}
		if def := subjects[s]; def != nil {
			view, err := m.d.Engine.View(s)
			if err != nil {
				m.t.Fatal(err)
			}
			for _, row := range all(m.t, view, def) {
				row.values = shownAs(shown, def, row.row, byID[s])
				now[row.key] = row
			}
		}
		before := subjects[max(s, 1)-1]
		sameKeys := before == nil || subjects[s] == nil || slices.Equal(before.PrimaryKey, subjects[s].PrimaryKey)
		begin := map[string]*run{}
		for key, o := range open {
			n, still := now[key]
			if still && sameKeys && (n.table.ID == o.table.ID && n.at == o.version || n.table.ID != o.table.ID && n.values == o.values) {
				o.table, o.version = n.table, n.at
				o.values = n.values
				delete(now, key)
				continue
			}
			delete(open, key)
			if o.start != 0 || s > r.From || r.Before {
				out = append(out, line([]byte(key), o.values, o.at, o.start, s, o.operation))
			}
			if !still || !sameKeys {
				out = append(out, line([]byte(key), o.values, o.at, s, 0, 'D'))
				continue
			}
			begin[key] = &run{n, s, 'U', n.at}
			delete(now, key)
		}
		for key, n := range now {
			o := &run{n, s, 'I', n.at}
			if s < r.From {
				o.start, o.operation = 0, 0
			}
			begin[key] = o
		}
		maps.Copy(open, begin)
	}
	for key, o := range open {
		out = append(out, line([]byte(key), o.values, o.at, o.start, 0, o.operation))
	}
	return out
}

// shownAs gives a row's values in the columns of another definition, by name. byID tells that it is the same table's.
func shownAs(shown, def *catalog.Table, row redo.Row, byID bool) string {
	var values []string
	for i := range shown.Columns {
		c := &shown.Columns[i]
		v := c.Of(nil)
		if own, ok := def.Column(c.Name); ok {
			v = own.Of(row)
		} else if w, ok := row.Get(c.ID); ok && byID { // dropped, to come back
			v = w
		}
		values = append(values, c.Name+"="+v.String())
	}
	return strings.Join(values, " ")
}

// subjects tells which table the name means at each SCN from the one before the range on, and whether its columns have the
// ids of the last.
func (m *model) subjects(name string, r versions.Range) (map[scn.SCN]*catalog.Table, map[scn.SCN]bool) {
	out, byID := map[scn.SCN]*catalog.Table{}, map[scn.SCN]bool{}
	id, connected := scn.Space(0), true
	for s := r.To; s+1 >= r.From; s-- {
		snapshot, err := m.d.Engine.CatalogAt(s)
		if err != nil {
			m.t.Fatal(err)
		}
		def, ok := snapshot.TableByID(id)
		if id == 0 || !ok {
			if def, ok = snapshot.Table("app", name); !ok && id != 0 {
				def, ok = snapshot.TableByID(id)
			}
		}
		if ok {
			connected = connected && (id == 0 || id == def.ID || out[s+1] != nil)
			out[s], byID[s], id, name = def, connected, def.ID, def.Name
		}
		if s == 0 {
			break
		}
	}
	return out, byID
}

func difference(got, want []string) string {
	var out []string
	for _, s := range got {
		if !slices.Contains(want, s) {
			out = append(out, "too much: "+s)
		}
	}
	for _, s := range want {
		if !slices.Contains(got, s) {
			out = append(out, "missing:  "+s)
		}
	}
	return strings.Join(out, "\n")
}
