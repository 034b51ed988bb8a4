package retention

import (
	"fmt"

	"redoubt/backup/path"
	"redoubt/scn"
)

// Kept is what becomes of a promise.
type Kept struct {
	Promise
	Unreachable []scn.Range // of it, already before anything goes
	Lost        []scn.Range // of it, by what goes: it must not
}

// LostError names promised SCNs that could no longer be reached.
type LostError struct {
	Promise Promise
	Lost    []scn.Range
}

func (e *LostError) Error() string {
	return fmt.Sprintf("SCN %d to %d of incarnation %d could no longer be reached, which is promised: %s", e.Lost[0].After+1, e.Lost[0].To, e.Promise.Incarnation, e.Promise.By)
}

// Prove runs the search for each promise on what there is, and on what remains. It returns a *LostError if
// any promised SCN that can be reached could no longer be.
func Prove(before, after *path.Map, promises []Promise) (out []Kept, err error) {
	var lost error
	then, now := map[scn.Incarnation][]path.Range{}, map[scn.Incarnation][]path.Range{}
	for _, p := range promises {
		k := Kept{Promise: p}
		if _, known := then[p.Incarnation]; !known {
			if then[p.Incarnation], err = before.Ranges(p.Incarnation); err != nil {
				return nil, err
			}
			if now[p.Incarnation], err = after.Ranges(p.Incarnation); err != nil {
				return nil, err
			}
		}
		k.Unreachable = without(p.SCNs, then[p.Incarnation])
		for _, lost := range without(p.SCNs, now[p.Incarnation]) {
			k.Lost = append(k.Lost, subtract(lost, k.Unreachable)...)
		}
		if len(k.Lost) > 0 && lost == nil {
			lost = &LostError{Promise: p, Lost: k.Lost}
		}
		out = append(out, k)
	}
	return out, lost
}

// without gives the parts of a range that are not reached.
func without(r scn.Range, ranges []path.Range) []scn.Range {
	var reached []scn.Range
	for _, is := range ranges {
		if is.Gap == nil {
			reached = append(reached, is.SCNs)
		}
	}
	return subtract(r, reached)
}

// subtract takes ranges, in order, away from one.
func subtract(r scn.Range, away []scn.Range) (out []scn.Range) {
	at := r.After
	for _, a := range away {
		if a.To <= at || a.After >= r.To {
			continue
		}
		if a.After > at {
			out = append(out, scn.Range{After: at, To: a.After})
		}
		at = a.To
	}
	if at < r.To {
		out = append(out, scn.Range{After: at, To: r.To})
	}
	return out
}
