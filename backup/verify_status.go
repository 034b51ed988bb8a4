package backup

import (
	"context"
	"slices"
	"sync"

	"redoubt/backup/store"
)

// levels are in the order of what they read.
var levels = []Level{Quick, Standard, Whole, Restore}

// String is the level's name.
func (l Level) String() string { return string(l) }

// Covers tells whether a verification of this level looks at whatever one of another does.
func (l Level) Covers(other Level) bool {
	return slices.Index(levels, l) >= slices.Index(levels, other)
}

// Unhealed gives the newest verification that found damage which no later one of the same level, or of one that covers it, has
// found to be gone; nil if there is none. The list has the newest last.
func Unhealed(list []Verification) *Verification {
	var clean []Level
	for i := len(list) - 1; i >= 0; i-- {
		v := &list[i]
		switch {
		case len(v.Damage) == 0:
			clean = append(clean, v.Level)
		case !slices.ContainsFunc(clean, func(l Level) bool { return l.Covers(v.Level) }):
			return v
		}
	}
	return nil
}

// Results remembers what verifications of one repository found, as it never changes once it is there. The zero value knows
// nothing yet. It is safe for concurrent use.
type Results struct {
	mu    sync.Mutex
	known map[string]Verification // by object
}

// Load is Verifications; only what is new is read.
func (r *Results) Load(ctx context.Context, s store.Store) ([]Verification, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list, whole, err := verifications(ctx, s, r.known)
	if err == nil {
		r.known = whole
	}
	return list, err
}
