package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Finding is something that cost database time, and can be done something about.
type Finding struct {
	Rule     string  // its name
	Share    float64 // of the database time, that it cost; 0: it cost something else, which Cost says
	Cost     string
	Measured string
	Action   string
}

// Thresholds, below which nothing is said.
const (
	findingShare = 0.05 // of the database time
	dbTimeMin    = 1.0  // seconds of it that a report must have
	scanRows     = 1000 // read by one execution
	scanWaste    = 50   // rows read for one that is wanted
	scanRuns     = 5    // executions
	commitShare  = 0.20
	conflictsMin = 20
	stallShare   = 0.01 // of the time that the node ran
	holdSeconds  = 600
	slowerMin    = 2.0 // times
	cpuFull      = 0.9 // of the processors
)

// findings gives what every rule finds, what cost most first.
func (a *AWR) findings() (out []Finding) {
	if a.DBTime < dbTimeMin {
		return nil
	}
	for _, rule := range []func() []Finding{a.fullScans, a.lockWaits, a.commits, a.conflicts, a.stalls, a.slowerPlans, a.processors, a.oldTransaction} {
		out = append(out, rule()...)
	}
	slices.SortStableFunc(out, func(x, y Finding) int { return descending(x.Share, y.Share, "", "") })
	return out
}

func share(x float64) string { return fmt.Sprintf("%.1f %% of the database time", 100*x) }

// scanLine is the line of a plan that reads a whole table; filterLine one that says what its rows must fulfil.
var (
	scanLine   = regexp.MustCompile(`^( *)-> Table scan on (\S+)(?: as (\S+))?`)
	filterLine = regexp.MustCompile(`^( *)-> Filter: (.*)$`)
	compared   = regexp.MustCompile(`(\w+)\.(\w+) (=|<=>|IN|BETWEEN|<=|>=|<|>) `)
)

// fullScans: statements that run often and read a whole large table for few rows.
func (a *AWR) fullScans() (out []Finding) {
	for i := range a.Statements {
		s := &a.Statements[i]
		cost, reads := ratio(s.Seconds, a.DBTime), ratio(s.Read, s.Executions)
		wanted := max(ratio(s.Sent+s.Changed, s.Executions), 1)
		if s.ID == "" || cost < findingShare || s.Executions < scanRuns || reads < scanRows || reads < scanWaste*wanted {
			continue
		}
		table, columns := scanned(s.Plan)
		if table == "" {
			continue
		}
		action := fmt.Sprintf("No column of %s is compared as it is, so no index can find the rows: compare the column itself, not a value computed from it, then index it.", table)
		if len(columns) > 0 {
			action = fmt.Sprintf("CREATE INDEX by_%s ON %s (%s)", strings.Join(columns, "_"), table, strings.Join(columns, ", "))
		}
		out = append(out, Finding{
			Rule: "full scan", Share: cost, Cost: fmt.Sprintf("%.1f s, %s", s.Seconds, share(cost)), Action: action,
			Measured: fmt.Sprintf("%.0f executions of %s (%s) read %.0f rows each from the whole of %s, for %.0f that were wanted.", s.Executions, s.ID, shortened(s.Text, textWidth), reads, table, wanted),
		})
	}
	return out
}

// scanned gives the table that a plan reads from one end to the other, and those of its columns that an index would need: the ones that are
// compared by equality, then one that is bounded.
func scanned(plan string) (table string, columns []string) {
	filter := ""
	for line := range strings.SplitSeq(plan, "\n") {
		if m := filterLine.FindStringSubmatch(line); m != nil {
			filter = m[2]
			continue
		}
		m := scanLine.FindStringSubmatch(line)
		if m == nil || strings.Contains(m[2], "$") || strings.HasPrefix(strings.ToLower(m[2]), "dba_") {
			continue
		}
		bounded := ""
		for _, c := range compared.FindAllStringSubmatch(filter, -1) {
			switch {
			case !strings.EqualFold(c[1], m[2]) && !strings.EqualFold(c[1], m[3]), slices.Contains(columns, c[2]):
			case c[3] == "=" || c[3] == "<=>" || c[3] == "IN":
				columns = append(columns, c[2])
			case bounded == "":
				bounded = c[2]
			}
		}
		if bounded != "" && !slices.Contains(columns, bounded) {
			columns = append(columns, bounded)
		}
		return m[2], columns
	}
	return "", nil
}

// lockWaits: tables on which sessions waited for one another.
func (a *AWR) lockWaits() (out []Finding) {
	byObject, first := map[string]float64{}, map[string]LockWait{}
	for _, l := range a.Locks {
		if byObject[l.Object] == 0 {
			first[l.Object] = l
		}
		byObject[l.Object] += l.Seconds
	}
	for _, object := range heaviest(byObject) {
		seconds, most := byObject[object], first[object]
		cost := min(ratio(seconds, a.DBTime), 1) // samples and clocks differ a little
		if cost < findingShare {
			continue
		}
		out = append(out, Finding{
			Rule: "lock waits", Share: cost, Cost: fmt.Sprintf("%.1f s, %s", seconds, share(cost)),
			Measured: fmt.Sprintf("Sessions waited %.1f s for locks on %s, %.1f s of it in %s (%s), for %s.", seconds, object, most.Seconds, most.ID, shortened(most.Text, textWidth), most.Event),
			Action: fmt.Sprintf("See who held the locks: redoubt report ash --from '%s' --to '%s', part \"Who blocked whom\". Commit right after such statements, keep thinking time and other work out of these transactions.",
				a.Begin.Time.Format(timeLayout), a.End.Time.Format(timeLayout)),
		})
	}
	return out
}

// inClass is the time that sessions of clients spent in a class of events.
func (a *AWR) inClass(class string) (seconds float64) {
	for _, e := range a.Events {
		if e.Class == class {
			seconds += e.Sessions
		}
	}
	return seconds
}

// mean is the mean of a histogram in seconds.
func (a *AWR) mean(name string) float64 { return ratio(a.Values[name+"_sum"], a.Values[name+"_count"]) }

// commits: sessions wait for the log to be synced, and few commits share a sync.
func (a *AWR) commits() []Finding {
	seconds := a.inClass("Commit")
	cost := min(ratio(seconds, a.DBTime), 1)
	written, commit := a.mean("redoubt_log_append_seconds"), a.mean("redoubt_commit_seconds")
	perSync := ratio(a.Values["redoubt_commits_total"], a.Values["redoubt_log_batches_total"])
	if cost < commitShare || commit == 0 || written < commit/2 {
		return nil
	}
	rows := ratio(a.Values["rows changed"], a.Values["user commits"])
	action := "The disk of the log is what commits wait for: a faster one helps, and nothing else."
	if perSync < 2 {
		action = fmt.Sprintf("Commits come one after the other, each with a sync of its own, and change %.1f rows each: change more rows in a transaction, or let more sessions commit at once, which then share a sync. A faster disk for the log helps, too.", rows)
	}
	return []Finding{{
		Rule: "log sync", Share: cost, Cost: fmt.Sprintf("%.1f s, %s", seconds, share(cost)), Action: action,
		Measured: fmt.Sprintf("A commit takes %.2f ms, of which %.2f ms are the write and sync of the log; %.1f commits share one.", 1000*commit, 1000*written, perSync),
	}}
}

// conflicts: work that was done in vain, because another transaction was faster.
func (a *AWR) conflicts() []Finding {
	total, seconds := 0.0, 0.0
	most := &DoneStatement{}
	for i := range a.Statements {
		s := &a.Statements[i]
		total += s.Conflicts
		seconds += s.Seconds * ratio(s.Conflicts, s.Conflicts+s.Executions)
		if s.Conflicts > most.Conflicts {
			most = s
		}
	}
	cost := ratio(seconds, a.DBTime)
	if total < conflictsMin || cost < findingShare && total < 0.05*a.Values["user commits"] {
		return nil
	}
	refused := a.Values["redoubt_commits_refused_total"] + a.Values["redoubt_lock_deadlocks_total"]
	return []Finding{{
		Rule: "conflicts", Share: cost, Cost: fmt.Sprintf("about %.1f s, %s, in statements that had to be done again", seconds, share(cost)),
		Measured: fmt.Sprintf("%.0f times a statement began again or failed because another transaction had changed what it had read; %.0f of these were refused at COMMIT or as deadlocks. Most often: %s (%s), %.0f times.", total, refused, most.ID, shortened(most.Text, textWidth), most.Conflicts),
		Action:   "Lock the rows first (SELECT … FOR UPDATE) where a transaction reads what it then changes, change rows in the same order everywhere, keep transactions short, and spread counters over several rows.",
	}}
}

// stalls: commits that could not be applied because the state store was behind.
func (a *AWR) stalls() []Finding {
	for _, e := range a.Events {
		if e.Name != "write stall: compaction" || e.Seconds < stallShare*a.Elapsed {
			continue
		}
		cost := min(ratio(min(e.Seconds, a.inClass("Commit")), a.DBTime), 1)
		return []Finding{{
			Rule: "store stalls", Share: cost, Cost: fmt.Sprintf("at most %s, and commits stood still for %.1f %% of the time", share(cost), 100*ratio(e.Seconds, a.Elapsed)),
			Measured: fmt.Sprintf("%.0f times, %.1f s in all, no commit was applied until the state store had written its memtables or merged files.", e.Waits, e.Seconds),
			Action:   "Raise memtable-size, spread large loads over more time, or give the data directory a faster disk.",
		}}
	}
	return nil
}

// slowerPlans: statements that cost more since they run by another plan.
func (a *AWR) slowerPlans() (out []Finding) {
	seen := map[string]bool{}
	for i := range a.Changes {
		c := &a.Changes[i]
		cost := ratio((c.NewSeconds-c.OldSeconds)*c.NewRuns, a.DBTime)
		if seen[c.ID] || c.OldRuns == 0 || c.NewSeconds < slowerMin*c.OldSeconds || cost < findingShare {
			continue
		}
		seen[c.ID] = true // the latest change
		cost = min(cost, 1)
		out = append(out, Finding{
			Rule: "slower plan", Share: cost, Cost: fmt.Sprintf("%.1f s more than by the old plan, %s", (c.NewSeconds-c.OldSeconds)*c.NewRuns, share(cost)),
			Measured: fmt.Sprintf("Since %s (SCN %d) %s (%s) runs by another plan: %s and %.0f rows read instead of %s and %.0f.", c.Time, c.SCN, c.ID, shortened(c.Text, textWidth), spanText(c.NewSeconds), c.NewRead, spanText(c.OldSeconds), c.OldRead),
			Action:   fmt.Sprintf("Compare the plans below. What was committed just before SCN %d, a DROP INDEX perhaps, is in the log: redoubt log mine. ANALYZE TABLE refreshes statistics.", c.SCN),
		})
	}
	return out
}

func spanText(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Microsecond).String()
}

// processors: sessions need more of them than there are.
func (a *AWR) processors() []Finding {
	used, running := ratio(a.Values["process_cpu_seconds_total"], a.Elapsed), a.inClass("CPU")
	if used < cpuFull*a.CPUs {
		return nil
	}
	cost := min(ratio(running, a.DBTime), 1)
	if cost < findingShare {
		return nil
	}
	most := &DoneStatement{}
	for i := range a.Statements {
		if a.Statements[i].ID != "" && a.Statements[i].CPU > most.CPU {
			most = &a.Statements[i]
		}
	}
	return []Finding{{
		Rule: "processors", Share: cost, Cost: fmt.Sprintf("%.1f s ran or waited for a processor, %s", running, share(cost)),
		Measured: fmt.Sprintf("The node used %.1f of %.0f processors. Most by sessions: %s (%s), %.1f s.", used, a.CPUs, most.ID, shortened(most.Text, textWidth), most.CPU),
		Action:   "Make the statements cheaper that need most time on the CPU, below, or give the node more processors.",
	}}
}

// oldTransaction: one that is open for so long that old versions cannot go.
func (a *AWR) oldTransaction() []Finding {
	age, behind := a.Gauges["oldest transaction seconds"], a.Gauges["oldest transaction commits behind"]
	if age < holdSeconds || behind == 0 {
		return nil
	}
	return []Finding{{
		Rule: "old transaction", Cost: "no database time: disk, and more to read over",
		Measured: fmt.Sprintf("A transaction was open for %s, and kept every version of the %.0f commits since.", time.Duration(age)*time.Second, behind),
		Action:   "SELECT * FROM V$HOLD WHERE kind = 'transaction' says whose it is; end it with COMMIT, ROLLBACK or KILL. Read the past with AS OF instead of an open transaction.",
	}}
}
