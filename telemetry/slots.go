package telemetry

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Slots is the table of all sessions and background work of a node. Taking and giving back a slot takes a lock; nothing
// that a session does with its slot does.
type Slots struct {
	mu     sync.Mutex
	chunks atomic.Pointer[[]*chunk] // grows, and never shrinks: a slot stays where it is
	free   []*Slot
	serial uint32
	gone   totals // of sessions that have ended
	timed  [Events]timed
}

const chunkSlots = 64

type chunk [chunkSlots]Slot

// timed is what was measured of an event, by all who waited for it.
type timed struct {
	waits  atomic.Uint64
	micros atomic.Uint64
	_      [48]byte
}

// totals are sums over sessions.
type totals struct {
	counts  [Events]uint64
	figures [sessionFigures]uint64
}

// NewSlots makes an empty table.
func NewSlots() *Slots {
	s := &Slots{}
	s.chunks.Store(&[]*chunk{})
	return s
}

// Take gives a slot to a session, or to background work. It must be given back. A nil table gives a nil slot.
func (t *Slots) Take(who Identity) *Slot {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.free) == 0 {
		t.grow()
	}
	s := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	t.serial++
	who.Serial = t.serial
	if who.Since == 0 {
		who.Since = time.Now().UnixMicro()
	}
	s.who.Store(&who)
	return s
}

func (t *Slots) grow() {
	old := *t.chunks.Load()
	made := &chunk{}
	for i := range made {
		made[i].number, made[i].table = len(old)*chunkSlots+i, t
		t.free = append(t.free, &made[i])
	}
	slices.Reverse(t.free) // the lowest place is given first, so that a sweep ends early
	all := append(slices.Clone(old), made)
	t.chunks.Store(&all)
}

// Background takes a slot for work in the background, which is at rest until it says otherwise: its name and what it does.
func (t *Slots) Background(name, does string) *Slot {
	return t.Take(Identity{Background: true, Program: name, Does: does})
}

// GiveBack ends the use of a slot. What it counted stays in the sums of the node.
func (t *Slots) GiveBack(s *Slot) {
	if t == nil || s == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s.who.Store(nil)
	for i := range s.counts {
		t.gone.counts[i] += s.counts[i].Swap(0)
	}
	for i := range s.totals {
		t.gone.figures[i] += s.totals[i].Swap(0)
	}
	for _, field := range []*atomic.Uint64{&s.call, &s.sql, &s.line, &s.object, &s.read, &s.commit, &s.xid, &s.blocker, &s.rows, &s.sent, &s.owner} {
		field.Store(0)
	}
	s.wait.Store(0)
	s.active.Store(0)
	s.began.Store(0)
	s.kind.Store(nil)
	t.free = append(t.free, s)
}

// Measured adds a wait that was measured where it happened.
func (t *Slots) Measured(e Event, took time.Duration) {
	if t == nil {
		return
	}
	t.timed[e].waits.Add(1)
	t.timed[e].micros.Add(uint64(max(took.Microseconds(), 0)))
}

// EventTotal is what all sessions and background work have waited for an event since the start.
type EventTotal struct {
	Event    Event
	Waits    uint64
	Measured time.Duration // of events that are Timed
}

// EventTotals lists the events of the node.
func (t *Slots) EventTotals() []EventTotal {
	t.mu.Lock()
	counts := t.gone.counts
	t.each(func(s *Slot) {
		for i := range s.counts {
			counts[i] += s.counts[i].Load()
		}
	})
	t.mu.Unlock()
	out := make([]EventTotal, Events)
	for i := range out {
		e := Event(i)
		out[i] = EventTotal{e, counts[i], time.Duration(t.timed[i].micros.Load()) * time.Microsecond}
		// What nobody's slot counted, for nobody can tell whose it was, was counted where it was measured.
		out[i].Waits = max(out[i].Waits, t.timed[i].waits.Load())
	}
	return out
}

// FigureTotals sums up the figures of all sessions, those that have ended included.
func (t *Slots) FigureTotals() (out [sessionFigures]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out = t.gone.figures
	t.each(func(s *Slot) {
		for i := range s.totals {
			out[i] += s.totals[i].Load()
		}
	})
	return out
}

// each visits every slot, free ones too.
func (t *Slots) each(visit func(*Slot)) {
	for _, c := range *t.chunks.Load() {
		for i := range c {
			visit(&c[i])
		}
	}
}

// Look is what a slot said when somebody looked.
type Look struct {
	Who       *Identity
	Slot      *Slot // only to ask for its counts; it may have been given to another since
	Active    bool  // false: it is idle
	Event     Event // what it waits for; OnCPU: for nothing
	Waits     uint64
	Call      uint64 // number of the statement
	SQL       uint64
	Kind      string
	Line      uint16
	Object    uint64
	ReadSCN   uint64
	CommitSCN uint64
	XID       uint64
	Blocker   uint64
	Began     int64 // microseconds since 1970
	Rows      uint64
	Sent      uint64
	Owner     uint64
}

// State is ON CPU, WAITING or IDLE.
func (l *Look) State() string {
	switch {
	case l.Event != OnCPU && l.Event.Class() != Idle:
		return "WAITING"
	case !l.Active:
		return "IDLE"
	case l.Event != OnCPU:
		return "WAITING"
	}
	return "ON CPU"
}

// Shown is the event as views show it: an idle session waits for its client, idle work for its next round.
func (l *Look) Shown() Event {
	if l.Event == OnCPU && !l.Active {
		if l.Who.Background {
			return BackgroundTimer
		}
		return ClientMessage
	}
	return l.Event
}

// Sweep looks at every slot that is in use and active, or at all in use if idle ones are wanted, and gives each to visit,
// which must not keep the Look. Who waits for something of the class Idle, as SLEEP() does, is not active. It takes no lock.
func (t *Slots) Sweep(idle bool, visit func(*Look)) {
	var l Look
	for _, c := range *t.chunks.Load() {
		for i := range c {
			s := &c[i]
			active, wait := s.active.Load() != 0, Event(s.wait.Load())
			if !active && wait == OnCPU && !idle {
				continue
			}
			who := s.who.Load()
			if who == nil || !idle && wait != OnCPU && wait.Class() == Idle {
				continue
			}
			l.fill(s, who, active, wait)
			visit(&l)
		}
	}
}

func (l *Look) fill(s *Slot, who *Identity, active bool, wait Event) {
	l.Who, l.Slot, l.Active, l.Event = who, s, active, wait
	l.Call, l.SQL, l.Line, l.Object = s.call.Load(), s.sql.Load(), uint16(s.line.Load()), s.object.Load()
	l.ReadSCN, l.CommitSCN, l.XID = s.read.Load(), s.commit.Load(), s.xid.Load()
	l.Began, l.Rows, l.Sent, l.Owner = s.began.Load(), s.rows.Load(), s.sent.Load(), s.owner.Load()
	l.Blocker, l.Waits, l.Kind = 0, 0, ""
	if wait < Events && wait != OnCPU {
		l.Waits = s.counts[wait].Load()
		l.Blocker = s.blocker.Load()
	}
	if kind := s.kind.Load(); kind != nil {
		l.Kind = *kind
	}
}

// Place is the number of the slot in its table, from 0.
func (l *Look) Place() int { return l.Slot.number }

// Counts gives how often the session has waited for each event.
func (l *Look) Counts() (out [Events]uint64) {
	for i := range out {
		out[i] = l.Slot.counts[i].Load()
	}
	return out
}

// Figures gives what was counted of the session.
func (l *Look) Figures() (out [sessionFigures]uint64) {
	for i := range out {
		out[i] = l.Slot.totals[i].Load()
	}
	return out
}

// Places is how many slots there are, free ones included.
func (t *Slots) Places() int { return len(*t.chunks.Load()) * chunkSlots }

// All gives every slot in use as it is now, by session; background work first.
func (t *Slots) All() (out []Look) {
	if t == nil {
		return nil
	}
	t.Sweep(true, func(l *Look) { out = append(out, *l) })
	slices.SortFunc(out, func(a, b Look) int {
		if a.Who.Background != b.Who.Background {
			if a.Who.Background {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Who.Session, b.Who.Session), cmp.Compare(a.Who.Serial, b.Who.Serial))
	})
	return out
}
