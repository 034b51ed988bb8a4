package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AWR is what a node did between two snapshots of its workload.
type AWR struct {
	Node, Version string
	CPUs          float64
	Begin, End    WorkloadSnapshot
	Snapshots     int // from Begin to End
	Restarts      int // in between
	Notes         []string
	Elapsed       float64 // seconds that the node ran
	DBTime        float64 // seconds

	Values     map[string]float64 // what counters grew by
	Gauges     map[string]float64 // as they were at the end
	Events     []WaitedEvent      // most time of sessions first
	Statements []DoneStatement    // most time first
	Changes    []PlanChange
	Locks      []LockWait // most time first
	Intervals  []Bucket   // active sessions by class, between each two snapshots
	Classes    []string   // that they have
	Peak       float64
	Findings   []Finding
}

// WorkloadSnapshot is one of those that a node has.
type WorkloadSnapshot struct {
	ID      uint64
	Started string
	Time    time.Time
	SCN     uint64
	Reason  string
}

// WaitedEvent is what was waited for; with no name, what ran.
type WaitedEvent struct {
	Name, Class             string
	Waits, Seconds          float64 // as V$SYSTEM_EVENT has them
	Sessions                float64 // seconds that samples saw sessions of clients in it
	FromBackground, Average float64 // seconds; seconds of one wait
}

// DoneStatement is what a statement did.
type DoneStatement struct {
	ID, Text, Plan, PlanHash, Kind                                                  string
	Executions, Errors, Conflicts, Read, Sent, Changed, Seconds, CPU, Commit, Locks float64
}

// PlanChange is a statement that began to run by another plan.
type PlanChange struct {
	ID, Text, Time, OldPlan, NewPlan                           string
	SCN                                                        uint64
	OldRuns, OldSeconds, OldRead, NewRuns, NewSeconds, NewRead float64 // seconds and rows of one execution
}

// LockWait is the time that a statement waited for locks on a table.
type LockWait struct {
	ID, Text, Object, Event string
	Seconds                 float64
}

// ErrSnapshots is returned if there are not two snapshots to compare.
var ErrSnapshots = errors.New("there are not two snapshots in that time: they are taken each awr-every, and by CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT(); DBA_HIST_SNAPSHOT lists them")

// CollectAWR asks a node what it did between two ends, each a snapshot by its number, or what ParseTime reads: then the snapshots are
// taken that enclose the window, as far as there are some.
func CollectAWR(ctx context.Context, c *sql.Conn, from, to string, now time.Time) (*AWR, error) {
	return collectAWR(ctx, c, Ends{from, to}, "--", now)
}

// Ends are those of a window of snapshots, as they are asked for.
type Ends struct{ From, To string }

// collectAWR is CollectAWR for ends that were asked for by the flags which begin so.
func collectAWR(ctx context.Context, c *sql.Conn, ends Ends, flags string, now time.Time) (*AWR, error) {
	a := &AWR{Values: map[string]float64{}, Gauges: map[string]float64{}}
	err := c.QueryRowContext(ctx, "SELECT instance_name, version, cpu_count FROM v$instance").Scan(&a.Node, &a.Version, &a.CPUs)
	if err != nil {
		return nil, err
	}
	list, err := snapshotsOf(ctx, c)
	if err != nil {
		return nil, err
	}
	begin, wanted, err := endOf(ctx, c, list, ends.From, now, false)
	if err != nil {
		return nil, fmt.Errorf("%sfrom: %w", flags, err)
	}
	if late := list[begin].Time.Sub(wanted); late > noteAfter {
		a.Notes = append(a.Notes, fmt.Sprintf("the oldest snapshot is %s younger than the beginning that was asked for", late.Round(time.Second)))
	}
	end, wanted, err := endOf(ctx, c, list, ends.To, now, true)
	if err != nil {
		return nil, fmt.Errorf("%sto: %w", flags, err)
	}
	if early := wanted.Sub(list[end].Time); early > noteAfter {
		a.Notes = append(a.Notes, fmt.Sprintf("the newest snapshot is %s older than the end that was asked for: CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT() takes one now", early.Round(time.Second)))
	}
	if begin >= end {
		return nil, fmt.Errorf("%sfrom %s %sto %s: %w", flags, ends.From, flags, ends.To, ErrSnapshots)
	}
	list = list[begin : end+1]
	a.Begin, a.End, a.Snapshots = list[0], list[len(list)-1], len(list)
	if gone := a.End.ID - a.Begin.ID + 1 - uint64(len(list)); gone > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("%d snapshots of the window are not kept any more: what statements did up to them is not here", gone))
	}
	a.span(list)
	for _, step := range []func(context.Context, *sql.Conn, []WorkloadSnapshot) error{a.values, a.events, a.statements, a.changes, a.locks} {
		if err := step(ctx, c, list); err != nil {
			return nil, err
		}
	}
	a.DBTime = a.Values["DB time"] / 1e6
	a.Findings = a.findings()
	return a, nil
}

func snapshotsOf(ctx context.Context, c *sql.Conn) (list []WorkloadSnapshot, err error) {
	rows, err := c.QueryContext(ctx, "SELECT snap_id, CAST(startup_time AS CHAR), CAST(end_interval_time AS CHAR), scn, reason FROM dba_hist_snapshot ORDER BY snap_id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s WorkloadSnapshot
		var when string
		if err := rows.Scan(&s.ID, &s.Started, &when, &s.SCN, &s.Reason); err != nil {
			return nil, err
		}
		if s.Time, err = time.Parse(timeForms[0], when); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	if rows.Err() == nil && len(list) < 2 {
		return nil, ErrSnapshots
	}
	return list, rows.Err()
}

// noteAfter is how far an end may be from the one that was asked for without a word.
const noteAfter = 30 * time.Second

// endOf gives the place of the snapshot at one end of a report, and the time that was asked for.
func endOf(ctx context.Context, c *sql.Conn, list []WorkloadSnapshot, text string, now time.Time, last bool) (int, time.Time, error) {
	if id, err := strconv.ParseUint(text, 10, 63); err == nil {
		at := slices.IndexFunc(list, func(s WorkloadSnapshot) bool { return s.ID == id })
		if at < 0 {
			return 0, time.Time{}, fmt.Errorf("there is no snapshot %d; they go from %d to %d", id, list[0].ID, list[len(list)-1].ID)
		}
		return at, list[at].Time, nil
	}
	when, err := ParseTime(ctx, c, text, now)
	if err != nil {
		return 0, when, fmt.Errorf("%w, or the number of a snapshot", err)
	}
	if last {
		at := slices.IndexFunc(list, func(s WorkloadSnapshot) bool { return !s.Time.Before(when) })
		if at < 0 {
			return len(list) - 1, when, nil
		}
		if at > 0 && apart(list, at) && list[at].Time.After(when) {
			at--
		}
		return at, when, nil
	}
	for at := len(list) - 1; at > 0; at-- {
		if !list[at].Time.After(when) {
			if at+1 < len(list) && apart(list, at+1) && list[at].Time.Before(when) {
				at++
			}
			return at, when, nil
		}
	}
	if len(list) > 1 && apart(list, 1) && list[0].Time.Before(when) {
		return 1, when, nil
	}
	return 0, when, nil
}

// apart tells whether snapshots are missing before one: those of a baseline stay when their neighbours go, and a window that ends in
// such a hole must not reach over it.
func apart(list []WorkloadSnapshot, at int) bool { return list[at].ID != list[at-1].ID+1 }

// span counts restarts, and the time that the node ran.
func (a *AWR) span(list []WorkloadSnapshot) {
	for i := 1; i < len(list); i++ {
		if list[i].Started != list[i-1].Started {
			a.Restarts++
			continue
		}
		a.Elapsed += list[i].Time.Sub(list[i-1].Time).Seconds()
	}
}

// runs cuts the snapshots where the node started: what is counted begins anew there. Of a run that is not the first, all counts.
func runs(list []WorkloadSnapshot) (out [][2]uint64) {
	from := list[0].ID
	for i := 1; i <= len(list); i++ {
		if i < len(list) && list[i].Started == list[i-1].Started {
			continue
		}
		out = append(out, [2]uint64{from, list[i-1].ID})
		from = 0 // nothing: counters began at nothing
	}
	return out
}

func (a *AWR) values(ctx context.Context, c *sql.Conn, list []WorkloadSnapshot) error {
	for _, run := range runs(list) {
		for i, sign := range []float64{-1, 1} {
			if run[i] == 0 {
				continue
			}
			err := each(ctx, c, fmt.Sprintf("SELECT stat_name, gauge, value FROM dba_hist_sysstat WHERE snap_id = %d", run[i]), func(scan func(...any) error) error {
				var name string
				var gauge bool
				var value float64
				if err := scan(&name, &gauge, &value); err != nil {
					return err
				}
				if gauge {
					a.Gauges[name] = value
				} else {
					a.Values[name] += sign * value
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// each runs a query and gives each row.
func each(ctx context.Context, c *sql.Conn, query string, row func(scan func(...any) error) error) error {
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// descending orders by a number, those with more first, then by a name.
func descending(x, y float64, a, b string) int {
	switch {
	case x > y:
		return -1
	case x < y:
		return 1
	}
	return strings.Compare(a, b)
}

func (a *AWR) between() string {
	return fmt.Sprintf(" WHERE snap_id > %d AND snap_id <= %d", a.Begin.ID, a.End.ID)
}

// newest is a column as the last snapshot of a group has it.
func newest(column string) string {
	return "SUBSTRING(MAX(CONCAT(LPAD(snap_id, 20, '0'), COALESCE(" + column + ", ''))), 21)"
}

func (a *AWR) statements(ctx context.Context, c *sql.Conn, _ []WorkloadSnapshot) error {
	query := "SELECT COALESCE(sql_id, ''), MAX(sql_text), " + newest("plan_text") + ", " + newest("plan_hash_value") + ", MAX(COALESCE(command, '')), SUM(executions_delta), SUM(errors_delta), SUM(conflicts_delta), " +
		"SUM(rows_read_delta), SUM(rows_processed_delta), SUM(rows_changed_delta), SUM(elapsed_time_delta) / 1000000, SUM(cpu_time_delta) / 1000000, SUM(commit_wait_time_delta) / 1000000, SUM(application_wait_time_delta) / 1000000 FROM dba_hist_sqlstat" +
		a.between() + " GROUP BY COALESCE(sql_id, '')"
	err := each(ctx, c, query, func(scan func(...any) error) error {
		var s DoneStatement
		if err := scan(&s.ID, &s.Text, &s.Plan, &s.PlanHash, &s.Kind, &s.Executions, &s.Errors, &s.Conflicts, &s.Read, &s.Sent, &s.Changed, &s.Seconds, &s.CPU, &s.Commit, &s.Locks); err != nil {
			return err
		}
		a.Statements = append(a.Statements, s)
		return nil
	})
	slices.SortFunc(a.Statements, func(x, y DoneStatement) int { return descending(x.Seconds, y.Seconds, x.ID, y.ID) })
	return err
}

func (a *AWR) changes(ctx context.Context, c *sql.Conn, _ []WorkloadSnapshot) error {
	query := "SELECT sql_id, sql_text, CAST(time AS CHAR), scn, old_executions, old_average_us / 1000000, old_rows_read, new_executions, new_average_us / 1000000, new_rows_read, COALESCE(old_plan_text, ''), COALESCE(new_plan_text, '') FROM dba_hist_sql_plan_change" +
		a.between() + " ORDER BY snap_id DESC, time DESC"
	return each(ctx, c, query, func(scan func(...any) error) error {
		var p PlanChange
		if err := scan(&p.ID, &p.Text, &p.Time, &p.SCN, &p.OldRuns, &p.OldSeconds, &p.OldRead, &p.NewRuns, &p.NewSeconds, &p.NewRead, &p.OldPlan, &p.NewPlan); err != nil {
			return err
		}
		a.Changes = append(a.Changes, p)
		return nil
	})
}

// locks asks samples which statements waited for locks, and on what.
func (a *AWR) locks(ctx context.Context, c *sql.Conn, _ []WorkloadSnapshot) error {
	samples := &ASH{Window: Window{a.Begin.Time, a.End.Time}}
	if err := samples.choose(ctx, c); err != nil {
		if missing(err) {
			return nil // sampling is off
		}
		return err
	}
	query := "SELECT COALESCE(sql_id, ''), COALESCE(current_object, ''), event, SUM(usecs_per_row) / 1000000 AS spent" + samples.where() + " AND event LIKE 'enq: T%' GROUP BY sql_id, current_object, event ORDER BY spent DESC LIMIT 20"
	err := each(ctx, c, query, func(scan func(...any) error) error {
		var l LockWait
		if err := scan(&l.ID, &l.Object, &l.Event, &l.Seconds); err != nil {
			return err
		}
		l.Text = a.textOf(l.ID)
		a.Locks = append(a.Locks, l)
		return nil
	})
	return err
}

// textOf is the text of a statement, if it is known.
func (a *AWR) textOf(id string) string {
	for i := range a.Statements {
		if a.Statements[i].ID == id {
			return a.Statements[i].Text
		}
	}
	return ""
}

// ratio is x of y; 0 if there is no y.
func ratio(x, y float64) float64 {
	if y == 0 {
		return 0
	}
	return x / y
}
