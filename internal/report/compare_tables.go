package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

const (
	// differsFrom is by what part the time of an execution has to differ to be worth a row.
	differsFrom = 0.05
	// costShare is what it has to cost or save of the database time of this window.
	costShare = 0.005
)

// signed writes a difference.
func signed(f float64) string {
	text := number(math.Abs(f))
	switch {
	case text == "0" || text == "0.000":
		return "0"
	case f < 0:
		return "-" + text
	}
	return "+" + text
}

// times writes how many times as much one is as the other.
func times(this, against float64) string {
	switch {
	case this == against:
		return "1.00"
	case against == 0:
		return "new"
	case this == 0:
		return "gone"
	}
	return fmt.Sprintf("%.2f", this/against)
}

// comparedCells are the cells of two figures: both, the difference and the ratio.
func comparedCells(against, this float64) []string {
	return []string{number(against), number(this), signed(this - against), times(this, against)}
}

var bothColumns = []string{"against", "this", "difference", "ratio"}

func (x *Comparison) tables() (out []table) {
	slower := func(s *ComparedStatement) float64 { return s.Cost }
	faster := func(s *ComparedStatement) float64 { return -s.Cost }
	for _, t := range []table{
		x.changedTime("Statements that became slower", "cost is the seconds that the executions of this window took more than they would have at what one took in the other", "cost, s", slower),
		x.changedTime("Statements that became faster", "saved is the seconds that the executions of this window took less than they would have at what one took in the other", "saved, s", faster),
		x.replanned(), x.load(), x.times(), x.waits(), x.added(),
	} {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// load is what the node did by the second.
func (x *Comparison) load() table {
	t := table{Title: "Load, per second", Columns: append([]string{""}, bothColumns...)}
	against, this := x.Against.figures(), x.This.figures()
	for i := range this {
		if against[i].value == 0 && this[i].value == 0 {
			continue
		}
		t.add(-1, append([]string{this[i].name}, comparedCells(against[i].value/x.Against.Elapsed, this[i].value/x.This.Elapsed)...)...)
	}
	return t
}

// times is how long one of something took.
func (x *Comparison) times() table {
	t := table{Title: "Times of one, ms", Columns: append([]string{""}, bothColumns...)}
	for _, r := range []struct {
		name string
		of   func(*AWR) float64
	}{
		{"statement", func(a *AWR) float64 { return ratio(a.DBTime, a.Values["user calls"]) }},
		{"commit, from proposal to applied", func(a *AWR) float64 { return a.mean("redoubt_commit_seconds") }},
		{"write and sync of a batch of the log", func(a *AWR) float64 { return a.mean("redoubt_log_append_seconds") }},
		{"sync of the log alone", func(a *AWR) float64 { return a.mean("redoubt_log_sync_seconds") }},
		{"apply of a batch", func(a *AWR) float64 { return a.mean("redoubt_apply_seconds") }},
	} {
		if against, this := 1000*r.of(x.Against), 1000*r.of(x.This); against > 0 || this > 0 {
			t.add(-1, append([]string{r.name}, comparedCells(against, this)...)...)
		}
	}
	return t
}

func (x *Comparison) waits() table {
	t := table{Title: "Active sessions by event", Note: "sessions that samples saw in it, on average; most difference first", Columns: slices.Concat([]string{"event", "class"}, bothColumns, []string{"one, ms: against", "this"})}
	type pair struct{ against, this WaitedEvent }
	pairs := map[string]*pair{}
	of := func(e WaitedEvent) *pair {
		if pairs[e.Name+"/"+e.Class] == nil {
			pairs[e.Name+"/"+e.Class] = &pair{}
		}
		return pairs[e.Name+"/"+e.Class]
	}
	for _, e := range x.Against.Events {
		of(e).against = e
	}
	for _, e := range x.This.Events {
		of(e).this = e
	}
	type row struct {
		name, class                    string
		against, this, oneThen, oneNow float64
	}
	var rows []row
	for _, p := range pairs {
		rows = append(rows, row{
			cmp.Or(p.this.Name, p.against.Name, "ON CPU"), cmp.Or(p.this.Class, p.against.Class),
			p.against.Sessions / x.Against.Elapsed, p.this.Sessions / x.This.Elapsed, 1000 * p.against.Average, 1000 * p.this.Average,
		})
	}
	slices.SortFunc(rows, func(a, b row) int {
		return descending(math.Abs(a.this-a.against), math.Abs(b.this-b.against), a.name, b.name)
	})
	one := func(f float64) string {
		if f == 0 {
			return ""
		}
		return fmt.Sprintf("%.3f", f)
	}
	for _, r := range rows[:min(len(rows), topRows)] {
		t.add(-1, slices.Concat([]string{r.name, r.class}, comparedCells(r.against, r.this), []string{one(r.oneThen), one(r.oneNow)})...)
	}
	return t
}

// changedTime lists the statements of which an execution takes longer, or less long, than in the other window.
func (x *Comparison) changedTime(title, note, cost string, by func(*ComparedStatement) float64) table {
	t := table{Title: title, Note: note, Columns: []string{cost, "ms each: against", "this", "ratio", "rows read each: against", "this", "executions: against", "this", "plan", "sql_id", "text"}}
	list := slices.Clone(x.Statements)
	slices.SortStableFunc(list, func(a, b ComparedStatement) int { return descending(by(&a), by(&b), a.ID, b.ID) })
	for i := range list {
		s := &list[i]
		if by(s) <= costShare*x.This.DBTime || len(t.Rows) == topRows {
			break
		}
		if math.Abs(s.This.each()-s.Against.each()) < differsFrom*s.Against.each() {
			continue
		}
		plan := "same"
		if slices.ContainsFunc(x.Replanned, func(r ComparedStatement) bool { return r.ID == s.ID }) {
			plan = "other"
		}
		t.add(-1, fmt.Sprintf("%.3f", by(s)), fmt.Sprintf("%.3f", 1000*s.Against.each()), fmt.Sprintf("%.3f", 1000*s.This.each()), times(s.This.each(), s.Against.each()),
			number(ratio(s.Against.Read, s.Against.Executions)), number(ratio(s.This.Read, s.This.Executions)), number(s.Against.Executions), number(s.This.Executions), plan, s.ID, s.Text)
	}
	return t
}

// added lists statements by what they add to the load or take from it, also those that are new, gone, or only ran more often.
func (x *Comparison) added() table {
	t := table{
		Title:   "Statements by what they add to the load",
		Note:    "active sessions; one that a window does not have did not run in it, or is in its row <others>, which has all that take little time",
		Columns: slices.Concat(bothColumns, []string{"executions per second: against", "this", "sql_id", "text"}),
	}
	list := slices.Clone(x.Statements)
	slices.SortStableFunc(list, func(a, b ComparedStatement) int {
		return descending(math.Abs(a.Load), math.Abs(b.Load), a.ID, b.ID)
	})
	for i := range list[:min(len(list), topRows)] {
		s := &list[i]
		t.add(-1, slices.Concat(comparedCells(s.Against.Seconds/x.Against.Elapsed, s.This.Seconds/x.This.Elapsed),
			[]string{number(s.Against.Executions / x.Against.Elapsed), number(s.This.Executions / x.This.Elapsed), cmp.Or(s.ID, "others"), s.Text})...)
	}
	return t
}

// replanned lists the statements that run by another plan than in the other window.
func (x *Comparison) replanned() table {
	t := table{Title: "Plans that differ", Columns: []string{"changed", "SCN", "sql_id", "against", "this", "text"}}
	run := func(s *DoneStatement) string {
		return fmt.Sprintf("%s, %s rows, %s times", spanText(s.each()), number(ratio(s.Read, s.Executions)), number(s.Executions))
	}
	for i := range x.Replanned[:min(len(x.Replanned), topRows)] {
		s := &x.Replanned[i]
		when, scn := "not known", ""
		if p := x.Changed[s.ID]; p.ID != "" {
			when, scn = p.Time, fmt.Sprint(p.SCN)
		}
		t.add(-1, when, scn, s.ID, run(&s.Against), run(&s.This), s.Text)
	}
	return t
}
