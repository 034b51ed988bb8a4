package awr

import (
	"context"
	"errors"
	"sync"
	"time"

	"redoubt/telemetry"
	"redoubt/telemetry/frames"
)

// Source knows the figures of a node. It is called by one goroutine at a time.
type Source interface {
	// Figures gives values, events and SCN as they are now, and when the node started.
	Figures() telemetry.WorkloadSnapshot
	// Statements gives every statement that is known, with what it did since it was first seen, without its texts. Texts gives it
	// with them.
	Statements(yield func(*telemetry.WorkloadStatement))
	Texts(*telemetry.WorkloadStatement)
	// Changes gives the changes of plans after a moment, microseconds since 1970.
	Changes(after int64) []telemetry.WorkloadChange
}

// Options of a Keeper.
type Options struct {
	Source Source
	Dir    string
	Bytes  int64         // on disk; 0 is DefaultBytes. The oldest snapshots go first
	Keep   time.Duration // that a snapshot is shown; 0 is DefaultKeep
	Every  time.Duration // between two; 0: none is taken by itself
	// BaselineBytes is what all baselines may take on disk; 0 is DefaultBaselineBytes. One that would take more is refused.
	BaselineBytes int64
	// OnError is told when a snapshot cannot be written. May be nil.
	OnError func(error)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Defaults.
const (
	DefaultBytes = 64 << 20
	DefaultKeep  = 8 * 24 * time.Hour

	DefaultBaselineBytes = 64 << 20
)

// Validate tells what is wrong with the options, and puts in the defaults.
func (o *Options) Validate() error {
	if o.Source == nil || o.Dir == "" {
		return errors.New("awr: options without source or directory")
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.Keep == 0 {
		o.Keep = DefaultKeep
	}
	if o.BaselineBytes == 0 {
		o.BaselineBytes = DefaultBaselineBytes
	}
	if o.BaselineBytes < 0 || o.Bytes < 0 || o.Keep < 0 || o.Every < 0 {
		return errors.New("awr: a limit is negative")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}

// Keeper takes snapshots and keeps them.
type Keeper struct {
	options Options
	archive *frames.Archive
	taking  sync.Mutex // one snapshot at a time; guards what is below
	before  map[uint64]counts

	changing sync.Mutex // one change of baselines at a time; before mu

	mu        sync.Mutex
	heads     []telemetry.WorkloadHead // oldest first, without those that only baselines have
	newest    telemetry.WorkloadHead   // that was ever seen, though it may have gone
	baselines []*baseline
	taken     uint64
}

// Open reads what is there.
func Open(o Options) (*Keeper, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	archive, err := frames.Open(o.Dir, kind, o.Bytes)
	if err != nil {
		return nil, err
	}
	k := &Keeper{options: o, archive: archive, before: map[uint64]counts{}}
	err = archive.Read(-1<<62, 1<<62, func(micros int64, body []byte) (bool, error) {
		h, _, err := readHead(micros, body)
		if err == nil {
			k.add(h)
		}
		return true, err
	})
	return k, errors.Join(err, k.openBaselines(), k.expire())
}

func (k *Keeper) add(h telemetry.WorkloadHead) {
	if n := len(k.heads); n > 0 {
		h.Before = k.heads[n-1].Micros
	}
	k.heads, k.newest = append(k.heads, h), h
}

// expire forgets what is too old, or has gone.
func (k *Keeper) expire() error {
	edge := k.options.Now().Add(-k.options.Keep).UnixMicro()
	err := k.archive.Expire(edge)
	edge = max(edge, k.archive.Stats().Oldest)
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.heads) > 0 && k.heads[0].Micros < edge {
		k.heads = k.heads[1:]
	}
	return err
}

// Run takes snapshots until the context ends.
func (k *Keeper) Run(ctx context.Context) {
	if k.options.Every == 0 {
		return
	}
	ticker := time.NewTicker(k.options.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if _, err := k.Take(telemetry.WorkloadScheduled); err != nil && k.options.OnError != nil {
				k.options.OnError(err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// Take takes a snapshot now.
func (k *Keeper) Take(why telemetry.WorkloadReason) (telemetry.WorkloadHead, error) {
	k.taking.Lock()
	defer k.taking.Unlock()
	s := k.options.Source.Figures()
	last := k.last()
	s.ID, s.Reason = last.ID+1, why
	s.Micros = max(k.options.Now().UnixMicro(), last.Micros+1) // a clock that went back must not mix up their order
	statements, now := k.statements()
	s.Statements = statements
	s.Changes = k.options.Source.Changes(last.Micros)
	err := k.archive.Append(s.Micros, func(b []byte) []byte {
		start := len(b)
		b = appendBody(b, &s)
		s.Bytes = len(b) - start
		return b
	})
	if err != nil {
		return s.WorkloadHead, err // what statements did is part of the next one
	}
	k.before = now
	k.mu.Lock()
	k.add(s.WorkloadHead)
	k.taken++
	s.Before = last.Micros
	k.mu.Unlock()
	return s.WorkloadHead, k.expire()
}

// last is the head of the newest snapshot.
func (k *Keeper) last() telemetry.WorkloadHead {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.newest
}

// Heads lists the snapshots, oldest first, those of baselines too.
func (k *Keeper) Heads() (out []telemetry.WorkloadHead) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.places() {
		out = append(out, p.head)
	}
	return out
}

// Read gives the snapshots with ids from first to last, oldest first, until yield wants no more.
func (k *Keeper) Read(first, last uint64, yield func(*telemetry.WorkloadSnapshot) bool) error {
	return k.bodies(first, last, func(h telemetry.WorkloadHead, body []byte) (bool, error) {
		s, err := decodeBody(h.Micros, body)
		if err != nil {
			return true, err
		}
		s.Before = h.Before
		return yield(s), nil
	})
}

// Stats tells of a Keeper.
type Stats struct {
	frames.Stats
	Taken     uint64 // since the start
	Snapshots int    // that are kept
}

// Stats gives its figures.
func (k *Keeper) Stats() Stats {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Stats{k.archive.Stats(), k.taken, len(k.places())}
	for _, b := range k.baselines {
		s.Damaged += b.archive.Stats().Damaged
	}
	return s
}

// Close ends the use of the files.
func (k *Keeper) Close() error { return k.archive.Close() }
