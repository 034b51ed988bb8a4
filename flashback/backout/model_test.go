package backout_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/enginetest"
	"redoubt/engine/txn"
	"redoubt/flashback"
	"redoubt/flashback/backout"
	"redoubt/scn"
	"redoubt/wal/redo"
)

var (
	modelSeed  = flag.Uint64("backout-seed", 0, "seed of TestModel; 0 takes one from the clock")
	modelRuns  = flag.Int("backout-runs", 40, "number of histories")
	modelSteps = flag.Int("backout-steps", 40, "steps of each history")
)

// noRules is for tables without generated columns and CHECKs.
type noRules struct{}

func (noRules) Complete(_ context.Context, _ *catalog.Table, row redo.Row) (redo.Row, string, error) {
	return row, "", nil
}

// cells are the columns of a row behind its key; 0 stands for NULL.
type cells [3]int64

// place is a row: of the parents (table 0: a, b, and u, which is unique) or of the children (table 1: p, which refers to a
// parent, x and y).
type place struct {
	table int
	id    int64
}

type state map[place]cells

// change is what a transaction did to one row: nil for no row.
type change struct {
	place         place
	before, after *cells
}

// event is a committed transaction.
type event struct {
	xid     uint64
	changes []change
}

// moment is what the model knows as of one SCN: the state, and for each table the transactions that are part of it.
type moment struct {
	state state
	alive [2]map[uint64]bool
}

// model is a random history, kept as states and changes without any notion of versions.
type model struct {
	t      *testing.T
	random *rand.Rand
	d      *enginetest.Database
	m      *backout.Manager
	tables [2]scn.Space
	back   *flashback.Manager
	now    state
	alive  [2]map[uint64]bool // by table: transactions that no flashback has taken back
	events []event
	past   map[scn.SCN]moment
}

// TestModel takes random transactions of random histories back, in every mode, and compares what is left with the history
// played again without them, and those that depend on them with a search over all pairs. The histories have flashbacks of
// tables, restarts and folding in them.
func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; again: go test ./flashback/backout -run TestModel -backout-seed=%d", seed, seed)
	for i := range *modelRuns {
		m := &model{t: t, random: rand.New(rand.NewPCG(seed, uint64(i))), now: state{}, alive: [2]map[uint64]bool{{}, {}}, past: map[scn.SCN]moment{}}
		m.open()
		for step := range *modelSteps {
			m.step()
			if t.Failed() {
				t.Fatalf("history %d, step %d", i, step)
			}
		}
		m.d.CheckLaw(t)
		m.d.CheckIndexes(t)
	}
}

func (m *model) open() {
	m.d = enginetest.Open(m.t)
	m.managers()
	defer m.remember()
	m.commit(func(tx *txn.Txn) {
		schema := m.space(tx)
		m.must(tx.PutSchema(&catalog.Schema{ID: schema, Name: "app"}))
		for i, names := range [2][4]string{{"id", "a", "b", "u"}, {"id", "p", "x", "y"}} {
			def := &catalog.Table{ID: m.space(tx), Schema: schema, Name: [2]string{"parent", "child"}[i], PrimaryKey: []catalog.IndexColumn{{Column: 1}}, NextColumnID: 5}
			for k, name := range names {
				def.Columns = append(def.Columns, catalog.Column{ID: uint32(k + 1), Name: name, Type: "bigint", Kind: redo.Int, Nullable: k > 0})
			}
			if i == 0 {
				def.Indexes = []catalog.Index{{ID: m.space(tx), Name: "u", Unique: true, Columns: []catalog.IndexColumn{{Column: 4}}, State: catalog.StatePublic}}
			} else {
				def.Indexes = []catalog.Index{{ID: m.space(tx), Name: "p", Columns: []catalog.IndexColumn{{Column: 2}}, State: catalog.StatePublic}}
				def.ForeignKeys = []catalog.ForeignKey{{Name: "fk", Columns: []string{"p"}, ParentSchema: "app", ParentTable: "parent", ParentColumns: []string{"id"}}}
			}
			m.tables[i] = def.ID
			m.must(tx.PutTable(def))
		}
	})
}

func (m *model) managers() {
	m.m = backout.New(backout.Options{Engine: m.d.Engine, Log: m.d.Log})
	m.back = flashback.New(flashback.Options{Engine: m.d.Engine, TriggerTable: func(string) (string, error) { return "", nil }})
}

// remember keeps what is known as of the last SCN.
func (m *model) remember() {
	m.past[m.d.Engine.Applied()] = moment{maps.Clone(m.now), [2]map[uint64]bool{maps.Clone(m.alive[0]), maps.Clone(m.alive[1])}}
}

// add adds a committed transaction.
func (m *model) add(xid uint64, changes []change) {
	m.events = append(m.events, event{xid, changes})
	for _, c := range changes {
		m.alive[c.place.table][xid] = true
	}
}

// live gives the transactions with what no flashback has taken back of them.
func (m *model) live() (out []event) {
	for _, e := range m.events {
		kept := event{xid: e.xid}
		for _, c := range e.changes {
			if m.alive[c.place.table][e.xid] {
				kept.changes = append(kept.changes, c)
			}
		}
		if len(kept.changes) > 0 {
			out = append(out, kept)
		}
	}
	return out
}

// rewind takes a table, or both, back to a random SCN, if foreign keys allow.
func (m *model) rewind() {
	scns := slices.Sorted(maps.Keys(m.past))
	to := scns[m.random.IntN(len(scns))]
	tables := [][]int{{0}, {1}, {0, 1}}[m.random.IntN(3)]
	r := flashback.Request{Kind: catalog.FlashbackTable, To: to}
	next := maps.Clone(m.now)
	for _, i := range tables {
		r.Names = append(r.Names, flashback.Name{Schema: "app", Table: [2]string{"parent", "child"}[i]})
		maps.DeleteFunc(next, func(p place, _ cells) bool { return p.table == i })
		for p, row := range m.past[to].state {
			if p.table == i {
				next[p] = row
			}
		}
	}
	_, err := m.back.Run(context.Background(), r)
	if broken := next.broken(); (err != nil) != (broken != "") {
		m.t.Fatalf("flashback of %v to %d, which leaves %q: %v", tables, to, broken, err)
	}
	if err != nil {
		return
	}
	for _, i := range tables {
		m.alive[i] = maps.Clone(m.past[to].alive[i])
	}
	m.now = next
	if m.random.IntN(2) == 0 {
		m.fold()
	}
}

// fold folds all flashbacks away, which must change nothing.
func (m *model) fold() {
	m.t.Helper()
	_, err := m.d.Engine.Fold(context.Background(), engine.Pace{})
	m.must(err)
	if got := m.read(); !maps.Equal(got, m.now) {
		m.t.Fatalf("after folding %v, want %v", got, m.now)
	}
}

func (m *model) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) space(tx *txn.Txn) scn.Space {
	id, err := tx.NewSpace()
	m.must(err)
	return id
}

func (m *model) commit(f func(tx *txn.Txn)) (xid uint64) {
	m.t.Helper()
	tx := m.d.Engine.Begin(txn.Options{})
	tx.StartStatement(1, "")
	f(tx)
	_, err := tx.Commit(context.Background())
	m.must(err)
	return tx.XID()
}

func (m *model) step() {
	defer m.remember()
	switch n := m.random.IntN(20); {
	case n == 0:
		m.d.Restart(m.t)
		m.managers()
	case n == 1:
		m.rewind()
	case n < 14 || len(m.events) == 0:
		m.change()
	default:
		m.flashback()
	}
}

// change commits a random transaction that keeps the constraints.
func (m *model) change() {
	next := maps.Clone(m.now)
	for range 1 + m.random.IntN(4) {
		tried := maps.Clone(next)
		p := place{m.random.IntN(2), 1 + m.random.Int64N(5)}
		row, exists := tried[p]
		switch {
		case !exists:
			tried[p] = cells{m.value(p, 0), m.value(p, 1), m.value(p, 2)}
		case m.random.IntN(3) == 0:
			delete(tried, p)
		default:
			i := m.random.IntN(3)
			row[i] = m.value(p, i)
			tried[p] = row
		}
		if tried.broken() == "" {
			next = tried
		}
	}
	m.bring(next)
}

// value gives a value for a cell. Those that refer are few, so that there is much to depend on.
func (m *model) value(p place, column int) int64 {
	if p.table == 0 && column == 2 || p.table == 1 && column == 0 {
		return m.random.Int64N(6)
	}
	return 1 + m.random.Int64N(4)
}

// broken names a constraint that does not hold.
func (s state) broken() string {
	unique := map[int64]bool{}
	for p, row := range s {
		if p.table == 0 && row[2] != 0 {
			if unique[row[2]] {
				return fmt.Sprintf("u=%d is there twice", row[2])
			}
			unique[row[2]] = true
		}
		if p.table == 1 && row[0] != 0 {
			if _, ok := s[place{0, row[0]}]; !ok {
				return fmt.Sprintf("child %d has no parent %d", p.id, row[0])
			}
		}
	}
	return ""
}

func differences(before, after state) (out []change) {
	for p, row := range before {
		if now, ok := after[p]; !ok {
			out = append(out, change{p, &row, nil})
		} else if now != row {
			out = append(out, change{p, &row, &now})
		}
	}
	for p, row := range after {
		if _, ok := before[p]; !ok {
			out = append(out, change{p, nil, &row})
		}
	}
	return out
}

func (m *model) row(p place, c cells) redo.Row {
	row := redo.Row{{ID: 1, Value: redo.IntValue(p.id)}}
	for i, v := range c {
		column := redo.Column{ID: uint32(i + 2)}
		if v != 0 {
			column.Value = redo.IntValue(v)
		}
		row = append(row, column)
	}
	return row
}

// bring commits what makes the next state of the present one.
func (m *model) bring(next state) {
	changes := differences(m.now, next)
	if len(changes) == 0 {
		return
	}
	xid := m.commit(func(tx *txn.Txn) {
		for _, c := range changes { // first away, so that unique keys can move
			if c.before != nil {
				m.must(tx.Delete(m.table(c.place), m.row(c.place, *c.before)))
			}
		}
		for _, c := range changes {
			if c.after != nil {
				m.must(tx.Insert(m.table(c.place), m.row(c.place, *c.after)))
			}
		}
	})
	m.now = next
	m.add(xid, changes)
}

func (m *model) table(p place) *catalog.Table {
	table, ok := m.d.Engine.Catalog().TableByID(m.tables[p.table])
	if !ok {
		m.t.Fatal("no table")
	}
	return table
}

// read gives what the database has.
func (m *model) read() state {
	view, err := m.d.Engine.View(m.d.Engine.Applied())
	m.must(err)
	out := state{}
	for i := range m.tables {
		rows := view.Scan(m.table(place{table: i}), txn.Range{})
		for rows.Next() {
			var c cells
			for k := range c {
				v, _ := rows.Row().Get(uint32(k + 2))
				c[k] = v.Int()
			}
			id, _ := rows.Row().Get(1)
			out[place{i, id.Int()}] = c
		}
		m.must(rows.Close())
	}
	return out
}
