package node

import (
	"fmt"
	"io"

	"github.com/VictoriaMetrics/metrics"

	"redoubt/telemetry"
	"redoubt/telemetry/ash"
)

// sessionMetrics tells what sessions do and wait for.
func (n *Node) sessionMetrics() {
	n.metrics.RegisterMetricsWriter(n.writeSessions)
	n.metrics.RegisterMetricsWriter(n.writeEvents)
	n.metrics.RegisterMetricsWriter(n.writeFigures)
	if n.sampler == nil {
		return
	}
	type stats = ash.Stats
	expose(n.metrics, n.sampler.Stats, []figure[stats]{
		{"redoubt_ash_samples_total", func(s stats) uint64 { return s.Samples }, true},
		{"redoubt_ash_sweeps_total", func(s stats) uint64 { return s.Sweeps }, true},
		{"redoubt_ash_memory_bytes", func(s stats) uint64 { return uint64(s.Bytes) }, false},
		{"redoubt_ash_disk_bytes", func(s stats) uint64 { return uint64(s.ArchiveBytes) }, false},
		{"redoubt_ash_damaged_bytes_total", func(s stats) uint64 { return s.ArchiveDamaged }, true},
		{"redoubt_ash_write_errors_total", func(s stats) uint64 { return s.ArchiveWriteErrors }, true},
	})
	n.metrics.RegisterMetricsWriter(func(w io.Writer) {
		metrics.WriteCounterFloat64(w, "redoubt_ash_sweep_seconds_total", n.sampler.Stats().Spent.Seconds())
	})
}

// writeSessions tells how many sessions there are, by state, and of the active ones by class.
func (n *Node) writeSessions(w io.Writer) {
	states := map[string]uint64{"ON CPU": 0, "WAITING": 0, "IDLE": 0}
	var classes [telemetry.Classes]uint64
	n.slots.Sweep(true, func(l *telemetry.Look) {
		if l.Who.Background {
			return
		}
		state := l.State()
		states[state]++
		if state != "IDLE" && l.Event.Class() != telemetry.Idle {
			classes[l.Event.Class()]++
		}
	})
	for _, s := range [][2]string{{"ON CPU", "on_cpu"}, {"WAITING", "waiting"}, {"IDLE", "idle"}} {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("redoubt_sessions{state=%q}", s[1]), states[s[0]])
	}
	for c := range telemetry.Classes {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("redoubt_sessions_active{class=%q}", c), classes[c])
	}
}

// writeEvents tells what was waited for.
func (n *Node) writeEvents(w io.Writer) {
	var sessions, background [telemetry.Events]float64
	if n.sampler != nil {
		seen, behind := n.sampler.Sampled()
		var classes [telemetry.Classes]float64
		for e := range telemetry.Events {
			sessions[e], background[e] = seen[e].Seconds(), behind[e].Seconds()
			classes[e.Class()] += sessions[e]
		}
		for c := range telemetry.Classes {
			metrics.WriteCounterFloat64(w, fmt.Sprintf("redoubt_session_seconds_total{class=%q}", c), classes[c])
		}
	}
	for _, t := range n.slots.EventTotals() {
		if t.Event == telemetry.OnCPU {
			continue
		}
		info := t.Event.Info()
		seconds, timing := sessions[t.Event]+background[t.Event], "sampled"
		if info.Timed {
			seconds, timing = t.Measured.Seconds(), "measured"
		}
		metrics.WriteCounterUint64(w, fmt.Sprintf("redoubt_waits_total{event=%q,class=%q}", info.Name, info.Class), t.Waits)
		metrics.WriteCounterFloat64(w, fmt.Sprintf("redoubt_wait_seconds_total{event=%q,class=%q,timing=%q}", info.Name, info.Class, timing), seconds)
	}
}

// writeFigures tells what sessions have counted.
func (n *Node) writeFigures(w io.Writer) {
	totals := n.slots.FigureTotals()
	for _, f := range []struct {
		name   string
		figure telemetry.Figure
	}{
		{"redoubt_session_calls_total", telemetry.FigureCalls},
		{"redoubt_session_commits_total", telemetry.FigureCommits},
		{"redoubt_session_rollbacks_total", telemetry.FigureRollbacks},
		{`redoubt_session_rows_total{done="read"}`, telemetry.FigureRowsRead},
		{`redoubt_session_rows_total{done="sent"}`, telemetry.FigureRowsSent},
		{`redoubt_session_rows_total{done="changed"}`, telemetry.FigureRowsChanged},
		{`redoubt_session_bytes_total{direction="received"}`, telemetry.FigureBytesIn},
		{`redoubt_session_bytes_total{direction="sent"}`, telemetry.FigureBytesOut},
	} {
		metrics.WriteCounterUint64(w, f.name, totals[f.figure])
	}
	metrics.WriteCounterFloat64(w, "redoubt_session_db_seconds_total", float64(totals[telemetry.FigureDBTime])/1e6)
}
