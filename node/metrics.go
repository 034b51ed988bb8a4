package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/cockroachdb/pebble/v2"

	"redoubt/engine/lock"
	"redoubt/engine/mvcc"
	"redoubt/replication"
	"redoubt/telemetry"
	"redoubt/wal"
)

// timings are histograms of the log's way, in seconds.
type timings struct {
	append *metrics.PrometheusHistogram // one batch: write and sync
	sync   *metrics.PrometheusHistogram // the sync alone
	apply  *metrics.PrometheusHistogram // one batch of groups, into the state
	commit *metrics.PrometheusHistogram // from proposal until applied here
}

// Upper bounds of the histograms: from 50 µs to 10 s.
var timingBounds = []float64{
	50e-6, 100e-6, 200e-6, 300e-6, 500e-6, 750e-6, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 7.5e-3,
	10e-3, 20e-3, 30e-3, 50e-3, 75e-3, 0.1, 0.2, 0.5, 1, 2, 5, 10,
}

func newTimings(set *metrics.Set) *timings {
	histogram := func(name string) *metrics.PrometheusHistogram {
		return set.NewPrometheusHistogramExt(name, timingBounds)
	}
	return &timings{
		append: histogram("redoubt_log_append_seconds"),
		sync:   histogram("redoubt_log_sync_seconds"),
		apply:  histogram("redoubt_apply_seconds"),
		commit: histogram("redoubt_commit_seconds"),
	}
}

// seconds lets a part report durations to a histogram.
func seconds(h *metrics.PrometheusHistogram) func(time.Duration) {
	return func(took time.Duration) { h.Update(took.Seconds()) }
}

// timedLog measures appends on their way to the log.
type timedLog struct {
	*wal.Log
	append *metrics.PrometheusHistogram
	slot   *telemetry.Slot // of the writer
	gate   func()          // nil, but in tests
}

// Append is wal.Log's.
func (l timedLog) Append(batch []wal.Entry) error {
	start := time.Now()
	l.slot.Begin(telemetry.LogFileWrite)
	if l.gate != nil {
		l.gate()
	}
	err := l.Log.Append(batch)
	l.slot.End(telemetry.LogFileWrite)
	took := time.Since(start)
	l.slot.Measured(telemetry.LogFileWrite, took)
	l.append.Update(took.Seconds())
	return err
}

// openMetrics registers the figures and checks of the parts that are running by now.
func (n *Node) openMetrics(context.Context) error {
	n.logMetrics()
	n.replicationMetrics()
	n.failoverMetrics()
	n.stateMetrics()
	n.lockMetrics()
	n.segmentMetrics()
	n.upkeepMetrics()
	n.sessionMetrics()
	n.addChecks()
	return nil
}

// figure is one value of a part's own counters.
type figure[S any] struct {
	name  string
	read  func(S) uint64
	total bool // only ever grows
}

// expose writes a part's figures, all from one look at it, whenever somebody asks.
func expose[S any](set *metrics.Set, look func() S, figures []figure[S]) {
	set.RegisterMetricsWriter(func(w io.Writer) {
		now := look()
		for _, f := range figures {
			if f.total {
				metrics.WriteCounterUint64(w, f.name, f.read(now))
			} else {
				metrics.WriteGaugeUint64(w, f.name, f.read(now))
			}
		}
	})
}

func (n *Node) logMetrics() {
	expose(n.metrics, n.log.Stats, []figure[wal.Stats]{
		{"redoubt_log_first_index", func(s wal.Stats) uint64 { return s.FirstIndex }, false},
		{"redoubt_log_last_index", func(s wal.Stats) uint64 { return s.LastIndex }, false},
		{"redoubt_log_files", func(s wal.Stats) uint64 { return uint64(s.Files) }, false},
		{"redoubt_log_spare_files", func(s wal.Stats) uint64 { return uint64(s.Spares) }, false},
		{"redoubt_log_bytes", func(s wal.Stats) uint64 { return uint64(s.LogBytes) }, false},
		{"redoubt_log_batches_total", func(s wal.Stats) uint64 { return s.Batches }, true},
		{"redoubt_log_entries_total", func(s wal.Stats) uint64 { return s.Entries }, true},
		{"redoubt_log_payload_bytes_total", func(s wal.Stats) uint64 { return s.PayloadBytes }, true},
		{"redoubt_log_spare_misses_total", func(s wal.Stats) uint64 { return s.SpareMisses }, true},
	})
}

func (n *Node) replicationMetrics() {
	type stats = replication.Stats
	expose(n.metrics, n.replication.Stats, []figure[stats]{
		{"redoubt_raft_term", func(s stats) uint64 { return s.Term }, false},
		{"redoubt_raft_leader", func(s stats) uint64 { return one(s.State == "Leader") }, false},
		{"redoubt_raft_commit_index", func(s stats) uint64 { return s.CommitIndex }, false},
		{"redoubt_raft_applied_index", func(s stats) uint64 { return s.AppliedIndex }, false},
		{"redoubt_commits_total", func(s stats) uint64 { return s.Committed }, true},
		{"redoubt_commit_entries_total", func(s stats) uint64 { return s.Entries }, true},
		{"redoubt_commits_refused_total", func(s stats) uint64 { return s.Refused }, true},
		{"redoubt_commits_failed_total", func(s stats) uint64 { return s.Failed }, true},
		{"redoubt_parts_total", func(s stats) uint64 { return s.Parts }, true},
		{"redoubt_proposals_queued", func(s stats) uint64 { return uint64(s.Queued) }, false},
		{"redoubt_entries_in_flight", func(s stats) uint64 { return uint64(s.InFlight) }, false},
		{"redoubt_scn_applied", func(s stats) uint64 { return uint64(s.Applied.SCN) }, false},
		{"redoubt_scn_durable", func(s stats) uint64 { return uint64(s.Durable.SCN) }, false},
		{"redoubt_transactions_applied_total", func(s stats) uint64 { return s.AppliedTxns }, true},
		{"redoubt_checkpoints_total", func(s stats) uint64 { return s.Checkpoints }, true},
		{"redoubt_checkpoint_errors_total", func(s stats) uint64 { return s.CheckpointErrors }, true},
	})
}

func one(yes bool) uint64 {
	if yes {
		return 1
	}
	return 0
}

func (n *Node) stateMetrics() {
	type stats = *pebble.Metrics
	expose(n.metrics, n.engine.StoreMetrics, []figure[stats]{
		{"redoubt_state_disk_bytes", func(s stats) uint64 { return s.DiskSpaceUsage() }, false},
		{"redoubt_state_read_amplification", func(s stats) uint64 { return uint64(s.ReadAmp()) }, false},
		{"redoubt_state_memtable_bytes", func(s stats) uint64 { return s.MemTable.Size }, false},
		{"redoubt_state_cache_bytes", func(s stats) uint64 { return uint64(s.BlockCache.Size) }, false},
		{"redoubt_state_cache_hits_total", func(s stats) uint64 { return uint64(s.BlockCache.Hits) }, true},
		{"redoubt_state_cache_misses_total", func(s stats) uint64 { return uint64(s.BlockCache.Misses) }, true},
		{"redoubt_state_compactions_total", func(s stats) uint64 { return uint64(s.Compact.Count) }, true},
		{"redoubt_state_flushes_total", func(s stats) uint64 { return uint64(s.Flush.Count) }, true},
	})
	type rows = mvcc.RowCacheStats
	expose(n.metrics, n.engine.RowCache, []figure[rows]{
		{"redoubt_row_cache_bytes", func(r rows) uint64 { return uint64(r.Bytes) }, false},
		{"redoubt_row_cache_pages", func(r rows) uint64 { return uint64(r.Pages) }, false},
		{"redoubt_row_cache_hits_total", func(r rows) uint64 { return r.Hits }, true},
		{"redoubt_row_cache_misses_total", func(r rows) uint64 { return r.Misses }, true},
	})
}

// lockMetrics tells what became of requests for locks on rows and tables.
func (n *Node) lockMetrics() {
	type counts = lock.Counts
	expose(n.metrics, n.engine.LockCounts, []figure[counts]{
		{"redoubt_lock_waits_total", func(c counts) uint64 { return c.Waits }, true},
		{"redoubt_lock_deadlocks_total", func(c counts) uint64 { return c.Deadlocks }, true},
		{"redoubt_lock_timeouts_total", func(c counts) uint64 { return c.Timeouts }, true},
	})
	n.metrics.RegisterMetricsWriter(func(w io.Writer) {
		metrics.WriteCounterFloat64(w, "redoubt_lock_wait_seconds_total", n.engine.LockCounts().Waited.Seconds())
	})
}

func (n *Node) addChecks() {
	n.checks.Add(telemetry.Check{Name: "log", Ready: true, Ask: func(context.Context) error {
		if n.log.Stats().Failed {
			return errors.New("a write or sync of the redo log has failed; the node stops")
		}
		return n.Failure()
	}})
	n.checks.Add(telemetry.Check{Name: "leader", Ready: true, Ask: func(context.Context) error {
		if id, _, _ := n.replication.Leader(); id == "" {
			return errors.New("no leader is known; commits wait")
		}
		return nil
	}})
	n.checks.Add(telemetry.Check{Name: "divergence", Ask: func(context.Context) error {
		if _, problem := n.cluster.Compared(); problem != nil && n.leads() {
			return problem
		}
		return nil
	}})
	n.checks.Add(telemetry.Check{Name: "clocks", Ask: func(context.Context) error {
		if problem := n.cluster.Clocks(); problem != nil && n.leads() {
			return problem
		}
		return nil
	}})
	n.checks.Add(telemetry.Check{Name: "lead", Ask: func(context.Context) error { return n.cluster.Ill() }})
	n.checks.Add(telemetry.Check{Name: "failover", Ask: func(context.Context) error {
		if o := n.cluster.Observed(); o != nil {
			return fmt.Errorf("a failover is due since %s, and failover is observe: %s. SWITCHOVER TO a node orders it", o.Began.UTC().Format(time.RFC3339), o.Reason)
		}
		return nil
	}})
	n.checks.Add(telemetry.Check{Name: "log tap", Ask: n.checkTap})
	n.checks.Add(telemetry.Check{Name: "sealing", Ask: func(context.Context) error { return n.sealer.Failure() }})
	n.checks.Add(telemetry.Check{Name: "disk", Ask: func(context.Context) error { return checkDisk(n.config.Data, n.config.DiskReserve) }})
}

// checkDisk tells whether less of the disk is free than a share in percent, below which the node is ill.
func checkDisk(dir string, reserve int) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return fmt.Errorf("ask about the disk of %s: %w", dir, err)
	}
	if free := float64(s.Bavail) / float64(s.Blocks); free*100 < float64(reserve) {
		return fmt.Errorf("the disk of %s is %.1f %% free: make room (disk-reserve is %d), or the log will stop the node", dir, free*100, reserve)
	}
	return nil
}
