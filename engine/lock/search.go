package lock

// closesCircle tells whether w, which is in its queue by now, waits over however many others for its own owner: then all of
// them would wait for ever.
func (m *Manager) closesCircle(w *waiter) bool {
	if !w.awaited() {
		return false
	}
	m.marks++
	looked, todo := looked{}, []*waiter{w}
	meet := func(o *owner) {
		if o.mark == m.marks {
			return
		}
		o.mark = m.marks
		if o.waiting != nil {
			todo = append(todo, o.waiting)
		}
	}
	// What an owner has stays as long as it waits, and as long as its client waits in another.
	meetAll := func(o *owner) {
		meet(o)
		for _, other := range m.served[o.id] {
			meet(other)
		}
	}
	for _, other := range m.served[w.owner.id] {
		meet(other)
	}
	for len(todo) > 0 && w.owner.mark != m.marks {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for o := range looked.blockers(next) {
			meetAll(o)
		}
	}
	return w.owner.mark == m.marks
}

// awaitedHeldMax is how many locks of an owner are looked at for others that wait. It is there for owners of millions.
const awaitedHeldMax = 64

// awaited tells whether others may wait for the owner of w: if not there can be no circle. Most owners that queue for a busy
// row hold nothing that anybody wants.
func (w *waiter) awaited() bool {
	if last := w.lock.queue[len(w.lock.queue)-1]; last != w || len(w.owner.held) > awaitedHeldMax || w.owner.partner != 0 {
		return true
	}
	for _, held := range w.owner.held {
		if len(held.queue) > 0 {
			return true
		}
	}
	return false
}

// looked is how far the queue of each lock was looked through, in a search, for those who are in the way of a mode; its
// holders were before. Without it a search among the n who wait for one row would go n²/2 steps, while nobody gets a lock.
type looked map[lockedMode]int

type lockedMode struct {
	lock *lock
	mode Mode
}

// blockers are the owners that w waits for, without those that it has in common with a waiter that was asked before.
func (k looked) blockers(w *waiter) func(yield func(*owner) bool) {
	return func(yield func(*owner) bool) {
		l, at := w.lock, lockedMode{w.lock, w.mode}
		from, known := k[at]
		all := true // who is in the way of the mode is in the way of this waiter
		if !known {
			for i, other := range l.queue {
				other.place = i
			}
			for _, h := range l.holders {
				switch {
				case !h.mode.conflictsWith(w.mode):
				case !h.inWayOf(w.owner, w.mode):
					all = false
				case !yield(h.owner):
					return
				}
			}
		}
		for i := from; i < w.place; i++ {
			before := l.queue[i]
			switch {
			case !before.mode.conflictsWith(w.mode):
			case !before.inWayOf(w):
				all = false
			case !yield(before.owner):
				return
			}
		}
		if all {
			k[at] = max(from, w.place)
		}
	}
}
