package backout_test

import (
	"context"
	"errors"
	"maps"
	"slices"

	"redoubt/flashback/backout"
)

// flashback takes random transactions back and compares.
func (m *model) flashback() {
	asked := map[uint64]bool{}
	for range 1 + m.random.IntN(2) {
		asked[m.events[m.random.IntN(len(m.events))].xid] = true
	}
	mode := backout.Mode(m.random.IntN(4))
	r := backout.Request{XIDs: slices.Collect(maps.Keys(asked)), Mode: mode}
	preview, err := m.m.Preview(context.Background(), r, noRules{})
	m.must(err)
	result, err := m.m.Run(context.Background(), r, noRules{})
	var refused *backout.Error
	if err != nil && !errors.As(err, &refused) {
		m.t.Fatalf("%v %v: %v", mode, r.XIDs, err)
	}
	after := m.read()
	dependents := m.dependents(asked)
	m.compareDependents(mode, dependents, preview.Dependents)
	switch {
	case err != nil:
		if !maps.Equal(after, m.now) {
			m.t.Fatalf("%v of %v was refused (%v), and changed the state", mode, r.XIDs, err)
		}
		m.compareRefusal(mode, refused, asked, dependents)
		return
	case mode == backout.NoCascade && len(dependents) > 0:
		m.t.Fatalf("%v of %v was done, though %v depend on it", mode, r.XIDs, dependents)
	}
	if broken := after.broken(); broken != "" {
		m.t.Fatalf("%v of %v: %s", mode, r.XIDs, broken)
	}
	if mode == backout.NoCascade || mode == backout.Cascade {
		if want := m.replay(asked, dependents); !maps.Equal(after, want) {
			m.t.Fatalf("%v of %v with %v:\n%v\nwant\n%v\nhistory %v", mode, r.XIDs, dependents, after, want, m.events)
		}
	}
	if mode == backout.NonconflictOnly {
		m.compareRows(asked, after)
	}
	m.compareOutcomes(result, after)
	if changes := differences(m.now, after); len(changes) > 0 {
		m.add(result.XID, changes)
	} else if result.XID != 0 {
		m.t.Fatalf("%v of %v changed nothing, and was committed as %d", mode, r.XIDs, result.XID)
	}
	m.now = after
}

// compareRefusal looks whether a statement was rightly refused: for dependents, or because a constraint would be broken by
// rows that a flashback has brought back, on which nobody depended when they were made.
func (m *model) compareRefusal(mode backout.Mode, refused *backout.Error, asked map[uint64]bool, dependents []uint64) {
	m.t.Helper()
	switch {
	case mode == backout.NoCascadeForce, mode == backout.NoCascade && len(dependents) > 0:
		return
	case mode != backout.NonconflictOnly && refused.Kind == backout.Constraint && m.replay(asked, dependents).broken() != "":
		return
	}
	m.t.Fatalf("%v of %v, with the dependents %v: %v", mode, asked, dependents, refused)
}

// replay plays the history again without some transactions and their dependents.
func (m *model) replay(asked map[uint64]bool, dependents []uint64) state {
	m.t.Helper()
	gone := maps.Clone(asked)
	for _, xid := range dependents {
		gone[xid] = true
	}
	s := state{}
	for _, e := range m.live() {
		if gone[e.xid] {
			continue
		}
		for _, c := range e.changes {
			row, exists := s[c.place]
			switch {
			case c.before == nil && exists, c.before != nil && !exists:
				m.t.Fatalf("without %v, transaction %d cannot change row %v", slices.Collect(maps.Keys(gone)), e.xid, c.place)
			case c.after == nil:
				delete(s, c.place)
			case c.before == nil:
				s[c.place] = *c.after
			default:
				for i := range row {
					if c.before[i] != c.after[i] {
						row[i] = c.after[i]
					}
				}
				s[c.place] = row
			}
		}
	}
	return s
}

// compareRows looks whether each row that was changed is what it would be without some transactions, all others as they were.
func (m *model) compareRows(gone map[uint64]bool, after state) {
	m.t.Helper()
	for _, d := range differences(m.now, after) {
		var row *cells
		for _, e := range m.live() {
			for _, c := range e.changes {
				if c.place != d.place || gone[e.xid] {
					continue
				}
				if (c.before == nil) != (row == nil) {
					m.t.Fatalf("row %v was changed from %v to %v, though it cannot be without %v", d.place, d.before, d.after, slices.Collect(maps.Keys(gone)))
				}
				if c.before == nil || c.after == nil {
					row = c.after
					continue
				}
				next := *row
				for i := range next {
					if c.before[i] != c.after[i] {
						next[i] = c.after[i]
					}
				}
				row = &next
			}
		}
		if (row == nil) != (d.after == nil) || row != nil && *row != *d.after {
			m.t.Fatalf("row %v was changed from %v to %v, want %v", d.place, d.before, d.after, row)
		}
	}
}

// dependents are those that depend on some transactions, found by looking at all pairs.
func (m *model) dependents(asked map[uint64]bool) (out []uint64) {
	var before []event
	for _, e := range m.live() {
		if asked[e.xid] {
			before = append(before, e)
			continue
		}
		if slices.ContainsFunc(before, func(earlier event) bool { return depends(e, earlier) }) {
			before, out = append(before, e), append(out, e.xid)
		}
	}
	return out
}

func depends(e, on event) bool {
	for _, c := range e.changes {
		for _, o := range on.changes {
			if c.place == o.place && (c.before == nil || c.after == nil || o.before == nil || o.after == nil || shared(c, o)) {
				return true
			}
			if c.place.table == 0 && o.place.table == 0 && takes(c, 2) != 0 && takes(c, 2) == gives(o, 2) {
				return true // a unique value that was freed
			}
			if c.place.table == 1 && o.place.table == 0 && o.before == nil && takes(c, 0) == o.place.id {
				return true // a child of a parent that was made
			}
			if c.place.table == 0 && o.place.table == 1 && c.after == nil && gives(o, 0) == c.place.id {
				return true // a parent that a child had let go
			}
		}
	}
	return false
}

func shared(c, o change) bool {
	for i := range c.before {
		if c.before[i] != c.after[i] && o.before[i] != o.after[i] {
			return true
		}
	}
	return false
}

// takes is a value that a change brings into a column, gives one that it takes away; 0 for none.
func takes(c change, column int) int64 {
	if c.after == nil || c.before != nil && c.before[column] == c.after[column] {
		return 0
	}
	return c.after[column]
}

func gives(c change, column int) int64 { return takes(change{c.place, c.after, c.before}, column) }

func (m *model) compareDependents(mode backout.Mode, want []uint64, got []backout.Dependent) {
	m.t.Helper()
	var found []uint64
	for _, d := range got {
		found = append(found, d.XID)
		if len(d.Reasons) == 0 {
			m.t.Fatalf("%d depends for no reason", d.XID)
		}
	}
	slices.Sort(found)
	slices.Sort(want)
	if !slices.Equal(found, want) {
		m.t.Fatalf("%v: dependents are %v, want %v\nhistory %v", mode, found, want, m.events)
	}
}

// compareOutcomes compares what a result says of each row with the state before and after.
func (m *model) compareOutcomes(r backout.Result, after state) {
	m.t.Helper()
	told := map[place]bool{}
	for _, o := range r.Outcomes {
		p := place{slices.Index(m.tables[:], o.Table.ID), 0}
		row := o.Before
		if row == nil {
			row = o.After
		}
		if row == nil {
			continue // it was gone before and stays so
		}
		id, _ := row.Get(1)
		p.id = id.Int()
		told[p] = true
		want, exists := after[p]
		if exists != (o.After != nil) || exists && !m.table(p).Same(o.After, m.row(p, want)) {
			m.t.Fatalf("row %v is said to be %v (%s), it is %v, %v", p, o.After, o.Conflict, want, exists)
		}
		if was := m.now[p]; o.Conflict != "" && was != want {
			m.t.Fatalf("row %v was left (%s), and is %v after %v", p, o.Conflict, want, was)
		}
	}
	for _, c := range differences(m.now, after) {
		if !told[c.place] {
			m.t.Fatalf("row %v was changed, and is not in the result", c.place)
		}
	}
	for _, e := range r.Members {
		if e.Restored+e.Left != e.Changes {
			m.t.Fatalf("transaction %d: %d restored and %d left of %d", e.XID, e.Restored, e.Left, e.Changes)
		}
	}
}
