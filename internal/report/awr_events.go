package report

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
)

// waited is an event at one snapshot.
type waited struct{ waits, took, sessions, background float64 }

// events asks what was waited for at each snapshot, and gives the differences.
func (a *AWR) events(ctx context.Context, c *sql.Conn, list []WorkloadSnapshot) error {
	type key struct{ name, class string }
	at := map[uint64]map[key]waited{}
	query := fmt.Sprintf("SELECT snap_id, COALESCE(event_name, ''), wait_class, total_waits, time_waited_us, time_sampled_fg_us, time_sampled_bg_us FROM dba_hist_system_event WHERE snap_id >= %d AND snap_id <= %d", a.Begin.ID, a.End.ID)
	err := each(ctx, c, query, func(scan func(...any) error) error {
		var id uint64
		var k key
		var w waited
		if err := scan(&id, &k.name, &k.class, &w.waits, &w.took, &w.sessions, &w.background); err != nil {
			return err
		}
		if at[id] == nil {
			at[id] = map[key]waited{}
		}
		at[id][k] = w
		return nil
	})
	if err != nil {
		return err
	}
	sums, byClass := map[key]waited{}, map[string]float64{}
	for i := 1; i < len(list); i++ {
		before := at[list[i-1].ID]
		if list[i].Started != list[i-1].Started {
			before = nil
		}
		b := Bucket{From: list[i-1].Time, To: list[i].Time, Active: map[string]float64{}}
		span := list[i].Time.Sub(list[i-1].Time).Seconds()
		for k, w := range at[list[i].ID] {
			then := before[k]
			d := waited{w.waits - then.waits, (w.took - then.took) / 1e6, (w.sessions - then.sessions) / 1e6, (w.background - then.background) / 1e6}
			s := sums[k]
			sums[k] = waited{s.waits + d.waits, s.took + d.took, s.sessions + d.sessions, s.background + d.background}
			if k.class != "Idle" && span > 0 {
				b.Active[k.class] += d.sessions / span
				b.Total += d.sessions / span
				byClass[k.class] += d.sessions
			}
		}
		a.Intervals = append(a.Intervals, b)
	}
	a.Intervals = merged(a.Intervals, max(a.End.Time.Sub(a.Begin.Time).Seconds()/intervalsMax, 1))
	for _, b := range a.Intervals {
		a.Peak = max(a.Peak, b.Total)
	}
	for k, s := range sums {
		if k.class == "Idle" || s.waits == 0 && s.sessions == 0 && s.background == 0 {
			continue
		}
		e := WaitedEvent{Name: k.name, Class: k.class, Waits: s.waits, Seconds: s.took, Sessions: s.sessions, FromBackground: s.background}
		if s.waits > 0 {
			e.Average = s.took / s.waits
		}
		a.Events = append(a.Events, e)
	}
	slices.SortFunc(a.Events, func(x, y WaitedEvent) int { return descending(x.Sessions, y.Sessions, x.Name, y.Name) })
	total := 0.0
	for _, seconds := range byClass {
		total += seconds
	}
	maps.DeleteFunc(byClass, func(_ string, seconds float64) bool { return seconds < total/1000 }) // nobody could see it
	a.Classes = heaviest(byClass)
	return nil
}

// intervalsMax is how many intervals a report shows.
const intervalsMax = 60

// merged puts neighbours together that are shorter than so many seconds: a sample of a second says nothing of less, and nobody could see them.
func merged(all []Bucket, least float64) (out []Bucket) {
	for _, b := range all {
		last := len(out) - 1
		if last < 0 || out[last].To.Sub(out[last].From).Seconds() >= least {
			out = append(out, b)
			continue
		}
		m := &out[last]
		before, more := m.To.Sub(m.From).Seconds(), b.To.Sub(b.From).Seconds()
		if before+more == 0 {
			continue
		}
		m.Total = (m.Total*before + b.Total*more) / (before + more)
		for class := range b.Active {
			m.Active[class] += 0 // so that it has each class of either
		}
		for class := range m.Active {
			m.Active[class] = (m.Active[class]*before + b.Active[class]*more) / (before + more)
		}
		m.To = b.To
	}
	return out
}
