package flashback

import (
	"context"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// Effect is what a flashback would do to one thing.
type Effect struct {
	Object string
	Action string // e.g. "rows go back"
	// Now and Then are how many rows it has and had.
	Now, Then uint64
	// Returning rows come back, Changing ones get other values, Leaving ones go.
	Returning, Changing, Leaving uint64
	Transactions                 uint64   // that touched it since
	Definition                   []string // what becomes of its definition
	Conflicts                    []string // rows that would have no parent; the flashback would be refused
}

// Preview tells what a flashback would do: first all of it, then each thing apart. It reads everything that changed since,
// and changes nothing.
func (m *Manager) Preview(ctx context.Context, r Request) ([]Effect, error) {
	t := m.begin(r.By)
	defer t.Rollback()
	p, err := m.plan(t, r)
	if err != nil {
		return nil, err
	}
	if err := p.write(t); err != nil {
		return nil, err
	}
	total := Effect{Object: p.object(), Action: p.operation()}
	if total.Conflicts, err = m.violations(t, p); err != nil {
		return nil, err
	}
	commits := map[scn.SCN]bool{}
	effects := p.objectEffects()
	for _, c := range p.tables {
		if !c.changes() {
			continue
		}
		e, err := m.tableEffect(ctx, t, p, c, commits)
		if err != nil {
			return nil, err
		}
		effects = append(effects, e)
		total.Now, total.Then = total.Now+e.Now, total.Then+e.Then
		total.Returning, total.Changing, total.Leaving = total.Returning+e.Returning, total.Changing+e.Changing, total.Leaving+e.Leaving
	}
	total.Transactions = uint64(len(commits))
	if p.request.Kind == catalog.FlashbackDatabase {
		total.Transactions = uint64(t.Snapshot() - p.to)
	}
	return append([]Effect{total}, effects...), nil
}

// objectEffects tells of schemas, views, triggers, procedures and events.
func (p *plan) objectEffects() (out []Effect) {
	for _, s := range p.dropSchemas {
		out = append(out, Effect{Object: "schema " + s.Name, Action: "goes"})
	}
	for _, s := range p.putSchemas {
		action := "comes back"
		if _, exists := p.before.SchemaByID(s.ID); exists {
			action = "definition goes back"
		}
		out = append(out, Effect{Object: "schema " + s.Name, Action: action})
	}
	for _, o := range p.dropObjects {
		out = append(out, Effect{Object: string(o.Kind) + " " + o.Name, Action: "goes"})
	}
	for _, o := range p.putObjects {
		out = append(out, Effect{Object: string(o.Kind) + " " + o.Name, Action: "goes back"})
	}
	if len(p.control) > 0 {
		out = append(out, Effect{Object: "control values", Action: "go back", Changing: uint64(len(p.control))})
	}
	return out
}

// tableEffect counts what happens to a table, and adds the commits that touched it to commits.
func (m *Manager) tableEffect(ctx context.Context, t *txn.Txn, p *plan, c *tableChange, commits map[scn.SCN]bool) (Effect, error) {
	e := Effect{Object: "table " + c.name.String(), Action: "rows go back"}
	switch {
	case c.result == nil:
		e.Action = "goes"
	case c.now == nil:
		e.Action = "comes back"
	case c.now.ID != c.result.ID:
		e.Action = "is replaced by the table that had its name"
	case !c.rewind:
		e.Action = "definition goes back"
	}
	if c.now != nil && c.result != nil {
		e.Definition = definitionChanges(c.now, c.result)
	}
	var err error
	if c.now != nil {
		e.Now = m.engine.Rows(c.now.ID)
	}
	if c.result == nil {
		e.Leaving = e.Now
		return e, nil
	}
	then, err := m.engine.TableStateAt(c.then.ID, p.to)
	if err != nil {
		return e, err
	}
	e.Then = then.Rows
	own := map[scn.SCN]bool{}
	if _, err := m.engine.ChangesOf(c.then.ID, p.to+1, t.Snapshot(), func(s scn.SCN) bool {
		own[s], commits[s] = true, true
		return ctx.Err() == nil
	}); err != nil {
		return e, err
	}
	e.Transactions = uint64(len(own))
	switch {
	case c.now == nil || c.now.ID != c.then.ID:
		e.Returning, e.Leaving = e.Then, e.Now
	case c.rewind:
		return e, m.countRows(ctx, t, p, c, &e)
	}
	return e, ctx.Err()
}

// countRows compares a table now with what it was.
func (m *Manager) countRows(ctx context.Context, t *txn.Txn, p *plan, c *tableChange, e *Effect) error {
	d, err := m.engine.Diff(p.before.Lineage(c.now.ID, t.Snapshot()), p.then.Lineage(c.then.ID, p.to), txn.Range{})
	if err != nil {
		return err
	}
	defer d.Close()
	for d.Next() && ctx.Err() == nil {
		switch now, then := d.Exists(); {
		case !now:
			e.Returning++
		case !then:
			e.Leaving++
		default:
			e.Changing++
		}
	}
	if err := d.Err(); err != nil {
		return err
	}
	return ctx.Err()
}

// definitionChanges tells in words what becomes of a definition.
func definitionChanges(now, then *catalog.Table) (out []string) {
	if now.Name != then.Name {
		out = append(out, "is called "+then.Name)
	}
	for i := range now.Columns {
		if _, ok := then.ColumnByID(now.Columns[i].ID); !ok {
			out = append(out, "column "+now.Columns[i].Name+" goes")
		}
	}
	for i := range then.Columns {
		column := &then.Columns[i]
		is, ok := now.ColumnByID(column.ID)
		switch {
		case !ok:
			out = append(out, "column "+column.Name+" comes back")
		case is.Name != column.Name:
			out = append(out, "column "+is.Name+" is called "+column.Name)
		case is.Type != column.Type || is.Nullable != column.Nullable || is.Default != column.Default:
			out = append(out, "column "+column.Name+" is "+column.Type+" again")
		}
	}
	for i := range now.Indexes {
		if _, ok := then.IndexByID(now.Indexes[i].ID); !ok {
			out = append(out, "index "+now.Indexes[i].Name+" goes")
		}
	}
	for i := range then.Indexes {
		if _, ok := now.IndexByID(then.Indexes[i].ID); !ok {
			out = append(out, "index "+then.Indexes[i].Name+" comes back")
		}
	}
	out = append(out, constraintChanges("foreign key", foreignKeyNames(now), foreignKeyNames(then))...)
	return append(out, constraintChanges("check", checkNames(now), checkNames(then))...)
}

func constraintChanges(kind string, now, then map[string]bool) (out []string) {
	for name := range now {
		if !then[name] {
			out = append(out, kind+" "+name+" goes")
		}
	}
	for name := range then {
		if !now[name] {
			out = append(out, kind+" "+name+" comes back")
		}
	}
	return out
}

func foreignKeyNames(t *catalog.Table) map[string]bool {
	names := map[string]bool{}
	for i := range t.ForeignKeys {
		names[t.ForeignKeys[i].Name] = true
	}
	return names
}

func checkNames(t *catalog.Table) map[string]bool {
	names := map[string]bool{}
	for i := range t.Checks {
		names[t.Checks[i].Name] = true
	}
	return names
}
