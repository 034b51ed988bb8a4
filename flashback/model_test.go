package flashback_test

import (
	"context"
	"errors"
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
	"redoubt/scn"
	"redoubt/wal/redo"
)

var (
	modelSeed  = flag.Uint64("model-seed", 0, "seed of TestModel; 0 takes some from the clock")
	modelSeeds = flag.Int("model-seeds", 25, "how many seeds TestModel tries")
	modelSteps = flag.Int("model-steps", 200, "how many steps TestModel does with each")
)

var ctx = context.Background()

const keyColumn = 1

// TestModel does random things to a database, and takes random things back, and compares every SCN with a model that keeps
// whole copies.
func TestModel(t *testing.T) {
	first, seeds := *modelSeed, 1
	if first == 0 {
		first, seeds = uint64(time.Now().UnixNano())%1e12, *modelSeeds
	}
	t.Logf("replay a seed: go test ./flashback -run '^TestModel$' -model-seed SEED; the first is %d", first)
	var dropped uint64
	for seed := first; seed < first+uint64(seeds); seed++ {
		r := &run{T: t, seed: seed, random: rand.New(rand.NewPCG(seed, 4)), d: enginetest.Open(t), worlds: []world{{}}}
		r.attach()
		for range *modelSteps {
			r.step()
			if t.Failed() {
				return
			}
		}
		r.check(r.last())
		for range 20 {
			r.check(r.pick())
		}
		r.d.CheckLaw(t)
		dropped += r.dropped
	}
	t.Logf("%d seeds, %d old versions dropped", seeds, dropped)
	if seeds > 10 && dropped == 0 {
		t.Error("nothing was ever dropped")
	}
}

// run is one seed on its way.
type run struct {
	*testing.T
	seed    uint64
	random  *rand.Rand
	d       *enginetest.Database
	m       *flashback.Manager
	worlds  []world // by SCN
	bin     []dropped
	took    []took
	names   int
	low     scn.SCN // history is kept from here on
	dropped uint64  // versions
	history []string
}

func (r *run) attach() {
	r.m = flashback.New(flashback.Options{Engine: r.d.Engine, TriggerTable: func(string) (string, error) { return "", errors.New("there are none") }})
}

func (r *run) last() scn.SCN { return scn.SCN(len(r.worlds) - 1) }

func (r *run) now() world { return r.worlds[r.last()] }

// pick chooses a point of history, more often a late one.
func (r *run) pick() scn.SCN {
	kept := int(r.last()-r.low) + 1
	if r.random.IntN(2) == 0 {
		kept = min(12, kept)
	}
	return r.last() - scn.SCN(r.random.IntN(kept))
}

func (r *run) failf(format string, args ...any) {
	r.Helper()
	for _, line := range r.history[max(0, len(r.history)-30):] {
		r.Log(line)
	}
	r.Fatalf("seed %d: %s", r.seed, fmt.Sprintf(format, args...))
}

// became says that the world is another one since the newest commit; commits before it changed nothing.
func (r *run) became(w world, format string, args ...any) {
	r.Helper()
	at := r.d.Engine.Applied()
	for r.last()+1 < at {
		r.worlds = append(r.worlds, r.now())
	}
	if r.last() == at {
		r.failf("%s: no commit", fmt.Sprintf(format, args...))
	}
	r.worlds = append(r.worlds, w)
	r.history = append(r.history, fmt.Sprintf("SCN %d: %s", at, fmt.Sprintf(format, args...)))
}

// check compares what is seen at an SCN with the model.
func (r *run) check(at scn.SCN) {
	r.Helper()
	view, err := r.d.Engine.View(at)
	if err != nil {
		r.failf("view at %d: %v", at, err)
	}
	defer view.Rollback()
	got, err := seen(view)
	if err != nil {
		r.failf("at SCN %d: %v", at, err)
	}
	if want := r.worlds[at].describe(); got != want {
		r.failf("at SCN %d the database has\n%s\nwant\n%s", at, got, want)
	}
	for _, s := range r.worlds[at] {
		for _, t := range s.tables {
			if sum, err := r.d.Engine.TableStateAt(t.id, at); err != nil || sum.Rows != uint64(len(t.rows)) {
				r.failf("at SCN %d the sums of %s have %d rows, want %d; %v", at, t.name, sum.Rows, len(t.rows), err)
			}
		}
	}
}

func (r *run) step() {
	steps := []struct {
		weight int
		do     func()
	}{
		{40, r.change},
		{5, r.createTable},
		{3, r.dropTable},
		{3, r.undropTable},
		{3, r.truncate},
		{4, r.cloneTable},
		{10, r.flashbackTable},
		{3, r.flashbackSchema},
		{3, r.flashbackDatabase},
		{5, r.undo},
		{3, r.addColumn},
		{2, r.dropColumn},
		{3, r.createIndex},
		{2, r.dropIndex},
		{2, r.renameTable},
		{1, r.createSchema},
		{1, r.dropSchema},
		{2, r.undropSchema},
		{1, r.cloneSchema},
		{1, r.purge},
		{2, r.restart},
		{2, r.fold},
		{2, r.collect},
		{8, func() { r.check(r.pick()) }},
	}
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	n := r.random.IntN(total)
	for _, s := range steps {
		if n -= s.weight; n < 0 {
			s.do()
			return
		}
	}
}

// some gives a random schema and table; the sheet is nil if there is none.
func (r *run) some() (string, *sheet) {
	schemas := slices.Sorted(maps.Keys(r.now()))
	if len(schemas) == 0 {
		return "", nil
	}
	schema := schemas[r.random.IntN(len(schemas))]
	tables := slices.Sorted(maps.Keys(r.now()[schema].tables))
	if len(tables) == 0 {
		return schema, nil
	}
	return schema, r.now()[schema].tables[tables[r.random.IntN(len(tables))]]
}

// someName gives the name of a table that is there, or of one that may have been.
func (r *run) someName() flashback.Name {
	if schema, t := r.some(); t != nil && r.random.IntN(4) > 0 {
		return flashback.Name{Schema: schema, Table: t.name}
	}
	schemas := slices.Sorted(maps.Keys(r.worlds[r.pick()]))
	if len(schemas) == 0 {
		return flashback.Name{Schema: "s1", Table: "t1"}
	}
	return flashback.Name{Schema: schemas[r.random.IntN(len(schemas))], Table: r.tableName()}
}

func (r *run) tableName() string { return fmt.Sprint("t", 1+r.random.IntN(5)) }

func (r *run) schemaName() string { return fmt.Sprint("s", 1+r.random.IntN(3)) }

// commit runs one transaction.
func (r *run) commit(do func(t *txn.Txn) error) {
	r.Helper()
	t := r.d.Engine.Begin(txn.Options{User: "model"})
	t.StartStatement(1, "…")
	if err := do(t); err != nil {
		r.failf("%v", err)
	}
	if _, err := t.Commit(ctx); err != nil {
		r.failf("commit: %v", err)
	}
}

func (r *run) definition(id scn.Space) *catalog.Table {
	t, ok := r.d.Engine.Catalog().TableByID(id)
	if !ok {
		r.failf("table %d is not in the dictionary", id)
	}
	return t
}

// change inserts, updates and deletes some rows of a table.
func (r *run) change() {
	schema, s := r.some()
	if s == nil {
		return
	}
	w, changed := r.now().copy(), false
	next := w[schema].tables[s.name]
	r.commit(func(t *txn.Txn) error {
		table := r.definition(s.id)
		for range 1 + r.random.IntN(4) {
			id := int64(r.random.IntN(12))
			old, exists := next.rows[id]
			row := map[uint32]int64{}
			for c := range next.columns {
				if r.random.IntN(4) > 0 {
					row[c] = int64(r.random.IntN(6))
				}
			}
			var err error
			switch {
			case !exists:
				err = t.Insert(table, rowOf(next, id, row))
				next.rows[id], changed = row, true
			case r.random.IntN(3) == 0:
				err = t.Delete(table, rowOf(next, id, old))
				delete(next.rows, id)
				changed = true
			default:
				err = t.Update(table, rowOf(next, id, old), rowOf(next, id, row))
				next.rows[id] = row
				changed = changed || !maps.Equal(old, row)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if r.d.Engine.Applied() > r.last() {
		r.became(w, "changes in %s.%s", schema, s.name)
	}
}

// rowOf makes a row of the table that s is; a value that is not there is NULL.
func rowOf(s *sheet, id int64, values map[uint32]int64) redo.Row {
	row := redo.Row{{ID: keyColumn, Value: redo.IntValue(id)}}
	for _, c := range slices.Sorted(maps.Keys(s.columns)) {
		column := redo.Column{ID: c}
		if v, ok := values[c]; ok {
			column.Value = redo.IntValue(v)
		}
		row = append(row, column)
	}
	return row
}

func (r *run) createSchema() {
	name := r.schemaName()
	if _, exists := r.now()[name]; exists {
		return
	}
	w := r.now().copy()
	r.commit(func(t *txn.Txn) error {
		id, err := t.NewSpace()
		w[name] = &space{id, map[string]*sheet{}}
		return errors.Join(err, t.PutSchema(&catalog.Schema{ID: id, Name: name}))
	})
	r.became(w, "create schema %s", name)
}

func (r *run) createTable() {
	schema, _ := r.some()
	if schema == "" {
		r.createSchema()
		return
	}
	name := r.tableName()
	if _, exists := r.now()[schema].tables[name]; exists {
		return
	}
	w := r.now().copy()
	r.commit(func(t *txn.Txn) error {
		id, err := t.NewSpace()
		index, indexErr := t.NewSpace()
		w[schema].tables[name] = &sheet{id, name, map[uint32]string{2: "a", 3: "b"}, map[string]uint32{"ka": 2}, map[int64]map[uint32]int64{}}
		return errors.Join(err, indexErr, t.PutTable(&catalog.Table{
			ID: id, Schema: w[schema].id, Name: name, NextColumnID: 4,
			Columns: []catalog.Column{
				{ID: keyColumn, Name: "id", Kind: redo.Int}, {ID: 2, Name: "a", Kind: redo.Int, Nullable: true}, {ID: 3, Name: "b", Kind: redo.Int, Nullable: true},
			},
			PrimaryKey: []catalog.IndexColumn{{Column: keyColumn}},
			Indexes:    []catalog.Index{{ID: index, Name: "ka", Columns: []catalog.IndexColumn{{Column: 2}}, State: catalog.StatePublic}},
		}))
	})
	r.became(w, "create table %s.%s", schema, name)
}

func (r *run) dropTable() {
	schema, s := r.some()
	if s == nil {
		return
	}
	w := r.now().copy()
	delete(w[schema].tables, s.name)
	r.commit(func(t *txn.Txn) error {
		return errors.Join(flashback.Recycle(t, r.definition(s.id)), t.DropTable(s.id))
	})
	r.became(w, "drop table %s.%s (%d)", schema, s.name, s.id)
	r.bin = append(r.bin, dropped{s.id, r.last(), schema, s.name})
}

func (r *run) dropSchema() {
	schema, _ := r.some()
	if schema == "" {
		return
	}
	w := r.now().copy()
	s := w[schema]
	delete(w, schema)
	r.commit(func(t *txn.Txn) error {
		def, _ := t.Catalog().SchemaByID(s.id)
		err := flashback.RecycleSchema(t, def)
		for _, x := range s.tables {
			err = errors.Join(err, t.DropTable(x.id))
		}
		return errors.Join(err, t.DropSchema(s.id))
	})
	r.became(w, "drop schema %s (%d)", schema, s.id)
	r.bin = append(r.bin, dropped{s.id, r.last(), schema, ""})
}

// emptyBin takes out of the model's bin what is there again.
func (r *run) emptyBin() {
	r.bin = slices.DeleteFunc(r.bin, func(e dropped) bool {
		_, t := r.now().byID(e.id)
		_, s := r.now().schemaByID(e.id)
		return t != nil || s
	})
}

// expect compares an error with the one that the model wants, 0 for none, and tells whether there was none.
func (r *run) expect(err error, want flashback.ErrorKind, format string, args ...any) bool {
	r.Helper()
	var e *flashback.Error
	if err != nil && !errors.As(err, &e) {
		r.failf("%s: %v", fmt.Sprintf(format, args...), err)
	}
	got := flashback.ErrorKind(0)
	if e != nil {
		got = e.Kind
	}
	if got != want {
		r.failf("%s: error %d %v, want %d", fmt.Sprintf(format, args...), got, err, want)
	}
	return err == nil
}

func (r *run) undropTable() {
	if len(r.bin) == 0 {
		return
	}
	e := r.bin[r.random.IntN(len(r.bin))]
	if e.table == "" {
		return
	}
	for _, other := range r.bin { // the last dropped of its name comes back
		if other.table == e.table && other.schema == e.schema && other.at > e.at {
			e = other
		}
	}
	rename := ""
	if r.random.IntN(3) == 0 {
		rename = r.tableName()
	}
	as := e.table
	if rename != "" {
		as = rename
	}
	want := flashback.ErrorKind(0)
	if owner, exists := r.now()[e.schema]; !exists {
		want = flashback.Missing
	} else if _, taken := owner.tables[as]; taken {
		want = flashback.NameTaken
	}
	_, err := r.m.Run(ctx, flashback.Request{Kind: catalog.FlashbackDrop, Names: []flashback.Name{{Schema: e.schema, Table: e.table}}, Rename: rename})
	if !r.expect(err, want, "undrop %s.%s (%d) as %s", e.schema, e.table, e.id, as) {
		return
	}
	_, then := r.worlds[e.at-1].byID(e.id)
	w := r.now().copy()
	w[e.schema].tables[as] = then.named(as)
	r.became(w, "undrop %s.%s (%d) as %s", e.schema, e.table, e.id, as)
	r.took = append(r.took, took{r.last(), catalog.FlashbackDrop, []flashback.Name{{Schema: e.schema, Table: as}}})
	r.emptyBin()
}

func (s *sheet) named(name string) *sheet {
	c := s.copy()
	c.name = name
	return c
}

func (r *run) undropSchema() {
	i := slices.IndexFunc(r.bin, func(e dropped) bool { return e.table == "" })
	if i < 0 {
		return
	}
	e := r.bin[i]
	for _, other := range r.bin {
		if other.table == "" && other.schema == e.schema && other.at > e.at {
			e = other
		}
	}
	want := flashback.ErrorKind(0)
	if _, taken := r.now()[e.schema]; taken {
		want = flashback.NameTaken
	} else if r.moved(r.worlds[e.at-1][e.schema], nil) {
		want = flashback.Renamed
	}
	_, err := r.m.Run(ctx, flashback.Request{Kind: catalog.FlashbackDrop, Names: []flashback.Name{{Schema: e.schema}}})
	if !r.expect(err, want, "undrop schema %s (%d)", e.schema, e.id) {
		return
	}
	w := r.now().copy()
	w[e.schema] = r.worlds[e.at-1].copy()[e.schema]
	r.became(w, "undrop schema %s (%d)", e.schema, e.id)
	r.took = append(r.took, took{r.last(), catalog.FlashbackDrop, []flashback.Name{{Schema: e.schema}}})
	r.emptyBin()
}

// moved tells whether a table of a schema of the past is now in another schema than those named.
func (r *run) moved(then *space, schemas []string) bool {
	for _, t := range then.tables {
		if schema, is := r.now().byID(t.id); is != nil && !slices.Contains(schemas, schema) {
			return true
		}
	}
	return false
}

func (r *run) truncate() {
	schema, s := r.some()
	if s == nil {
		return
	}
	w := r.now().copy()
	w[schema].tables[s.name].rows = map[int64]map[uint32]int64{}
	r.commit(func(t *txn.Txn) error { return flashback.Truncate(t, r.definition(s.id)) })
	r.became(w, "truncate %s.%s", schema, s.name)
	r.took = append(r.took, took{r.last(), catalog.FlashbackTruncate, []flashback.Name{{Schema: schema, Table: s.name}}})
}

func (r *run) cloneTable() {
	at, of := r.pick(), r.someName()
	as := flashback.Name{Schema: of.Schema, Table: r.tableName()}
	then := r.asOf(of, at)
	want := flashback.ErrorKind(0)
	if then == nil {
		want = flashback.NoTable
	} else if owner, exists := r.now()[as.Schema]; !exists {
		want = flashback.Missing
	} else if _, taken := owner.tables[as.Table]; taken {
		want = flashback.NameTaken
	}
	_, err := r.m.Clone(ctx, flashback.Clone{Of: of, As: as, At: at})
	if !r.expect(err, want, "clone %s of %s at %d", as, of, at) {
		return
	}
	w := r.now().copy()
	made, _ := r.d.Engine.Catalog().Table(as.Schema, as.Table)
	clone := then.named(as.Table)
	clone.id = made.ID
	w[as.Schema].tables[as.Table] = clone
	r.became(w, "clone %s of %s at %d", as, of, at)
	r.took = append(r.took, took{r.last(), catalog.FlashbackClone, []flashback.Name{as}})
}

// asOf is the table that had a name then, or that has it now.
func (r *run) asOf(name flashback.Name, at scn.SCN) *sheet {
	if s, ok := r.worlds[at][name.Schema]; ok && s.tables[name.Table] != nil {
		return s.tables[name.Table]
	}
	if s, ok := r.now()[name.Schema]; ok && s.tables[name.Table] != nil {
		_, t := r.worlds[at].byID(s.tables[name.Table].id)
		return t
	}
	return nil
}

func (r *run) cloneSchema() {
	at := r.pick()
	schemas := slices.Sorted(maps.Keys(r.worlds[at]))
	if len(schemas) == 0 {
		return
	}
	of, as := schemas[r.random.IntN(len(schemas))], r.schemaName()
	want := flashback.ErrorKind(0)
	if _, taken := r.now()[as]; taken {
		want = flashback.NameTaken
	}
	_, err := r.m.Clone(ctx, flashback.Clone{Of: flashback.Name{Schema: of}, As: flashback.Name{Schema: as}, At: at})
	if !r.expect(err, want, "clone schema %s of %s at %d", as, of, at) {
		return
	}
	w, then := r.now().copy(), r.worlds[at].copy()
	made, _ := r.d.Engine.Catalog().Schema(as)
	clone := &space{made.ID, then[of].tables}
	for name, t := range clone.tables {
		table, _ := r.d.Engine.Catalog().Table(as, name)
		t.id = table.ID
	}
	w[as] = clone
	r.became(w, "clone schema %s of %s at %d", as, of, at)
	r.took = append(r.took, took{r.last(), catalog.FlashbackClone, []flashback.Name{{Schema: as}}})
}

func (r *run) flashbackTable() { r.backTable(r.someName(), r.pick(), false) }

func (r *run) backTable(name flashback.Name, to scn.SCN, undo bool) {
	request := flashback.Request{Kind: catalog.FlashbackTable, Names: []flashback.Name{name}, To: to, Undo: undo}
	owner, exists := r.now()[name.Schema]
	var now, then *sheet
	if exists {
		now, then = owner.tables[name.Table], r.asOf(name, to)
	}
	want := flashback.ErrorKind(0)
	switch {
	case !exists:
		want = flashback.Missing
	case then == nil && undo && now != nil:
	case then == nil:
		want = flashback.NoTable
	default:
		if _, is := r.now().byID(then.id); is != nil && (now == nil || is.id != now.id) {
			want = flashback.Renamed
		}
	}
	_, err := r.m.Run(ctx, request)
	if !r.expect(err, want, "flashback table %s to %d", name, to) {
		return
	}
	w := r.now().copy()
	if then == nil {
		delete(w[name.Schema].tables, name.Table)
	} else {
		w[name.Schema].tables[name.Table] = then.named(name.Table)
	}
	r.became(w, "flashback table %s to %d", name, to)
	r.took = append(r.took, took{r.last(), catalog.FlashbackTable, []flashback.Name{name}})
	if then == nil {
		r.bin = append(r.bin, dropped{now.id, r.last(), name.Schema, name.Table})
	}
	r.emptyBin()
}

func (r *run) flashbackSchema() {
	if schemas := slices.Sorted(maps.Keys(r.worlds[r.pick()])); len(schemas) > 0 {
		r.backSchema(schemas[r.random.IntN(len(schemas))], r.pick(), false)
	}
}

func (r *run) backSchema(name string, to scn.SCN, undo bool) {
	then, found := r.worlds[to][name]
	now, exists := r.now()[name]
	want := flashback.ErrorKind(0)
	switch {
	case !found && (!undo || !exists):
		want = flashback.NoSchema
	case found:
		if is, ok := r.now().schemaByID(then.id); ok && (!exists || is != name) || r.moved(then, []string{name}) {
			want = flashback.Renamed
		}
	}
	_, err := r.m.Run(ctx, flashback.Request{Kind: catalog.FlashbackSchema, Names: []flashback.Name{{Schema: name}}, To: to, Undo: undo})
	if !r.expect(err, want, "flashback schema %s to %d", name, to) {
		return
	}
	w := r.now().copy()
	delete(w, name)
	if found {
		w[name] = r.worlds[to].copy()[name]
	}
	r.became(w, "flashback schema %s to %d", name, to)
	r.took = append(r.took, took{r.last(), catalog.FlashbackSchema, []flashback.Name{{Schema: name}}})
	if undo && exists {
		for _, t := range now.tables {
			if found && then.tables[t.name] != nil && then.tables[t.name].id == t.id {
				continue
			}
			if _, kept := r.now().byID(t.id); kept == nil {
				r.bin = append(r.bin, dropped{t.id, r.last(), name, t.name})
			}
		}
	}
	r.emptyBin()
}

func (r *run) flashbackDatabase() { r.backDatabase(r.pick(), false) }

func (r *run) backDatabase(to scn.SCN, undo bool) {
	_, err := r.m.Run(ctx, flashback.Request{Kind: catalog.FlashbackDatabase, To: to, Undo: undo})
	r.expect(err, 0, "flashback database to %d", to)
	was := r.now()
	r.became(r.worlds[to].copy(), "flashback database to %d", to)
	r.took = append(r.took, took{r.last(), catalog.FlashbackDatabase, nil})
	if undo {
		for schema, s := range was {
			for _, t := range s.tables {
				if _, kept := r.now().byID(t.id); kept == nil {
					r.bin = append(r.bin, dropped{t.id, r.last(), schema, t.name})
				}
			}
		}
	}
	r.emptyBin()
}

// undo takes back the last flashback of something.
func (r *run) undo() {
	if len(r.took) == 0 {
		return
	}
	of := r.took[len(r.took)-1-r.random.IntN(min(6, len(r.took)))]
	request := flashback.Request{Kind: catalog.FlashbackDatabase, Names: of.names}
	if len(of.names) > 0 {
		if request.Kind = catalog.FlashbackSchema; of.names[0].Table != "" {
			request.Kind = catalog.FlashbackTable
		}
	}
	var last took
	for _, f := range r.took {
		if slices.Equal(f.names, of.names) {
			last = f
		}
	}
	if last.at-1 < r.low {
		return // its history has gone
	}
	found, err := r.m.Undoing(request)
	if err != nil || found.To != last.at-1 {
		r.failf("undo of %v goes to %d, want %d; %v", of.names, found.To, last.at-1, err)
	}
	switch request.Kind {
	case catalog.FlashbackDatabase:
		r.backDatabase(last.at-1, true)
	case catalog.FlashbackSchema:
		r.backSchema(of.names[0].Schema, last.at-1, true)
	default:
		r.backTable(of.names[0], last.at-1, true)
	}
}

// redefine changes the definition of a table.
func (r *run) redefine(what string, edit func(t *txn.Txn, def *catalog.Table, s *sheet) error) {
	schema, s := r.some()
	if s == nil {
		return
	}
	w := r.now().copy()
	next := w[schema].tables[s.name]
	t := r.d.Engine.Begin(txn.Options{})
	t.StartStatement(1, "ALTER …")
	def := r.definition(s.id).Clone()
	if err := edit(t, def, next); errors.Is(err, errNothing) {
		t.Rollback()
		return
	} else if err != nil {
		r.failf("%s: %v", what, err)
	}
	if err := t.PutTable(def); err != nil {
		r.failf("%s: %v", what, err)
	}
	if _, err := t.Commit(ctx); err != nil {
		r.failf("%s: %v", what, err)
	}
	if def.Name != s.name {
		delete(w[schema].tables, s.name)
		w[schema].tables[def.Name] = next
	}
	r.became(w, "%s of %s.%s", what, schema, s.name)
}

var errNothing = errors.New("there is nothing to do")

func (r *run) addColumn() {
	r.redefine("add column", func(_ *txn.Txn, def *catalog.Table, s *sheet) error {
		r.names++
		c := catalog.Column{ID: def.NextColumnID, Name: fmt.Sprint("c", r.names), Kind: redo.Int, Nullable: true}
		if r.random.IntN(2) == 0 {
			c.HasAdded, c.Added = true, redo.IntValue(7)
			for _, row := range s.rows {
				row[c.ID] = 7
			}
		}
		def.NextColumnID++
		def.Columns = append(def.Columns, c)
		s.columns[c.ID] = c.Name
		return nil
	})
}

func (r *run) dropColumn() {
	r.redefine("drop column", func(_ *txn.Txn, def *catalog.Table, s *sheet) error {
		i := 1 + r.random.IntN(len(def.Columns))
		if i >= len(def.Columns) {
			return errNothing
		}
		id := def.Columns[i].ID
		if slices.ContainsFunc(def.Indexes, func(x catalog.Index) bool { return x.Columns[0].Column == id }) {
			return errNothing
		}
		def.Columns = slices.Delete(def.Columns, i, i+1)
		delete(s.columns, id)
		for _, row := range s.rows {
			delete(row, id)
		}
		return nil
	})
}

func (r *run) renameTable() {
	r.redefine("rename", func(t *txn.Txn, def *catalog.Table, s *sheet) error {
		name := r.tableName()
		for _, other := range t.Catalog().AllTables() {
			if other.Schema == def.Schema && other.Name == name {
				return errNothing
			}
		}
		def.Name, s.name = name, name
		return nil
	})
}

func (r *run) dropIndex() {
	r.redefine("drop index", func(_ *txn.Txn, def *catalog.Table, s *sheet) error {
		if len(def.Indexes) == 0 {
			return errNothing
		}
		i := r.random.IntN(len(def.Indexes))
		delete(s.indexes, def.Indexes[i].Name)
		def.Indexes = slices.Delete(def.Indexes, i, i+1)
		return nil
	})
}

// createIndex brings an index in two commits, with a restart in between at times.
func (r *run) createIndex() {
	schema, s := r.some()
	if s == nil || len(s.indexes) > 3 || len(s.columns) == 0 {
		return
	}
	columns := slices.Sorted(maps.Keys(s.columns))
	column := columns[r.random.IntN(len(columns))]
	r.names++
	name := fmt.Sprint("k", r.names)
	var id scn.Space
	put := func(state catalog.IndexState) {
		r.commit(func(t *txn.Txn) (err error) {
			def := r.definition(s.id).Clone()
			if state == catalog.StateBuilding {
				id, err = t.NewSpace()
				def.Indexes = append(def.Indexes, catalog.Index{ID: id, Name: name, Columns: []catalog.IndexColumn{{Column: column}}, State: state})
			} else {
				def.Indexes[len(def.Indexes)-1].State = state
			}
			return errors.Join(err, t.PutTable(def))
		})
	}
	put(catalog.StateBuilding)
	r.became(r.now(), "begin of index %s on %s.%s", name, schema, s.name)
	if r.random.IntN(3) == 0 {
		r.restart()
	}
	if err := r.d.Engine.BuildIndex(ctx, id); err != nil {
		r.failf("build index: %v", err)
	}
	put(catalog.StatePublic)
	w := r.now().copy()
	w[schema].tables[s.name].indexes[name] = column
	r.became(w, "end of index %s on %s.%s", name, schema, s.name)
}

func (r *run) purge() {
	if len(r.bin) == 0 {
		return
	}
	i := r.random.IntN(len(r.bin))
	id := r.bin[i].id
	n, err := r.m.Purge(ctx, flashback.Author{}, func(e *catalog.Recycled) bool { return e.ID == id })
	if err != nil || n != 1 {
		r.failf("purge of %d: %d, %v", id, n, err)
	}
	r.bin = slices.Delete(r.bin, i, i+1)
	r.became(r.now(), "purge of %d", id)
}

func (r *run) restart() {
	r.d.Restart(r.T)
	r.attach()
	r.history = append(r.history, "restart")
}

// collect drops the history before a random point, and what it cannot be asked for any more.
func (r *run) collect() {
	at := r.pick()
	r.commit(func(t *txn.Txn) error {
		return errors.Join(t.PutRetention(catalog.Retention{Kind: catalog.RetainAge}),
			t.PutRestorePoint(catalog.RestorePoint{Name: "held", SCN: at, Guarantee: true}))
	})
	if _, err := r.d.Engine.MoveFloors(ctx); err != nil {
		r.failf("move floors: %v", err)
	}
	done, err := r.d.Engine.Collect(ctx, engine.Pace{})
	if err != nil {
		r.failf("collect: %v", err)
	}
	r.commit(func(t *txn.Txn) error {
		return errors.Join(t.PutRetention(catalog.Retention{Kind: catalog.RetainAll}), t.DropRestorePoint("held"))
	})
	if r.low = r.d.Engine.Floor(0).SCN; r.low > at {
		r.failf("the floor is at SCN %d, above the hold at %d", r.low, at)
	}
	for _, t := range r.d.Engine.Catalog().AllTables() {
		r.low = max(r.low, r.d.Engine.Floor(t.ID).SCN)
	}
	r.became(r.now(), "collect up to %d: %d versions, %d spaces", at, done.Versions, done.Spaces)
	r.dropped += done.Versions
}

func (r *run) fold() {
	if _, err := r.d.Engine.Fold(ctx, engine.Pace{}); err != nil {
		r.failf("fold: %v", err)
	}
	r.history = append(r.history, "fold")
}
