package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/telemetry"
)

// SessionEvents is V$SESSION_EVENT: what each session has waited for since it began.
func SessionEvents(a *Activity) *View {
	columns := []Column{
		{"sid", numberType, "number of the connection; 0 for background work"},
		{"serial", numberType, "as in V$SESSION"},
		{"program", textType, "what the client says it is, or the name of background work"},
		{"event", textType, "what it waited for; ON CPU is the time in which it waited for nothing"},
		{"wait_class", textType, "its class"},
		{"total_waits", numberType, "waits that began, counted one by one; NULL for ON CPU"},
		{"time_waited_us", numberType, "microseconds that samples, one each 100 ms, saw the session in it"},
	}
	return New("V$SESSION_EVENT", "what each session has waited for", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		all := a.Slots.All()
		for i := range all {
			l := &all[i]
			counts, waited := l.Counts(), a.waited(l)
			for e := range telemetry.Events {
				if counts[e] == 0 && waited[e] == 0 {
					continue
				}
				event, waits := e.String(), any(counts[e])
				if e == telemetry.OnCPU {
					event, waits = "ON CPU", nil
				}
				rows = append(rows, gsql.Row{
					uint64(l.Who.Session), uint64(l.Who.Serial), orNull(l.Who.Program), event, e.Class().String(), waits, micros(waited[e]),
				})
			}
		}
		return rows, nil
	})
}
