package dashboard

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
)

// add adds what a node has answered. Sessions, which are a node's own, get its name; statements, events and users are added up.
func (g *gathered) add(node string, r *reply) {
	g.Nodes = append(g.Nodes, node)
	if !r.Sampled {
		g.Idle = append(g.Idle, node)
	}
	g.CPUs += r.CPUs
	g.addNow(node, r)
	if r.Summary == nil {
		return
	}
	for _, e := range r.Summary.Sessions {
		e.Node = node
	}
	if g.summary == nil {
		g.summary = r.Summary
		return
	}
	x := g.summary
	x.Samples += r.Summary.Samples
	x.Total += r.Summary.Total
	x.SQL = merged(x.SQL, r.Summary.SQL)
	x.Events = merged(x.Events, r.Summary.Events)
	x.Users = merged(x.Users, r.Summary.Users)
	x.Sessions = append(x.Sessions, r.Summary.Sessions...)
	x.Chart = summed(x.Chart, r.Summary.Chart)
}

// addNow adds what sessions of a node do now.
func (g *gathered) addNow(node string, r *reply) {
	if r.Now == nil {
		return
	}
	for i := range r.Now.Sessions {
		r.Now.Sessions[i].Node = node
	}
	var locks, more []map[string]any
	if json.Unmarshal(r.Locks, &more) == nil { // it is a list, or why there is none
		for _, l := range more {
			l["node"] = node
		}
	}
	if g.Now == nil {
		g.Now = r.Now
	} else {
		for i := range min(len(g.Now.Active), len(r.Now.Active)) {
			g.Now.Active[i] += r.Now.Active[i]
		}
		g.Now.SCN = max(g.Now.SCN, r.Now.SCN)
		g.Now.Logged += r.Now.Logged
		g.Now.Hidden += r.Now.Hidden
		g.Now.Sessions = append(g.Now.Sessions, r.Now.Sessions...)
		_ = json.Unmarshal(g.Locks, &locks) // it was written below
	}
	if text, err := json.Marshal(append(locks, more...)); err == nil {
		g.Locks = text
	}
}

// finish orders the lists, and cuts them as the page shows them.
func (g *gathered) finish() {
	if g.summary == nil {
		return
	}
	for _, list := range []*[]*entry{&g.summary.SQL, &g.summary.Sessions, &g.summary.Events, &g.summary.Users} {
		slices.SortStableFunc(*list, func(a, b *entry) int { return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Key, b.Key)) })
		*list = (*list)[:min(len(*list), topRows)]
	}
}

// merged adds up two lists by key.
func merged(list, more []*entry) []*entry {
	by := map[string]*entry{}
	for _, e := range list {
		by[e.Key] = e
	}
	for _, e := range more {
		have := by[e.Key]
		if have == nil {
			list = append(list, e)
			continue
		}
		have.Total += e.Total
		for c, v := range e.Active {
			have.Active[c] += v
		}
		have.Info = summedInfo(have.Info, e.Info)
	}
	return list
}

// summedInfo adds up the figures of a statement. Of two 95 % marks the higher one is kept: that of all runs is no higher.
func summedInfo(a, b map[string]any) map[string]any {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	figure := func(m map[string]any, name string) float64 {
		text, _ := m[name].(string)
		f, _ := strconv.ParseFloat(text, 64) // 0 of what is missing
		return f
	}
	runs := figure(a, "executions") + figure(b, "executions")
	if runs > 0 {
		average := (figure(a, "average_us")*figure(a, "executions") + figure(b, "average_us")*figure(b, "executions")) / runs
		a["average_us"] = strconv.FormatFloat(average, 'f', 0, 64)
	}
	for _, name := range []string{"executions", "errors", "rows_processed"} {
		a[name] = strconv.FormatFloat(figure(a, name)+figure(b, name), 'f', 0, 64)
	}
	a["p95_us"] = strconv.FormatFloat(max(figure(a, "p95_us"), figure(b, "p95_us")), 'f', 0, 64)
	return a
}

// step is the time between two points, milliseconds.
func (s *series) step() int64 {
	if len(s.Times) < 2 {
		return 1
	}
	return s.Times[1] - s.Times[0]
}

// summed adds up two charts, point by point of the one whose steps are longer: of the other one the average of a step is taken.
func summed(a, b *series) *series {
	if a == nil || b == nil || len(a.Times) == 0 || len(b.Times) == 0 {
		if a == nil || len(a.Times) == 0 {
			return b
		}
		return a
	}
	if a.step() < b.step() {
		a, b = b, a
	}
	out := &series{Times: a.Times, Active: map[int][]number{}}
	for c, column := range a.Active {
		out.Active[c] = slices.Clone(column)
	}
	for c, column := range b.Active {
		if out.Active[c] == nil {
			out.Active[c] = make([]number, len(a.Times))
		}
		at := 0
		for i, end := range a.Times {
			sum, n := number(0), 0
			for ; at < len(b.Times) && b.Times[at] <= end; at++ {
				sum, n = sum+column[at], n+1
			}
			if n > 0 {
				out.Active[c][i] += sum / number(n)
			}
		}
	}
	return out
}
