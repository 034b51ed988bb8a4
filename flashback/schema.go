package flashback

import (
	"slices"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/scn"
)

// planSchema plans one schema, by its name now and then.
func (m *Manager) planSchema(p *plan, name string) error {
	var now, then []*catalog.Schema
	if s, ok := p.before.Schema(name); ok && p.request.Kind != catalog.FlashbackDrop {
		now = append(now, s)
	}
	s, ok := p.then.Schema(name)
	switch {
	case !ok && (!p.request.Undo || len(now) == 0):
		return &Error{Kind: NoSchema, Object: name, At: p.to}
	case !ok:
		return m.planSchemas(p, now, nil)
	}
	back := *s
	if p.request.Rename != "" {
		back.Name = p.request.Rename
	}
	if other, taken := p.before.Schema(back.Name); taken && len(now) == 0 {
		return &Error{Kind: NameTaken, Object: name, Other: other.Name}
	}
	if is, exists := p.before.SchemaByID(s.ID); exists && (len(now) == 0 || now[0].ID != is.ID) {
		return &Error{Kind: Renamed, Object: name, At: p.to, Other: is.Name}
	}
	then = append(then, &back)
	return m.planSchemas(p, now, then)
}

// planSchemas plans that some schemas become what they were, with all that is in them.
func (m *Manager) planSchemas(p *plan, now, then []*catalog.Schema) error {
	p.whole = true
	for _, s := range now {
		if !slices.ContainsFunc(then, func(x *catalog.Schema) bool { return x.ID == s.ID }) {
			p.dropSchemas = append(p.dropSchemas, s)
		}
	}
	for _, s := range then {
		is, exists := p.before.SchemaByID(s.ID)
		if !exists || is.Name != s.Name || is.Collation != s.Collation {
			p.putSchemas = append(p.putSchemas, s)
		}
	}
	if err := m.planTablesOf(p, now, then); err != nil {
		return err
	}
	for _, s := range now {
		if p.drops(s) {
			p.objects(objectsOf(p.before, s.Name), nil, s.ID)
		}
	}
	for _, s := range then {
		is := []*catalog.Object(nil)
		if present, ok := p.before.SchemaByID(s.ID); ok {
			is = objectsOf(p.before, present.Name)
		}
		past, _ := p.then.SchemaByID(s.ID)
		p.objects(is, objectsOf(p.then, past.Name), s.ID)
	}
	return nil
}

func (p *plan) drops(s *catalog.Schema) bool {
	return slices.ContainsFunc(p.dropSchemas, func(x *catalog.Schema) bool { return x.ID == s.ID })
}

func objectsOf(s *catalog.Snapshot, schema string) (out []*catalog.Object) {
	for _, kind := range []catalog.ObjectKind{catalog.View, catalog.Trigger, catalog.Procedure, catalog.Event} {
		out = append(out, s.Objects(kind, schema)...)
	}
	return out
}

// planTablesOf plans every table of some schemas, as they are and as they were.
func (m *Manager) planTablesOf(p *plan, now, then []*catalog.Schema) error {
	planned := map[scn.Space]bool{}
	for _, s := range then {
		past, _ := p.then.SchemaByID(s.ID)
		for _, t := range p.then.Tables(past.Name) {
			planned[t.ID] = true
			c := &tableChange{name: catalog.Scope{Schema: s.Name, Table: t.Name, ID: t.ID}, then: t, result: restored(t)}
			if past.Name != s.Name {
				renameParents(c.result, past.Name, s.Name)
			}
			if is, ok := p.before.TableByID(t.ID); ok {
				if !slices.ContainsFunc(now, func(s *catalog.Schema) bool { return s.ID == is.Schema }) {
					return &Error{Kind: Renamed, Object: c.name.String(), At: p.to, Other: p.nameOf(is)}
				}
				c.now = is
				c.result.NextColumnID = max(is.NextColumnID, t.NextColumnID) // ids of columns are never used again
				if same(is, c.result) {
					c.result = is
				}
			}
			last, err := m.engine.LastChange(t.ID)
			if err != nil {
				return err
			}
			c.rewind = last > p.to
			p.tables = append(p.tables, c)
		}
	}
	for _, s := range now {
		for _, t := range p.before.Tables(s.Name) {
			if !planned[t.ID] {
				p.tables = append(p.tables, &tableChange{name: catalog.Scope{Schema: s.Name, Table: t.Name, ID: t.ID}, now: t})
			}
		}
	}
	return nil
}

// renameParents makes foreign keys within a schema follow its new name.
func renameParents(t *catalog.Table, from, to string) {
	for i := range t.ForeignKeys {
		if fk := &t.ForeignKeys[i]; strings.EqualFold(fk.ParentSchema, from) {
			fk.ParentSchema = to
		}
	}
}

// schemaName is the name that the only schema of the plan has in the end.
func (p *plan) schemaName() string {
	if p.request.Rename != "" {
		return p.request.Rename
	}
	for _, s := range p.putSchemas {
		return s.Name
	}
	if s, ok := p.before.Schema(p.request.Names[0].Schema); ok {
		return s.Name
	}
	return p.request.Names[0].Schema
}
