package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlstat"
)

// SQLPlans is V$SQLSTATS_PLAN_HASH: what statements did, by the plan by which they ran.
func SQLPlans(statistics *sqlstat.Store) *Lazy[sqlstat.KnownPlan] {
	type plan = sqlstat.KnownPlan
	fields := []Field[plan]{
		{Column: Column{"sql_id", textType, "digest of the statement, as in V$SQL"}, Value: func(k plan) any { return sqlID(k.About().Digest) }},
		textField("sql_text", "its text with literals left out, cut at 1 KiB", func(k plan) string { return k.About().Text }),
		{Column: Column{"plan_hash_value", textType, "which tables are read by which indexes, in which order, and how they are joined: the same hash, the same plan"}, Value: func(k plan) any { return sqlID(k.By.Hash) }},
		{Column: Column{"current", boolType, "1: the statement last ran by this plan"}, Value: func(k plan) any { return yesNo(k.By.Hash == k.Plan()) }},
		numberField("executions", "how often it ran by this plan", func(k plan) uint64 { return k.By.Executions() }),
		numberField("elapsed_time", "microseconds of these executions", func(k plan) uint64 { return micros(k.By.Total()) }),
		averageField("average_us", "microseconds of one", func(k plan) uint64 { return micros(k.By.Total()) }, func(k plan) uint64 { return k.By.Executions() }),
		numberField("rows_read", "rows that they read from tables", func(k plan) uint64 { return k.By.RowsRead() }),
		numberField("rows_processed", "rows sent to clients", func(k plan) uint64 { return k.By.RowsSent() }),
		timeField("first_load_time", "when the plan was first used, UTC", func(k plan) int64 { return k.By.First }),
		timeField("last_active_time", "when it was last used, UTC", func(k plan) int64 { return k.By.Last() }),
		textOrNullField("plan_text", "the plan, as EXPLAIN shows it, of its first execution; NULL if there was no room for it", func(k plan) string { return k.By.Text }),
	}
	return NewLazy("V$SQLSTATS_PLAN_HASH", "what statements did, by the plan by which they ran; the latest three plans of each", fields, func(ctx *gsql.Context, asked *Asked) ([]plan, error) {
		return statistics.PlansOf(askedFor(ctx, asked, statistics)), nil
	})
}

// perExecution divides by the executions of a plan; NULL if there was none.
func perExecution(p *sqlstat.Plan, sum uint64) any {
	if n := p.Executions(); n > 0 {
		return sum / n
	}
	return nil
}

// PlanChanges is V$SQL_PLAN_CHANGE: statements that began to run by another plan.
func PlanChanges(statistics *sqlstat.Store) *View {
	columns := []Column{
		{"sql_id", textType, "digest of the statement, as in V$SQL"},
		{"sql_text", textType, "its text with literals left out, cut at 1 KiB"},
		{"times", numberType, "how often it went from the old plan to the new one"},
		{"first_time", timeType, "when it first did, UTC"},
		{"first_scn", numberType, "SCN of then"},
		{"last_time", timeType, "when it last did, UTC"},
		{"last_scn", numberType, "SCN of then"},
		{"slowdown", types.Float64, "average_us of the new plan divided by that of the old one: above 1 it is slower"},
		{"old_plan_hash_value", textType, "hash of the plan before, as in V$SQLSTATS_PLAN_HASH"},
		{"old_executions", numberType, "executions by it"},
		{"old_average_us", numberType, "microseconds of one of them"},
		{"old_rows_read", numberType, "rows that one of them read from tables"},
		{"old_plan_text", textType, "the plan, as EXPLAIN shows it"},
		{"new_plan_hash_value", textType, "hash of the plan after"},
		{"new_executions", numberType, "executions by it"},
		{"new_average_us", numberType, "microseconds of one of them"},
		{"new_rows_read", numberType, "rows that one of them read from tables"},
		{"new_plan_text", textType, "the plan, as EXPLAIN shows it"},
	}
	return New("V$SQL_PLAN_CHANGE", "statements that began to run by another plan since the start, the latest first, with what the plans cost", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		for _, c := range statistics.Changes() {
			row := gsql.Row{sqlID(c.About.Digest), c.About.Text, c.Times, instant(c.First), c.FirstAt, instant(c.Last), c.LastAt, slowdown(c.Old, c.New)}
			for _, p := range []*sqlstat.Plan{c.Old, c.New} {
				row = append(row, sqlID(p.Hash), p.Executions(), perExecution(p, micros(p.Total())), perExecution(p, p.RowsRead()), orNull(p.Text))
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}

// slowdown compares two plans by their averages; NULL if that cannot be said.
func slowdown(from, to *sqlstat.Plan) any {
	if from.Executions() == 0 || to.Executions() == 0 || from.Total() == 0 {
		return nil
	}
	before := float64(from.Total()) / float64(from.Executions())
	return float64(to.Total()) / float64(to.Executions()) / before
}
