package backout

import (
	"context"
	"errors"
	"fmt"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/flashback/redolog"
)

// Options say what a Manager needs of its surroundings. All are needed.
type Options struct {
	Engine *engine.Engine
	Log    redolog.Log
}

// Manager takes transactions back.
type Manager struct{ options Options }

// New makes a Manager.
func New(o Options) *Manager { return &Manager{o} }

// attemptsMax bounds how often a statement begins again because others changed the same rows meanwhile.
const attemptsMax = 20

// Run takes transactions back.
func (m *Manager) Run(ctx context.Context, r Request, rules Rules) (Result, error) {
	for attempt := 1; ; attempt++ {
		result, err := m.run(ctx, &r, rules)
		if err == nil || !errors.Is(err, txn.ErrConflict) || attempt == attemptsMax || ctx.Err() != nil {
			return result, err
		}
	}
}

// run is one attempt. While it waits for locks others may commit: then it begins again, and keeps the locks it has.
func (m *Manager) run(ctx context.Context, r *Request, rules Rules) (Result, error) {
	t := m.begin(r)
	defer t.Rollback()
	for {
		result, w, err := m.plan(ctx, r, t, rules, false)
		if t.Stale() || errors.Is(err, txn.ErrStale) {
			if err := t.Restart(); err != nil {
				return Result{}, err
			}
			continue
		}
		if err != nil {
			return Result{}, err
		}
		return m.commit(ctx, t, w, result)
	}
}

func (m *Manager) begin(r *Request) *txn.Txn {
	o := r.Options
	o.Isolation = txn.ReadCommitted // a statement that waited looks again at what there is
	t := m.options.Engine.Begin(o)
	t.SetLockWait(r.LockWait)
	t.StartStatement(r.Digest, "")
	return t
}

// plan finds what is to be done and does it in t, which is not committed.
func (m *Manager) plan(ctx context.Context, r *Request, t *txn.Txn, rules Rules, preview bool) (Result, *writer, error) {
	g := newGraph(m, r, t)
	if err := g.find(ctx); err != nil {
		return Result{}, nil, err
	}
	if err := g.allowed(); err != nil {
		return Result{}, nil, err
	}
	if err := g.refuse(preview); err != nil {
		return Result{}, nil, err
	}
	targets, err := g.targets()
	if err != nil {
		return Result{}, nil, err
	}
	if err := refuseConflicts(r.Mode, targets, preview); err != nil {
		return Result{}, nil, err
	}
	w := &writer{g: g, ctx: ctx, rules: rules, preview: preview, targets: targets, locked: map[*catalog.Table]bool{}}
	before := conflicts(targets)
	if err := w.write(); err != nil {
		return Result{}, nil, err
	}
	if err := refuseBroken(r.Mode, targets, before, preview); err != nil {
		return Result{}, nil, err
	}
	return g.result(targets), w, nil
}

// commit ends a statement: with nothing, if nothing changes.
func (m *Manager) commit(ctx context.Context, t *txn.Txn, w *writer, result Result) (Result, error) {
	if !t.Dirty() {
		return result, nil
	}
	for table, highest := range w.highest {
		if err := m.options.Engine.BumpAutoIncrement(ctx, table.ID, highest); err != nil {
			return Result{}, fmt.Errorf("numbering of table %s: %w", table.Name, err)
		}
	}
	at, err := t.Commit(ctx)
	if err != nil {
		return Result{}, err
	}
	result.XID, result.SCN = t.XID(), at
	return result, nil
}

// Preview tells what Run would do now: what would refuse it shows as conflicts of rows, and as dependents.
func (m *Manager) Preview(ctx context.Context, r Request, rules Rules) (Result, error) {
	t := m.begin(&r)
	defer t.Rollback()
	result, _, err := m.plan(ctx, &r, t, rules, true)
	return result, err
}

// allowed asks for the privileges on the tables of all members.
func (g *graph) allowed() error {
	if g.request.May == nil {
		return nil
	}
	for _, m := range g.members {
		asked := map[string]bool{}
		for _, c := range m.changes {
			table, ok := g.dictionary.TableByID(c.Table)
			if !ok {
				continue
			}
			schema, _ := g.dictionary.SchemaByID(table.Schema)
			name := nameOf(schema, table)
			if asked[name] {
				continue
			}
			asked[name] = true
			if err := g.request.May(schema.Name, table.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuse refuses what cannot be taken back, or not in this mode.
func (g *graph) refuse(preview bool) error {
	if preview {
		return nil
	}
	switch g.request.Mode {
	case NoCascade:
		if len(g.dependents) > 0 {
			return &Error{Kind: Dependents, XID: g.members[0].XID, SCN: g.members[0].SCN, Dependents: g.dependents}
		}
	case Cascade:
		for i := range g.dependents {
			if d := &g.dependents[i]; d.Defines {
				return &Error{Kind: Definitions, XID: d.XID, SCN: d.SCN, Dependents: []Dependent{*d}}
			}
		}
	}
	return nil
}

func conflicts(targets []*target) (n int) {
	for _, t := range targets {
		if t.Conflict != "" {
			n++
		}
	}
	return n
}

// refuseConflicts refuses rows that do not hold what was written, unless they may be left. With force only rows that are gone
// are left: there is nothing to write over.
func refuseConflicts(mode Mode, targets []*target, preview bool) error {
	if preview || mode == NonconflictOnly {
		return nil
	}
	return refuseRows(Conflict, targets, func(t *target) bool {
		return t.Conflict != "" && (mode != NoCascadeForce || t.Before != nil)
	})
}

// refuseBroken refuses rows that turned out to break a constraint.
func refuseBroken(mode Mode, targets []*target, before int, preview bool) error {
	if preview || mode == NonconflictOnly || conflicts(targets) == before {
		return nil
	}
	return refuseRows(Constraint, targets, func(t *target) bool { return t.Conflict != "" })
}

func refuseRows(kind ErrorKind, targets []*target, refused func(*target) bool) error {
	e := &Error{Kind: kind}
	for _, t := range targets {
		if !refused(t) {
			continue
		}
		if len(e.Details) == namedMax {
			e.More++
			continue
		}
		e.XID = t.XIDs[0]
		e.Details = append(e.Details, fmt.Sprintf("%s %s: %s", nameIn(t.Schema, t.Table), keyText(t.Table, t.Identity, t.Key), t.Conflict))
	}
	if len(e.Details) == 0 {
		return nil
	}
	return e
}

// result counts what became of the members' changes.
func (g *graph) result(targets []*target) Result {
	r := Result{Dependents: g.dependents}
	for _, t := range targets {
		r.Outcomes = append(r.Outcomes, t.Outcome)
		for _, mc := range t.changes {
			if t.Conflict == "" {
				mc.member.Restored++
			} else {
				mc.member.Left++
			}
		}
	}
	for _, m := range g.members {
		r.Members = append(r.Members, m.Member)
	}
	return r
}
