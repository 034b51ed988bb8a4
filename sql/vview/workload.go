package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/telemetry"
)

// Workload is the snapshots of what a node counts. It is safe for concurrent use.
type Workload interface {
	// Heads lists them, oldest first.
	Heads() []telemetry.WorkloadHead
	// Read gives those with ids from first to last, oldest first, until yield wants no more; yield must not keep them.
	Read(first, last uint64, yield func(*telemetry.WorkloadSnapshot) bool) error
	// Baselines lists those that are kept under a name.
	Baselines() []telemetry.WorkloadBaseline
}

const snapID = 0 // column of all these views

var snapColumn = Column{"snap_id", numberType, "snapshot, as in DBA_HIST_SNAPSHOT"}

// WorkloadViews are the views of snapshots of the workload.
func WorkloadViews(w Workload) []gsql.Table {
	return []gsql.Table{workloadSnapshots(w), workloadValues(w), workloadEvents(w), workloadStatements(w), workloadChanges(w), workloadBaselines(w)}
}

func workloadSnapshots(w Workload) *View {
	columns := []Column{
		{"snap_id", numberType, "its number; they ascend"},
		{"startup_time", timeType, "when the node had started, UTC: what is counted since the start begins with it"},
		{"begin_interval_time", timeType, "when the snapshot before was taken, UTC"},
		{"end_interval_time", timeType, "when it was taken, UTC"},
		{"scn", numberType, "newest commit of then"},
		{"reason", textType, "schedule, hand, start or stop"},
		{"bytes", numberType, "what it takes on disk"},
	}
	return New("DBA_HIST_SNAPSHOT", "snapshots of what this node counts, each awr-every and at CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT()", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		for _, h := range w.Heads() {
			rows = append(rows, gsql.Row{h.ID, instant(h.Started), instant(h.Before), instant(h.Micros), h.SCN, h.Reason.String(), uint64(h.Bytes)})
		}
		return rows, nil
	})
}

func workloadBaselines(w Workload) *View {
	columns := []Column{
		{"baseline_name", textType, "its name"},
		{"start_snap_id", numberType, "its first snapshot"},
		{"start_snap_time", timeType, "when that was taken, UTC; NULL: it cannot be read"},
		{"end_snap_id", numberType, "its last snapshot"},
		{"end_snap_time", timeType, "when that was taken, UTC; NULL: it cannot be read"},
		{"creation_time", timeType, "when the baseline was made, UTC"},
		{"snapshots", numberType, "snapshots that it has; less than from the first to the last if its files are damaged"},
		{"bytes", numberType, "what it takes on disk, of awr-baseline-disk for all"},
	}
	return New("DBA_HIST_BASELINE", "windows of snapshots that this node keeps under a name, by CALL DBMS_WORKLOAD_REPOSITORY.CREATE_BASELINE(first, last, 'name'), until DROP_BASELINE('name')", columns, func(*gsql.Context) ([]gsql.Row, error) {
		taken := map[uint64]int64{}
		for _, h := range w.Heads() {
			taken[h.ID] = h.Micros
		}
		var rows []gsql.Row
		for _, b := range w.Baselines() {
			rows = append(rows, gsql.Row{b.Name, b.First, instant(taken[b.First]), b.Last, instant(taken[b.Last]), instant(b.Created), uint64(b.Snapshots), uint64(b.Bytes)})
		}
		return rows, nil
	})
}

// ofSnapshots is a view with rows of each snapshot; those that are not asked for are not read.
func ofSnapshots(name, comment string, w Workload, columns []Column, rows func(*telemetry.WorkloadSnapshot) []gsql.Row) *Asking {
	return NewAsking(name, comment, append([]Column{snapColumn}, columns...), func(ctx *gsql.Context, asked *Asked) (gsql.RowIter, error) {
		first, last := asked.NumberBounds(ctx, snapID)
		var out []gsql.Row
		err := w.Read(first, last, func(s *telemetry.WorkloadSnapshot) bool {
			for _, row := range rows(s) {
				out = append(out, append(gsql.Row{s.ID}, row...))
			}
			return ctx.Err() == nil
		})
		return gsql.RowsToRowIter(out...), err
	})
}

func workloadValues(w Workload) *Asking {
	columns := []Column{
		{"stat_name", textType, "name of a figure of V$SYSSTAT, or of a metric with its labels"},
		{"gauge", boolType, "1: it is of the moment; 0: it is counted since the node started"},
		{"value", types.Float64, "how much"},
	}
	return ofSnapshots("DBA_HIST_SYSSTAT", "figures and metrics of this node at each snapshot", w, columns, func(s *telemetry.WorkloadSnapshot) (out []gsql.Row) {
		for _, v := range s.Values {
			out = append(out, gsql.Row{v.Name, yesNo(v.Gauge), v.Value})
		}
		return out
	})
}

func workloadEvents(w Workload) *Asking {
	columns := []Column{
		{"event_name", textType, "what was waited for; NULL: what ran"},
		{"wait_class", textType, "its class"},
		{"total_waits", numberType, "waits since the node started"},
		{"time_waited_us", numberType, "microseconds of these, as in V$SYSTEM_EVENT"},
		{"time_sampled_fg_us", numberType, "microseconds that samples saw sessions of clients in it"},
		{"time_sampled_bg_us", numberType, "so, background work"},
	}
	return ofSnapshots("DBA_HIST_SYSTEM_EVENT", "what was waited for on this node, at each snapshot", w, columns, func(s *telemetry.WorkloadSnapshot) (out []gsql.Row) {
		for _, e := range s.Events {
			out = append(out, gsql.Row{orNull(e.Event.String()), e.Event.Class().String(), e.Waits, micros(e.Took), micros(e.Sessions), micros(e.Background)})
		}
		return out
	})
}

func workloadStatements(w Workload) *Asking {
	columns := []Column{
		{"sql_id", textType, "digest of the statement, as in V$SQL; NULL: all that have no row of their own"},
		{"sql_text", textType, "its text with literals left out"},
		{"plan_hash_value", textType, "plan by which it last ran"},
		{"plan_text", textType, "that plan, as EXPLAIN shows it; NULL if it is not known"},
		{"command", textType, "its kind"},
		{"schema_name", textType, "database that was current when it was first seen"},
		{"executions_delta", numberType, "how often it ended since the snapshot before, as all that follows"},
		{"errors_delta", numberType, "how often with an error"},
		{"conflicts_delta", numberType, "how often it began again, or ended with error 1213, because another transaction had changed what it read"},
		{"short_path_executions_delta", numberType, "how often it went past the SQL engine"},
		{"rows_read_delta", numberType, "rows read from tables"},
		{"rows_processed_delta", numberType, "rows sent to clients"},
		{"rows_changed_delta", numberType, "rows inserted, changed or deleted"},
		{"elapsed_time_delta", numberType, "microseconds of all executions"},
	}
	for c := range telemetry.Classes {
		columns = append(columns, Column{waitColumns[c] + "_delta", numberType, "microseconds that samples saw it in the class " + c.String()})
	}
	return ofSnapshots("DBA_HIST_SQLSTAT", "what statements did between snapshots: those that took most time, read most rows or met most conflicts, and all others in one row", w, columns, func(s *telemetry.WorkloadSnapshot) (out []gsql.Row) {
		for i := range s.Statements {
			x := &s.Statements[i]
			row := gsql.Row{
				sqlID(x.Digest), x.Text, sqlID(x.Plan), orNull(x.PlanText), orNull(x.Kind), orNull(x.Schema), x.Executions, x.Failures, x.Conflicts, x.ShortRun, x.RowsRead,
				x.RowsSent, x.RowsChanged, micros(x.Took),
			}
			for _, wait := range x.Waits {
				row = append(row, micros(wait))
			}
			out = append(out, row)
		}
		return out
	})
}

func workloadChanges(w Workload) *Asking {
	columns := []Column{
		{"sql_id", textType, "digest of the statement, as in V$SQL"},
		{"sql_text", textType, "its text with literals left out"},
		{"time", timeType, "when it last changed its plan before the snapshot, UTC"},
		{"scn", numberType, "SCN of then"},
		{"old_plan_hash_value", textType, "plan before"},
		{"new_plan_hash_value", textType, "plan after"},
		{"old_executions", numberType, "executions by the old plan, up to the snapshot"},
		{"old_average_us", numberType, "microseconds of one"},
		{"old_rows_read", numberType, "rows that one read from tables"},
		{"new_executions", numberType, "executions by the new plan, up to the snapshot"},
		{"new_average_us", numberType, "microseconds of one"},
		{"new_rows_read", numberType, "rows that one read from tables"},
		{"old_plan_text", textType, "the old plan, as EXPLAIN shows it"},
		{"new_plan_text", textType, "the new one"},
	}
	return ofSnapshots("DBA_HIST_SQL_PLAN_CHANGE", "statements that began to run by another plan, between snapshots", w, columns, func(s *telemetry.WorkloadSnapshot) (out []gsql.Row) {
		for i := range s.Changes {
			x := &s.Changes[i]
			out = append(out, gsql.Row{
				sqlID(x.Digest), x.Text, instant(x.Micros), x.SCN, sqlID(x.OldPlan), sqlID(x.NewPlan), x.OldRuns, micros(x.OldTook), x.OldReads,
				x.NewRuns, micros(x.NewTook), x.NewReads, orNull(x.OldText), orNull(x.NewText),
			})
		}
		return out
	})
}
