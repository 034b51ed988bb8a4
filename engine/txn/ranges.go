package txn

import (
	"bytes"
	"cmp"

	"github.com/RaduBerinde/btreemap"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// ranges remembers the keys of recent changes in their order, for claims on ranges. It does so from the first
// transaction on that may make such claims: nobody else pays for it.
type ranges struct {
	keys  *btreemap.BTreeMap[spaceKey, scn.SCN] // nil while nobody asks
	floor scn.SCN                               // what was changed after it is in keys
}

type spaceKey struct {
	space scn.Space
	key   string
}

// rangeKeysMax bounds the memory: 2^17 keys are about 10 MiB.
const rangeKeysMax = 1 << 17

// begin remembers from now on; last is the newest SCN that was noted.
func (r *ranges) begin(last scn.SCN) {
	if r.keys == nil {
		r.reset(last)
		r.keys = btreemap.New[spaceKey, scn.SCN](treeDegree, func(a, b spaceKey) int {
			return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.key, b.key))
		})
	}
}

// reset forgets all.
func (r *ranges) reset(last scn.SCN) {
	r.floor = last
	if r.keys != nil {
		r.keys.Clear(false)
	}
}

// forget says that at an SCN more was changed than can be remembered.
func (r *ranges) forget(at scn.SCN) {
	if r.keys != nil {
		r.reset(at)
	}
}

func (r *ranges) note(space scn.Space, key []byte, at scn.SCN) {
	if r.keys == nil {
		return
	}
	if r.keys.Len() >= rangeKeysMax {
		r.reset(at) // what the same commit has changed before this key goes, too
	}
	r.keys.ReplaceOrInsert(spaceKey{space, string(key)}, at)
}

// changed tells whether a key in the range of a claim may have changed since; table is when its table last did.
func (r *ranges) changed(c *redo.Claim, table scn.SCN) bool {
	whole := len(c.Low) == 0 && bytes.Equal(c.High, rangeEnd)
	if table <= c.Since || whole || r.keys == nil || c.Since < r.floor {
		return table > c.Since
	}
	low, high := btreemap.GE(spaceKey{c.Space, string(c.Low)}), btreemap.LT(spaceKey{c.Space, string(c.High)})
	for _, at := range r.keys.Ascend(low, high) {
		if at > c.Since {
			return true
		}
	}
	return false
}

// NoteRanges remembers the keys of changes in their order from now on.
func (c *Certifier) NoteRanges() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ranges.begin(c.noted)
}
