package sqlstat

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// PlansMax is how many plans are kept of a digest; the one that was not used for longest goes.
	PlansMax = 3
	// ChangesMax is how many changes of plans are kept; the oldest go.
	ChangesMax = 512
	// PlanTextMax bounds the text that is kept of a plan, planTextsMax that of all.
	PlanTextMax  = 4 << 10
	planTextsMax = 16 << 20
)

// Ran is the plan by which an execution ran.
type Ran struct {
	Plan uint64 // its hash; 0: it had none
	// Text describes it, and is asked only if the plan is new for the digest. At gives the SCN of now, if the plan has changed.
	Text func() string
	At   func() uint64
}

// Plan is what is known of one plan of a digest.
type Plan struct {
	Hash  uint64
	Text  string // cut at PlanTextMax; empty if there was no room
	First int64  // microseconds since 1970

	last, executions, micros, read, sent atomic.Uint64
}

// Last is when it was last used.
func (p *Plan) Last() int64 { return int64(p.last.Load()) }

// Executions is how often it was used.
func (p *Plan) Executions() uint64 { return p.executions.Load() }

// Total is how long these executions took.
func (p *Plan) Total() time.Duration { return inMicros(p.micros.Load()) }

// RowsRead is how many rows they read from tables, RowsSent how many clients got.
func (p *Plan) RowsRead() uint64 { return p.read.Load() }

// RowsSent is how many rows clients got.
func (p *Plan) RowsSent() uint64 { return p.sent.Load() }

func (p *Plan) add(x *Execution) {
	p.executions.Add(1)
	p.micros.Add(uint64(max(x.Took.Microseconds(), 0)))
	p.read.Add(x.RowsRead)
	p.sent.Add(x.RowsSent)
	p.last.Store(uint64(x.Ended))
}

// Change is that a digest began to run by another plan.
type Change struct {
	About           *About
	Old, New        *Plan
	Times           uint64 // how often it went from one to the other
	First, Last     int64  // microseconds since 1970
	FirstAt, LastAt uint64 // SCNs
}

// plans is what a Store keeps of plans beside those of its entries. Statements that keep to their plans never come here.
type plans struct {
	mu        sync.Mutex
	changes   []*Change // oldest first
	texts     int       // bytes
	total     uint64    // changes
	evicted   uint64    // changes that had to go
	forgotten uint64    // plans that had to go, each to make room for another of its digest
	untold    uint64    // texts that there was no room for
}

// ran adds an execution to the plan by which it ran.
func (s *Store) ran(e *entry, x *Execution, r *Ran) {
	if now := e.plan.Load(); now != nil && now.Hash == r.Plan {
		now.add(x)
		return
	}
	text := ""
	if !slices.ContainsFunc(s.plansOf(e), func(p *Plan) bool { return p.Hash == r.Plan }) {
		text = r.Text()
	}
	s.plans.mu.Lock()
	defer s.plans.mu.Unlock()
	old := e.plan.Load()
	p := s.plans.of(e, x, r.Plan, text)
	p.add(x)
	e.plan.Store(p)
	if old != nil && old != p {
		s.plans.changed(e, old, p, x.Ended, r.At())
	}
}

// of gives the plan of an entry, which is made if it is not there.
func (s *plans) of(e *entry, x *Execution, hash uint64, text string) *Plan {
	for _, p := range e.plans {
		if p.Hash == hash {
			return p
		}
	}
	if len(text) > PlanTextMax {
		text = text[:PlanTextMax]
	}
	if s.texts+len(text) > planTextsMax {
		text = ""
		s.untold++
	}
	s.texts += len(text)
	made := &Plan{Hash: hash, Text: text, First: x.Ended}
	if len(e.plans) < PlansMax {
		e.plans = append(e.plans, made)
		return made
	}
	oldest, now := -1, e.plan.Load()
	for i, p := range e.plans {
		if p != now && (oldest < 0 || p.Last() < e.plans[oldest].Last()) {
			oldest = i
		}
	}
	s.texts -= len(e.plans[oldest].Text)
	s.forgotten++
	e.plans[oldest] = made
	return made
}

// changed notes a change. One that was there before is counted.
func (s *plans) changed(e *entry, from, to *Plan, when int64, at uint64) {
	s.total++
	for i, c := range s.changes {
		if c.About == &e.about && c.Old.Hash == from.Hash && c.New.Hash == to.Hash {
			c.Old, c.New, c.Times, c.Last, c.LastAt = from, to, c.Times+1, when, at
			s.changes = append(slices.Delete(s.changes, i, i+1), c)
			return
		}
	}
	if len(s.changes) == ChangesMax {
		s.changes = slices.Delete(s.changes, 0, 1)
		s.evicted++
	}
	s.changes = append(s.changes, &Change{About: &e.about, Old: from, New: to, Times: 1, First: when, Last: when, FirstAt: at, LastAt: at})
}

// gone gives back what the texts of an evicted entry's plans took. Changes keep them as long as they are known.
func (s *plans) gone(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range e.plans {
		s.texts -= len(p.Text)
	}
	e.plans = nil
}

func (s *Store) plansOf(e *entry) []*Plan {
	s.plans.mu.Lock()
	defer s.plans.mu.Unlock()
	return slices.Clone(e.plans)
}

// Plans gives the plans of a digest, as many as are kept.
func (s *Store) Plans(k Known) []*Plan { return s.plansOf(k.entry) }

// KnownPlan is a plan of a digest.
type KnownPlan struct {
	Known
	By *Plan
}

// PlansOf gives the plans of some digests.
func (s *Store) PlansOf(list []Known) []KnownPlan {
	out := make([]KnownPlan, 0, len(list))
	s.plans.mu.Lock()
	defer s.plans.mu.Unlock()
	for _, k := range list {
		for _, p := range k.entry.plans {
			out = append(out, KnownPlan{k, p})
		}
	}
	return out
}

// Plan is the hash of the plan by which it last ran; 0 if it had none.
func (k Known) Plan() uint64 {
	if p := k.entry.plan.Load(); p != nil {
		return p.Hash
	}
	return 0
}

// Changes gives the changes of plans that are kept, the latest first.
func (s *Store) Changes() []Change {
	s.plans.mu.Lock()
	defer s.plans.mu.Unlock()
	out := make([]Change, 0, len(s.plans.changes))
	for _, c := range slices.Backward(s.plans.changes) {
		out = append(out, *c)
	}
	return out
}

// PlanStats tells how much is known of plans, and what had to go.
type PlanStats struct {
	Changes          uint64 // since the start
	ChangesEvicted   uint64
	PlansForgotten   uint64
	TextsLeftOut     uint64
	TextBytes, Bytes int // of texts; that they may take
}

// PlanStats gives its figures.
func (s *Store) PlanStats() PlanStats {
	s.plans.mu.Lock()
	defer s.plans.mu.Unlock()
	return PlanStats{s.plans.total, s.plans.evicted, s.plans.forgotten, s.plans.untold, s.plans.texts, planTextsMax}
}
