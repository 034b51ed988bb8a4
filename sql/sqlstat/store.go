package sqlstat

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"redoubt/telemetry"
)

const (
	shardCount = 16
	// DefaultMax is how many digests are kept if nothing is said.
	DefaultMax = 5000
	// TextBytesMax bounds the text that is kept of a digest.
	TextBytesMax = 1024
)

// Store keeps the statistics of a server.
type Store struct {
	shards  [shardCount]shard
	max     int // of one shard
	evicted entry
	gone    atomic.Uint64
	plans   plans
}

type shard struct {
	mu   sync.RWMutex
	by   map[uint64]*entry
	ring []*entry // those in by, for the hand that looks for one to evict
	hand int
	_    [40]byte
}

// entry is one digest. Its counters are added to under the shard's lock for reading, so that none is lost when it is evicted.
//
// What has pointers comes first, so that the garbage collector looks at an eighth of the entry; then, together, what most readers look
// at: who goes through 100,000 entries waits for memory and for little else.
type entry struct {
	about  About
	plan   atomic.Pointer[Plan] // by which it last ran; nil if it had none
	plans  []*Plan              // guarded by Store.plans
	used   atomic.Bool
	first  int64
	last   atomic.Int64
	_      [8]byte // so that times ends with a line of the processor's cache, but for its bounds
	times  histogram
	max    atomic.Uint64
	counts [counters]atomic.Uint64
	waits  [telemetry.Classes]atomic.Uint64
}

// counters of an entry.
const (
	executions = iota
	failures
	micros
	rowsRead
	rowsSent
	rowsChanged
	shortPath
	conflicts

	counters
)

// About is what is known of a digest that never changes.
type About struct {
	Digest uint64
	Text   string // with literals left out; cut at TextBytesMax
	Kind   string
	Schema string // that was current when it was first seen
}

// Execution is one statement that has ended.
type Execution struct {
	Ended                           int64 // microseconds since 1970
	Took                            time.Duration
	Failed, Short                   bool
	Conflicts                       uint64 // times that it began again, or failed, because another had changed what it read
	RowsRead, RowsSent, RowsChanged uint64
}

// New makes a Store of at most so many digests; 0 is DefaultMax.
func New(digests int) *Store {
	s := &Store{max: max(cmp.Or(digests, DefaultMax)/shardCount, 1)}
	s.evicted.about = About{Text: "<evicted>"}
	for i := range s.shards {
		s.shards[i].by = map[uint64]*entry{}
	}
	return s
}

func (s *Store) shard(digest uint64) *shard { return &s.shards[digest>>60%shardCount] }

// Ended adds an execution, and the plan by which it ran. about is asked if the digest is new.
func (s *Store) Ended(digest uint64, x Execution, ran Ran, about func() About) {
	h := s.shard(digest)
	for {
		h.mu.RLock()
		if e := h.by[digest]; e != nil {
			e.add(&x)
			h.mu.RUnlock()
			if ran.Plan != 0 {
				s.ran(e, &x, &ran)
			}
			return
		}
		h.mu.RUnlock()
		s.learn(h, digest, x.Ended, about())
	}
}

// Waited adds time that samples saw a digest spend on a class of events.
func (s *Store) Waited(digest uint64, class telemetry.Class, took time.Duration) {
	h := s.shard(digest)
	h.mu.RLock()
	defer h.mu.RUnlock()
	if e := h.by[digest]; e != nil {
		e.waits[class].Add(uint64(took.Microseconds()))
	}
}

func (e *entry) add(x *Execution) {
	// What has run but once is the first to go.
	if e.counts[executions].Add(1) > 1 && !e.used.Load() {
		e.used.Store(true)
	}
	if x.Failed {
		e.counts[failures].Add(1)
	}
	if x.Conflicts > 0 {
		e.counts[conflicts].Add(x.Conflicts)
	}
	if x.Short {
		e.counts[shortPath].Add(1)
	}
	took := uint64(max(x.Took.Microseconds(), 0))
	e.counts[micros].Add(took)
	e.counts[rowsRead].Add(x.RowsRead)
	e.counts[rowsSent].Add(x.RowsSent)
	e.counts[rowsChanged].Add(x.RowsChanged)
	e.times.add(took)
	for now := e.max.Load(); took > now && !e.max.CompareAndSwap(now, took); now = e.max.Load() {
	}
	e.last.Store(x.Ended)
}

// learn makes the entry of a digest.
func (s *Store) learn(h *shard, digest uint64, now int64, about About) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.by[digest] != nil {
		return
	}
	about.Digest = digest
	e := &entry{about: about, first: now}
	e.last.Store(now)
	h.by[digest] = e
	if len(h.ring) < s.max {
		h.ring = append(h.ring, e)
		return
	}
	for h.ring[h.hand].used.Swap(false) { // used since the hand came by last
		h.hand = (h.hand + 1) % len(h.ring)
	}
	old := h.ring[h.hand]
	delete(h.by, old.about.Digest)
	s.fold(old)
	h.ring[h.hand] = e
	h.hand = (h.hand + 1) % len(h.ring)
}

// fold adds an entry to that of the evicted. Nobody adds to it any more.
func (s *Store) fold(old *entry) {
	s.gone.Add(1)
	s.plans.gone(old)
	for i := range old.counts {
		s.evicted.counts[i].Add(old.counts[i].Load())
	}
	for i := range old.waits {
		s.evicted.waits[i].Add(old.waits[i].Load())
	}
	s.evicted.times.fold(&old.times)
	for top, now := old.max.Load(), s.evicted.max.Load(); top > now && !s.evicted.max.CompareAndSwap(now, top); now = s.evicted.max.Load() {
	}
	if last := old.last.Load(); last > s.evicted.last.Load() {
		s.evicted.last.Store(last)
	}
}

// Evicted is how many digests had to go.
func (s *Store) Evicted() uint64 { return s.gone.Load() }

// Max is how many digests are kept.
func (s *Store) Max() int { return s.max * shardCount }

// Len is how many digests are known.
func (s *Store) Len() (n int) {
	for i := range s.shards {
		s.shards[i].mu.RLock()
		n += len(s.shards[i].ring)
		s.shards[i].mu.RUnlock()
	}
	return n
}

// Statement is what is known of one digest.
type Statement struct {
	About
	First, Last                     int64 // microseconds since 1970; First is 0 for the evicted
	Executions, Failures, Short     uint64
	RowsRead, RowsSent, RowsChanged uint64
	Total, Max, P50, P95, P99       time.Duration
	Waits                           [telemetry.Classes]time.Duration // by samples; CPU is where they waited for nothing
}

// Known is a digest whose figures are read as they are wanted. One that is evicted meanwhile is still told of.
type Known struct{ entry *entry }

// Find gives one digest.
func (s *Store) Find(digest uint64) (Known, bool) {
	h := s.shard(digest)
	h.mu.RLock()
	defer h.mu.RUnlock()
	e := h.by[digest]
	return Known{e}, e != nil
}

// Get tells of one digest.
func (s *Store) Get(digest uint64) (Statement, bool) {
	k, ok := s.Find(digest)
	if !ok {
		return Statement{}, false
	}
	return k.entry.statement(), true
}

// All gives all digests, about in the order in which they came, which is that of their places in memory: who goes through them reads neighbours. The
// evicted, if there are any, come last. Nobody waits while they are looked at.
func (s *Store) All() []Known {
	out := make([]Known, 0, s.Len()+shardCount)
	var rings [shardCount][]*entry
	most := 0
	for i := range s.shards {
		h := &s.shards[i]
		h.mu.RLock()
		rings[i] = slices.Clone(h.ring)
		h.mu.RUnlock()
		most = max(most, len(rings[i]))
	}
	for k := range most {
		for _, ring := range rings {
			if k < len(ring) {
				out = append(out, Known{ring[k]})
			}
		}
	}
	if s.Evicted() > 0 {
		out = append(out, Known{&s.evicted})
	}
	return out
}

// List tells of all digests at once, those that took most time first.
func (s *Store) List() (out []Statement) {
	for _, k := range s.All() {
		out = append(out, k.entry.statement())
	}
	slices.SortFunc(out, func(a, b Statement) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Digest, b.Digest))
	})
	return out
}
