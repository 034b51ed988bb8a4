package report

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRules: each rule finds what it is for, and says nothing where that costs little or is not there.
func TestRules(t *testing.T) {
	const plan = "-> Project\n     columns: [o.id]\n    -> Filter: ((o.customer = 7 AND (o.total > 5)) AND o.state IN (1, 2) )\n        -> Table scan on orders as o  (rows=100000)"
	scan := DoneStatement{ID: "aa", Text: "select", Plan: plan, Executions: 100, Read: 1e7, Sent: 1000, Seconds: 60}
	base := func(change func(*AWR)) *AWR {
		a := &AWR{DBTime: 100, Elapsed: 100, CPUs: 4, Values: map[string]float64{"user commits": 1000}, Gauges: map[string]float64{}}
		change(a)
		return a
	}
	statement := func(change func(*DoneStatement)) *AWR {
		return base(func(a *AWR) {
			s := scan
			change(&s)
			a.Statements = []DoneStatement{s}
		})
	}
	commits := func(waits, append, commit, perSync float64) *AWR {
		return base(func(a *AWR) {
			a.Events = []WaitedEvent{{Name: "log file sync", Class: "Commit", Sessions: waits}}
			a.Values["redoubt_log_append_seconds_sum"], a.Values["redoubt_log_append_seconds_count"] = append, 1
			a.Values["redoubt_commit_seconds_sum"], a.Values["redoubt_commit_seconds_count"] = commit, 1
			a.Values["redoubt_commits_total"], a.Values["redoubt_log_batches_total"], a.Values["rows changed"] = perSync, 1, 2000
		})
	}
	changed := func(old, now, times float64) *AWR {
		return base(func(a *AWR) {
			a.Changes = []PlanChange{{ID: "aa", Time: "2026-01-02 02:10", SCN: 77, OldRuns: 10, OldSeconds: old, NewRuns: times, NewSeconds: now}}
		})
	}
	stalled := func(seconds float64) *AWR {
		return base(func(a *AWR) {
			a.Events = []WaitedEvent{{Name: "write stall: compaction", Class: "Configuration", Waits: 3, Seconds: seconds}, {Name: "log file sync", Class: "Commit", Sessions: 15}}
		})
	}
	old := func(age, behind float64) *AWR {
		return base(func(a *AWR) {
			a.Gauges["oldest transaction seconds"], a.Gauges["oldest transaction commits behind"] = age, behind
		})
	}
	busy := func(seconds float64) *AWR {
		return base(func(a *AWR) {
			a.Values["process_cpu_seconds_total"] = seconds
			a.Events = []WaitedEvent{{Class: "CPU", Sessions: 80}}
		})
	}
	for name, c := range map[string]struct {
		a          *AWR
		rule, says string // empty: nothing is found
	}{
		"scan": {statement(func(*DoneStatement) {}), "full scan", "CREATE INDEX by_customer_state_total ON orders (customer, state, total)"},
		"scan of an expression": {statement(func(s *DoneStatement) {
			s.Plan = strings.ReplaceAll(plan, "Filter: (", "Filter: (UPPER(o.x) = 'X') -- ")[:80] + "\n-> Table scan on orders"
		}), "full scan", "so no index can find the rows"},
		"scan that is cheap":       {statement(func(s *DoneStatement) { s.Seconds = 4 }), "", ""},
		"scan that wants its rows": {statement(func(s *DoneStatement) { s.Sent = 1e6 }), "", ""},
		"scan of a small table":    {statement(func(s *DoneStatement) { s.Read = 5e4 }), "", ""},
		"scan that ran once":       {statement(func(s *DoneStatement) { s.Executions = 1 }), "", ""},
		"by an index":              {statement(func(s *DoneStatement) { s.Plan = "-> Index lookup on orders using x (customer)" }), "", ""},
		"scan of a view of ours":   {statement(func(s *DoneStatement) { s.Plan = "-> Table scan on V$SQL" }), "", ""},
		"too little was done":      {func() *AWR { a := statement(func(*DoneStatement) {}); a.DBTime = 0.9; return a }(), "", ""},
		"locks": {base(func(a *AWR) {
			a.Locks = []LockWait{{ID: "aa", Object: "shop.stock", Event: "enq: TX", Seconds: 6}, {ID: "bb", Object: "shop.stock", Seconds: 2}, {Object: "shop.x", Seconds: 1}}
		}), "lock waits", "8.0 s for locks on shop.stock, 6.0 s of it in aa"},
		"few locks":         {base(func(a *AWR) { a.Locks = []LockWait{{Object: "shop.x", Seconds: 1}} }), "", ""},
		"commits alone":     {commits(30, 0.004, 0.005, 1.1), "log sync", "change 2.0 rows each"},
		"commits together":  {commits(30, 0.004, 0.005, 20), "log sync", "a faster one helps"},
		"commits elsewhere": {commits(30, 0.001, 0.005, 1), "", ""},
		"few commits":       {commits(10, 0.004, 0.005, 1), "", ""},
		"conflicts":         {statement(func(s *DoneStatement) { s.Plan, s.Conflicts = "", 100 }), "conflicts", "100 times a statement began again"},
		"few conflicts":     {statement(func(s *DoneStatement) { s.Plan, s.Conflicts = "", 5 }), "", ""},
		"stalls":            {stalled(12), "store stalls", "3 times, 12.0 s in all"},
		"a short stall":     {stalled(0.5), "", ""},
		"slower plan":       {changed(0.01, 0.5, 60), "slower plan", "SCN 77"},
		"faster plan":       {changed(0.5, 0.01, 60), "", ""},
		"slower, but rare":  {changed(0.01, 0.5, 2), "", ""},
		"old transaction":   {old(3600, 12), "old transaction", "1h0m0s"},
		"old and idle":      {old(3600, 0), "", ""},
		"young":             {old(60, 12), "", ""},
		"processors":        {busy(380), "processors", "3.8 of 4 processors"},
		"idle processors":   {busy(200), "", ""},
	} {
		found := c.a.findings()
		if c.rule == "" {
			if len(found) > 0 {
				t.Errorf("%s: %+v", name, found)
			}
			continue
		}
		if len(found) != 1 || found[0].Rule != c.rule || !strings.Contains(found[0].Measured+found[0].Action, c.says) || found[0].Cost == "" || found[0].Share > 1 {
			t.Errorf("%s: want %s with %q, found %+v", name, c.rule, c.says, found)
		}
	}
}

// TestMergedIntervals: however intervals are put together, the time that sessions were active stays.
func TestMergedIntervals(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	var all []Bucket
	for i, seconds := range []float64{0.1, 3, 0.2, 0.3, 0.4, 0.5, 10, 0.1} {
		to := at.Add(time.Duration(seconds * float64(time.Second)))
		all = append(all, Bucket{From: at, To: to, Total: float64(i + 1), Active: map[string]float64{[]string{"CPU", "Commit"}[i%2]: float64(i + 1)}})
		at = to
	}
	spent := func(list []Bucket) (total, classes float64) {
		for _, b := range list {
			span := b.To.Sub(b.From).Seconds()
			total += b.Total * span
			for _, active := range b.Active {
				classes += active * span
			}
		}
		return total, classes
	}
	wantTotal, wantClasses := spent(all)
	got := merged(all, 1)
	total, classes := spent(got)
	if len(got) != 4 || math.Abs(total-wantTotal) > 1e-6 || math.Abs(classes-wantClasses) > 1e-6 {
		t.Errorf("%d intervals, %v and %v, want %v and %v: %+v", len(got), total, classes, wantTotal, wantClasses, got)
	}
}

// TestRunsOfSnapshots: counters are added up over restarts, each run from where it began.
func TestRunsOfSnapshots(t *testing.T) {
	list := []WorkloadSnapshot{{ID: 3, Started: "a"}, {ID: 4, Started: "a"}, {ID: 5, Started: "b"}, {ID: 6, Started: "b"}, {ID: 7, Started: "c"}}
	if got := runs(list); !slices.Equal(got, [][2]uint64{{3, 4}, {0, 6}, {0, 7}}) {
		t.Errorf("%v", got)
	}
}
