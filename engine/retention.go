package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"redoubt/engine/catalog"
	"redoubt/engine/mvcc"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// MoveFloors raises the floors as far as retention and holds allow, by a transaction, and tells how many moved. The node
// that leads calls it from time to time. History that retention covers stays readable: a floor says only what may go.
func (e *Engine) MoveFloors(ctx context.Context) (moved int, err error) {
	for {
		m := &mover{engine: e, applied: e.Applied()}
		m.ceiling.SCN = m.applied
		for _, h := range e.transactionHolds(0) {
			m.lower(h)
		}
		t := e.Begin(txn.Options{Isolation: txn.RepeatableRead})
		t.StartStatement(0, "")
		if err := m.move(t); err != nil {
			t.Rollback()
			return 0, fmt.Errorf("move the floors of history: %w", err)
		}
		if m.moved == 0 {
			t.Rollback()
			return 0, nil
		}
		_, err := t.Commit(ctx)
		if errors.Is(err, txn.ErrConflict) && ctx.Err() == nil {
			continue // somebody relies on the floors where they are, or said otherwise about retention
		}
		if err != nil {
			return 0, fmt.Errorf("move the floors of history: %w", err)
		}
		return m.moved, nil
	}
}

// DefaultRetention is what holds for the database if nothing was said.
func (e *Engine) DefaultRetention() catalog.Retention { return e.options.Retention }

// mover works out where floors may be.
type mover struct {
	engine   *Engine
	applied  scn.SCN
	ceiling  Hold   // the lowest hold of all tables; without a kind, the newest commit
	holds    []Hold // of single tables, or of the tables of a schema
	policies map[scn.Space]catalog.Retention
	old      map[scn.Space]catalog.Floor
	moved    int
}

func (m *mover) lower(h Hold) {
	if h.SCN < m.ceiling.SCN || h.SCN == m.ceiling.SCN && m.ceiling.Kind == "" {
		m.ceiling = h
	}
}

// move puts the floors that change into a transaction.
func (m *mover) move(t *txn.Txn) error {
	if err := m.read(t); err != nil {
		return err
	}
	_, said := m.policies[0]
	if !said {
		m.policies[0] = m.engine.options.Retention
	}
	tables, err := m.tables(t)
	if err != nil {
		return err
	}
	all, err := m.target(0, m.policies[0], nil)
	if err != nil {
		return err
	}
	if changed, err := m.engine.changedBetween(m.old[0].SCN, all.SCN); err != nil || !changed {
		all = m.old[0]
	}
	if err := m.put(t, all); err != nil {
		return err
	}
	for _, table := range tables {
		if err := m.table(t, table, all); err != nil {
			return err
		}
	}
	if m.moved > 0 && !said { // from now on it is what this node was told, whoever leads
		return t.PutRetention(m.policies[0])
	}
	return nil
}

// read takes what the log says.
func (m *mover) read(t *txn.Txn) error {
	m.policies, m.old = map[scn.Space]catalog.Retention{}, map[scn.Space]catalog.Floor{}
	policies, err := t.Retentions()
	for _, r := range policies {
		m.policies[r.Space] = r
	}
	floors, floorsErr := t.Floors()
	for _, f := range floors {
		m.old[f.Table] = f
	}
	holds, holdsErr := loggedHolds(t)
	for _, h := range holds {
		if h.Table == 0 {
			m.lower(h)
		} else {
			m.holds = append(m.holds, h)
		}
	}
	if err := errors.Join(err, floorsErr, holdsErr); err != nil {
		return err
	}
	return m.holdTables()
}

// holdTables makes a hold of a dropped schema one of each table that it had, wherever that has come since.
func (m *mover) holdTables() error {
	for _, h := range m.holds {
		dictionary, err := m.engine.CatalogAt(h.SCN)
		if err != nil {
			return err
		}
		if _, isSchema := dictionary.SchemaByID(h.Table); !isSchema {
			continue
		}
		for _, table := range dictionary.AllTables() {
			if table.Schema == h.Table {
				own := h
				own.Table = table.ID
				m.holds = append(m.holds, own)
			}
		}
	}
	return nil
}

// known is a table that there is, or was and may still have rows.
type known struct{ id, schema scn.Space }

func (m *mover) tables(t *txn.Txn) (out []known, err error) {
	e := m.engine
	e.sums.RLock()
	for id := range e.tables {
		if id >= catalog.FirstUserSpace {
			out = append(out, known{id: id})
		}
	}
	e.sums.RUnlock()
	slices.SortFunc(out, func(a, b known) int { return cmp.Compare(a.id, b.id) })
	for i := range out {
		if table, ok := t.Catalog().TableByID(out[i].id); ok {
			out[i].schema = table.Schema
			continue
		}
		definitions, err := e.Definitions(out[i].id, t.Snapshot())
		if err != nil {
			return nil, err
		}
		for _, d := range definitions {
			if d.Table != nil {
				out[i].schema = d.Table.Schema
			}
		}
	}
	return out, nil
}

// policy is what holds for a table.
func (m *mover) policy(table known) catalog.Retention {
	for _, space := range []scn.Space{table.id, table.schema} {
		if r, ok := m.policies[space]; ok && space != 0 {
			return r
		}
	}
	return m.policies[0]
}

// table puts the floor of a table, if it is not the one of all.
func (m *mover) table(t *txn.Txn, table known, all catalog.Floor) error {
	var holds []Hold
	for _, h := range m.holds {
		if h.Table == table.id || h.Table == table.schema {
			holds = append(holds, h)
		}
	}
	policy, old := m.policy(table), m.floor(table.id)
	own, err := m.target(table.id, policy, holds)
	if err != nil {
		return err
	}
	_, hasOwn := m.old[table.id]
	switch {
	case policy.Space == 0 && policy.Kind != catalog.RetainVersions && own.SCN >= all.SCN && (!hasOwn || old.SCN <= all.SCN):
		if hasOwn {
			m.moved++
			return t.DropFloor(table.id)
		}
		return nil
	case own.SCN == old.SCN && (hasOwn || old.SCN == all.SCN):
		return nil
	}
	if last, err := m.engine.LastChange(table.id); err != nil || hasOwn && last <= old.SCN {
		return err // nothing to drop
	}
	return m.put(t, own)
}

// floor is what held until now.
func (m *mover) floor(table scn.Space) catalog.Floor {
	if f, ok := m.old[table]; ok {
		return f
	}
	return m.old[0]
}

func (m *mover) put(t *txn.Txn, f catalog.Floor) error {
	if old, ok := m.old[f.Table]; f.SCN == 0 || ok && old.SCN == f.SCN {
		return nil
	}
	m.moved++
	return t.PutFloor(f)
}

// target is where a floor may be: as far up as the policy and the holds let it, and never below where it was.
func (m *mover) target(table scn.Space, policy catalog.Retention, holds []Hold) (catalog.Floor, error) {
	f := m.floor(table)
	f.Table = table
	at, err := m.engine.retained(table, policy, m.applied)
	by := "retention " + policy.String()
	for _, h := range append(holds, m.ceiling) {
		if h.Kind != "" && h.SCN < at {
			at, by = h.SCN, h.Kind
			if h.Name != "" {
				by += " " + h.Name
			}
		}
		at = min(at, h.SCN)
	}
	if err != nil || at <= f.SCN {
		return f, err
	}
	f.SCN, f.By = at, by
	f.TimeMicros, err = m.engine.SCNToTime(at)
	return f, err
}

// retained is the lowest SCN that a policy keeps.
func (e *Engine) retained(table scn.Space, policy catalog.Retention, newest scn.SCN) (scn.SCN, error) {
	switch policy.Kind {
	case catalog.RetainAge:
		return e.TimeToSCN(e.options.Now().Add(-span(policy.Amount)).UnixMicro())
	case catalog.RetainVersions:
		if table != 0 {
			return e.counts.versions.floor(e, table, int(policy.Amount), newest)
		}
	}
	return 0, nil
}

// changedBetween tells whether any table of users changed in (after, to].
func (e *Engine) changedBetween(after, to scn.SCN) (bool, error) {
	it, err := e.store.NewIterator(scn.Simple(catalog.SumsSpace, to), mvcc.Range{Low: sumKey(catalog.FirstUserSpace)})
	if err != nil {
		return false, err
	}
	defer it.Close()
	for it.Next() {
		if it.Version().SCN > after {
			return true, nil
		}
	}
	return false, it.Err()
}
