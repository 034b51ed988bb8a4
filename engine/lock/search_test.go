package lock

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var searchSeed = flag.Uint64("search-seed", 0, "seed of TestSearchAgrees; 0 takes one from the clock")

// TestSearchAgrees: over random histories of requests, upgrades, releases and waits that end, by few owners and by many, a
// Manager grants and refuses exactly what a model does that looks for each circle in the whole graph.
func TestSearchAgrees(t *testing.T) {
	seed := *searchSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; replay with go test ./engine/lock -run '^%s$' -search-seed %d", seed, t.Name(), seed)
	for i, owners := range []uint64{3, 6, 12, 40, 8, 16} {
		h := &history{
			T: t, random: rand.New(rand.NewPCG(seed, uint64(i))), manager: New(), owners: owners, tables: 1 + i/4*2, waiting: map[uint64]*waiter{}, seen: map[string]int{},
			model: &model{locks: map[name]*modelLock{}, partners: map[uint64]uint64{}},
		}
		for range 20_000 {
			switch owner := h.free(); {
			case h.random.IntN(20) == 0:
				h.giveUp()
			case owner == 0:
				continue
			case h.random.IntN(4) == 0:
				h.release(owner)
			default:
				h.ask(owner)
			}
			h.check()
		}
		t.Logf("%d owners: %v", owners, h.seen)
		for _, what := range []string{"waits", "granted", "gave up", ErrDeadlock.Error(), ErrBusy.Error()} {
			if h.seen[what] < 20 {
				t.Errorf("%d owners: %q came %d times only", owners, what, h.seen[what])
			}
		}
	}
}

// model is what a Manager should do, as simple as it can be: whenever somebody is to wait, the whole graph of who waits for
// whom is made anew and walked through.
type model struct {
	locks    map[name]*modelLock
	partners map[uint64]uint64 // by owner
}

type modelLock struct{ holders, queue []modelPlace }

type modelPlace struct {
	owner uint64
	mode  Mode
}

func (l *modelLock) holding(owner uint64) int {
	return slices.IndexFunc(l.holders, func(p modelPlace) bool { return p.owner == owner })
}

// inWay gives those for whom an owner waits, or would, with so many before it in the queue; one may be there twice.
func (m *model) inWay(l *modelLock, owner uint64, mode Mode, before int) (out []uint64) {
	for _, p := range l.holders {
		if p.owner != owner && p.owner != m.partners[owner] && p.mode.conflictsWith(mode) {
			out = append(out, p.owner)
		}
	}
	for _, p := range l.queue[:before] {
		if p.owner != m.partners[owner] && p.mode.conflictsWith(mode) {
			out = append(out, p.owner)
		}
	}
	return out
}

// circle tells whether an owner waits for itself.
func (m *model) circle(owner uint64) bool {
	edges := map[uint64][]uint64{}
	for _, l := range m.locks {
		for i, p := range l.queue {
			edges[p.owner] = append(edges[p.owner], m.inWay(l, p.owner, p.mode, i)...)
			if session := m.partners[p.owner]; session != 0 { // whose client waits here
				edges[session] = append(edges[session], p.owner)
			}
		}
	}
	reached := map[uint64]bool{}
	for todo := edges[owner]; len(todo) > 0; {
		next := todo[0]
		todo = todo[1:]
		if !reached[next] {
			reached[next] = true
			todo = append(todo, edges[next]...)
		}
	}
	return reached[owner]
}

// ask tells whether the request waits.
func (m *model) ask(r Request) (waits bool, err error) {
	n := name{r.Space, string(r.Key)}
	l := m.locks[n]
	if l == nil {
		l = &modelLock{}
		m.locks[n] = l
	}
	own := l.holding(r.Owner)
	if own >= 0 && l.holders[own].mode.covers(r.Mode) {
		return false, nil
	}
	first := own >= 0 || r.Partner != 0 && l.holding(r.Partner) >= 0
	queued := slices.ContainsFunc(l.queue, func(p modelPlace) bool { return p.mode.conflictsWith(r.Mode) })
	if len(m.inWay(l, r.Owner, r.Mode, 0)) == 0 && (first || !queued) {
		l.grant(r.Owner, r.Mode)
		return false, nil
	}
	if r.Wait <= 0 {
		return false, ErrBusy
	}
	place := len(l.queue)
	if first {
		place = 0
	}
	l.queue = slices.Insert(l.queue, place, modelPlace{r.Owner, r.Mode})
	if m.circle(r.Owner) {
		m.leave(n, r.Owner)
		return false, ErrDeadlock
	}
	return true, nil
}

func (l *modelLock) grant(owner uint64, mode Mode) {
	if own := l.holding(owner); own >= 0 {
		l.holders[own].mode = union(l.holders[own].mode, mode)
		return
	}
	l.holders = append(l.holders, modelPlace{owner, mode})
}

func (m *model) leave(n name, owner uint64) {
	l := m.locks[n]
	l.queue = slices.DeleteFunc(l.queue, func(p modelPlace) bool { return p.owner == owner })
	m.advance(n)
}

func (m *model) advance(n name) {
	l := m.locks[n]
	for i := 0; i < len(l.queue); {
		p := l.queue[i]
		if len(m.inWay(l, p.owner, p.mode, i)) > 0 {
			i++
			continue
		}
		l.queue = slices.Delete(l.queue, i, i+1)
		l.grant(p.owner, p.mode)
	}
	if len(l.holders) == 0 {
		delete(m.locks, n)
	}
}

// release lets the locks of an owner go, in an order, or one of them.
func (m *model) release(owner uint64, order []name) {
	for _, n := range order {
		l := m.locks[n]
		own := l.holding(owner)
		l.holders = slices.Delete(l.holders, own, own+1)
		m.advance(n)
	}
}

// list is what List should give.
func (m *model) list() (out []Info) {
	for n, l := range m.locks {
		for _, p := range l.holders {
			out = append(out, Info{Owner: p.owner, Space: n.space, Key: []byte(n.key), Mode: p.mode, Granted: true})
		}
		for i, p := range l.queue {
			info := Info{Owner: p.owner, Space: n.space, Key: []byte(n.key), Mode: p.mode}
			for _, o := range m.inWay(l, p.owner, p.mode, i) {
				if !slices.Contains(info.Blockers, o) {
					info.Blockers = append(info.Blockers, o)
				}
			}
			out = append(out, info)
		}
	}
	return out
}

// history is a random one of a Manager and its model.
type history struct {
	*testing.T
	random  *rand.Rand
	manager *Manager
	model   *model
	owners  uint64
	tables  int // requests of four that are for a whole table
	waiting map[uint64]*waiter
	seen    map[string]int // how often what happened
}

// session is the partner of an owner: every fourth works for a client that locks tables, too.
func (h *history) session(owner uint64) uint64 {
	if owner%4 == 0 {
		return h.owners + 1 + owner%3
	}
	return 0
}

// free gives an owner that does not wait, 0 if it met one that does.
func (h *history) free() uint64 {
	owner := 1 + h.random.Uint64N(h.owners+3) // the last are sessions
	if h.waiting[owner] != nil {
		return 0
	}
	return owner
}

func (h *history) ask(owner uint64) {
	r := Request{Owner: owner, Space: 1, Key: []byte{'a' + byte(h.random.IntN(4))}, Mode: Mode(h.random.IntN(4)), Wait: long}
	if owner <= h.owners {
		r.Partner = h.session(owner)
	}
	if owner > h.owners || h.random.IntN(4) < h.tables {
		r.Space, r.Key, r.Mode = 2, nil, IntentShare+Mode(h.random.IntN(4))
	}
	if h.random.IntN(8) == 0 {
		r.Wait = 0
	}
	h.model.partners[owner] = r.Partner
	w, err := h.manager.ask(r)
	waits, want := h.model.ask(r)
	if waits != (w != nil) || !errors.Is(err, want) {
		h.Fatalf("%s of %q for %d: waits %v, %v; want %v, %v", r.Mode, r.Key, r.Owner, w != nil, err, waits, want)
	}
	switch {
	case waits:
		h.waiting[owner] = w
		h.seen["waits"]++
	case err != nil:
		h.seen[err.Error()]++
		if errors.Is(err, ErrDeadlock) && h.random.IntN(3) > 0 {
			h.release(owner)
		}
	}
}

func (h *history) release(owner uint64) {
	var order []name
	if o := h.manager.owners[owner]; o != nil {
		for _, l := range o.held {
			order = append(order, l.name)
		}
	}
	if len(order) > 0 && h.random.IntN(4) == 0 {
		n := order[h.random.IntN(len(order))]
		if !h.manager.ReleaseOne(owner, n.space, []byte(n.key)) {
			h.Fatalf("%d does not have %v", owner, n)
		}
		h.model.release(owner, []name{n})
		return
	}
	h.manager.Release(owner)
	h.model.release(owner, order)
}

func (h *history) giveUp() {
	if len(h.waiting) == 0 {
		return
	}
	owner := slices.Sorted(maps.Keys(h.waiting))[h.random.IntN(len(h.waiting))]
	w := h.waiting[owner]
	if err := h.manager.arrived(w, ErrTimeout); !errors.Is(err, ErrTimeout) {
		h.Fatalf("%d gives up: %v", owner, err)
	}
	delete(h.waiting, owner)
	h.model.leave(w.lock.name, owner)
	h.seen["gave up"]++
}

// check takes note of who need not wait any more, and compares all.
func (h *history) check() {
	for owner, w := range h.waiting {
		if w.owner.waiting == w {
			continue
		}
		select {
		case <-w.granted:
			delete(h.waiting, owner)
			h.seen["granted"]++
		default:
			h.Fatalf("%d is not told that it has %v", owner, w.lock.name)
		}
	}
	if got, want := show(h.manager.List()), show(h.model.list()); got != want {
		h.Fatalf("locks are\n%s\nwant\n%s", got, want)
	}
}

func show(list []Info) string {
	lines := make([]string, len(list))
	for i, l := range list {
		lines[i] = fmt.Sprintf("%d %q %d %s %v %v\n", l.Space, l.Key, l.Owner, l.Mode, l.Granted, l.Blockers)
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}
