package ash

import (
	"context"
	"sync"
	"time"

	"redoubt/telemetry"
	"redoubt/telemetry/frames"
)

// Sampler takes samples and keeps them.
type Sampler struct {
	options Options
	names   *names
	fine    *ring // each 100 ms
	plain   *ring // each second
	archive *frames.Archive

	mu      sync.Mutex // guards what follows
	seen    []seen     // by place of the slot
	system  [2][telemetry.Events]uint64
	series  series
	second  Second // that is being gathered
	fines   int    // sweeps of it
	plains  int    // samples since the archive got one
	last    struct{ fine, plain, thin int64 }
	subs    map[*subscriber]struct{}
	sweeps  uint64
	samples uint64
	spent   time.Duration // by sweeps
}

// seen is what was seen of a slot so far.
type seen struct {
	serial uint32
	event  telemetry.Event // of the latest sweep
	waits  uint64          // its count then: another one means another wait
	call   uint64
	since  int64
	times  [telemetry.Events]uint64 // microseconds by samples
}

// New makes a Sampler and reads what the archive holds. Run takes the samples.
func New(o Options) (*Sampler, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Sampler{
		options: o, names: newNames(), fine: newRing(o.Bytes / 4), plain: newRing(o.Bytes - o.Bytes/4), subs: map[*subscriber]struct{}{},
	}
	if o.Dir != "" {
		a, err := frames.Open(o.Dir, kind, o.ArchiveBytes)
		if err != nil {
			return nil, err
		}
		s.archive = a
	}
	return s, nil
}

// Run takes samples until the context ends.
func (s *Sampler) Run(ctx context.Context) {
	ticker := time.NewTicker(FinePeriod)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ticker.C:
			err := s.Sweep()
			if err != nil && !failing && s.options.OnError != nil {
				s.options.OnError(err)
			}
			failing = err != nil
		case <-ctx.Done():
			return
		}
	}
}

// Close ends the use of the archive.
func (s *Sampler) Close() error {
	if s.archive == nil {
		return nil
	}
	return s.archive.Close()
}

// Sweep looks at all sessions once. Run calls it each 100 ms.
func (s *Sampler) Sweep() error {
	start := s.options.Now()
	now := start.UnixMicro()
	s.mu.Lock()
	rows := s.look(now)
	s.sweeps++
	s.fines++
	s.fine.add(rows)
	var second *Second
	var thin []row
	if s.fines >= finePerPlain {
		second, thin = s.sample(now, rows)
	}
	s.spent += s.options.Now().Sub(start)
	s.mu.Unlock()
	if second != nil {
		s.publish(second)
	}
	if len(thin) == 0 || s.archive == nil {
		return nil
	}
	return s.archive.Append(now, func(b []byte) []byte { return appendRows(b, thin, s.names.all()) })
}

// sample makes the latest sweep the sample of its second.
func (s *Sampler) sample(now int64, fine []row) (*Second, []row) {
	plain := make([]row, len(fine))
	copy(plain, fine)
	weight := weightOf(now, &s.last.plain, Period)
	for i := range plain {
		plain[i].weight = weight
	}
	s.plain.add(plain)
	s.samples += uint64(len(plain))
	s.fine.forget(now - FineKeep.Microseconds())
	s.plain.forget(now - Keep.Microseconds())

	second := s.second
	second.Micros, second.sweeps = now, s.fines
	second.rows = plain
	s.series.add(point{now, second.Active, s.fines})
	s.second, s.fines = Second{}, 0

	var thin []row
	if s.plains++; s.plains >= plainPerThin || s.last.thin == 0 {
		thin = make([]row, len(plain))
		copy(thin, plain)
		weight := weightOf(now, &s.last.thin, ThinPeriod)
		for i := range thin {
			thin[i].weight = weight
		}
		s.plains = 0
	}
	return &second, thin
}

// weightOf is the time that a sample stands for: since the one before, but not much more than the period.
func weightOf(now int64, last *int64, period time.Duration) uint32 {
	took := period.Microseconds()
	if *last != 0 {
		took = max(min(now-*last, lateMax*took), 0)
	}
	*last = now
	return uint32(took)
}

// look makes the rows of one sweep.
func (s *Sampler) look(now int64) []row {
	weight := weightOf(now, &s.last.fine, FinePeriod)
	if n := s.options.Slots.Places(); n > len(s.seen) {
		s.seen = append(s.seen, make([]seen, n-len(s.seen))...)
	}
	var rows []row
	blocked := false
	s.options.Slots.Sweep(false, func(l *telemetry.Look) {
		if l.Place() >= len(s.seen) {
			return // it is of a chunk that was made this moment
		}
		waited := s.note(l, now, uint64(weight))
		blocked = blocked || l.Blocker != 0
		rows = append(rows, row{
			id: uint64(now / FinePeriod.Microseconds()), micros: now, weight: weight, session: l.Who.Session, serial: l.Who.Serial, back: l.Who.Background,
			event: uint16(l.Event), line: l.Line, user: s.names.number(l.Who.User), host: s.names.number(l.Who.Host),
			program: s.names.number(l.Who.Program), kind: s.names.number(l.Kind), sql: l.SQL, exec: l.Call, began: l.Began, waited: waited,
			object: l.Object, read: l.ReadSCN, commit: l.CommitSCN, xid: l.XID, blocker: l.Blocker, rows: l.Rows,
		})
		if !l.Who.Background {
			s.second.Active[l.Event.Class()]++
		}
	})
	if blocked {
		s.findBlockers(rows)
	}
	return rows
}

// note adds a sweep to what is known of a slot, and tells how long its wait has lasted.
func (s *Sampler) note(l *telemetry.Look, now int64, weight uint64) (waited int64) {
	k := &s.seen[l.Place()]
	if k.serial != l.Who.Serial {
		*k = seen{serial: l.Who.Serial}
	}
	if k.event != l.Event || k.waits != l.Waits || k.call != l.Call {
		k.event, k.waits, k.call, k.since = l.Event, l.Waits, l.Call, now
	}
	k.times[l.Event] += weight
	side := 0
	if l.Who.Background {
		side = 1
	}
	s.system[side][l.Event] += weight
	if l.Event == telemetry.OnCPU {
		return 0
	}
	return now - k.since
}

// findBlockers looks for the sessions of those who are waited for: they may be idle.
func (s *Sampler) findBlockers(rows []row) {
	owners := map[uint64]uint32{}
	s.options.Slots.Sweep(true, func(l *telemetry.Look) {
		for _, id := range [2]uint64{l.XID, l.Owner} {
			if id != 0 {
				owners[id] = l.Who.Session
			}
		}
	})
	for i := range rows {
		if b := rows[i].blocker; b == 0 {
			continue
		} else if telemetry.Event(rows[i].event) == telemetry.UserLock {
			rows[i].blockedBy = uint32(b) // such locks are owned by connections
		} else {
			rows[i].blockedBy = owners[b]
		}
	}
}
