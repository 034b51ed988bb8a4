package backout

import (
	"context"
	"errors"
	"maps"
	"slices"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// dependentsMax bounds how many transactions may depend on those that are taken back.
const dependentsMax = 10_000

// graph finds the transactions that depend on those that are asked for, reading the log once from the first of them on.
type graph struct {
	engine     *engine.Engine
	log        redolog.Log
	request    *Request
	t          *txn.Txn // the present
	dictionary *catalog.Snapshot
	references []*reference
	lineages   map[scn.Space]scn.Lineage

	asked      map[uint64]bool
	members    []*member // in order of SCN
	isMember   map[uint64]bool
	dependents []Dependent

	tables  map[scn.Space]bool // that the asked and their dependents touched
	rows    map[rowID][]touch
	freed   map[string]uint64 // values in unique indexes that were given up, and by whom
	made    map[string]uint64 // parents of foreign keys that were made
	let     map[string]uint64 // parents of foreign keys that were let go by a child
	tracked map[uint64]bool   // transactions on which others may depend
}

// touch is what a transaction did to a row.
type touch struct {
	xid     uint64
	op      redo.Op
	columns []uint32 // of an update
}

func newGraph(m *Manager, r *Request, t *txn.Txn) *graph {
	g := &graph{
		engine: m.options.Engine, log: m.options.Log, request: r, t: t, dictionary: t.Catalog(), references: references(t.Catalog()),
		lineages: map[scn.Space]scn.Lineage{}, asked: map[uint64]bool{}, tables: map[scn.Space]bool{}, rows: map[rowID][]touch{},
		isMember: map[uint64]bool{}, freed: map[string]uint64{}, made: map[string]uint64{}, let: map[string]uint64{}, tracked: map[uint64]bool{},
	}
	return g
}

// counts tells whether what a commit did to a table is part of what the table is now. What folding has done to the versions
// plays no part.
func (g *graph) counts(table scn.Space, at scn.SCN) bool {
	lineage, ok := g.lineages[table]
	if !ok {
		lineage = scn.LineageAt(table, g.t.Snapshot(), g.dictionary.Rewinds, unfolded)
		g.lineages[table] = lineage
	}
	return lineage.Sees(table, at)
}

// unfolded says that nothing is folded: folding makes versions easy to find, and takes none from a timeline.
func unfolded(scn.Space) scn.SCN { return 0 }

// load finds the transactions that are asked for.
func (g *graph) load(ctx context.Context) ([]scn.SCN, error) {
	var at []scn.SCN
	for _, xid := range g.request.XIDs {
		if g.asked[xid] {
			continue
		}
		c, found, err := g.engine.CommitOfXID(ctx, xid)
		if err != nil {
			return nil, err
		}
		if !found || c.SCN > g.t.Snapshot() {
			return nil, &Error{Kind: Unknown, XID: xid}
		}
		record, t, err := redolog.Get(ctx, g.log, c.SCN)
		if errors.Is(err, redolog.ErrGone) {
			return nil, &Error{Kind: NotKept, XID: xid, SCN: c.SCN, Err: err}
		}
		if err != nil {
			return nil, err
		}
		if defines(t) {
			return nil, &Error{Kind: Definitions, XID: xid, SCN: c.SCN}
		}
		if _, err := g.newMember(record, true); err != nil {
			return nil, err
		}
		g.asked[xid] = true
		for i := range t.Changes {
			g.watch(t.Changes[i].Table)
		}
		at = append(at, c.SCN)
	}
	slices.Sort(at)
	return at, nil
}

// watch adds a table to those whose changes are looked at. It tells whether that is news.
func (g *graph) watch(table scn.Space) bool {
	if table < catalog.FirstUserSpace || g.tables[table] {
		return false
	}
	g.tables[table] = true
	return true
}

// scope is the tables that are watched, and those that foreign keys link to them.
func (g *graph) scope() []scn.Space {
	all := maps.Clone(g.tables)
	for _, r := range g.references {
		if g.tables[r.child.ID] || g.tables[r.parent.ID] {
			all[r.child.ID], all[r.parent.ID] = true, true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// find reads the log. When a dependent brings in another table, what follows is read again with that, too.
func (g *graph) find(ctx context.Context) error {
	at, err := g.load(ctx)
	if err != nil {
		return err
	}
	for from := at[0] - 1; from < g.t.Snapshot(); {
		next := g.t.Snapshot()
		filter := redolog.Filter{SCNs: scn.Range{After: from, To: g.t.Snapshot()}, Tables: g.scope()}
		for record, err := range g.log.Scan(ctx, filter) {
			if errors.Is(err, redolog.ErrGone) {
				return &Error{Kind: NotKept, XID: g.request.XIDs[0], SCN: at[0], Err: err}
			}
			if err != nil {
				return err
			}
			grown, err := g.record(record)
			if err != nil {
				return err
			}
			if grown {
				next = record.SCN
				break
			}
		}
		from = next
	}
	return nil
}

// record looks at one transaction, and tells whether more tables are watched now.
func (g *graph) record(r redolog.Record) (grown bool, err error) {
	t, err := r.Decode()
	if err != nil {
		return false, err
	}
	asked := g.asked[t.XID]
	reasons, err := g.reasons(r.SCN, t)
	if err != nil || !asked && len(reasons) == 0 {
		return false, err
	}
	if !asked {
		d := Dependent{XID: t.XID, SCN: r.SCN, User: t.User, Reasons: reasons, Defines: defines(t)}
		g.dependents = append(g.dependents, d)
		if len(g.dependents) > dependentsMax {
			return false, &Error{Kind: TooMany}
		}
		if d.Defines {
			return false, nil // it cannot be taken back, so nobody can depend on its being so
		}
	}
	if asked || g.request.Mode == Cascade {
		m, err := g.newMember(r, asked)
		if err != nil {
			return false, err
		}
		g.members = append(g.members, m)
		g.isMember[t.XID] = true
	}
	g.tracked[t.XID] = true
	for i := range t.Changes {
		c := &t.Changes[i]
		table, ok := g.dictionary.TableByID(c.Table)
		if !ok || c.Table < catalog.FirstUserSpace || !g.counts(c.Table, r.SCN) {
			continue
		}
		if err := g.track(t.XID, r.SCN, table, c); err != nil {
			return false, err
		}
		grown = g.watch(c.Table) || grown
	}
	return grown, nil
}
