package node

import (
	"bufio"
	"bytes"
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"redoubt/engine"
	"redoubt/sql"
	"redoubt/telemetry"
	"redoubt/telemetry/awr"
)

// awrDir, in the data directory, is where snapshots of the workload are.
const awrDir = "awr"

// openWorkload reads the snapshots of the workload. The first one of this start is taken once SQL is there.
func (n *Node) openWorkload(context.Context) (err error) {
	n.started = time.Now()
	n.workload, err = awr.Open(awr.Options{
		Source: workloadSource{n}, Dir: filepath.Join(n.config.Data, awrDir), Bytes: n.config.AWRDisk, Keep: n.config.AWRRetention, Every: n.config.AWREvery,
		BaselineBytes: n.config.AWRBaselineDisk, OnError: n.workloadFailed,
	})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, n.workload.Close)
	expose(n.metrics, n.workload.Stats, []figure[awr.Stats]{
		{"redoubt_awr_snapshots", func(s awr.Stats) uint64 { return uint64(s.Snapshots) }, false},
		{"redoubt_awr_snapshots_total", func(s awr.Stats) uint64 { return s.Taken }, true},
		{"redoubt_awr_disk_bytes", func(s awr.Stats) uint64 { return uint64(s.Bytes) }, false},
		{"redoubt_awr_damaged_bytes_total", func(s awr.Stats) uint64 { return s.Damaged }, true},
		{"redoubt_awr_write_errors_total", func(s awr.Stats) uint64 { return s.Failures }, true},
	})
	return nil
}

func (n *Node) workloadFailed(err error) {
	n.logger.Warn().Err(err).Msg("a snapshot of the workload is missing; the next one has what it would have had")
}

// startWorkload takes snapshots: now, from time to time, and when the node stops. A node that takes none by itself takes only those
// that are asked for.
func (n *Node) startWorkload(context.Context) error {
	if n.config.AWREvery == 0 {
		return nil
	}
	if _, err := n.workload.Take(telemetry.WorkloadStart); err != nil {
		n.workloadFailed(err)
	}
	n.background(n.workload.Run)
	n.closers = append(n.closers, func() error {
		if n.Failure() != nil {
			return nil
		}
		if _, err := n.workload.Take(telemetry.WorkloadStop); err != nil {
			n.workloadFailed(err)
		}
		return nil
	})
	return nil
}

// workloadView is the snapshots as views read them.
func (n *Node) workloadView() sql.Workload { return n.workload }

// workloadSource tells the figures of a node.
type workloadSource struct{ node *Node }

// Figures implements awr.Source.
func (w workloadSource) Figures() (out telemetry.WorkloadSnapshot) {
	n := w.node
	out.Started, out.SCN = n.started.UnixMicro(), uint64(n.engine.Applied())
	totals := n.slots.FigureTotals()
	for _, f := range telemetry.Figures() {
		out.Values = append(out.Values, telemetry.WorkloadValue{Name: f.String(), Value: float64(totals[f])})
	}
	out.Values = append(out.Values, n.oldestTransaction()...)
	var text bytes.Buffer
	telemetry.WriteMetrics(&text, n.metrics)
	out.Values = append(out.Values, metricValues(&text)...)
	var sessions, background [telemetry.Events]time.Duration
	if n.sampler != nil {
		sessions, background = n.sampler.Sampled()
	}
	for _, t := range n.slots.EventTotals() {
		e := telemetry.WorkloadEvent{Event: t.Event, Waits: t.Waits, Took: t.Measured, Sessions: sessions[t.Event], Background: background[t.Event]}
		if !t.Event.Info().Timed {
			e.Took = e.Sessions + e.Background
		}
		if e.Waits > 0 || e.Took > 0 {
			out.Events = append(out.Events, e)
		}
	}
	return out
}

// oldestTransaction tells how long the oldest open transaction holds back the removal of old versions, and how many commits that are.
func (n *Node) oldestTransaction() []telemetry.WorkloadValue {
	age, behind := 0.0, 0.0
	holds, err := n.engine.Holds()
	if err != nil {
		return nil // not known is not zero
	}
	for _, h := range holds {
		if h.Kind == engine.HoldTransaction {
			age = max(age, time.Since(time.UnixMicro(h.SinceMicros)).Seconds())
			behind = max(behind, float64(n.engine.Applied()-h.SCN))
		}
	}
	return []telemetry.WorkloadValue{{Name: "oldest transaction seconds", Gauge: true, Value: age}, {Name: "oldest transaction commits behind", Gauge: true, Value: behind}}
}

// metricValues reads counters, gauges, and sums and counts of histograms. Those of single events are left out, as snapshots have events, and
// those of the Go runtime.
func metricValues(text *bytes.Buffer) (out []telemetry.WorkloadValue) {
	gauge, histogram := false, false
	for lines := bufio.NewScanner(text); lines.Scan(); {
		line := lines.Text()
		if kind, ok := strings.CutPrefix(line, "# TYPE "); ok {
			gauge, histogram = strings.HasSuffix(kind, " gauge"), strings.HasSuffix(kind, " histogram")
		}
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || at < 0 || strings.HasPrefix(line, "go_") || strings.HasPrefix(line, "redoubt_wait") ||
			histogram && strings.Contains(line, "_bucket{") {
			continue
		}
		if v, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			out = append(out, telemetry.WorkloadValue{Name: line[:at], Gauge: gauge, Value: v})
		}
	}
	return out
}

// Statements implements awr.Source.
func (w workloadSource) Statements(yield func(*telemetry.WorkloadStatement)) {
	w.node.sql.WorkloadStatements(yield)
}

// Texts implements awr.Source.
func (w workloadSource) Texts(s *telemetry.WorkloadStatement) { w.node.sql.WorkloadTexts(s) }

// Changes implements awr.Source.
func (w workloadSource) Changes(after int64) []telemetry.WorkloadChange {
	return w.node.sql.WorkloadChanges(after)
}
