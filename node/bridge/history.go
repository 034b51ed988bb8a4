package bridge

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"
	"sync"

	"redoubt/flashback/redolog"
	"redoubt/replication"
	"redoubt/scn"
	"redoubt/segments"
)

// History is all of the committed log: sealed segments, and behind them what is not sealed yet. Safe for concurrent use.
type History struct {
	segments *segments.Catalog
	log      Log

	mu       sync.Mutex
	sealedTo scn.SCN
	marks    []Mark // places in the live log to begin from, in order of SCN; the first is where sealed segments end
	newest   Mark   // the last place that was come by: whoever follows the log goes on there
}

var _ redolog.Log = (*History)(nil)

// markEvery is how many SCNs lie between two places that are remembered: so many are read in vain at most, but for
// large transactions.
const markEvery = 512

// NewHistory makes the history of a log. It learns from Sealed and Passed where to begin; without, it reads the live log
// from its start.
func NewHistory(sealed *segments.Catalog, log Log) *History {
	return &History{segments: sealed, log: log}
}

// Sealed says that everything up to a mark is in sealed segments, and may be gone from the log.
func (h *History) Sealed(m Mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := sort.Search(len(h.marks), func(i int) bool { return h.marks[i].SCN > m.SCN })
	h.marks, h.sealedTo = append([]Mark{m}, h.marks[i:]...), m.SCN
	if h.newest.SCN < m.SCN {
		h.newest = m
	}
}

// Passed says that a mark was come by: a scan may begin there.
func (h *History) Passed(m Mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m.SCN > h.newest.SCN {
		h.newest = m
	}
	i := sort.Search(len(h.marks), func(i int) bool { return h.marks[i].SCN >= m.SCN })
	if i < len(h.marks) && h.marks[i].SCN < m.SCN+markEvery || i > 0 && h.marks[i-1].SCN+markEvery > m.SCN {
		return
	}
	h.marks = slices.Insert(h.marks, i, m)
}

// before gives the last place at or before an SCN; the beginning of the log if none is known.
func (h *History) before(at scn.SCN) Mark {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.newest.SCN <= at {
		return h.newest // the zero Mark is the beginning
	}
	i := sort.Search(len(h.marks), func(i int) bool { return h.marks[i].SCN > at })
	if i == 0 {
		return Mark{}
	}
	return h.marks[i-1]
}

// Kept implements redolog.Log. Without sealed segments the log begins where it was said to be sealed up to: a recovery may have
// found a state and no log.
func (h *History) Kept() scn.SCN {
	if r := h.segments.Range(); !r.Empty() {
		return r.After
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sealedTo
}

// Scan implements redolog.Log.
func (h *History) Scan(ctx context.Context, f redolog.Filter) iter.Seq2[redolog.Record, error] {
	return func(yield func(redolog.Record, error) bool) {
		s := &scanning{history: h, ctx: ctx, tables: tablesOf(f.Tables), at: f.SCNs.After, to: f.SCNs.To, cost: f.Cost, yield: yield}
		for s.at < s.to && !s.stopped {
			if err := s.next(); err != nil {
				yield(redolog.Record{}, err)
				return
			}
		}
	}
}

func tablesOf(spaces []scn.Space) []uint64 {
	out := make([]uint64, len(spaces))
	for i, s := range spaces {
		out[i] = uint64(s)
	}
	slices.Sort(out)
	return out
}

// scanning is one scan: everything up to at was given.
type scanning struct {
	history *History
	ctx     context.Context
	tables  []uint64 // ascending; empty: all
	at, to  scn.SCN
	cost    *redolog.Cost // nil: nobody asks
	yield   func(redolog.Record, error) bool
	stopped bool // the caller wants no more
}

// next goes on in segments, or in the live log where these end.
func (s *scanning) next() error {
	if sealed := s.history.segments.Range().To; s.at < sealed {
		return s.sealed(min(sealed, s.to))
	}
	err := s.live()
	if errors.Is(err, replication.ErrLogReleased) && s.at < s.history.segments.Range().To {
		return nil // it was sealed meanwhile
	}
	if kept := s.history.Kept(); errors.Is(err, replication.ErrLogReleased) && s.at < kept {
		return fmt.Errorf("SCN %d: %w: the log begins with SCN %d", s.at+1, redolog.ErrGone, kept+1)
	}
	return err
}

// sealed gives what segments hold up to an SCN.
func (s *scanning) sealed(to scn.SCN) error {
	it := s.history.segments.Scan(segments.Filter{SCNs: scn.Range{After: s.at, To: to}, Tables: s.tables})
	defer it.Close()
	defer func() { s.spent(it.Stats()) }()
	for it.Next() {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if r := it.Record(); !s.give(&r) {
			return nil
		}
	}
	s.at = to
	if err := it.Err(); errors.Is(err, segments.ErrGone) {
		return fmt.Errorf("%w: %w", redolog.ErrGone, err)
	} else if err != nil {
		return fmt.Errorf("read sealed segments: %w", err)
	}
	return nil
}

// spent adds what a scan of segments has cost.
func (s *scanning) spent(c segments.ScanStats) {
	if s.cost == nil {
		return
	}
	s.cost.SegmentsSkipped += c.SegmentsSkipped
	s.cost.BlocksSkipped += c.BlocksSkipped
	s.cost.BlocksRead += c.BlocksRead
	s.cost.BytesRead += c.BytesRead
}

// live gives what the log holds that is not sealed.
func (s *scanning) live() error {
	source := sourceFrom(s.history.log, s.history.before(s.at))
	for s.at < s.to {
		records, m, err := source.next(s.ctx)
		if err != nil {
			return err
		}
		for i := range records {
			r := &records[i]
			if r.SCN <= s.at || r.SCN > s.to {
				continue
			}
			if r.SCN != s.at+1 {
				return fmt.Errorf("SCN %d: %w: the log goes on with SCN %d", s.at+1, redolog.ErrGone, r.SCN)
			}
			if s.at = r.SCN; s.passes(r) && !s.give(r) {
				return nil
			}
		}
		s.history.Passed(m)
	}
	return nil
}

func (s *scanning) passes(r *segments.Record) bool {
	return len(s.tables) == 0 || slices.ContainsFunc(r.Tables, func(id uint64) bool {
		_, found := slices.BinarySearch(s.tables, id)
		return found
	})
}

func (s *scanning) give(r *segments.Record) bool {
	s.at = r.SCN
	s.stopped = !s.yield(redolog.Record{SCN: r.SCN, TimeMicros: r.TimeMicros, Body: r.Payload}, nil)
	return !s.stopped
}
