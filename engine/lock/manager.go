package lock

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"redoubt/scn"
	"redoubt/telemetry"
)

// Errors of Lock. After each of them the owner has what it had before.
var (
	// ErrDeadlock: to wait would never end, since those waited for wait for the owner. It should roll back.
	ErrDeadlock = errors.New("deadlock")
	// ErrTimeout: the lock was not to be had within the time that the request allowed.
	ErrTimeout = errors.New("lock wait timeout")
	// ErrBusy: the lock is not to be had at once, and the request does not wait.
	ErrBusy = errors.New("lock is held by another transaction")
)

// Request asks for one lock.
type Request struct {
	Owner uint64 // transaction id
	// Partner is another owner of the same client, whose locks are not in the way; 0: there is none. It is the session
	// that holds LOCK TABLES.
	Partner uint64
	Space   scn.Space
	Key     []byte // is not kept; empty for a table
	Mode    Mode
	Wait    time.Duration // at most; 0 or less does not wait
	// Slot is where the wait is shown, if the session that asks is in this process; nil: nowhere.
	Slot *telemetry.Slot
	// Event is what the wait is shown as; 0: a row lock, or that of a table.
	Event telemetry.Event
}

// event is what a wait is shown as.
func (r *Request) event() telemetry.Event {
	switch {
	case r.Event != telemetry.OnCPU:
		return r.Event
	case r.Mode.ofTable() || len(r.Key) == 0:
		return telemetry.TableLock
	}
	return telemetry.RowLock
}

// Manager keeps the locks of one node.
type Manager struct {
	mu     sync.Mutex
	locks  map[name]*lock
	owners map[uint64]*owner
	served map[uint64][]*owner // that wait, by partner: what that one has is not let go meanwhile
	counts Counts
	marks  uint64       // the latest mark that was given to owners
	tabled atomic.Int32 // tables that are locked or waited for as a whole
}

// Counts sums up what happened since the start.
type Counts struct {
	Waits     uint64
	Deadlocks uint64
	Timeouts  uint64
	Waited    time.Duration
}

// name identifies a lock.
type name struct {
	space scn.Space
	key   string
}

// lock is a key that somebody holds or waits for.
type lock struct {
	name    name
	holders []holder
	queue   []*waiter // in the order in which they will be granted
	table   bool      // somebody asked for the whole table
}

type holder struct {
	owner *owner
	mode  Mode
}

type owner struct {
	id      uint64
	held    []*lock
	waiting *waiter // nil unless it waits
	partner uint64
	mark    uint64 // of the latest walk over owners that has met it
}

type waiter struct {
	owner   *owner
	lock    *lock
	mode    Mode
	since   time.Time
	granted chan struct{} // closed when it is
	slot    *telemetry.Slot
	event   telemetry.Event
	place   int // in the queue, for the search that goes on
}

// New makes a Manager without locks.
func New() *Manager {
	return &Manager{locks: map[name]*lock{}, owners: map[uint64]*owner{}, served: map[uint64][]*owner{}}
}

// Lock gives the owner a key in a mode, waiting for others that have it. An owner that asks for a key that it has in a
// weaker mode keeps both. waited tells whether others had it first.
func (m *Manager) Lock(ctx context.Context, r Request) (waited bool, err error) {
	for {
		again, err := m.lock(ctx, r)
		waited = waited || again
		if !errors.Is(err, errIntentFirst) {
			return waited, err
		}
		intent := r
		intent.Key, intent.Mode = nil, r.Mode.intent()
		if again, err = m.lock(ctx, intent); err != nil {
			return waited || again, err
		}
		waited = waited || again
	}
}

func (m *Manager) lock(ctx context.Context, r Request) (waited bool, err error) {
	m.mu.Lock()
	w, err := m.ask(r)
	m.mu.Unlock()
	if w == nil || err != nil {
		return false, err
	}
	timer := time.NewTimer(r.Wait)
	defer timer.Stop()
	select {
	case <-w.granted:
		err = nil
	case <-timer.C:
		err = ErrTimeout
	case <-ctx.Done():
		err = ctx.Err()
	}
	return true, m.arrived(w, err)
}

// ask grants a request, or refuses it, or gives the waiter that it has become.
func (m *Manager) ask(r Request) (*waiter, error) {
	n := name{r.Space, string(r.Key)}
	o := m.owners[r.Owner]
	if o == nil {
		o = &owner{id: r.Owner}
	}
	o.partner = r.Partner
	if n.key != "" && m.lacksIntent(o, r) {
		return nil, errIntentFirst
	}
	l := m.locks[n]
	if l == nil {
		l = &lock{name: n}
		m.locks[n] = l
	}
	if r.Mode.ofTable() && !l.table {
		m.addIntents(l)
	}
	own := l.holding(o)
	if own >= 0 && l.holders[own].mode.covers(r.Mode) {
		return nil, nil
	}
	// Who has the lock already goes before those who wait for it: they wait for him, too.
	first := own >= 0 || l.heldBy(r.Partner)
	if l.free(o, r.Mode) && (first || !l.queued(r.Mode)) {
		m.owners[o.id] = o
		l.grant(o, r.Mode)
		return nil, nil
	}
	if r.Wait <= 0 {
		return nil, ErrBusy
	}
	w := &waiter{owner: o, lock: l, mode: r.Mode, since: time.Now(), granted: make(chan struct{}), slot: r.Slot, event: r.event()}
	if first {
		l.queue = slices.Insert(l.queue, 0, w)
	} else {
		l.queue = append(l.queue, w)
	}
	m.begin(w)
	if m.closesCircle(w) {
		m.counts.Deadlocks++
		m.leave(w)
		return nil, ErrDeadlock
	}
	m.counts.Waits++
	w.slot.BeginFor(w.event, w.blocker())
	return w, nil
}

// arrived ends a wait. What was granted in the moment when the caller turned away counts as granted.
func (m *Manager) arrived(w *waiter, err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	took := time.Since(w.since)
	m.counts.Waited += took
	w.slot.EndFor(w.event)
	w.slot.Measured(w.event, took)
	if w.owner.waiting != w {
		return nil
	}
	if errors.Is(err, ErrTimeout) {
		m.counts.Timeouts++
	}
	m.leave(w)
	return err
}

// begin has an owner wait.
func (m *Manager) begin(w *waiter) {
	o := w.owner
	o.waiting, m.owners[o.id] = w, o
	if o.partner != 0 {
		m.served[o.partner] = append(m.served[o.partner], o)
	}
}

// end has it wait no longer.
func (m *Manager) end(o *owner) {
	o.waiting = nil
	if o.partner == 0 {
		return
	}
	rest := slices.DeleteFunc(m.served[o.partner], func(other *owner) bool { return other == o })
	if m.served[o.partner] = rest; len(rest) == 0 {
		delete(m.served, o.partner)
	}
}

// leave takes a waiter out of its queue, and lets those behind it in if they may.
func (m *Manager) leave(w *waiter) {
	m.end(w.owner)
	if len(w.owner.held) == 0 {
		delete(m.owners, w.owner.id)
	}
	l := w.lock
	l.queue = slices.DeleteFunc(l.queue, func(other *waiter) bool { return other == w })
	m.advance(l)
}

// Release lets all locks of an owner go. It must not be waiting.
func (m *Manager) Release(id uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.owners[id]
	if o == nil {
		return
	}
	delete(m.owners, id)
	for _, l := range o.held {
		i := l.holding(o)
		l.holders = slices.Delete(l.holders, i, i+1)
		m.advance(l)
	}
}

// ReleaseOne lets one lock of an owner go, whatever the mode, and tells whether it had it.
func (m *Manager) ReleaseOne(id uint64, space scn.Space, key []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, l := m.owners[id], m.locks[name{space, string(key)}]
	if o == nil || l == nil {
		return false
	}
	i := l.holding(o)
	if i < 0 {
		return false
	}
	l.holders = slices.Delete(l.holders, i, i+1)
	o.held = slices.DeleteFunc(o.held, func(held *lock) bool { return held == l })
	if len(o.held) == 0 && o.waiting == nil {
		delete(m.owners, id)
	}
	m.advance(l)
	return true
}

// Holder gives the first of those who hold a lock, 0 if nobody does.
func (m *Manager) Holder(space scn.Space, key []byte) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.locks[name{space, string(key)}]; l != nil && len(l.holders) > 0 {
		return l.holders[0].owner.id
	}
	return 0
}

// advance grants what nobody is in the way of any more, in the order of the queue, and forgets a lock that nobody wants.
func (m *Manager) advance(l *lock) {
	for i := 0; i < len(l.queue); {
		w := l.queue[i]
		if by := w.blocker(); by != 0 {
			w.slot.Blocked(by)
			i++
			continue
		}
		l.queue = slices.Delete(l.queue, i, i+1)
		m.end(w.owner)
		l.grant(w.owner, w.mode)
		close(w.granted)
	}
	if len(l.holders) == 0 {
		delete(m.locks, l.name)
		if l.table {
			m.tabled.Add(-1)
		}
	}
}

// blockers are the owners that a waiter waits for: those who hold its key, and those who ask for it before it.
func (w *waiter) blockers() func(yield func(*owner) bool) {
	return func(yield func(*owner) bool) {
		for _, h := range w.lock.holders {
			if h.inWayOf(w.owner, w.mode) && !yield(h.owner) {
				return
			}
		}
		for _, before := range w.lock.queue {
			if before == w {
				return
			}
			if before.inWayOf(w) && !yield(before.owner) {
				return
			}
		}
	}
}

// blocker is the first of them, 0 if nobody is in the way any more.
func (w *waiter) blocker() uint64 {
	for o := range w.blockers() {
		return o.id
	}
	return 0
}

// inWayOf tells whether an owner has to wait for a holder.
func (h holder) inWayOf(o *owner, mode Mode) bool {
	return h.owner != o && h.owner.id != o.partner && h.mode.conflictsWith(mode)
}

// inWayOf tells whether a waiter has to wait for one that stands before it in the queue.
func (w *waiter) inWayOf(behind *waiter) bool {
	return w.owner.id != behind.owner.partner && w.mode.conflictsWith(behind.mode)
}

// heldBy tells whether an owner, given by its id, is among the holders.
func (l *lock) heldBy(id uint64) bool {
	return id != 0 && slices.ContainsFunc(l.holders, func(h holder) bool { return h.owner.id == id })
}

// holding is the place of an owner among the holders, -1 if it is not one.
func (l *lock) holding(o *owner) int {
	return slices.IndexFunc(l.holders, func(h holder) bool { return h.owner == o })
}

// free tells whether no other owner holds the lock in a mode that conflicts.
func (l *lock) free(o *owner, mode Mode) bool {
	return !slices.ContainsFunc(l.holders, func(h holder) bool { return h.inWayOf(o, mode) })
}

// queued tells whether somebody waits whom a new holder in this mode would hold up.
func (l *lock) queued(mode Mode) bool {
	return slices.ContainsFunc(l.queue, func(w *waiter) bool { return w.mode.conflictsWith(mode) })
}

func (l *lock) grant(o *owner, mode Mode) {
	if i := l.holding(o); i >= 0 {
		l.holders[i].mode = union(l.holders[i].mode, mode)
		return
	}
	l.holders = append(l.holders, holder{o, mode})
	o.held = append(o.held, l)
}

// union is the weakest mode that covers both.
func union(a, b Mode) Mode {
	for _, m := range []Mode{a, b} {
		if m.covers(a) && m.covers(b) {
			return m
		}
	}
	if a >= IntentShare {
		return tableShareIntentUpdate
	}
	return Exclusive
}
