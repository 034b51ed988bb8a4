package board

import (
	"fmt"
	"strings"
)

// Rule is an alert.
type Rule struct {
	Name       string
	Expression string
	For        string
	Severity   string // critical: somebody must act now; warning: look at it today
	Summary    string
	Action     string
}

// Rules lists the alerts that suit every node.
func Rules() []Rule {
	return []Rule{
		{"RedoubtDown", `up{job="redoubt"} == 0`, "1m", "critical", "{{ $labels.instance }} does not answer", "Look at its process and at the end of its log; redoubt inspect reads its files without changing them."},
		{"RedoubtNoLeader", `sum(redoubt_raft_leader) == 0`, "30s", "critical", "no node leads: commits wait", "See that a majority of nodes runs and that they reach each other."},
		{"RedoubtFailoverObserved", `max(redoubt_failover_observed) > 0`, "0m", "critical", "a failover is due and waits for an order", "V$FAILOVER_HISTORY says why, in the row OBSERVED; redoubt switchover NODE orders it."},
		{"RedoubtCommitsStuck", `redoubt_proposals_queued > 0 and rate(redoubt_commits_total[1m]) == 0`, "1m", "critical", "commits wait on {{ $labels.instance }} and none ends", "Look at V$SYSTEM_EVENT for what they wait for, and at the disk."},
		{"RedoubtSlowSync", `histogram_quantile(0.99, sum by (instance, le) (rate(redoubt_log_sync_seconds_bucket[5m]))) > 0.1`, "10m", "warning", "syncs of the log take {{ $value | humanizeDuration }} on {{ $labels.instance }}", "See who else uses the disk of the log, or give it one of its own."},
		{"RedoubtManyRefused", `rate(redoubt_commits_refused_total[5m]) > 0.2 * rate(redoubt_commits_total[5m]) and rate(redoubt_commits_refused_total[5m]) > 1`, "10m", "warning", "more than one of six transactions is refused on {{ $labels.instance }}", "V$HOT_KEY shows the rows that many want; SELECT … FOR UPDATE makes them wait instead."},
		{"RedoubtLockTimeouts", `rate(redoubt_lock_timeouts_total[5m]) > 0`, "5m", "warning", "statements wait for locks until their time is over on {{ $labels.instance }}", "V$ACTIVE_SESSION_HISTORY shows who blocked whom."},
		{"RedoubtOverload", `sum by (instance) (rate(redoubt_session_seconds_total{class="CPU"}[5m])) > on (instance) 2 * go_gomaxprocs`, "10m", "warning", "twice as many sessions want a processor on {{ $labels.instance }} as there are", "V$SQL, ordered by CPU_TIME, shows the statements."},
		{"RedoubtErrors", `sum by (instance) (rate(redoubt_sql_statement_errors_total[5m])) > 0.1 * sum by (instance) (rate(redoubt_sql_statements_total[5m]))`, "10m", "warning", "more than one of ten statements fails on {{ $labels.instance }}", "V$SQL has the errors of each statement."},
		{"RedoubtPanic", `increase(redoubt_sql_panics_total[10m]) > 0`, "0m", "warning", "a statement panicked on {{ $labels.instance }}", "Its log has the statement's trace: that is a bug, please tell us."},
		{"RedoubtCheckpointErrors", `increase(redoubt_checkpoint_errors_total[10m]) > 0`, "0m", "warning", "the state of {{ $labels.instance }} cannot be made durable", "Nothing is lost, but a start takes longer each minute: look at the disk of the data directory."},
		{"RedoubtArchiveBehind", `redoubt_archive_gap_seconds > 300`, "5m", "critical", "the repository {{ $labels.destination }} lacks the last {{ $value | humanizeDuration }}", "V$ARCHIVE says why; what is not there is lost with the machine."},
		{"RedoubtRecoverability", `redoubt_recoverability_broken_scns > 0`, "1m", "critical", "{{ $value }} SCNs that the policy promises cannot be recovered from {{ $labels.destination }}", "V$RECOVERABILITY names the gap; a full backup closes it for what comes."},
		{"RedoubtDrillFailed", `redoubt_drill_failed > 0`, "0m", "critical", "the last drill could not recover from {{ $labels.destination }}, or came to another state", "V$DRILL says why; redoubt backup verify --level full names what is damaged."},
		{"RedoubtHistoryDamaged", `increase(redoubt_ash_write_errors_total[10m]) > 0`, "0m", "warning", "samples of sessions cannot be written on {{ $labels.instance }}", "Look at the disk of the data directory."},
	}
}

// RuleFile is the file of rules for Prometheus.
func RuleFile() string {
	var b strings.Builder
	b.WriteString("# Written by a test from the list in the code (telemetry/board). Prometheus must fetch the nodes in a job called redoubt.\ngroups:\n  - name: redoubt\n    rules:\n")
	for _, r := range Rules() {
		fmt.Fprintf(&b, "      - alert: %s\n        expr: %s\n        for: %s\n        labels:\n          severity: %s\n        annotations:\n          summary: %s\n          description: %s\n",
			r.Name, quoted(r.Expression), r.For, r.Severity, quoted("Redoubt: "+r.Summary), quoted(r.Action))
	}
	return b.String()
}

// quoted is a text as YAML has it between single quotes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
