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
// ascending order of At; it is asked once for each rewind that the walk passes. foldedTo returns up to which At those of a
// space are folded, see below; nil if none are.
//
// Folding a rewind of a space to a point of its own history writes, at At, a copy of what is visible at To for every key
// with a version in (To, At). So whatever lies between To and At is hidden by a copy at At, or has no version there at all,
// and the interval goes on below To as if nothing had happened. Folding a clone copies the whole source: nothing below
// At is needed. A rewind to 0 is never folded: it ends the walk.
func LineageAt(space Space, s SCN, rewindsOf func(Space) []Rewind, foldedTo func(Space) SCN) Lineage {
	at, top, out := s, s, Lineage(nil) // at is where the walk stands; top, of the interval that it is in
	for {
		r, found := lastRewind(space, rewindsOf(space), at)
		if !found {
			return append(out, Interval{Space: space, Top: top})
		}
		if r.To != 0 && foldedTo != nil && r.At <= foldedTo(space) {
			if r.Source != space {
				return append(out, Interval{Space: space, Bottom: r.At - 1, Top: top})
			}
			at = r.To
			continue
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
		space, at, top = r.Source, r.To, r.To
	}
}

// lastRewind finds the newest rewind that a reader of space at top has behind it. One to where the space is anyway, which a
// transaction sees of its own before its commit has an SCN, is none: the walk would stand still.
func lastRewind(space Space, rewinds []Rewind, top SCN) (Rewind, bool) {
	for i := len(rewinds) - 1; i >= 0; i-- {
		if r := rewinds[i]; r.At <= top && (r.To < r.At || r.Source != space) {
			return r, true
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
