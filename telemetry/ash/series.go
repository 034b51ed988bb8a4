package ash

import (
	"time"

	"redoubt/telemetry"
)

// Second is what was seen within one second: how many sessions of clients were active on average, by class, and the sample.
type Second struct {
	Micros int64                      // its end
	Active [telemetry.Classes]float64 // sums over sweeps, until it is published; then average active sessions

	sweeps int
	rows   []row
	names  []string
}

// Samples gives the sample of the second, background work included.
func (s *Second) Samples(yield func(*telemetry.Sample) bool) {
	var out telemetry.Sample
	for i := range s.rows {
		s.rows[i].sample(s.names, &out)
		if !yield(&out) {
			return
		}
	}
}

// Point is the average number of active sessions of clients in a second or longer, by class of what they waited for.
type Point struct {
	Time   time.Time // its end
	Active [telemetry.Classes]float64
}

// point is a Point while its sums are kept.
type point struct {
	micros int64
	sums   [telemetry.Classes]float64
	sweeps int
}

// seriesSeconds is how many seconds the series has.
const seriesSeconds = int(Keep / Period)

// series is a ring of points, one each second.
type series struct {
	points []point
	next   int
}

func (s *series) add(p point) {
	if len(s.points) < seriesSeconds {
		s.points = append(s.points, p)
		return
	}
	s.points[s.next] = p
	s.next = (s.next + 1) % seriesSeconds
}

// Series gives average active sessions by class in [from, to), in steps of at least a second each. Steps in which nobody looked
// are left out.
func (s *Sampler) Series(from, to time.Time, step time.Duration) (out []Point) {
	step = max(step, Period)
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum point
	flush := func() {
		if sum.sweeps == 0 {
			return
		}
		p := Point{Time: time.UnixMicro(sum.micros).UTC()}
		for i := range p.Active {
			p.Active[i] = sum.sums[i] / float64(sum.sweeps)
		}
		out = append(out, p)
		sum = point{}
	}
	edge := from.Add(step).UnixMicro()
	for i := range s.series.points {
		p := s.series.points[(s.series.next+i)%len(s.series.points)]
		if p.micros < from.UnixMicro() || p.micros >= to.UnixMicro() {
			continue
		}
		if p.micros >= edge {
			flush()
			edge += (p.micros - edge) / step.Microseconds() * step.Microseconds()
			edge += step.Microseconds()
		}
		sum.micros = p.micros
		sum.sweeps += p.sweeps
		for k := range sum.sums {
			sum.sums[k] += p.sums[k]
		}
	}
	flush()
	return out
}

// subscriber is somebody who wants each second.
type subscriber struct {
	to     chan *Second
	missed uint64
}

// Subscribe gives each second from now on. Who does not keep up misses some: buffer seconds wait at most. stop must be called.
func (s *Sampler) Subscribe(buffer int) (seconds <-chan *Second, stop func()) {
	sub := &subscriber{to: make(chan *Second, max(buffer, 1))}
	s.mu.Lock()
	s.subs[sub] = struct{}{}
	s.mu.Unlock()
	return sub.to, func() {
		s.mu.Lock()
		delete(s.subs, sub)
		s.mu.Unlock()
	}
}

func (s *Sampler) publish(second *Second) {
	second.names = s.names.all()
	for i := range second.Active {
		second.Active[i] /= float64(second.sweeps)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for sub := range s.subs {
		select {
		case sub.to <- second:
		default:
			sub.missed++
		}
	}
}
