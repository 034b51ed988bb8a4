package dashboard

import (
	"sync"
	"time"

	"redoubt/telemetry"
)

const (
	secondsKept  = 3600
	stagesOfALog = 4
)

// stages are the events that a commit goes through, as they are measured where they happen: written to the log with its sync, on its
// way to other nodes, applied, and what its session waits beside that for other nodes.
var stages = [stagesOfALog]telemetry.Event{telemetry.LogFileWrite, telemetry.QuorumAck, telemetry.ApplyWait, telemetry.LogFileSync}

// logSecond is the log's way in one second.
type logSecond struct {
	Millis  int64  // its end, since 1970
	SCN     uint64 // of its last commit
	Commits float64
	Average [stagesOfALog]float64 // milliseconds; 0: it did not happen. The last is all that a session waits for a commit
}

// recorder keeps the last hour of the log's way.
type recorder struct {
	options *Options
	mu      sync.Mutex
	ring    []logSecond
	next    int
	waits   [stagesOfALog]uint64
	micros  [stagesOfALog]time.Duration
	scn     uint64
	at      time.Time
}

// note looks once; Run calls it each second.
func (r *recorder) note(now time.Time) {
	totals, applied := r.options.Slots.EventTotals(), r.options.Past.Applied()
	r.mu.Lock()
	defer r.mu.Unlock()
	out := logSecond{Millis: now.UnixMilli(), SCN: applied}
	for i, e := range stages {
		t := totals[e]
		if n := t.Waits - r.waits[i]; n > 0 && !r.at.IsZero() {
			out.Average[i] = float64((t.Measured - r.micros[i]).Microseconds()) / 1000 / float64(n)
		}
		r.waits[i], r.micros[i] = t.Waits, t.Measured
	}
	if out.Average[stagesOfALog-1] > 0 {
		out.Average[stagesOfALog-1] += out.Average[1]
	}
	if !r.at.IsZero() {
		out.Commits = float64(applied-min(r.scn, applied)) / max(now.Sub(r.at).Seconds(), 1e-3)
		r.add(out)
	}
	r.scn, r.at = applied, now
}

func (r *recorder) add(s logSecond) {
	if len(r.ring) < secondsKept {
		r.ring = append(r.ring, s)
		return
	}
	r.ring[r.next] = s
	r.next = (r.next + 1) % secondsKept
}

// after gives the seconds that ended after a moment, oldest first.
func (r *recorder) after(millis int64) (out []logSecond) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.ring {
		if s := r.ring[(r.next+i)%len(r.ring)]; s.Millis > millis {
			out = append(out, s)
		}
	}
	return out
}
