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
	out := m.all()
	slices.SortStableFunc(out, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Space, b.Space), slices.Compare(a.Key, b.Key))
	})
	return out
}

// all gives them in any order of the keys. Nobody gets a lock meanwhile.
func (m *Manager) all() (out []Info) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n, l := range m.locks {
		for _, h := range l.holders {
			out = append(out, Info{Owner: h.owner.id, Space: n.space, Key: []byte(n.key), Mode: h.mode, Granted: true})
		}
		for _, w := range l.queue {
			i := Info{Owner: w.owner.id, Space: n.space, Key: []byte(n.key), Mode: w.mode, Since: w.since}
			m.marks++
			for o := range w.blockers() {
				if o.mark != m.marks { // else it holds the lock and waits for more of it
					o.mark = m.marks
					i.Blockers = append(i.Blockers, o.id)
				}
			}
			out = append(out, i)
		}
	}
	return out
}

// Counts tells what happened since the start.
func (m *Manager) Counts() Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts
}
