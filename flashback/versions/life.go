package versions

import (
	"errors"
	"fmt"
	"slices"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// Range is the SCNs that are asked for: changes from From to To, both included. From is at least 1.
type Range struct {
	From, To scn.SCN
	// Before counts what was visible at From - 1 in, even if the commit at From ended it: the range begins between the two,
	// at a time.
	Before bool
}

// base is the SCN of the state that the range begins with.
func (r Range) base() scn.SCN { return r.From - 1 }

// Generation is a table id, and from when to when the name meant it.
type Generation struct {
	Table       scn.Space
	First, Last scn.SCN // both included, within the range and the SCN before it
	// altered says that the next generation was made of this one by a change of its definition: columns are known by ids.
	altered bool
	// byID says so of all generations up to the last.
	byID bool
	// definitions are those of First and all later ones up to Last, oldest first.
	definitions []engine.Definition
}

// at is the definition as of an SCN of the generation.
func (g *Generation) at(s scn.SCN) *catalog.Table {
	def := g.definitions[0].Table
	for _, d := range g.definitions[1:] {
		if d.At > s {
			break
		}
		def = d.Table
	}
	return def
}

// Definitions lists what the table was defined as in the generation, oldest first.
func (g *Generation) Definitions() (all []*catalog.Table) {
	for _, d := range g.definitions {
		all = append(all, d.Table)
	}
	return all
}

// Life is which table a name meant through a range.
type Life struct {
	Range       Range
	Generations []Generation // oldest first; they do not overlap
	// Table is the newest definition: the columns in which rows are shown.
	Table *catalog.Table
}

// Follow finds the life of a name: the table that has it at the end of the range, or the last that had it in the range.
// Backwards, a table is followed by its id, whatever it was called; where an id begins, the table goes on that had its name
// just before or last before. found is false if no table had the name in the range.
func Follow(e *engine.Engine, schema, name string, r Range) (life *Life, found bool, err error) {
	f := follower{engine: e, life: Life{Range: r}}
	end, err := e.CatalogAt(r.To)
	if err != nil {
		return nil, false, err
	}
	step := next{at: r.To}
	if def, ok := end.Table(schema, name); ok {
		step.table = def.ID
	} else if step, err = f.lastNamed(schema, name, r.To); err != nil || step.table == 0 {
		return nil, false, err
	}
	for step.table != 0 {
		if step, err = f.generation(step); err != nil {
			return nil, false, err
		}
	}
	slices.Reverse(f.life.Generations)
	byID := true
	for i := len(f.life.Generations) - 1; i >= 0; i-- {
		g := &f.life.Generations[i]
		byID = byID && (i == len(f.life.Generations)-1 || g.altered || g.Table == f.life.Generations[i+1].Table)
		g.byID = byID
	}
	return &f.life, true, nil
}

// Floor is the lowest SCN with whose state the range could begin, if that is above the one with which it does; else 0.
func (l *Life) Floor(e *engine.Engine) (floor scn.SCN) {
	for i := range l.Generations {
		g := &l.Generations[i]
		if f := e.Floor(g.Table).SCN; f > max(g.First, l.Range.base()) {
			floor = max(floor, f)
		}
	}
	return floor
}

// kept returns an error if the history that the range needs is no longer kept. What is read from must have been opened.
func (l *Life) kept(e *engine.Engine) error {
	for i := range l.Generations {
		g := &l.Generations[i]
		err := e.CheckFloor(g.Table, max(g.First, l.Range.base()))
		var floor *txn.FloorError
		if errors.As(err, &floor) {
			floor.Table = g.at(g.Last).Name
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// follower goes from the end of a range to its beginning.
type follower struct {
	engine *engine.Engine
	life   Life
}

// next is the generation to go on with: the table that the name meant at an SCN; table is 0 if there is none.
type next struct {
	table   scn.Space
	at      scn.SCN
	altered bool // into the generation after it
}

// generation adds the generation of a table up to an SCN, and tells what was before.
func (f *follower) generation(n next) (before next, err error) {
	all, err := f.engine.Definitions(n.table, n.at)
	if err != nil {
		return next{}, err
	}
	born := len(all) - 1
	for born > 0 && all[born-1].Table != nil {
		born--
	}
	if born < 0 || all[born].Table == nil {
		return next{}, fmt.Errorf("the definition of table %d at SCN %d is not in the dictionary's history", n.table, n.at)
	}
	base := f.life.Range.base()
	g := Generation{Table: n.table, First: max(all[born].At, base), Last: n.at, altered: n.altered}
	for i := born; i < len(all); i++ {
		if i+1 == len(all) || all[i+1].At > g.First {
			g.definitions = append(g.definitions, all[i])
		}
	}
	if err := f.share(&g); err != nil {
		return next{}, err
	}
	f.life.Generations = append(f.life.Generations, g)
	if all[born].At <= base {
		return next{}, nil
	}
	return f.before(all[:born], all[born])
}

// share takes the newest definition of a generation from the catalog of its time: others know it by its address.
func (f *follower) share(g *Generation) error {
	snapshot, err := f.engine.CatalogAt(g.Last)
	if err != nil {
		return err
	}
	def, ok := snapshot.TableByID(g.Table)
	if !ok {
		return fmt.Errorf("table %d is not in the dictionary at SCN %d", g.Table, g.Last)
	}
	g.definitions[len(g.definitions)-1].Table = def
	if f.life.Table == nil {
		f.life.Table = def
	}
	return nil
}

// before finds what the name of a table meant before the table was there. older is its history up to then.
func (f *follower) before(older []engine.Definition, born engine.Definition) (next, error) {
	at := born.At - 1
	now, err := f.engine.CatalogAt(born.At)
	if err != nil {
		return next{}, err
	}
	schema, ok := now.SchemaByID(born.Table.Schema)
	if !ok {
		return next{}, fmt.Errorf("schema %d of table %s is not in the dictionary", born.Table.Schema, born.Table.Name)
	}
	then, err := f.engine.CatalogAt(at)
	if err != nil {
		return next{}, err
	}
	if def, ok := then.Table(schema.Name, born.Table.Name); ok {
		_, stays := now.TableByID(def.ID)
		return next{table: def.ID, at: at, altered: !stays && len(older) == 0}, nil
	}
	last, err := f.lastNamed(schema.Name, born.Table.Name, at)
	if err != nil {
		return next{}, err
	}
	if len(older) > 0 { // it was dropped and has come back
		if gone := older[len(older)-1].At; gone > f.life.Range.base() && gone-1 > last.at {
			last = next{table: born.Table.ID, at: gone - 1}
		}
	}
	return last, nil
}

// lastNamed finds the last table that had a name up to an SCN, and not before the range.
func (f *follower) lastNamed(schema, name string, to scn.SCN) (next, error) {
	ended, err := f.engine.NamesEnded(name, to)
	if err != nil {
		return next{}, err
	}
	for _, e := range ended {
		if e.At < f.life.Range.From {
			break
		}
		then, err := f.engine.CatalogAt(e.At - 1)
		if err != nil {
			return next{}, err
		}
		if def, ok := then.Table(schema, name); ok && def.ID == e.Table {
			return next{table: e.Table, at: e.At - 1}, nil
		}
	}
	return next{}, nil
}
