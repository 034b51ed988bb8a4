package scn

import (
	"fmt"
	"strings"
)

// Space names a key space of the state store: the rows of one table, or the entries of one index.
type Space uint32

// Rewind is one flashback: committed at At, it made what it concerns look as it did at To.
//
// Versions in (To, At) are invisible to readers at or after At and stay visible to readers before At.
// Source is the space whose history is taken over: the table's own, or, for a clone, another table's.
type Rewind struct {
	At, To SCN
	Source Space
}

// Interval is a span of one space's history that a reader sees: the versions in (Bottom, Top] of Space.
type Interval struct {
	Space       Space
	Bottom, Top SCN
}

// Contains tells whether a version written at s lies in the interval.
func (i Interval) Contains(s SCN) bool { return i.Bottom < s && s <= i.Top }

// Lineage is what one reader sees of one table: intervals, newest first.
//
// A version is visible if and only if (1) it lies in one of the intervals, (2) no version of the same key lies
// above it in the same interval, and (3) no version of the same key lies in an earlier interval of the list.
type Lineage []Interval

// Simple is the lineage of a table that was never rewound, for a reader at s.
func Simple(space Space, s SCN) Lineage { return Lineage{{Space: space, Top: s}} }

// LineageAt gives what a reader at s sees of space. rewindsOf returns the rewinds that concern a space, in
// ascending order of At; it is asked once for each space that the walk passes through.
func LineageAt(space Space, s SCN, rewindsOf func(Space) []Rewind) Lineage {
	top, out := s, Lineage(nil)
	for {
		r, found := lastRewind(rewindsOf(space), top)
		if !found {
			return append(out, Interval{Space: space, Top: top})
		}
		if top > r.At {
			out = append(out, Interval{Space: space, Bottom: r.At, Top: top})
		}
		if r.To == 0 {
			if out == nil {
				out = Lineage{{Space: space, Bottom: top, Top: top}}
			}
			return out
		}
		space, top = r.Source, r.To
	}
}

// lastRewind finds the newest rewind that a reader at top has behind it.
func lastRewind(rewinds []Rewind, top SCN) (Rewind, bool) {
	for i := len(rewinds) - 1; i >= 0; i-- {
		if rewinds[i].At <= top {
			return rewinds[i], true
		}
	}
	return Rewind{}, false
}

// Sees tells whether a version of space written at s lies on the lineage at all; a newer one may still hide it.
func (l Lineage) Sees(space Space, s SCN) bool {
	for _, i := range l {
		if i.Space == space && i.Contains(s) {
			return true
		}
	}
	return false
}

// String draws the lineage, newest first, as 7:(20, 30] 7:(0, 10].
func (l Lineage) String() string {
	parts := make([]string, len(l))
	for i, v := range l {
		parts[i] = fmt.Sprintf("%d:(%d, %d]", v.Space, v.Bottom, v.Top)
	}
	return strings.Join(parts, " ")
}
