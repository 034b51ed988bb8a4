package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/sqlstat"
	"redoubt/telemetry"
)

// sqlFields are the columns of V$SQL.
func sqlFields() []Field[sqlstat.Known] {
	type known = sqlstat.Known
	fields := []Field[known]{
		{Column: Column{"sql_id", textType, "digest of the statement: the same as in V$SESSION, in samples, and in the log. NULL: what was evicted"}, Value: func(k known) any { return sqlID(k.About().Digest) }},
		textField("sql_text", "its text with literals left out, cut at 1 KiB", func(k known) string { return k.About().Text }),
		textOrNullField("command", "its kind: select, insert …", func(k known) string { return k.About().Kind }),
		textOrNullField("schema_name", "database that was current when it was first seen", func(k known) string { return k.About().Schema }),
		{Column: Column{"plan_hash_value", textType, "plan by which it last ran, as in V$SQLSTATS_PLAN_HASH; NULL: it reads no table"}, Value: func(k known) any { return sqlID(k.Plan()) }},
		numberField("executions", "how often it ended", known.Executions),
		numberField("errors", "how often with an error", known.Failures),
		numberField("conflicts", "how often it began again, or ended with error 1213, because another transaction had changed what it read", known.Conflicts),
		numberField("short_path_executions", "how often it went past the SQL engine", known.Short),
		numberField("rows_processed", "rows sent to clients", known.RowsSent),
		numberField("rows_read", "rows read from tables", known.RowsRead),
		numberField("rows_changed", "rows inserted, changed or deleted", known.RowsChanged),
		numberField("elapsed_time", "microseconds of all executions, measured", func(k known) uint64 { return micros(k.Total()) }),
		averageField("average_us", "microseconds of one execution", func(k known) uint64 { return micros(k.Total()) }, known.Executions),
		numberField("p50_us", "half of the executions took no longer; right within 13 %", func(k known) uint64 { return micros(k.Quantile(0.50)) }),
		numberField("p95_us", "so did 95 %", func(k known) uint64 { return micros(k.Quantile(0.95)) }),
		numberField("p99_us", "so did 99 %", func(k known) uint64 { return micros(k.Quantile(0.99)) }),
		numberField("max_us", "the longest", func(k known) uint64 { return micros(k.Max()) }),
	}
	for c := range telemetry.Classes {
		fields = append(fields, numberField(waitColumns[c], "microseconds that samples, one each second, saw it in the class "+c.String(), func(k known) uint64 { return micros(k.Waited(c)) }))
	}
	return append(fields,
		timeField("first_load_time", "when it was first seen, UTC", known.First),
		timeField("last_active_time", "when it last ended, UTC", known.Last),
	)
}

var waitColumns = [telemetry.Classes]string{
	"cpu_time", "user_io_wait_time", "system_io_wait_time", "commit_wait_time", "concurrency_wait_time", "application_wait_time",
	"configuration_wait_time", "administrative_wait_time", "network_wait_time", "scheduler_wait_time", "cluster_wait_time",
	"queueing_wait_time", "idle_wait_time", "other_wait_time",
}

const sqlIDColumn = 0

// SQLArea is V$SQL, or under its other name V$SQLAREA: statistics of statements by digest.
func SQLArea(name string, statistics *sqlstat.Store) *Lazy[sqlstat.Known] {
	v := NewLazy(name, "statistics of statements by digest, since they were first seen", sqlFields(), func(ctx *gsql.Context, asked *Asked) ([]sqlstat.Known, error) {
		return askedFor(ctx, asked, statistics), nil
	})
	v.touch = sqlstat.Known.Touch
	return v
}

// askedFor gives the statements whose digests are asked for, all if none is.
func askedFor(ctx *gsql.Context, asked *Asked, statistics *sqlstat.Store) (out []sqlstat.Known) {
	digests, ok := asked.digests(ctx)
	if !ok {
		return statistics.All()
	}
	for _, d := range digests {
		if k, known := statistics.Find(d); known {
			out = append(out, k)
		}
	}
	return out
}

// SQLStats is V$SQLSTATS_SUMMARY: how much V$SQL knows, and what it had to forget.
func SQLStats(statistics *sqlstat.Store) *View {
	columns := []Column{
		{"statements", numberType, "digests that are known"},
		{"statements_max", numberType, "how many may be: setting statement-digests"},
		{"evicted", numberType, "digests that had to go since the start; what they did is in the row <evicted> of V$SQL"},
		{"plan_changes", numberType, "how often a statement began to run by another plan, since the start"},
		{"plan_changes_evicted", numberType, "of these, that had to leave V$SQL_PLAN_CHANGE"},
		{"plans_evicted", numberType, "plans that had to leave V$SQLSTATS_PLAN_HASH for other plans of their statements"},
		{"plan_texts_left_out", numberType, "plans whose texts there was no room for"},
		{"plan_text_bytes", numberType, "bytes of texts of plans"},
	}
	return New("V$SQLSTATS_SUMMARY", "how much V$SQL knows", columns, func(*gsql.Context) ([]gsql.Row, error) {
		p := statistics.PlanStats()
		return []gsql.Row{{
			uint64(statistics.Len()), uint64(statistics.Max()), statistics.Evicted(), p.Changes, p.ChangesEvicted, p.PlansForgotten, p.TextsLeftOut, uint64(p.TextBytes),
		}}, nil
	})
}
