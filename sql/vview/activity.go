package vview

import (
	"time"

	"redoubt/engine"
	"redoubt/telemetry"
)

// Samples is what was seen of sessions over time. It is safe for concurrent use.
type Samples interface {
	// Seconds gives the samples of each second in [from, to), microseconds since 1970, oldest first; yield must not keep them.
	Seconds(from, to int64, yield func(*telemetry.Sample) bool) error
	// Fine gives those of each 100 ms, Thinned those of each ten seconds, which are on disk.
	Fine(from, to int64, yield func(*telemetry.Sample) bool) error
	Thinned(from, to int64, yield func(*telemetry.Sample) bool) error
	// Waited is how long a session was seen to wait, by event; nil if it is not known.
	Waited(place int, serial uint32) *[telemetry.Events]time.Duration
	// WaitingSince is when it was first seen in its present wait, microseconds since 1970; 0 if it was not.
	WaitingSince(l *telemetry.Look) int64
	// Sampled is how long sessions, and background work, were seen to wait since the start, by event.
	Sampled() (sessions, background [telemetry.Events]time.Duration)
}

// Activity is what views of sessions need.
type Activity struct {
	Engine *engine.Engine
	Slots  *telemetry.Slots
	// Samples may be nil: then nothing is sampled.
	Samples Samples
}

// waited is how long a session was seen to wait; zeros if nobody looked.
func (a *Activity) waited(l *telemetry.Look) (out [telemetry.Events]time.Duration) {
	if a.Samples != nil {
		if w := a.Samples.Waited(l.Place(), l.Who.Serial); w != nil {
			return *w
		}
	}
	return out
}

// sampled is how long sessions and background work were seen to wait; zeros if nobody looked.
func (a *Activity) sampled() (sessions, background [telemetry.Events]time.Duration) {
	if a.Samples == nil {
		return sessions, background
	}
	return a.Samples.Sampled()
}

// since is when a session began its present wait, as far as samples tell; NULL if they do not.
func (a *Activity) since(l *telemetry.Look) (micros int64) {
	if a.Samples != nil {
		return a.Samples.WaitingSince(l)
	}
	return 0
}

// owners gives the sessions of transactions and of owners of table locks.
func owners(all []telemetry.Look) map[uint64]uint32 {
	out := map[uint64]uint32{}
	for i := range all {
		for _, id := range [2]uint64{all[i].XID, all[i].Owner} {
			if id != 0 {
				out[id] = all[i].Who.Session
			}
		}
	}
	return out
}

// objectNames names tables and indexes by their spaces, each looked for once.
type objectNames struct {
	engine *engine.Engine
	known  map[uint64]any
}

func (o *objectNames) of(space uint64) any {
	if space == 0 {
		return nil
	}
	if name, ok := o.known[space]; ok {
		return name
	}
	if o.known == nil {
		dictionary := o.engine.Catalog()
		o.known = map[uint64]any{}
		for _, t := range dictionary.AllTables() {
			name := t.Name
			if s, ok := dictionary.SchemaByID(t.Schema); ok {
				name = s.Name + "." + t.Name
			}
			o.known[uint64(t.ID)] = name
			for i := range t.Indexes {
				o.known[uint64(t.Indexes[i].ID)] = name + "." + t.Indexes[i].Name
			}
		}
		if name, ok := o.known[space]; ok {
			return name
		}
	}
	name := any(nil)
	o.known[space] = name
	return name
}

func number[T ~int64 | ~uint64 | ~uint32 | ~int](n T) any {
	if n == 0 {
		return nil
	}
	return uint64(n)
}

func micros(d time.Duration) uint64 { return uint64(max(d.Microseconds(), 0)) }

// eventOrNull is the name of an event and of its class; NULL for none.
func eventOrNull(e telemetry.Event) (event, class any) {
	if e == telemetry.OnCPU {
		return nil, nil
	}
	return e.String(), e.Class().String()
}

func sessionType(background bool) string {
	if background {
		return "BACKGROUND"
	}
	return "FOREGROUND"
}
