package engine

import (
	"fmt"
	"slices"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/scn"
)

// needs is what readers may still ask for of the history of spaces that lies at or below their floors.
//
// Readers at or above the floor F of a space see the space by the lineage at F, or by that of a later rewind: between two
// rewinds only the top of the first interval differs, and what lies above F is never dropped. So of the versions at or below
// F only those are needed that are the newest of their key in an interval of one of these lineages. Lineages of clones
// that are not folded lead into the spaces of their sources.
type needs map[scn.Space][]need

// need is what one lineage has in one space: intervals, newest first.
type need []needed

type needed struct {
	bottom, top scn.SCN
	ends        bool // no interval of any space follows in the lineage
}

// add takes what a lineage has in each space.
func (n needs) add(l scn.Lineage) {
	parts := map[scn.Space]need{}
	for i, interval := range l {
		parts[interval.Space] = append(parts[interval.Space], needed{interval.Bottom, interval.Top, i == len(l)-1})
	}
	for space, part := range parts {
		if !slices.ContainsFunc(n[space], func(other need) bool { return slices.Equal(part, other) }) {
			n[space] = append(n[space], part)
		}
	}
}

// print gives a text that is the same as long as the same is needed below two floors, but for what lies between them.
func (n needs) print(space scn.Space, floor scn.SCN) string {
	var parts []string
	for _, part := range n[space] {
		var text strings.Builder
		for _, i := range part {
			switch {
			case i.bottom >= floor:
			case i.top >= floor:
				fmt.Fprintf(&text, "(%d,F]%v", i.bottom, i.ends)
			default:
				fmt.Fprintf(&text, "(%d,%d]%v", i.bottom, i.top, i.ends)
			}
		}
		parts = append(parts, text.String())
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), " ")
}

// keep tells which of some SCNs, descending, under which something is stored are needed.
func (n need) keep(stored []scn.SCN) (index int, ends, found bool) {
	for _, i := range n {
		for at := range stored {
			if stored[at] <= i.top {
				if stored[at] > i.bottom {
					return at, i.ends, true
				}
				break
			}
		}
	}
	return 0, false, false
}

// sweep is what one round of collecting knows.
type sweep struct {
	engine  *Engine
	catalog *catalog.Snapshot
	floors  *floors
	ceiling scn.SCN // no floor of this round is above it
	tables  []scn.Space
	indexes map[scn.Space]indexState
	needs   needs
}

// floor is how far a space may be collected.
func (s *sweep) floor(space scn.Space) scn.SCN {
	if index, ok := s.indexes[space]; ok {
		space = index.Table
	}
	return min(s.floors.of(space).SCN, s.ceiling)
}

// spaces lists all spaces of users.
func (s *sweep) spaces() (out []scn.Space) {
	out = slices.Clone(s.tables)
	for id := range s.indexes {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// gather works out what is needed of every space.
func (s *sweep) gather() error {
	s.needs = needs{}
	for _, space := range s.spaces() {
		floor := s.floor(space)
		readable, err := s.readable(space, floor)
		if err != nil {
			return err
		}
		if !readable {
			continue
		}
		if s.needs[space] == nil {
			s.needs[space] = []need{} // it is needed, though perhaps nothing that is in it yet
		}
		s.needs.add(s.catalog.Lineage(space, floor))
		for _, r := range s.catalog.Rewinds(space) {
			if r.At > floor {
				s.needs.add(s.catalog.Lineage(space, r.At))
			}
		}
	}
	for _, index := range s.indexes {
		if !index.Built {
			s.needs.add(s.catalog.Lineage(index.Table, index.Born))
		}
	}
	return nil
}

// readable tells whether a space is part of any definition at or above its floor.
func (s *sweep) readable(space scn.Space, floor scn.SCN) (bool, error) {
	table := space
	index, isIndex := s.indexes[space]
	if isIndex {
		table = index.Table
	}
	has := func(t *catalog.Table) bool {
		if t == nil || !isIndex {
			return t != nil
		}
		_, ok := t.IndexByID(space)
		return ok
	}
	if now, ok := s.catalog.TableByID(table); ok && has(now) {
		return true, nil
	}
	definitions, err := s.engine.Definitions(table, scn.Max)
	for i, d := range definitions {
		last := i == len(definitions)-1
		if has(d.Table) && (last || definitions[i+1].At > floor) {
			return true, err
		}
	}
	return len(definitions) == 0, err // unknown is not dropped
}
