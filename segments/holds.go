package segments

import (
	"cmp"
	"slices"
	"sync"

	"redoubt/scn"
)

// Hold keeps everything that was committed after its SCN.
type Hold struct {
	// Name tells holds apart: "checkpoint", "follower n2", "restore point before_release".
	Name string
	SCN  scn.SCN
	// Owner says who set it, for people.
	Owner string
	// BudgetBytes is how much the owner may keep back; 0: without limit. A hold over its
	// budget still holds: whoever watches V$HOLD decides.
	BudgetBytes int64
}

// Holds are the named holds of a database. They live in memory: an owner sets its hold
// again when it starts. The zero value holds nothing. Safe for use from anywhere.
type Holds struct {
	mu    sync.Mutex
	holds map[string]Hold
}

// Set sets a hold, or moves the one of that name.
func (h *Holds) Set(hold Hold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.holds == nil {
		h.holds = map[string]Hold{}
	}
	h.holds[hold.Name] = hold
}

// Release ends a hold. It is no error if there is none of that name.
func (h *Holds) Release(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.holds, name)
}

// Min returns the lowest hold, by name among equals; ok is false if there is none.
func (h *Holds) Min() (lowest Hold, ok bool) {
	all := h.List()
	if len(all) == 0 {
		return Hold{}, false
	}
	return all[0], true
}

// List returns all holds, the lowest first.
func (h *Holds) List() []Hold {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Hold, 0, len(h.holds))
	for _, hold := range h.holds {
		all = append(all, hold)
	}
	slices.SortFunc(all, func(a, b Hold) int {
		return cmp.Or(cmp.Compare(a.SCN, b.SCN), cmp.Compare(a.Name, b.Name))
	})
	return all
}
