package dashboard

import (
	"cmp"
	"slices"
	"time"

	"redoubt/telemetry"
	"redoubt/telemetry/ash"
)

const (
	topRows     = 8
	chartPoints = 600 // of a chart that is made of samples, about
)

// classes is time by class, in microseconds while it is added up, then average active sessions.
type classes [telemetry.Classes]float64

func (c *classes) sum() (out float64) {
	for _, v := range c {
		out += v
	}
	return out
}

// entry is a row of a top list.
type entry struct {
	Key     string         `json:"key"`
	Node    string         `json:"node,omitempty"` // of a session, where several nodes were asked
	Serial  uint32         `json:"serial,omitempty"`
	User    string         `json:"user,omitempty"`
	Host    string         `json:"host,omitempty"`
	Program string         `json:"program,omitempty"`
	Kind    string         `json:"kind,omitempty"`
	Class   int            `json:"class"`
	Blocker uint32         `json:"blocker,omitempty"`
	Active  map[int]number `json:"active"`
	Total   number         `json:"total"`
	Info    map[string]any `json:"info,omitempty"` // of a statement, from V$SQL
	times   classes
}

// summary is the answer to a view: what samples of its window say.
type summary struct {
	ID       int      `json:"id"`
	From     int64    `json:"from"` // milliseconds since 1970
	To       int64    `json:"to"`
	Samples  int      `json:"samples"`
	Total    number   `json:"total"` // average active sessions
	SQL      []*entry `json:"sql"`
	Sessions []*entry `json:"sessions"`
	Events   []*entry `json:"events"`
	Users    []*entry `json:"users"`
	Chart    *series  `json:"chart,omitempty"` // where the seconds of the sampler are not what is asked for
}

// sums is a summary while it is made.
type sums struct {
	view     *view
	from, to int64 // the window
	lists    [ways]map[any]*entry
	chart    []classes
	chartAt  int64 // microseconds; where the chart begins
	step     int64
	samples  int
	all      classes
}

type sessionKey struct{ id, serial uint32 }

// summarize reads samples. It takes milliseconds for an hour of a busy node. again is the answer to the same view before, nil if there
// was none: a chart of what is on disk alone is not made again.
func (s *Server) summarize(v *view, again *summary, now time.Time) (*summary, error) {
	out := &summary{ID: v.ID}
	chartFrom, chartTo, from, to := v.bounds(now)
	out.From, out.To = from/1000, to/1000
	if s.options.Sampler == nil {
		return out, nil
	}
	x := &sums{view: v, from: from, to: to, chartAt: chartFrom}
	for i := range x.lists {
		x.lists[i] = map[any]*entry{}
	}
	oldest := s.oldest(now)
	beyond := chartFrom < oldest-ash.ThinPeriod.Microseconds() && (again == nil || v.filtered() || !v.live())
	if beyond || v.charted || v.filtered() {
		x.step = max((chartTo-chartFrom)/chartPoints, time.Second.Microseconds())
		if beyond {
			x.step = max(x.step, ash.ThinPeriod.Microseconds())
		}
		x.chart = make([]classes, (chartTo-chartFrom)/x.step+1)
	}
	readFrom, readTo := from, to
	if x.chart != nil {
		readFrom, readTo = min(from, chartFrom), max(to, chartTo)
	}
	if readFrom < oldest { // what memory does not have any more, or not since the start, is on disk
		if err := s.options.Sampler.Read(ash.Thinned, readFrom, min(readTo, oldest), x.add); err != nil {
			return nil, err
		}
	}
	if err := s.options.Sampler.Read(ash.Seconds, max(readFrom, oldest), readTo, x.add); err != nil {
		return nil, err
	}
	x.finish(out)
	if again != nil && out.Chart == nil {
		out.Chart = again.Chart
	}
	return out, nil
}

// oldest is the moment from which on samples of each second are in memory, microseconds since 1970.
func (s *Server) oldest(now time.Time) int64 {
	if at := s.options.Sampler.Stats().Oldest; at != 0 {
		return at
	}
	return now.UnixMicro()
}

// add counts a sample of a client. It is given to Read.
func (x *sums) add(m *telemetry.Sample) bool {
	if m.Background {
		return true
	}
	misses := x.view.misses(m)
	class, weight := m.Event.Class(), float64(m.Weight)
	if at := m.Micros - x.chartAt; x.chart != nil && at >= 0 && passes(misses, -1) {
		if i := at / x.step; i < int64(len(x.chart)) {
			x.chart[i][class] += weight
		}
	}
	if m.Micros < x.from || m.Micros >= x.to {
		return true
	}
	if passes(misses, -1) {
		x.samples++
		x.all[class] += weight
	}
	if m.SQL != 0 && passes(misses, bySQL) {
		e := x.entry(bySQL, m.SQL)
		e.Kind = m.Kind
		e.times[class] += weight
	}
	if passes(misses, bySession) {
		e := x.entry(bySession, sessionKey{m.Session, m.Serial})
		e.Serial, e.User, e.Host, e.Program = m.Serial, m.User, m.Host, m.Program
		if m.BlockedBy != 0 {
			e.Blocker = m.BlockedBy
		}
		e.times[class] += weight
	}
	if passes(misses, byClass) {
		e := x.entry(byClass, m.Event)
		e.Class = int(class)
		e.times[class] += weight
	}
	if passes(misses, byUser) {
		x.entry(byUser, m.User).times[class] += weight
	}
	return true
}

func (x *sums) entry(way int, key any) *entry {
	e := x.lists[way][key]
	if e == nil {
		e = &entry{}
		x.lists[way][key] = e
	}
	return e
}

// finish turns sums into averages.
func (x *sums) finish(out *summary) {
	length := float64(max(x.to-x.from, 1))
	out.Samples, out.Total = x.samples, number(x.all.sum()/length)
	out.SQL, out.Sessions = x.top(bySQL, length), x.top(bySession, length)
	out.Events, out.Users = x.top(byClass, length), x.top(byUser, length)
	if x.chart == nil {
		return
	}
	out.Chart = &series{Active: map[int][]number{}}
	for i := range x.chart {
		at := x.chartAt + int64(i+1)*x.step
		for c := range x.chart[i] {
			x.chart[i][c] /= float64(x.step)
		}
		out.Chart.add(at/1000, &x.chart[i])
	}
}

// top gives the entries with most time.
func (x *sums) top(way int, length float64) []*entry {
	list := make([]*entry, 0, len(x.lists[way]))
	for key, e := range x.lists[way] {
		e.Key = keyText(key)
		e.Total = number(e.times.sum() / length)
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *entry) int { return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Key, b.Key)) })
	list = list[:min(len(list), max(x.view.rows, topRows))]
	for _, e := range list {
		e.Active = map[int]number{}
		for c, t := range e.times {
			if t > 0 {
				e.Active[c] = number(t / length)
			}
		}
	}
	return list
}
