package telemetry

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/VictoriaMetrics/metrics"
)

// MetricKind is what a metric is to Prometheus.
type MetricKind string

// The kinds.
const (
	Counter   MetricKind = "counter"
	Gauge     MetricKind = "gauge"
	Histogram MetricKind = "histogram"
	Summary   MetricKind = "summary"
)

// Metric describes a metric. What is not described here is not served: a test finds what a node has and this list lacks.
type Metric struct {
	Name   string
	Kind   MetricKind
	Labels string // with commas between
	Help   string
}

// Metrics lists all metrics that a node can serve, by what they are about.
func Metrics() []Metric {
	return slices.Concat(logMetrics, sqlMetrics, sessionMetrics, stateMetrics, historyMetrics, archiveMetrics, processMetrics)
}

var logMetrics = []Metric{
	{"redoubt_log_append_seconds", Histogram, "", "Seconds to write a batch of entries to the log and sync it."},
	{"redoubt_log_sync_seconds", Histogram, "", "Seconds of the sync alone."},
	{"redoubt_apply_seconds", Histogram, "", "Seconds to apply a batch of committed groups to the state."},
	{"redoubt_commit_seconds", Histogram, "", "Seconds from the proposal of a transaction until it is applied on this node."},
	{"redoubt_log_first_index", Gauge, "", "Oldest entry of the live log."},
	{"redoubt_log_last_index", Gauge, "", "Newest entry of the live log."},
	{"redoubt_log_files", Gauge, "", "Files of the live log."},
	{"redoubt_log_spare_files", Gauge, "", "Files that are ready to be written to."},
	{"redoubt_log_bytes", Gauge, "", "Bytes of the live log."},
	{"redoubt_log_batches_total", Counter, "", "Batches that were written and synced."},
	{"redoubt_log_entries_total", Counter, "", "Entries that were written."},
	{"redoubt_log_payload_bytes_total", Counter, "", "Bytes of redo that were written."},
	{"redoubt_log_spare_misses_total", Counter, "", "Files that had to be made while a commit waited, since no spare was ready."},
	{"redoubt_raft_term", Gauge, "", "Term of the consensus."},
	{"redoubt_raft_leader", Gauge, "", "1 on the node that leads."},
	{"redoubt_failover_observed", Gauge, "", "1 while a failover is due, as this node sees it, and waits for an order since failover is observe."},
	{"redoubt_raft_commit_index", Gauge, "", "Newest entry that is committed."},
	{"redoubt_raft_applied_index", Gauge, "", "Newest entry that is applied."},
	{"redoubt_commits_total", Counter, "", "Transactions that were committed through this node while it led."},
	{"redoubt_commit_entries_total", Counter, "", "Log entries that carried them: commits by entry is how well commits are grouped."},
	{"redoubt_commits_refused_total", Counter, "", "Transactions that certification refused: their clients got error 1213."},
	{"redoubt_commits_failed_total", Counter, "", "Transactions whose proposal failed otherwise."},
	{"redoubt_parts_total", Counter, "", "Parts of large transactions that went into the log."},
	{"redoubt_proposals_queued", Gauge, "", "Proposals that wait in the queue."},
	{"redoubt_entries_in_flight", Gauge, "", "Entries that are written and not yet applied."},
	{"redoubt_scn_applied", Gauge, "", "SCN of the newest commit that is applied here."},
	{"redoubt_scn_durable", Gauge, "", "SCN up to which the state is durable: the log behind it is applied again after a crash."},
	{"redoubt_transactions_applied_total", Counter, "", "Transactions that were applied to the state."},
	{"redoubt_checkpoints_total", Counter, "", "Times that the state was made durable."},
	{"redoubt_checkpoint_errors_total", Counter, "", "Times that this failed."},
}

var sqlMetrics = []Metric{
	{"redoubt_sql_statements_total", Counter, "kind", "Statements that ended, by kind."},
	{"redoubt_sql_statement_errors_total", Counter, "kind", "Statements that ended with an error, by kind."},
	{"redoubt_sql_statement_seconds", Histogram, "kind", "Seconds that statements took, waits included, by kind."},
	{"redoubt_sql_statement_retries_total", Counter, "", "Statements that ran again from their beginning after a conflict."},
	{"redoubt_sql_statement_restarts_total", Counter, "", "Statements that began again on a newer snapshot, their locks kept."},
	{"redoubt_sql_statistics_refreshed_total", Counter, "", "Tables whose statistics for the planner were refreshed."},
	{"redoubt_sql_panics_total", Counter, "", "Statements that panicked: each is a bug."},
	{"redoubt_sql_connections", Gauge, "", "Connections that are open."},
	{"redoubt_sql_connections_opened_total", Counter, "", "Connections that were accepted."},
	{"redoubt_sql_connections_closed_total", Counter, "", "Connections that were closed again."},
	{"redoubt_sql_connections_refused_total", Counter, "reason", "Connections that were refused, by reason."},
	{"redoubt_sql_logins_total", Counter, "tls", "Logins, by whether over TLS."},
	{"redoubt_sql_short_statements_total", Counter, "", "Statements that took the short path."},
	{"redoubt_sql_short_refused_total", Counter, "reason", "Statements that did not, by reason."},
	{"redoubt_sql_digests", Gauge, "", "Statements, by digest, that V$SQL knows."},
	{"redoubt_sql_digests_evicted_total", Counter, "", "Digests that had to go to make room."},
	{"redoubt_sql_plan_changes_total", Counter, "", "Times that a statement, by digest, began to run by another plan: see V$SQL_PLAN_CHANGE."},
	{"redoubt_sql_plan_changes_evicted_total", Counter, "", "Changes of plans that had to leave V$SQL_PLAN_CHANGE to make room."},
	{"redoubt_sql_slow_statements_total", Counter, "", "Statements that took longer than slow-statement-time."},
}

var sessionMetrics = []Metric{
	{"redoubt_sessions", Gauge, "state", "Sessions of clients, by state: on_cpu, waiting or idle."},
	{"redoubt_sessions_active", Gauge, "class", "Sessions of clients that run or wait in a statement, by class of what they wait for."},
	{"redoubt_session_seconds_total", Counter, "class", "Seconds that samples saw sessions of clients active, by class; its rate is the average number of active sessions."},
	{"redoubt_waits_total", Counter, "event,class", "Waits that began, by event."},
	{"redoubt_wait_seconds_total", Counter, "event,class,timing", "Seconds of waits: measured where they happen, or by samples each 100 ms."},
	{"redoubt_session_calls_total", Counter, "", "Statements of all sessions that ended."},
	{"redoubt_session_db_seconds_total", Counter, "", "Seconds in which statements ran, waits included: database time."},
	{"redoubt_session_commits_total", Counter, "", "Transactions of sessions that changed something and were committed."},
	{"redoubt_session_rollbacks_total", Counter, "", "Transactions with changes that were rolled back."},
	{"redoubt_session_rows_total", Counter, "done", "Rows that statements read from tables, sent to clients, or changed."},
	{"redoubt_session_bytes_total", Counter, "direction", "Bytes received from clients and sent to them."},
	{"redoubt_ash_samples_total", Counter, "", "Rows of V$ACTIVE_SESSION_HISTORY that were taken."},
	{"redoubt_ash_sweeps_total", Counter, "", "Looks at all sessions."},
	{"redoubt_ash_sweep_seconds_total", Counter, "", "Seconds that these looks took."},
	{"redoubt_ash_memory_bytes", Gauge, "", "Memory that samples take."},
	{"redoubt_ash_disk_bytes", Gauge, "", "Disk that samples take."},
	{"redoubt_ash_damaged_bytes_total", Counter, "", "Bytes of samples on disk that could not be read."},
	{"redoubt_ash_write_errors_total", Counter, "", "Samples that could not be written to disk."},
	{"redoubt_awr_snapshots", Gauge, "", "Snapshots of the workload that are kept."},
	{"redoubt_awr_snapshots_total", Counter, "", "Snapshots of the workload that were taken."},
	{"redoubt_awr_disk_bytes", Gauge, "", "Disk that they take."},
	{"redoubt_awr_damaged_bytes_total", Counter, "", "Bytes of them that could not be read."},
	{"redoubt_awr_write_errors_total", Counter, "", "Snapshots that could not be written."},
	{"redoubt_lock_waits_total", Counter, "", "Requests for locks on rows and tables that had to wait."},
	{"redoubt_lock_deadlocks_total", Counter, "", "Requests that would have closed a circle."},
	{"redoubt_lock_timeouts_total", Counter, "", "Requests that waited for too long."},
	{"redoubt_lock_wait_seconds_total", Counter, "", "Seconds that requests waited."},
}

var stateMetrics = []Metric{
	{"redoubt_state_disk_bytes", Gauge, "", "Bytes of the state on disk, all versions included."},
	{"redoubt_state_read_amplification", Gauge, "", "Files that a lookup may have to ask."},
	{"redoubt_state_memtable_bytes", Gauge, "", "Recent changes in memory."},
	{"redoubt_state_cache_bytes", Gauge, "", "Bytes in the block cache."},
	{"redoubt_state_cache_hits_total", Counter, "", "Blocks that the cache had."},
	{"redoubt_state_cache_misses_total", Counter, "", "Blocks that it had not."},
	{"redoubt_state_compactions_total", Counter, "", "Times that files were merged."},
	{"redoubt_state_flushes_total", Counter, "", "Times that a memtable was written to a file."},
	{"redoubt_row_cache_bytes", Gauge, "", "Bytes of rows as they are now that are held beside the state, up to row-cache-size."},
	{"redoubt_row_cache_pages", Gauge, "", "Pages of the row cache: ranges of keys that lie side by side."},
	{"redoubt_row_cache_hits_total", Counter, "", "Looks for a page that was there."},
	{"redoubt_row_cache_misses_total", Counter, "", "Looks for one that was not."},
}

var historyMetrics = []Metric{
	{"redoubt_segments", Gauge, "", "Sealed segments of the log."},
	{"redoubt_segment_bytes", Gauge, "", "Bytes of them."},
	{"redoubt_scn_sealed", Gauge, "", "SCN up to which the log is sealed."},
	{"redoubt_scn_floor", Gauge, "", "SCN up to which history may be gone."},
	{"redoubt_flashbacks_unfolded", Gauge, "", "Flashbacks whose rows are still found through older intervals."},
	{"redoubt_flashbacks_folded_total", Counter, "", "Flashbacks that were folded."},
	{"redoubt_flashbacks_folded_bytes_total", Counter, "", "Bytes that folding wrote."},
	{"redoubt_history_dropped_versions_total", Counter, "", "Old versions of rows that were dropped."},
	{"redoubt_history_dropped_spaces_total", Counter, "", "Tables and indexes that went whole, with their history."},
	{"redoubt_tap_scn", Gauge, "", "SCN up to which the log tap has read."},
	{"redoubt_tap_skipped_scns_total", Counter, "", "Commits that the log tap passed over because it was too far behind."},
}

var archiveMetrics = []Metric{
	{"redoubt_archive_scn", Gauge, "destination", "SCN up to which a repository has the log."},
	{"redoubt_archive_gap_scn", Gauge, "destination", "Commits that it does not have yet."},
	{"redoubt_archive_gap_seconds", Gauge, "destination", "Age of the oldest of them."},
	{"redoubt_archive_pieces_total", Counter, "destination", "Pieces of the log that were sent."},
	{"redoubt_archive_bytes_total", Counter, "destination", "Bytes that were sent."},
	{"redoubt_recoverability_broken_scns", Gauge, "destination", "SCNs that the retention policy promises and that cannot be recovered."},
	{"redoubt_drill_age_seconds", Gauge, "destination", "Age of the newest drill of a repository or, without one, time since the node began."},
	{"redoubt_drill_failed", Gauge, "destination", "1 if the newest drill failed."},
	{"redoubt_drill_rpo_scns", Gauge, "destination", "Commits that a loss would have cost when the newest drill began."},
	{"redoubt_drill_rpo_seconds", Gauge, "destination", "Age that the oldest of them had."},
	{"redoubt_drill_rto_seconds", Gauge, "destination", "Time that the recovery of the newest drill took, rounded up."},
	{"redoubt_verification_age_seconds", Gauge, "destination", "Age of the newest verification of a repository or, without one, time since the node began."},
	{"redoubt_verification_damaged_objects", Gauge, "destination", "Objects that the newest verification found damaged."},
	{"redoubt_verification_running", Gauge, "destination", "1 while this node verifies the repository."},
	{"redoubt_backups_usable", Gauge, "destination", "Backups that can be used."},
	{"redoubt_backup_newest_scn", Gauge, "destination", "SCN of the newest backup that can be used."},
}

var processMetrics = []Metric{
	{"go_sched_latencies_seconds", Histogram, "", "Seconds that goroutines waited for a processor."},
	{"go_gc_pauses_seconds", Histogram, "", "Seconds that garbage collection stopped everything."},
	{"go_gc_cpu_seconds_total", Counter, "", "Processor seconds of garbage collection."},
	{"go_mutex_wait_seconds_total", Counter, "", "Seconds that goroutines waited for mutexes."},
	{"go_goroutines", Gauge, "", "Goroutines."},
	{"go_gomaxprocs", Gauge, "", "Processors that the process may use."},
	{"go_memstats_heap_alloc_bytes", Gauge, "", "Bytes of objects in memory."},
	{"go_memstats_heap_inuse_bytes", Gauge, "", "Bytes of memory that holds them."},
	{"go_memstats_sys_bytes", Gauge, "", "Bytes that Go has from the operating system."},
	{"go_info", Gauge, "version", "Version of Go; always 1."},
	{"process_cpu_seconds_total", Counter, "", "Processor seconds of the process."},
	{"process_resident_memory_bytes", Gauge, "", "Memory of the process."},
	{"process_virtual_memory_bytes", Gauge, "", "Address space of the process."},
	{"process_start_time_seconds", Gauge, "", "When the process began, seconds since 1970."},
	{"process_num_threads", Gauge, "", "Threads of the process."},
	{"process_open_fds", Gauge, "", "Files that are open."},
	{"process_max_fds", Gauge, "", "Files that may be open."},
	{"process_io_storage_read_bytes_total", Counter, "", "Bytes read from disks."},
	{"process_io_storage_written_bytes_total", Counter, "", "Bytes written to disks."},
	{"process_pressure_cpu_waiting_seconds_total", Counter, "", "Seconds that some task of the machine or container waited for a processor."},
	{"process_pressure_io_waiting_seconds_total", Counter, "", "Seconds that some task waited for a disk."},
	{"process_pressure_memory_waiting_seconds_total", Counter, "", "Seconds that some task waited for memory."},
}

var metricsByName = func() map[string]*Metric {
	by := map[string]*Metric{}
	for _, m := range Metrics() {
		by[m.Name] = &m
	}
	return by
}()

// WriteMetrics writes the metrics of some sets and of the process as Prometheus text: each family once, with its help and type,
// its samples together. Families that are not described are left out; it gives their names.
func WriteMetrics(w io.Writer, sets ...*metrics.Set) (unknown []string) {
	var raw bytes.Buffer
	for _, set := range sets {
		set.WritePrometheus(&raw)
	}
	metrics.WriteProcessMetrics(&raw)
	metrics.WriteFDMetrics(&raw)
	lines := map[string][]string{}
	family := ""
	scanner := bufio.NewScanner(&raw)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		line := scanner.Text()
		switch {
		case strings.HasPrefix(line, "# TYPE "):
			family, _, _ = strings.Cut(line[len("# TYPE "):], " ")
		case strings.HasPrefix(line, "#"), line == "":
		default:
			name := familyOf(line, family)
			if _, known := metricsByName[name]; !known {
				if !slices.Contains(unknown, name) {
					unknown = append(unknown, name)
				}
				continue
			}
			lines[name] = append(lines[name], line)
		}
	}
	for _, m := range Metrics() {
		if len(lines[m.Name]) == 0 {
			continue
		}
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", m.Name, m.Help, m.Name, m.Kind)
		for _, line := range lines[m.Name] {
			fmt.Fprintln(w, line)
		}
	}
	return unknown
}

// familyOf gives the family of a sample: its name, or that of the histogram or summary that it is of.
func familyOf(line, typed string) string {
	name := line[:max(strings.IndexAny(line, "{ "), 0)]
	if rest, ok := strings.CutPrefix(name, typed); ok && (rest == "_bucket" || rest == "_sum" || rest == "_count") {
		return typed
	}
	return name
}
