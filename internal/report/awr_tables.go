package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// table is a part of a report: rows of texts, and of each the share that it has of the whole, which is drawn; less than 0 is none.
type table struct {
	Title, Note string
	Columns     []string
	Rows        []tableRow
}

type tableRow struct {
	Share float64
	Cells []string
}

func (t *table) add(share float64, cells ...string) {
	t.Rows = append(t.Rows, tableRow{share, cells})
}

// number writes a count, or a rate, with as many digits as say something.
func number(f float64) string {
	switch {
	case f == 0:
		return "0"
	case f >= 100 || f == float64(int64(f)):
		return grouped(fmt.Sprintf("%.0f", f))
	case f >= 1:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.3f", f)
}

// grouped writes digits in groups of three.
func grouped(digits string) string {
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// isNumber tells whether a cell is written as a number.
func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789.,+-") == "" }

// NumberColumn tells whether all that a column has are numbers.
func (t *table) NumberColumn(i int) bool {
	some := false
	for _, r := range t.Rows {
		if r.Cells[i] == "" {
			continue
		}
		if !isNumber(r.Cells[i]) {
			return false
		}
		some = true
	}
	return some
}

// tables gives the parts of the report that have something to say.
func (a *AWR) tables() (out []table) {
	for _, t := range []table{
		a.loadProfile(), a.waits(),
		a.topStatements("Statements by time", "share of the database time", func(s *DoneStatement) float64 { return s.Seconds }),
		a.topStatements("Statements by rows read", "share of all rows read", func(s *DoneStatement) float64 { return s.Read }),
		a.topStatements("Statements by conflicts", "share of all conflicts", func(s *DoneStatement) float64 { return s.Conflicts }),
		a.planChanges(), a.lockTable(), a.logFigures(), a.storeFigures(),
	} {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// figure is something that the node did.
type figure struct {
	name  string
	value float64
}

func (a *AWR) figures() []figure {
	commits := a.Values["user commits"]
	return []figure{
		{"database time, seconds", a.DBTime},
		{"processor time of the node, seconds", a.Values["process_cpu_seconds_total"]},
		{"statements", a.Values["user calls"]},
		{"statements on the short path", a.Values["short path executions"]},
		{"statements that failed", a.Values["statement errors"]},
		{"transactions committed", commits},
		{"transactions rolled back", a.Values["user rollbacks"]},
		{"transactions refused at COMMIT, or deadlocked", a.Values["redoubt_commits_refused_total"] + a.Values["redoubt_lock_deadlocks_total"]},
		{"statements that began again", a.Values["redoubt_sql_statement_restarts_total"] + a.Values["redoubt_sql_statement_retries_total"]},
		{"rows read", a.Values["rows read"]},
		{"rows sent", a.Values["rows sent"]},
		{"rows changed", a.Values["rows changed"]},
		{"redo, bytes", a.Values["redoubt_log_payload_bytes_total"]},
		{"received from clients, bytes", a.Values["bytes received via SQL*Net from client"]},
		{"sent to clients, bytes", a.Values["bytes sent via SQL*Net to client"]},
		{"changes of plans", a.Values["redoubt_sql_plan_changes_total"]},
	}
}

// loadProfile is what the node did, by second and by transaction.
func (a *AWR) loadProfile() table {
	t := table{Title: "Load", Columns: []string{"", "in all", "per second", "per transaction"}}
	commits := a.Values["user commits"]
	for _, x := range a.figures() {
		per := ""
		if commits > 0 {
			per = number(x.value / commits)
		}
		t.add(-1, x.name, number(x.value), number(ratio(x.value, a.Elapsed)), per)
	}
	return t
}

func (a *AWR) waits() table {
	t := table{Title: "Time by event", Note: "share of the time that samples saw sessions active; the last columns are of work in the background, too", Columns: []string{"event", "class", "sessions, s", "all waits", "all, s", "one, ms"}}
	active := 0.0
	for _, e := range a.Events {
		active += e.Sessions
	}
	for _, e := range a.Events[:min(len(a.Events), topRows)] {
		name, waits, all, one := e.Name, number(e.Waits), fmt.Sprintf("%.1f", e.Seconds), fmt.Sprintf("%.3f", 1000*e.Average)
		if name == "" {
			name, waits, all, one = "ON CPU", "", "", ""
		}
		t.add(ratio(e.Sessions, active), name, e.Class, fmt.Sprintf("%.1f", e.Sessions), waits, all, one)
	}
	return t
}

func (a *AWR) topStatements(title, note string, by func(*DoneStatement) float64) table {
	t := table{Title: title, Note: note, Columns: []string{"seconds", "executions", "ms each", "rows read each", "rows out each", "conflicts", "errors", "sql_id", "text"}}
	total := 0.0
	list := slices.Clone(a.Statements)
	for i := range list {
		total += by(&list[i])
	}
	slices.SortFunc(list, func(x, y DoneStatement) int { return descending(by(&x), by(&y), x.ID, y.ID) })
	for i := range list[:min(len(list), topRows)] {
		s := &list[i]
		if by(s) == 0 {
			break
		}
		t.add(ratio(by(s), total), fmt.Sprintf("%.1f", s.Seconds), number(s.Executions), fmt.Sprintf("%.2f", 1000*ratio(s.Seconds, s.Executions)),
			number(ratio(s.Read, s.Executions)), number(ratio(s.Sent+s.Changed, s.Executions)), number(s.Conflicts), number(s.Errors), s.ID, s.Text)
	}
	return t
}

func (a *AWR) planChanges() table {
	t := table{Title: "Changes of plans", Columns: []string{"time", "SCN", "sql_id", "old plan", "new plan", "text"}}
	for i := range a.Changes[:min(len(a.Changes), topRows)] {
		c := &a.Changes[i]
		t.add(-1, c.Time, fmt.Sprint(c.SCN), c.ID, fmt.Sprintf("%s, %s rows, %s times", spanText(c.OldSeconds), number(c.OldRead), number(c.OldRuns)),
			fmt.Sprintf("%s, %s rows, %s times", spanText(c.NewSeconds), number(c.NewRead), number(c.NewRuns)), c.Text)
	}
	return t
}

func (a *AWR) lockTable() table {
	t := table{Title: "Waits for locks", Note: "share of all such waits", Columns: []string{"seconds", "object", "event", "sql_id", "text"}}
	total := 0.0
	for _, l := range a.Locks {
		total += l.Seconds
	}
	for _, l := range a.Locks[:min(len(a.Locks), topRows)] {
		t.add(ratio(l.Seconds, total), fmt.Sprintf("%.1f", l.Seconds), l.Object, l.Event, l.ID, l.Text)
	}
	return t
}

func (a *AWR) logFigures() table {
	t := table{Title: "Log", Columns: []string{"", ""}}
	v := a.Values
	t.add(-1, "commits for one sync of the log", number(ratio(v["redoubt_commits_total"], v["redoubt_log_batches_total"])))
	for _, h := range [][2]string{
		{"a commit, from proposal to applied, ms", "redoubt_commit_seconds"},
		{"write and sync of a batch, ms", "redoubt_log_append_seconds"},
		{"sync alone, ms", "redoubt_log_sync_seconds"},
		{"apply of a batch, ms", "redoubt_apply_seconds"},
	} {
		t.add(-1, h[0], fmt.Sprintf("%.3f", 1000*a.mean(h[1])))
	}
	t.add(-1, "log files that had to be made while a commit waited", number(v["redoubt_log_spare_misses_total"]))
	t.add(-1, "bytes of the live log, at the end", sizeText(a.Gauges["redoubt_log_bytes"]))
	t.add(-1, "bytes of sealed segments, at the end", sizeText(a.Gauges["redoubt_segment_bytes"]))
	for _, name := range slices.Sorted(maps.Keys(a.Gauges)) {
		if to, ok := strings.CutPrefix(name, `redoubt_archive_gap_seconds{destination="`); ok {
			t.add(-1, "seconds that the archive was behind, at the end: "+strings.TrimSuffix(to, `"}`), number(a.Gauges[name]))
		}
	}
	return t
}

func (a *AWR) storeFigures() table {
	t := table{Title: "Store, history and locks", Columns: []string{"", ""}}
	v := a.Values
	hits, misses := v["redoubt_state_cache_hits_total"], v["redoubt_state_cache_misses_total"]
	if hits+misses > 0 {
		t.add(-1, "blocks that the cache had, percent", fmt.Sprintf("%.1f", 100*hits/(hits+misses)))
	}
	for _, x := range [][2]string{
		{"blocks that it had not", "redoubt_state_cache_misses_total"},
		{"flushes of memtables", "redoubt_state_flushes_total"},
		{"merges of files", "redoubt_state_compactions_total"},
		{"checkpoints", "redoubt_checkpoints_total"},
		{"old versions dropped", "redoubt_history_dropped_versions_total"},
		{"waits for locks", "redoubt_lock_waits_total"},
		{"deadlocks", "redoubt_lock_deadlocks_total"},
		{"waits for locks that were too long", "redoubt_lock_timeouts_total"},
	} {
		t.add(-1, x[0], number(v[x[1]]))
	}
	t.add(-1, "bytes of the state, at the end", sizeText(a.Gauges["redoubt_state_disk_bytes"]))
	t.add(-1, "files that a lookup may have to ask, at the end", number(a.Gauges["redoubt_state_read_amplification"]))
	t.add(-1, "age of the oldest open transaction, seconds, at the end", number(a.Gauges["oldest transaction seconds"]))
	t.add(-1, "memory of the process, at the end", sizeText(a.Gauges["process_resident_memory_bytes"]))
	return t
}
