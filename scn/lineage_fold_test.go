package scn

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestFoldedLineageDrawings(t *testing.T) {
	rewinds := map[Space][]Rewind{
		7:  {{At: 20, To: 10, Source: 7}, {At: 40, To: 30, Source: 7}, {At: 50, To: 15, Source: 7}},
		8:  {{At: 25, To: 12, Source: 7}, {At: 35, To: 30, Source: 8}},
		9:  {{At: 20, To: 0, Source: 9}, {At: 30, To: 10, Source: 9}},
		10: {{At: 10, To: 0, Source: 10}, {At: 30, To: 20, Source: 10}},
	}
	folded := map[Space]SCN{}
	f := func(space Space, at SCN, want string) {
		t.Helper()
		got := LineageAt(space, at, func(s Space) []Rewind { return rewinds[s] }, func(s Space) SCN { return folded[s] })
		if got.String() != want {
			t.Errorf("space %d at %d: %s, want %s", space, at, got, want)
		}
	}
	folded[7] = 40
	f(7, 15, "7:(0, 15]")
	f(7, 20, "7:(0, 20]")
	f(7, 45, "7:(0, 45]")
	f(7, 55, "7:(50, 55] 7:(0, 15]")
	folded[7] = 50
	f(7, 55, "7:(0, 55]")
	f(8, 30, "8:(25, 30] 7:(0, 12]")
	folded[8] = 25
	f(8, 30, "8:(24, 30]")
	f(8, 38, "8:(35, 38] 8:(24, 30]")
	folded[8] = 35
	f(8, 38, "8:(24, 38]")
	folded[9], folded[10] = 30, 30
	f(9, 25, "9:(20, 25]")
	f(9, 35, "9:(0, 35]")
	f(10, 35, "10:(10, 35]")
}

// foldModel is histories of some spaces beside whole copies, and the versions that folding adds.
type foldModel struct {
	t       *rapid.T
	written map[Space]map[int]map[SCN]SCN // space, key, version -> the version it is a copy of, itself for an original, 0 for none
	rewinds map[Space][]Rewind
	folded  map[Space]SCN
	states  map[Space][]map[int]SCN // space -> SCN -> key -> the original version that is visible
}

func (m *foldModel) lineage(space Space, s SCN) Lineage {
	return LineageAt(space, s, func(v Space) []Rewind { return m.rewinds[v] }, func(v Space) SCN { return m.folded[v] })
}

// see gives the original version of a key that a lineage sees.
func (m *foldModel) see(l Lineage, key int) SCN {
	for _, i := range l {
		var newest SCN
		for at := range m.written[i.Space][key] {
			if i.Contains(at) {
				newest = max(newest, at)
			}
		}
		if newest != 0 {
			return m.written[i.Space][key][newest]
		}
	}
	return 0
}

func (m *foldModel) write(space Space, key int, at, original SCN) {
	if m.written[space][key] == nil {
		m.written[space][key] = map[SCN]SCN{}
	}
	m.written[space][key][at] = original
}

// fold writes the copies of the first rewind of a space that is not folded. mark tells whether it comes to its end.
func (m *foldModel) fold(space Space, mark bool) {
	for _, r := range m.rewinds[space] {
		if r.At <= m.folded[space] {
			continue
		}
		source := m.lineage(r.Source, r.To)
		copies := map[int]SCN{}
		for key := range 6 {
			touched := r.Source != space
			for at := range m.written[space][key] {
				touched = touched || at > r.To && at < r.At
			}
			if original := m.see(source, key); touched && r.To != 0 && (original != 0 || r.Source == space) {
				copies[key] = original
			}
		}
		for key, original := range copies {
			m.write(space, key, r.At, original)
		}
		if mark {
			m.folded[space] = r.At
		}
		return
	}
}

func (m *foldModel) check() {
	for _, space := range slices.Sorted(maps.Keys(m.states)) {
		for s, want := range m.states[space] {
			l := m.lineage(space, SCN(s))
			for key := range 6 {
				if got := m.see(l, key); got != want[key] {
					m.t.Fatalf("space %d, key %d at %d by %v: %d, want %d (rewinds %v, folded %v)", space, key, s, l, got, want[key], m.rewinds, m.folded)
				}
			}
		}
	}
}

// TestFoldingAgainstCopies: rewinds, of rewinds too, and clones; whatever is folded, and however far, readers at every SCN see
// what a model has that copies whole spaces at each step.
func TestFoldingAgainstCopies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const spaces = 3
		m := &foldModel{
			t: t, written: map[Space]map[int]map[SCN]SCN{}, rewinds: map[Space][]Rewind{}, folded: map[Space]SCN{}, states: map[Space][]map[int]SCN{},
		}
		for space := Space(1); space <= spaces; space++ {
			m.written[space], m.states[space] = map[int]map[SCN]SCN{}, []map[int]SCN{{}}
		}
		steps := SCN(rapid.IntRange(1, 50).Draw(t, "steps"))
		for now := SCN(1); now <= steps; now++ {
			for space := range m.states {
				m.states[space] = append(m.states[space], maps.Clone(m.states[space][now-1]))
			}
			space := Space(rapid.IntRange(1, spaces).Draw(t, "space"))
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0:
				m.rewind(space, space, now, rapid.IntRange(0, int(now)-1).Draw(t, "to"))
			case 1:
				m.rewind(space, Space(rapid.IntRange(1, spaces).Draw(t, "source")), now, rapid.IntRange(0, int(now)-1).Draw(t, "to"))
			case 2:
				m.fold(space, true)
			case 3:
				m.fold(space, false) // a crash before it is marked
			default:
				key := rapid.IntRange(0, 5).Draw(t, "key")
				m.write(space, key, now, now)
				m.states[space][now][key] = now
			}
		}
		m.check()
		for range 40 {
			m.fold(Space(rapid.IntRange(1, spaces).Draw(t, "folded")), true)
			m.check()
		}
	})
}

func (m *foldModel) rewind(space, source Space, at SCN, to int) {
	m.rewinds[space] = append(m.rewinds[space], Rewind{At: at, To: SCN(to), Source: source})
	m.states[space][at] = maps.Clone(m.states[source][to])
}
