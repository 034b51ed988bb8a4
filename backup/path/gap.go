package path

import (
	"errors"
	"fmt"
	"strings"

	"redoubt/scn"
)

// Gap says why a point cannot be reached.
type Gap struct {
	To      Point
	Missing scn.Range // of the log, the part nearest to the point; empty if it is not the log that is missing
	Reason  string    // of that
	Passed  []string  // backups that were passed over, and why
	Below   scn.SCN   // the nearest SCNs that can be reached; 0 if there are none
	Above   scn.SCN
}

// ErrGap is what every *Gap is.
var ErrGap = errors.New("the repository has a gap")

// Is makes a Gap an ErrGap.
func (g *Gap) Is(target error) bool { return target == ErrGap }

func (g *Gap) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s cannot be reached: %v: %s", g.To, ErrGap, g.Reason)
	for _, p := range g.Passed {
		fmt.Fprintf(&b, "; backup %s", p)
	}
	switch {
	case g.Below != 0 && g.Above != 0:
		fmt.Fprintf(&b, "; the nearest that can be are SCN %d and %d", g.Below, g.Above)
	case g.Below != 0 || g.Above != 0:
		fmt.Fprintf(&b, "; the nearest that can be is SCN %d", max(g.Below, g.Above))
	}
	return b.String()
}

// gap explains.
func (m *Map) gap(to Point, line lineage, chains []chain) *Gap {
	g := &Gap{To: to}
	low := to.SCN
	for i := range chains {
		low = min(low, chains[i].low)
	}
	damaged := ""
	for i := range m.Contents.Pieces {
		p := &m.Contents.Pieces[i]
		common, ok := line[p.Incarnation]
		if !ok || p.First > low || p.First > common {
			continue
		}
		if why, is := m.Damaged[p.Name]; is && p.Last >= low {
			damaged = fmt.Sprintf("%s, which has SCN %d to %d, is damaged: %s", p.Name, p.First, p.Last, why)
			g.Missing = scn.Range{After: p.First - 1, To: min(p.Last, to.SCN)}
		}
	}
	if damaged == "" {
		g.Missing = scn.Range{After: m.lastBelow(low, line), To: low}
		g.Reason = fmt.Sprintf("the log of SCN %d to %d is missing", g.Missing.After+1, g.Missing.To)
	} else {
		g.Reason = damaged
	}
	g.Reason += fmt.Sprintf(", and no backup that can be used lies at SCN %d to %d", low, to.SCN)
	for i := range m.Backups {
		b := &m.Backups[i]
		if why, unusable := m.Unusable[b.ID]; unusable && b.HasState() && low <= b.SCN && b.SCN <= to.SCN && line.on(b) {
			g.Passed = append(g.Passed, b.ID+": "+why)
		}
	}
	return g
}

// lastBelow is the end of the log before an SCN whose log is missing.
func (m *Map) lastBelow(low scn.SCN, line lineage) (last scn.SCN) {
	for i := range m.Contents.Pieces {
		p := &m.Contents.Pieces[i]
		if common, ok := line[p.Incarnation]; ok && p.First <= common && p.Last < low {
			last = max(last, min(p.Last, common))
		}
	}
	return last
}
