package scn

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestBetweenDrawings(t *testing.T) {
	f := func(a, b Lineage, want string) {
		t.Helper()
		if got := fmt.Sprint(Lineage(Between(a, b))); got != want {
			t.Errorf("%v and %v: %s, want %s", a, b, got, want)
		}
	}
	f(Simple(7, 10), Simple(7, 10), "")
	f(Simple(7, 10), Simple(7, 30), "7:(10, 30]")
	f(Lineage{{7, 20, 25}, {7, 0, 10}}, Simple(7, 15), "7:(10, 15] 7:(20, 25]")
	f(Lineage{{8, 25, 30}, {7, 0, 12}}, Simple(7, 20), "7:(12, 20] 8:(25, 30]")
	f(Lineage{{7, 20, 20}}, Simple(7, 20), "7:(0, 20]")
}

// TestBetweenTellsWhatMayDiffer: an SCN is in one of the intervals if and only if exactly one of the lineages sees it.
func TestBetweenTellsWhatMayDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rewinds []Rewind
		for at := SCN(1); at <= 40; at++ {
			if rapid.IntRange(0, 4).Draw(t, "rewind") == 0 {
				rewinds = append(rewinds, Rewind{At: at, To: SCN(rapid.IntRange(0, int(at)-1).Draw(t, "to")), Source: 1})
			}
		}
		of := func(Space) []Rewind { return rewinds }
		a := LineageAt(1, SCN(rapid.IntRange(0, 41).Draw(t, "a")), of, nil)
		b := LineageAt(1, SCN(rapid.IntRange(0, 41).Draw(t, "b")), of, nil)
		between := Lineage(Between(a, b))
		for s := SCN(1); s <= 41; s++ {
			if between.Sees(1, s) != (a.Sees(1, s) != b.Sees(1, s)) {
				t.Fatalf("SCN %d: %v of %v and %v is wrong", s, between, a, b)
			}
		}
	})
}
