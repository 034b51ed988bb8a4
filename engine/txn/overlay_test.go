package txn

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"redoubt/scn"
)

// TestOverlay does random changes, rollbacks and walks, with few keys and with many, and compares with maps.
func TestOverlay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o overlay
		model := map[scn.Space]map[string]*entry{1: {}, 2: {}, 900: {}}
		type mark struct {
			undo  int
			model map[scn.Space]map[string]*entry
		}
		marks := []mark{{}}
		saved := func() map[scn.Space]map[string]*entry {
			out := map[scn.Space]map[string]*entry{}
			for s, m := range model {
				out[s] = maps.Clone(m)
			}
			return out
		}
		marks[0].model = saved()
		key := rapid.Custom(func(t *rapid.T) []byte {
			return []byte(rapid.SampledFrom([]string{"", "a", "aa", "b", "ba", "c", "d", "e", "f", "g", "h", "i", "j", "k"}).Draw(t, "key"))
		})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			space := rapid.SampledFrom([]scn.Space{1, 2, 900}).Draw(t, "space")
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				marks = append(marks, mark{len(o.undo), saved()})
			case 1:
				i := rapid.IntRange(0, len(marks)-1).Draw(t, "mark")
				o.rollbackTo(marks[i].undo)
				model, marks = marks[i].model, append(marks[:i:i], mark{marks[i].undo, nil})
				marks[i].model = saved()
			case 2, 3, 4:
				r := Range{Low: key.Draw(t, "low"), Reverse: rapid.Bool().Draw(t, "reverse")}
				if rapid.Bool().Draw(t, "high") {
					r.High = key.Draw(t, "high key")
				}
				if err := walk(&o, model[space], space, r, key.Draw(t, "late")); err != nil {
					t.Fatal(err)
				}
			default:
				k, e := key.Draw(t, "k"), &entry{}
				o.set(space, k, e)
				model[space][string(k)] = e
			}
			k := key.Draw(t, "get")
			if got, want := o.get(space, k), model[space][string(k)]; got != want {
				t.Fatalf("get %q: %p, want %p", k, got, want)
			}
		}
	})
}

// walk compares a cursor with the model; a key that is set on the way does not show.
func walk(o *overlay, model map[string]*entry, space scn.Space, r Range, late []byte) error {
	want := slices.Sorted(maps.Keys(model))
	if r.Reverse {
		slices.Reverse(want)
	}
	c := newCursor(o.view(space), r)
	mark := len(o.undo)
	o.set(space, late, &entry{deleted: true})
	defer o.rollbackTo(mark)
	for _, k := range want {
		if bytes.Compare([]byte(k), r.Low) < 0 || r.High != nil && bytes.Compare([]byte(k), r.High) >= 0 {
			continue
		}
		if c.entry == nil || string(c.key) != k || c.entry != model[k] {
			return fmt.Errorf("cursor over %q to %q is at %q, want %q", r.Low, r.High, c.key, k)
		}
		c.next()
	}
	if c.entry != nil {
		return fmt.Errorf("cursor over %q to %q goes on to %q", r.Low, r.High, c.key)
	}
	return nil
}
