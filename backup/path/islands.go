package path

import (
	"slices"

	"redoubt/backup/archive"
	"redoubt/scn"
)

// Island is a part of the log without a gap.
type Island struct {
	Pieces []archive.Piece // in order
	SCNs   scn.Range       // of them, what belongs to the history
}

// Islands gives all whole log of an incarnation's history, the newest first. Each is as long as it can be.
func (m *Map) Islands(incarnation scn.Incarnation) (out []Island) {
	line := m.lines[incarnation]
	tip, _ := m.Newest(incarnation)
	for at := tip.SCN; at > 0; {
		var best chain
		for _, c := range m.ends(Point{incarnation, at}, line) {
			if len(c.pieces) > 0 && (len(best.pieces) == 0 || c.low < best.low) {
				best = c
			}
		}
		if len(best.pieces) == 0 {
			at = m.lastUsable(at, line)
			continue
		}
		island := Island{SCNs: scn.Range{After: best.low, To: at}}
		for _, p := range slices.Backward(best.pieces) {
			island.Pieces = append(island.Pieces, *p)
		}
		out, at = append(out, island), best.low
	}
	return out
}

// lastUsable is the highest SCN below one that a whole piece has; 0 if there is none.
func (m *Map) lastUsable(below scn.SCN, line lineage) (last scn.SCN) {
	for i := range m.Contents.Pieces {
		p := &m.Contents.Pieces[i]
		common, ok := line[p.Incarnation]
		if _, damaged := m.Damaged[p.Name]; !ok || damaged || p.First > common {
			continue
		}
		if to := min(p.Last, common); to < below {
			last = max(last, to)
		}
	}
	return last
}
