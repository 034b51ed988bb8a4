package path

import (
	"slices"
	"time"

	"redoubt/scn"
)

// Range is SCNs of an incarnation that are reached alike.
type Range struct {
	Incarnation scn.Incarnation
	SCNs        scn.Range
	Gap         *Gap          // why they cannot be reached; nil: they can
	Base        string        // the backup that they are reached from; empty: the first commit
	From        scn.SCN       // of that
	Bytes       int64         // of state and log that lead to the last of them
	Time        time.Duration // predicted for the last of them
}

// Ranges tells of every SCN up to the newest of an incarnation, in order, how it is reached.
func (m *Map) Ranges(incarnation scn.Incarnation) ([]Range, error) {
	tip, ok := m.Newest(incarnation)
	if !ok {
		return nil, nil
	}
	var out []Range
	after := scn.SCN(0)
	for _, to := range m.corners(tip) {
		r, err := m.rangeTo(Point{tip.Incarnation, to})
		if err != nil {
			return nil, err
		}
		r.SCNs = scn.Range{After: after, To: to}
		after = to
		if n := len(out); n > 0 && (out[n-1].Gap != nil) == (r.Gap != nil) && out[n-1].Base == r.Base && out[n-1].From == r.From {
			r.SCNs.After = out[n-1].SCNs.After
			if r.Gap != nil {
				r.Gap = out[n-1].Gap
			}
			out[n-1] = r
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

func (m *Map) rangeTo(to Point) (Range, error) {
	p, gap, err := m.find(to)
	r := Range{Incarnation: to.Incarnation, Gap: gap}
	if p != nil {
		r.From, r.Bytes, r.Time = p.From(), p.LogBytes(), p.Time
		if p.Base != nil {
			r.Base = p.Base.ID
			r.Bytes += p.Base.Bytes()
		}
	}
	return r, err
}

// corners are the SCNs up to the tip between which nothing changes: ends of pieces, backups and the SCNs before them.
func (m *Map) corners(tip Point) (out []scn.SCN) {
	line := m.lines[tip.Incarnation]
	add := func(at scn.SCN) {
		if at > 0 && at <= tip.SCN {
			out = append(out, at)
		}
	}
	for i := range m.Contents.Pieces {
		p := &m.Contents.Pieces[i]
		if common, ok := line[p.Incarnation]; ok {
			add(p.First - 1)
			add(p.Last)
			add(common)
		}
	}
	for i := range m.Backups {
		if b := &m.Backups[i]; b.HasState() && line.on(b) {
			add(b.SCN - 1)
			add(b.SCN)
		}
	}
	add(tip.SCN)
	slices.Sort(out)
	return slices.Compact(out)
}

// nearest finds the SCNs on both sides of a point that can be reached; 0 if there are none.
func (m *Map) nearest(to Point) (below, above scn.SCN) {
	tip, _ := m.Newest(to.Incarnation)
	after := scn.SCN(0)
	for _, corner := range m.corners(tip) {
		if p, _, _ := m.find(Point{to.Incarnation, corner}); p != nil { //nolint:errcheck // the incarnation is there
			if corner >= to.SCN {
				return below, after + 1
			}
			below = corner
		}
		after = corner
	}
	return below, 0
}
