package dashboard

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"redoubt/telemetry"
)

// view is what a page asks for. Times are milliseconds since 1970.
type view struct {
	ID      int    `json:"id"`    // comes back with the answer
	Range   int64  `json:"range"` // how long the chart is
	End     int64  `json:"end"`   // of the chart; 0: now
	From    int64  `json:"from"`  // the window; 0: the last Window milliseconds
	To      int64  `json:"to"`
	Window  int64  `json:"window"`
	SQL     string `json:"sql"`     // only this statement
	Session uint32 `json:"session"` // only this session, and
	Serial  uint32 `json:"serial"`
	Class   *int   `json:"class"` // only this class
	User    string `json:"user"`  // only this user
	Node    string `json:"node"`  // whose sessions; empty: this node's; *: those of all

	digest  uint64
	charted bool // the answer has a chart in any case
	rows    int  // of each list; 0: topRows
}

const (
	rangeMax  = 7 * 24 * time.Hour
	windowMin = 5 * time.Second
)

// parseView reads what a page asks for.
func parseView(text []byte) (v view, err error) {
	if err = json.Unmarshal(text, &v); err != nil {
		return v, err
	}
	if v.SQL != "" {
		if v.digest, err = strconv.ParseUint(v.SQL, 16, 64); err != nil {
			return v, fmt.Errorf("sql %q is no digest", v.SQL)
		}
	}
	if v.Class != nil && (*v.Class < 0 || *v.Class >= int(telemetry.Classes)) {
		return v, fmt.Errorf("class %d: there is none", *v.Class)
	}
	v.Range = min(max(v.Range, int64(time.Minute/time.Millisecond)), int64(rangeMax/time.Millisecond))
	v.Window = min(max(v.Window, int64(windowMin/time.Millisecond)), v.Range)
	if v.From < 0 || v.To < v.From {
		return v, fmt.Errorf("the window from %d to %d has no length", v.From, v.To)
	}
	return v, nil
}

// live tells whether the answer changes as time goes on.
func (v *view) live() bool { return v.From == 0 || v.End == 0 }

// fixed is the view as it is now, for other nodes.
func (v *view) fixed(now time.Time) view {
	_, chartTo, from, to := v.bounds(now)
	out := *v
	out.End, out.From, out.To, out.Node = chartTo/1000, from/1000, to/1000, ""
	return out
}

// filtered tells whether only a part of the samples counts.
func (v *view) filtered() bool {
	return v.digest != 0 || v.Session != 0 || v.Class != nil || v.User != ""
}

// bounds gives chart and window, in microseconds since 1970, as of now.
func (v *view) bounds(now time.Time) (chartFrom, chartTo, from, to int64) {
	chartTo = now.UnixMicro()
	if v.End != 0 {
		chartTo = v.End * 1000
	}
	chartFrom = chartTo - v.Range*1000
	from, to = v.From*1000, v.To*1000
	if v.From == 0 {
		from, to = chartTo-v.Window*1000, chartTo
	}
	return chartFrom, chartTo, from, to
}

// Ways in which a sample can be left out.
const (
	bySQL = iota
	bySession
	byClass
	byUser
	ways
)

// misses tells by which filters a sample is left out.
func (v *view) misses(x *telemetry.Sample) (out [ways]bool) {
	out[bySQL] = v.digest != 0 && x.SQL != v.digest
	out[bySession] = v.Session != 0 && (x.Session != v.Session || v.Serial != 0 && x.Serial != v.Serial)
	out[byClass] = v.Class != nil && int(x.Event.Class()) != *v.Class
	out[byUser] = v.User != "" && x.User != v.User
	return out
}

// passes tells whether a sample is let through by all filters but one; -1: by all.
func passes(misses [ways]bool, but int) bool {
	for i, m := range misses {
		if m && i != but {
			return false
		}
	}
	return true
}
