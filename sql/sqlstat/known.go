package sqlstat

import (
	"time"

	"redoubt/telemetry"
)

// About tells what never changes.
func (k Known) About() *About { return &k.entry.about }

// Touch reads what most readers look at, and gives something that depends on it.
func (k Known) Touch() uint64 {
	return uint64(len(k.entry.about.Text)) + k.entry.counts[micros].Load()
}

// First is when it was first seen, microseconds since 1970; 0 for the evicted.
func (k Known) First() int64 { return k.entry.first }

// Last is when it last ended.
func (k Known) Last() int64 { return k.entry.last.Load() }

// Executions is how often it ended, Failures how often with an error, Short how often it took the short path.
func (k Known) Executions() uint64 { return k.entry.counts[executions].Load() }

// Failures is part of Executions.
func (k Known) Failures() uint64 { return k.entry.counts[failures].Load() }

// Short is part of Executions.
func (k Known) Short() uint64 { return k.entry.counts[shortPath].Load() }

// Conflicts is how often it began again, or failed, because another had changed what it read.
func (k Known) Conflicts() uint64 { return k.entry.counts[conflicts].Load() }

// RowsRead is how many rows it read from tables.
func (k Known) RowsRead() uint64 { return k.entry.counts[rowsRead].Load() }

// RowsSent is how many rows clients got.
func (k Known) RowsSent() uint64 { return k.entry.counts[rowsSent].Load() }

// RowsChanged is how many rows it inserted, changed or deleted.
func (k Known) RowsChanged() uint64 { return k.entry.counts[rowsChanged].Load() }

// Total is how long all executions took.
func (k Known) Total() time.Duration { return inMicros(k.entry.counts[micros].Load()) }

// Max is how long the longest took.
func (k Known) Max() time.Duration { return inMicros(k.entry.max.Load()) }

// Waited is how long samples saw it in a class; CPU is where it waited for nothing.
func (k Known) Waited(c telemetry.Class) time.Duration { return inMicros(k.entry.waits[c].Load()) }

// Quantile is how long such a share of the executions took at most.
func (k Known) Quantile(share float64) time.Duration {
	// A quantile is the middle of its bucket, which may lie above all that was there.
	return min(inMicros(k.entry.times.quantiles([3]float64{share, share, share})[0]), k.Max())
}

func inMicros(n uint64) time.Duration { return time.Duration(n) * time.Microsecond }

func (e *entry) statement() Statement {
	out := Statement{
		About: e.about, First: e.first, Last: e.last.Load(), Executions: e.counts[executions].Load(), Failures: e.counts[failures].Load(),
		Short: e.counts[shortPath].Load(), RowsRead: e.counts[rowsRead].Load(), RowsSent: e.counts[rowsSent].Load(),
		RowsChanged: e.counts[rowsChanged].Load(), Total: inMicros(e.counts[micros].Load()), Max: inMicros(e.max.Load()),
	}
	for i := range e.waits {
		out.Waits[i] = inMicros(e.waits[i].Load())
	}
	at := e.times.quantiles([3]float64{0.50, 0.95, 0.99})
	// A quantile is the middle of its bucket, which may lie above all that was there.
	out.P50, out.P95, out.P99 = min(inMicros(at[0]), out.Max), min(inMicros(at[1]), out.Max), min(inMicros(at[2]), out.Max)
	return out
}
