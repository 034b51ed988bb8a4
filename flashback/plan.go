package flashback

import (
	"fmt"
	"slices"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// plan is what a request means.
type plan struct {
	request      Request
	to           scn.SCN
	before, then *catalog.Snapshot

	tables      []*tableChange
	putSchemas  []*catalog.Schema
	dropSchemas []*catalog.Schema
	putObjects  []*catalog.Object
	dropObjects []*catalog.Object
	control     []controlChange
	recycled    []catalog.Recycled // entries that leave the recycle bin
	// whole says that everything in some schemas goes back: then no definition may change meanwhile, and no table that is
	// not rewound because it has not changed.
	whole  bool
	linked []scn.Space // tables that stay, and on whose content it relies
	notes  []string
}

// tableChange is what happens to one table.
type tableChange struct {
	name      catalog.Scope  // for messages
	now, then *catalog.Table // nil: it is not, or was not, there
	result    *catalog.Table // nil: it goes
	rewind    bool           // its rows go back
}

// changes tells whether the table is not simply left as it is.
func (c *tableChange) changes() bool { return c.rewind || c.now != c.result }

// plan works out what a request means for the present dictionary.
func (m *Manager) plan(t *txn.Txn, r Request) (*plan, error) {
	p := &plan{request: r, to: r.To, before: t.Catalog()}
	if r.Kind == catalog.FlashbackDrop {
		if err := m.fromBin(t, p); err != nil {
			return nil, err
		}
	}
	var err error
	if p.then, err = m.engine.CatalogAt(p.to); err != nil {
		return nil, err
	}
	switch {
	case r.Kind == catalog.FlashbackDatabase:
		err = m.planSchemas(p, p.before.Schemas(), p.then.Schemas())
		if err == nil && r.Control {
			err = m.planControl(t, p)
		}
	case r.Names[0].Table == "":
		err = m.planSchema(p, r.Names[0].Schema)
	default:
		err = m.planTables(p)
	}
	return p, err
}

// planTables plans the tables that the request names, and those that depend on them if it says so.
func (m *Manager) planTables(p *plan) error {
	for _, name := range p.request.Names {
		if err := m.planTable(p, name); err != nil {
			return err
		}
	}
	if p.request.Check == IncludeDependents {
		return m.planDependents(p)
	}
	return nil
}

// planTable finds what a table was: the one of this name then, or else the one that has it now under the name it had.
func (m *Manager) planTable(p *plan, name Name) error {
	missing := &Error{Object: name.String(), At: p.to}
	owner, ok := p.before.Schema(name.Schema)
	if !ok {
		missing.Kind = Missing
		return missing
	}
	now, _ := p.before.Table(name.Schema, name.Table)
	then, found := p.then.Table(name.Schema, name.Table)
	switch {
	case p.request.Kind == catalog.FlashbackDrop:
		now = nil // what has its name now stays
		then, found = p.then.TableByID(p.recycled[0].ID)
	case !found && now != nil:
		then, found = p.then.TableByID(now.ID)
	}
	change := &tableChange{name: catalog.Scope{Schema: owner.Name, Table: name.Table}, now: now, then: then, rewind: true}
	if !found {
		if missing.Kind = NoTable; !p.request.Undo || now == nil {
			return missing
		}
		change.then, change.rewind = nil, false
		p.tables = append(p.tables, change)
		return nil
	}
	if other, exists := p.before.TableByID(then.ID); exists && (now == nil || other.ID != now.ID) {
		missing.Kind, missing.Other = Renamed, p.nameOf(other)
		return missing
	}
	as := name.Table
	if now != nil {
		as = now.Name
	}
	if p.request.Rename != "" {
		as = p.request.Rename
		change.name.Table = as
	}
	if p.request.Kind == catalog.FlashbackDrop && p.taken(owner.Name, as) {
		return &Error{Kind: NameTaken, Object: name.String(), Other: change.name.String()}
	}
	change.result = restored(then)
	change.result.Name, change.result.Schema = as, owner.ID
	if now != nil && now.ID == then.ID {
		change.result.NextColumnID = max(now.NextColumnID, then.NextColumnID) // ids of columns are never used again
	}
	if same(now, change.result) {
		change.result = now
	}
	change.name.ID = change.result.ID
	if p.request.Kind == catalog.FlashbackDrop {
		last, err := m.engine.LastChange(then.ID)
		if err != nil {
			return err
		}
		change.rewind = last > p.to // nobody can have written to it since
	}
	p.tables = append(p.tables, change)
	return m.planTriggers(p, change)
}

// taken tells whether a table or a view has a name.
func (p *plan) taken(schema, name string) bool {
	_, table := p.before.Table(schema, name)
	_, view := p.before.Object(catalog.View, schema, name)
	return table || view
}

func (p *plan) nameOf(t *catalog.Table) string {
	if owner, ok := p.before.SchemaByID(t.Schema); ok {
		return Name{owner.Name, t.Name}.String()
	}
	return t.Name
}

// restored gives a definition of the past as it can be again: an index that was not complete then cannot.
func restored(then *catalog.Table) *catalog.Table {
	t := then.Clone()
	t.Indexes = slices.DeleteFunc(t.Indexes, func(x catalog.Index) bool { return x.State != catalog.StatePublic })
	return t
}

// same tells whether two definitions are the same; now may be nil.
func same(now, then *catalog.Table) bool {
	if now == nil {
		return false
	}
	a, errA := catalog.TableRow(now)
	b, errB := catalog.TableRow(then)
	return errA == nil && errB == nil && equal(a, b)
}

// planTriggers plans the triggers of a table that keeps its name: their texts name it.
func (m *Manager) planTriggers(p *plan, c *tableChange) error {
	was, err := m.triggers(p.then, c.then)
	if err != nil {
		return err
	}
	if catalog.Fold(c.then.Name) != catalog.Fold(c.result.Name) {
		if len(was) > 0 {
			p.notes = append(p.notes, "the triggers that "+c.name.String()+" had do not come back, because they name it otherwise")
		}
		return nil
	}
	is := []*catalog.Object(nil)
	if c.now != nil {
		if is, err = m.triggers(p.before, c.now); err != nil {
			return err
		}
	}
	p.objects(is, was, c.result.Schema)
	return nil
}

// triggers lists the triggers of a table.
func (m *Manager) triggers(s *catalog.Snapshot, t *catalog.Table) (out []*catalog.Object, err error) {
	owner, ok := s.SchemaByID(t.Schema)
	if !ok {
		return nil, nil
	}
	for _, o := range s.Objects(catalog.Trigger, owner.Name) {
		table, err := m.options.TriggerTable(o.Definition)
		if err != nil {
			return nil, fmt.Errorf("trigger %s: %w", o.Name, err)
		}
		if strings.EqualFold(table, t.Name) {
			out = append(out, o)
		}
	}
	return out, nil
}

// objects plans that some objects of a schema become what they were.
func (p *plan) objects(is, was []*catalog.Object, schema scn.Space) {
	find := func(list []*catalog.Object, o *catalog.Object) *catalog.Object {
		for _, x := range list {
			if x.Kind == o.Kind && catalog.Fold(x.Name) == catalog.Fold(o.Name) {
				return x
			}
		}
		return nil
	}
	for _, o := range is {
		if find(was, o) == nil {
			p.dropObjects = append(p.dropObjects, o)
		}
	}
	for _, o := range was {
		if now := find(is, o); now == nil || now.Definition != o.Definition || now.Schema != schema {
			put := *o
			put.Schema = schema
			p.putObjects = append(p.putObjects, &put)
		}
	}
}

// planDependents adds every table that a foreign key links to one that is planned, then or now.
func (m *Manager) planDependents(p *plan) error {
	for i := 0; i < len(p.tables); i++ {
		of := p.tables[i]
		for _, name := range append(linked(p.before, of.now), linked(p.then, of.then)...) {
			known := slices.ContainsFunc(p.tables, func(c *tableChange) bool {
				return strings.EqualFold(c.name.Schema, name.Schema) && strings.EqualFold(c.name.Table, name.Table)
			})
			if known {
				continue
			}
			if err := m.planTable(p, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// linked lists the parents and the children of a table.
func linked(s *catalog.Snapshot, t *catalog.Table) (names []Name) {
	if t == nil {
		return nil
	}
	for _, fk := range t.ForeignKeys {
		names = append(names, Name{fk.ParentSchema, fk.ParentTable})
	}
	for _, child := range s.AllTables() {
		for _, fk := range child.ForeignKeys {
			if parent, ok := s.Table(fk.ParentSchema, fk.ParentTable); ok && parent.ID == t.ID {
				if owner, ok := s.SchemaByID(child.Schema); ok {
					names = append(names, Name{owner.Name, child.Name})
				}
			}
		}
	}
	return names
}

// lock asks for the tables that change.
func (p *plan) lock(t *txn.Txn, lock func(*txn.Txn, *catalog.Table) error) error {
	if lock == nil {
		return nil
	}
	for _, c := range p.tables {
		if c.now != nil && c.changes() {
			if err := lock(t, c.now); err != nil {
				return err
			}
		}
	}
	return nil
}

// write puts the plan into a transaction.
func (p *plan) write(t *txn.Txn) error {
	for _, o := range p.dropObjects {
		if err := t.DropObject(o.Kind, o.Schema, o.Name); err != nil {
			return err
		}
	}
	for _, c := range p.tables {
		if c.now != nil && (c.result == nil || c.result.ID != c.now.ID) {
			if c.result == nil && p.request.Undo {
				if err := Recycle(t, c.now); err != nil {
					return err
				}
			}
			if err := t.DropTable(c.now.ID); err != nil {
				return err
			}
		}
	}
	for _, s := range p.dropSchemas {
		if err := t.DropSchema(s.ID); err != nil {
			return err
		}
	}
	for _, s := range p.putSchemas {
		if err := t.PutSchema(s); err != nil {
			return err
		}
	}
	for _, c := range p.tables {
		if err := p.writeTable(t, c); err != nil {
			return err
		}
	}
	for _, o := range p.putObjects {
		if err := t.PutObject(o); err != nil {
			return err
		}
	}
	if p.whole {
		t.ClaimDictionary()
	}
	return p.writeControl(t)
}

func (p *plan) writeTable(t *txn.Txn, c *tableChange) error {
	if c.result == nil {
		return nil
	}
	if c.result != c.now {
		if err := t.PutTable(c.result); err != nil {
			return err
		}
	} else if c.rewind {
		t.ClaimDefinition(c.now.ID)
	}
	if !c.rewind {
		t.ClaimContent(c.result) // it is left alone because nobody has changed it
		return nil
	}
	return rewindTable(t, c.result, p.to, c.result)
}

// rewindTable gives a table and its indexes the rows that source had at an SCN; source has the same indexes, by position.
func rewindTable(t *txn.Txn, table *catalog.Table, to scn.SCN, source *catalog.Table) error {
	if err := t.PutRewind(table.ID, to, source.ID); err != nil {
		return err
	}
	for i := range table.Indexes {
		if err := t.PutRewind(table.Indexes[i].ID, to, source.Indexes[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// scope lists what went back, for the record.
func (p *plan) scope() (out []catalog.Scope) {
	if p.request.Kind == catalog.FlashbackDatabase {
		return nil
	}
	if p.request.Names[0].Table == "" {
		return []catalog.Scope{{Schema: p.schemaName()}}
	}
	for _, c := range p.tables {
		out = append(out, c.name)
	}
	return out
}

// object names what goes back, in SQL.
func (p *plan) object() string {
	scope := p.scope()
	if len(scope) == 0 {
		return "DATABASE"
	}
	names := make([]string, len(scope))
	for i, s := range scope {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}

// operation is the statement in a few words.
func (p *plan) operation() string {
	switch {
	case p.request.Kind != catalog.FlashbackDrop:
		return "FLASHBACK " + string(p.request.Kind)
	case p.request.Names[0].Table == "":
		return "FLASHBACK SCHEMA TO BEFORE DROP"
	}
	return "FLASHBACK TABLE TO BEFORE DROP"
}

// undo is the statement that takes the flashback back.
func (p *plan) undo(at scn.SCN) string {
	switch {
	case p.request.Kind == catalog.FlashbackDatabase:
		return "UNFLASHBACK DATABASE"
	case p.request.Names[0].Table == "":
		return "UNFLASHBACK SCHEMA " + p.object()
	case slices.ContainsFunc(p.tables, func(c *tableChange) bool { return c.now == nil }):
		return "UNFLASHBACK TABLE " + p.object()
	}
	return fmt.Sprintf("FLASHBACK TABLE %s TO SCN %d", p.object(), at-1)
}
