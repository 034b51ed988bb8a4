package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
)

// BackgroundProcesses is V$BGPROCESS: what runs in the background, and what each does now.
func BackgroundProcesses(a *Activity) *View {
	columns := []Column{
		{"name", textType, "its name; Oracle's, where that fits"},
		{"description", textType, "what it is for"},
		{"state", textType, "ON CPU, WAITING or IDLE"},
		{"event", textType, "what it waits for"},
		{"wait_class", textType, "class of the event"},
		{"waits", numberType, "waits since the start, all events together"},
		{"time_waited_us", numberType, "microseconds that samples saw it wait"},
		{"time_cpu_us", numberType, "microseconds that samples saw it run"},
		{"started", timeType, "when it began, UTC"},
	}
	return New("V$BGPROCESS", "work in the background", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		all := a.Slots.All()
		for i := range all {
			l := &all[i]
			if !l.Who.Background {
				continue
			}
			event, class := eventOrNull(l.Shown())
			waits, waited, times := uint64(0), uint64(0), a.waited(l)
			for e, n := range l.Counts() {
				waits += n
				if e > 0 {
					waited += micros(times[e])
				}
			}
			rows = append(rows, gsql.Row{l.Who.Program, l.Who.Does, l.State(), event, class, waits, waited, micros(times[0]), instant(l.Who.Since)})
		}
		return rows, nil
	})
}
