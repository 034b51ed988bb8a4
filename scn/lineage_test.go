package scn

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "-1", "+1", "1.5", "x", "18446744073709551616", " 1"} {
		if got, err := Parse(bad); err == nil {
			t.Errorf("Parse(%q) = %d, want an error", bad, got)
		}
	}
	if got, err := Parse("18446744073709551615"); err != nil || got != Max {
		t.Errorf("Parse(max) = %d, %v", got, err)
	}
}

func TestRange(t *testing.T) {
	r := Range{After: 3, To: 7}
	if r.Contains(3) || !r.Contains(4) || !r.Contains(7) || r.Contains(8) || r.Len() != 4 {
		t.Fatalf("%v: wrong edges", r)
	}
	if e := (Range{After: 7, To: 3}); !e.Empty() || e.Len() != 0 {
		t.Fatalf("%v should be empty", e)
	}
}

func TestLineageDrawings(t *testing.T) {
	rewinds := map[Space][]Rewind{
		7: {{At: 20, To: 10, Source: 7}, {At: 40, To: 30, Source: 7}, {At: 50, To: 15, Source: 7}},
		8: {{At: 25, To: 12, Source: 7}},
		9: {{At: 60, To: 0, Source: 9}},
		4: {{At: 30, To: 20, Source: 4}, {At: 40, To: 40, Source: 4}},
	}
	of := func(s Space) []Rewind { return rewinds[s] }
	f := func(space Space, at SCN, want string) {
		t.Helper()
		if got := LineageAt(space, at, of, nil).String(); got != want {
			t.Errorf("space %d at %d: %s, want %s", space, at, got, want)
		}
	}
	f(7, 5, "7:(0, 5]")
	f(7, 19, "7:(0, 19]")
	f(7, 20, "7:(0, 10]")
	f(7, 35, "7:(20, 35] 7:(0, 10]")
	f(7, 45, "7:(40, 45] 7:(20, 30] 7:(0, 10]")
	f(7, 55, "7:(50, 55] 7:(0, 15]")
	f(8, 24, "8:(0, 24]")
	f(8, 30, "8:(25, 30] 7:(0, 12]")
	f(9, 60, "9:(60, 60]")
	f(9, 61, "9:(60, 61]")
	f(4, 40, "4:(30, 40] 4:(0, 20]")
}

// TestLineageAgainstCopies compares visibility by lineage with a model that copies the whole table at each step.
func TestLineageAgainstCopies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type version struct {
			key int
			at  SCN
		}
		var versions []version
		var rewinds []Rewind
		states := []map[int]SCN{{}} // states[s] = key -> SCN of the version visible at s
		steps := rapid.IntRange(1, 60).Draw(t, "steps")
		for now := SCN(1); now <= SCN(steps); now++ {
			next := map[int]SCN{}
			if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
				to := SCN(rapid.IntRange(0, int(now)-1).Draw(t, "to"))
				rewinds = append(rewinds, Rewind{At: now, To: to, Source: 1})
				for k, v := range states[to] {
					next[k] = v
				}
			} else {
				for k, v := range states[now-1] {
					next[k] = v
				}
				key := rapid.IntRange(0, 5).Draw(t, "key")
				versions = append(versions, version{key, now})
				next[key] = now
			}
			states = append(states, next)
		}
		of := func(Space) []Rewind { return rewinds }
		for s := SCN(0); s <= SCN(steps); s++ {
			lineage := LineageAt(1, s, of, nil)
			for key := 0; key <= 5; key++ {
				var got SCN
				for _, i := range lineage {
					for _, v := range versions {
						if v.key == key && i.Contains(v.at) && v.at > got {
							got = v.at
						}
					}
					if got != 0 {
						break
					}
				}
				if got != states[s][key] {
					t.Fatalf("key %d at %d by %v: %d, want %d (rewinds %v)", key, s, lineage, got, states[s][key], rewinds)
				}
			}
		}
	})
}
