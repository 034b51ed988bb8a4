package ash

import (
	"time"

	"redoubt/telemetry"
)

// Source says which samples are read.
type Source int

// The sources.
const (
	Seconds Source = iota // of each second, in memory
	Fine                  // of each 100 ms, in memory
	Thinned               // of each ten seconds, on disk
)

// Read gives the samples of [from, to), in microseconds since 1970, oldest first. yield must not keep the Sample.
func (s *Sampler) Read(source Source, from, to int64, yield func(*telemetry.Sample) bool) error {
	if source == Thinned {
		if s.archive == nil {
			return nil
		}
		return s.archive.Read(from, to, func(micros int64, body []byte) (bool, error) { return decodeRows(micros, body, yield) })
	}
	r := s.plain
	if source == Fine {
		r = s.fine
	}
	var out telemetry.Sample
	chunks, list := r.window(from, to), s.names.all()
	for _, chunk := range chunks {
		for i := range chunk {
			chunk[i].sample(list, &out)
			if !yield(&out) {
				return nil
			}
		}
	}
	return nil
}

// Waited is how long a session was seen to wait, by event, since it began; of OnCPU, how long it was seen to run. It is nil for a
// session that is not known.
func (s *Sampler) Waited(place int, serial uint32) *[telemetry.Events]time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if place >= len(s.seen) || s.seen[place].serial != serial {
		return nil
	}
	out := &[telemetry.Events]time.Duration{}
	for i, n := range s.seen[place].times {
		out[i] = time.Duration(n) * time.Microsecond
	}
	return out
}

// WaitingSince is when a session was first seen in the wait, or in the stretch on the CPU, that it is in now; 0 if it was not.
func (s *Sampler) WaitingSince(l *telemetry.Look) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.Place() >= len(s.seen) {
		return 0
	}
	k := &s.seen[l.Place()]
	if k.serial != l.Who.Serial || k.event != l.Event || k.waits != l.Waits || k.call != l.Call {
		return 0
	}
	return k.since
}

// Sampled is how long sessions, and background work, were seen to wait since the start, by event.
func (s *Sampler) Sampled() (sessions, background [telemetry.Events]time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range sessions {
		sessions[i] = time.Duration(s.system[0][i]) * time.Microsecond
		background[i] = time.Duration(s.system[1][i]) * time.Microsecond
	}
	return sessions, background
}

// Stats tells of the Sampler itself.
type Stats struct {
	Sweeps, Samples    uint64
	Spent              time.Duration // in sweeps
	Rows, FineRows     int           // in memory
	Dropped            uint64        // rows that left memory, because they were old or there was no room
	Bytes              int64         // of the rings
	Oldest             int64         // microseconds since 1970, in memory; 0: nothing is
	ArchiveBytes       int64
	ArchiveFiles       int
	ArchiveOldest      int64
	ArchiveDropped     uint64 // files that had to go
	ArchiveDamaged     uint64 // bytes that could not be read
	ArchiveWriteErrors uint64
}

// Stats gives its figures.
func (s *Sampler) Stats() Stats {
	s.mu.Lock()
	out := Stats{Sweeps: s.sweeps, Samples: s.samples, Spent: s.spent}
	s.mu.Unlock()
	out.Rows, out.FineRows = s.plain.len(), s.fine.len()
	out.Dropped = s.plain.gone()
	out.Bytes = s.plain.bytes() + s.fine.bytes()
	out.Oldest = s.plain.oldest()
	if s.archive != nil {
		on := s.archive.Stats()
		out.ArchiveBytes, out.ArchiveFiles, out.ArchiveOldest, out.ArchiveDropped = on.Bytes, on.Files, on.Oldest, on.Dropped
		out.ArchiveDamaged, out.ArchiveWriteErrors = on.Damaged, on.Failures
	}
	return out
}
