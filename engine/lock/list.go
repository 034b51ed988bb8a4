package lock

import (
	"cmp"
	"slices"
	"time"

	"redoubt/scn"
)

// Info is one lock that an owner holds or waits for.
type Info struct {
	Owner    uint64
	Space    scn.Space
	Key      []byte
	Mode     Mode
	Granted  bool
	Since    time.Time // when the wait began; zero for what is granted
	Blockers []uint64  // whom it waits for
}

// List gives all locks: those held and those waited for, by key and then in the order of the queue.
func (m *Manager) List() []Info {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Info
	for n, l := range m.locks {
		for _, h := range l.holders {
			out = append(out, Info{Owner: h.owner.id, Space: n.space, Key: []byte(n.key), Mode: h.mode, Granted: true})
		}
		for _, w := range l.queue {
			i := Info{Owner: w.owner.id, Space: n.space, Key: []byte(n.key), Mode: w.mode, Since: w.since}
			for o := range w.blockers() {
				if !slices.Contains(i.Blockers, o.id) {
					i.Blockers = append(i.Blockers, o.id)
				}
			}
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Space, b.Space), slices.Compare(a.Key, b.Key))
	})
	return out
}

// Counts tells what happened since the start.
func (m *Manager) Counts() Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts
}
