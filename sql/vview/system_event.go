package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/telemetry"
)

// SystemEvents is V$SYSTEM_EVENT: what sessions and background work have waited for since the start.
func SystemEvents(a *Activity) *View {
	columns := []Column{
		{"event", textType, "what was waited for"},
		{"wait_class", textType, "its class"},
		{"total_waits", numberType, "waits since the node started, counted one by one"},
		{"time_waited_us", numberType, "microseconds of all these waits: measured or sampled, see timing"},
		{"average_wait_us", numberType, "time_waited_us by wait; NULL if there was none"},
		{"timing", textType, "measured: every wait was timed where it happens, those under way not yet; sampled: sessions were looked at each 100 ms"},
		{"time_sampled_fg_us", numberType, "microseconds that samples saw sessions of clients in it"},
		{"time_sampled_bg_us", numberType, "so, background work"},
	}
	return New("V$SYSTEM_EVENT", "what was waited for since the start, by event", columns, func(*gsql.Context) ([]gsql.Row, error) {
		foreground, background := a.sampled()
		var rows []gsql.Row
		for _, t := range a.Slots.EventTotals() {
			info := t.Event.Info()
			if t.Event == telemetry.OnCPU || t.Waits == 0 && foreground[t.Event] == 0 && background[t.Event] == 0 {
				continue
			}
			took, timing := foreground[t.Event]+background[t.Event], "sampled"
			if info.Timed {
				took, timing = t.Measured, "measured"
			}
			var average any
			if t.Waits > 0 {
				average = micros(took) / t.Waits
			}
			rows = append(rows, gsql.Row{
				info.Name, info.Class.String(), t.Waits, micros(took), average, timing, micros(foreground[t.Event]), micros(background[t.Event]),
			})
		}
		return rows, nil
	})
}

// EventNames is V$EVENT_NAME: everything that can be waited for.
func EventNames() *View {
	columns := []Column{
		{"event_id", numberType, "its number, which never changes"},
		{"name", textType, "its name; Oracle's, where that fits"},
		{"wait_class", textType, "its class"},
		{"timing", textType, "measured or sampled, as in V$SYSTEM_EVENT"},
		{"seen_by", textType, "who waits for it"},
		{"description", textType, "what it means"},
	}
	return New("V$EVENT_NAME", "everything that can be waited for", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		for _, e := range telemetry.EventList()[1:] {
			timing := "sampled"
			if e.Timed {
				timing = "measured"
			}
			rows = append(rows, gsql.Row{uint64(e.Event), e.Name, e.Class.String(), timing, e.Seen, e.Help})
		}
		return rows, nil
	})
}
