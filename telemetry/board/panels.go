package board

// Panel is a chart.
type Panel struct {
	Row     string // that it stands in
	Title   string
	Help    string
	Unit    string // of Grafana
	Stacked bool
	Wide    bool     // as wide as the page; else three stand side by side
	Queries []Target // what is asked, each with the name of its lines
}

// Target is a query of a Panel.
type Target struct{ Expression, Legend string }

const selector = `instance=~"$instance"`

func by(label, expression string) []Target { return []Target{{expression, "{{" + label + "}}"}} }

// quantiles asks for three quantiles of a histogram.
func quantiles(name, filter string) (out []Target) {
	for _, q := range []string{"0.5", "0.95", "0.99"} {
		out = append(out, Target{"histogram_quantile(" + q + ", sum by (le) (rate(" + name + "_bucket{" + selector + filter + "}[$__rate_interval])))", "p" + q[2:]})
	}
	return out
}

func rate(name, filter string) string {
	return "rate(" + name + "{" + selector + filter + "}[$__rate_interval])"
}

// Panels lists the charts of the dashboard.
func Panels() []Panel {
	return []Panel{
		{
			"Load", "Average active sessions by wait class", "How many sessions ran or waited in a statement, on average. Above the number of processors on CPU, they wait for each other.",
			"none", true, true, by("class", "sum by (class) ("+rate("redoubt_session_seconds_total", "")+")"),
		},
		{"Load", "Statements", "Statements that ended, by kind.", "ops", true, false, by("kind", "sum by (kind) ("+rate("redoubt_sql_statements_total", "")+")")},
		{"Load", "Errors", "Statements that ended with an error, by kind.", "ops", true, false, by("kind", "sum by (kind) ("+rate("redoubt_sql_statement_errors_total", "")+")")},
		{"Load", "Connections", "Open connections.", "none", false, false, []Target{{"redoubt_sql_connections{" + selector + "}", "{{instance}}"}}},
		{"Load", "Time of a SELECT", "Quantiles.", "s", false, false, quantiles("redoubt_sql_statement_seconds", `,kind="select"`)},
		{"Load", "Time of a change", "Quantiles of INSERT, UPDATE, DELETE and REPLACE.", "s", false, false, quantiles("redoubt_sql_statement_seconds", `,kind=~"insert|update|delete|replace"`)},
		{"Load", "Rows", "Rows that statements read, sent and changed.", "none", false, false, by("done", "sum by (done) ("+rate("redoubt_session_rows_total", "")+")")},

		{"Waits", "Time waited by event", "Seconds of waits in each second: idle ones are left out.", "none", true, true, by("event", "sum by (event) ("+rate("redoubt_wait_seconds_total", `,class!="Idle"`)+")")},
		{"Waits", "Lock waits", "Requests for locks that had to wait, that met a deadlock, that took too long.", "ops", false, false, []Target{
			{rate("redoubt_lock_waits_total", ""), "waits"}, {rate("redoubt_lock_deadlocks_total", ""), "deadlocks"}, {rate("redoubt_lock_timeouts_total", ""), "timeouts"},
		}},
		{"Waits", "Conflicts", "Transactions that certification refused, and statements that ran again.", "ops", false, false, []Target{
			{rate("redoubt_commits_refused_total", ""), "refused"}, {rate("redoubt_sql_statement_retries_total", ""), "retries"}, {rate("redoubt_sql_statement_restarts_total", ""), "restarts"},
		}},
		{"Waits", "Slow statements", "Statements that took longer than slow-statement-time.", "ops", false, false, []Target{{rate("redoubt_sql_slow_statements_total", ""), "{{instance}}"}}},

		{"Log", "Commits", "Transactions that were committed.", "ops", false, false, []Target{{rate("redoubt_commits_total", ""), "{{instance}}"}}},
		{"Log", "Commits in an entry", "How well commits are grouped.", "none", false, false, []Target{{rate("redoubt_commits_total", "") + " / " + rate("redoubt_commit_entries_total", ""), "{{instance}}"}}},
		{"Log", "Redo", "Bytes of redo that were written.", "Bps", false, false, []Target{{rate("redoubt_log_payload_bytes_total", ""), "{{instance}}"}}},
		{"Log", "Time of a commit", "From the proposal until it is applied.", "s", false, false, quantiles("redoubt_commit_seconds", "")},
		{"Log", "Time of a sync", "Of the log's file.", "s", false, false, quantiles("redoubt_log_sync_seconds", "")},
		{"Log", "Time to apply", "A batch of groups, into the state.", "s", false, false, quantiles("redoubt_apply_seconds", "")},
		{"Log", "SCNs behind", "Commits that are applied and not yet durable in the state, and that a repository lacks.", "none", false, false, []Target{
			{"redoubt_scn_applied{" + selector + "} - redoubt_scn_durable{" + selector + "}", "state"}, {"redoubt_archive_gap_scn{" + selector + "}", "{{destination}}"},
		}},
		{"Log", "Proposals", "That wait in the queue, and entries in flight.", "none", false, false, []Target{
			{"redoubt_proposals_queued{" + selector + "}", "queued"}, {"redoubt_entries_in_flight{" + selector + "}", "in flight"},
		}},

		{"State", "Size", "Of the state on disk, of sealed segments and of the live log.", "bytes", true, false, []Target{
			{"redoubt_state_disk_bytes{" + selector + "}", "state"}, {"redoubt_segment_bytes{" + selector + "}", "segments"}, {"redoubt_log_bytes{" + selector + "}", "log"},
		}},
		{"State", "Cache hits", "Share of blocks that the cache had.", "percentunit", false, false, []Target{
			{rate("redoubt_state_cache_hits_total", "") + " / (" + rate("redoubt_state_cache_hits_total", "") + " + " + rate("redoubt_state_cache_misses_total", "") + ")", "{{instance}}"},
		}},
		{"State", "Read amplification", "Files that a lookup may have to ask.", "none", false, false, []Target{{"redoubt_state_read_amplification{" + selector + "}", "{{instance}}"}}},

		{"Process", "Processor", "Processors in use.", "none", false, false, []Target{{rate("process_cpu_seconds_total", ""), "{{instance}}"}}},
		{"Process", "Memory", "Of the process.", "bytes", false, false, []Target{{"process_resident_memory_bytes{" + selector + "}", "{{instance}}"}}},
		{"Process", "Recoverability", "SCNs that the retention policy promises and that cannot be recovered.", "none", false, false, []Target{{"redoubt_recoverability_broken_scns{" + selector + "}", "{{destination}}"}}},
	}
}
