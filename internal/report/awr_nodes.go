package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// AWRNodes is what several nodes did in one window: a column for each, and their sums.
type AWRNodes struct {
	Reports []*AWR
	Missing []Missing
}

// Names lists the nodes that answered.
func (n *AWRNodes) Names() (out []string) {
	for _, a := range n.Reports {
		out = append(out, a.Node)
	}
	return out
}

// About is the head of the report.
func (n *AWRNodes) About() (out [][2]string) {
	var spent, active float64
	for _, a := range n.Reports {
		spent += a.DBTime
		active += ratio(a.DBTime, a.Elapsed)
	}
	out = append(out, [2]string{"database time", fmt.Sprintf("%.1f s on %d nodes: %.2f active sessions on average", spent, len(n.Reports), active)})
	out = append(out, missingOf(n.Missing)...)
	for _, a := range n.Reports {
		out = append(out, [2]string{a.Node, fmt.Sprintf("snapshots %d (%s) to %d (%s), %s to %s UTC, SCNs %d to %d; %.1f s of database time in %.1f s",
			a.Begin.ID, a.Begin.Reason, a.End.ID, a.End.Reason, a.Begin.Time.Format(timeLayout), a.End.Time.Format(timeLayout), a.Begin.SCN, a.End.SCN, a.DBTime, a.Elapsed)})
		for _, note := range a.about() {
			if note[0] == "note" {
				out = append(out, [2]string{"note", "of " + a.Node + ": " + note[1]})
			}
		}
	}
	return append(out, [2]string{"note", "every node writes all redo: sums have it once for each"})
}

// NodeFinding is a finding of one node.
type NodeFinding struct {
	Node string
	Finding
}

// Findings are those of all nodes: the rules look at each by itself.
func (n *AWRNodes) Findings() (out []NodeFinding) {
	for _, a := range n.Reports {
		for _, f := range a.Findings {
			out = append(out, NodeFinding{a.Node, f})
		}
	}
	slices.SortStableFunc(out, func(x, y NodeFinding) int { return cmp.Compare(y.Share, x.Share) })
	return out
}

// Tables gives the parts of the report that have something to say.
func (n *AWRNodes) Tables() (out []table) {
	tenth := func(f float64) string { return fmt.Sprintf("%.1f", f) }
	figures := func(per func(*AWR) float64) []*spread {
		return spreads(n.Reports, func(a *AWR, add func(string, string, float64)) {
			for _, f := range a.figures() {
				add(f.name, "", ratio(f.value, per(a)))
			}
		})
	}
	events := spreads(n.Reports, func(a *AWR, add func(string, string, float64)) {
		for _, e := range a.Events {
			add(cmp.Or(e.Name, "ON CPU"), e.Class, e.Sessions)
		}
	})
	statements := func(by func(*DoneStatement) float64) []*spread {
		return spreads(n.Reports, func(a *AWR, add func(string, string, float64)) {
			for i := range a.Statements {
				s := &a.Statements[i]
				add(cmp.Or(s.ID, "others"), s.Text, by(s))
			}
		})
	}
	for _, t := range []table{
		beside(n.Names(), "Load, in all", "", []string{""}, nil, figures(func(*AWR) float64 { return 1 }), 0, number),
		beside(n.Names(), "Load, per second", "", []string{""}, nil, figures(func(a *AWR) float64 { return a.Elapsed }), 0, number),
		beside(n.Names(), "Time by event, seconds", "share of the time that samples saw sessions active", []string{"event"}, []string{"class"}, events, topRows, tenth),
		beside(n.Names(), "Statements by time, seconds", "share of the database time", []string{"sql_id"}, []string{"text"}, statements(func(s *DoneStatement) float64 { return s.Seconds }), topRows, tenth),
		beside(n.Names(), "Statements by executions", "share of all executions", []string{"sql_id"}, []string{"text"}, statements(func(s *DoneStatement) float64 { return s.Executions }), topRows, number),
		beside(n.Names(), "Statements by rows read", "share of all rows read", []string{"sql_id"}, []string{"text"}, statements(func(s *DoneStatement) float64 { return s.Read }), topRows, number),
	} {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// nothing says why there are no findings.
const nothing = "None: nothing that the rules know took enough of the database time of a node."

// Text writes the report as text.
func (n *AWRNodes) Text(w io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "Workload of %s\n\n", strings.Join(n.Names(), ", "))
	for _, x := range n.About() {
		fmt.Fprintf(out, "%-14s %s\n", x[0], x[1])
	}
	fmt.Fprintf(out, "\nFindings\n")
	found := n.Findings()
	if len(found) == 0 {
		fmt.Fprintf(out, "  %s\n", nothing)
	}
	for i, f := range found {
		fmt.Fprintf(out, "  %d. %s on %s: %s\n     measured  %s\n     do        %s\n", i+1, f.Rule, f.Node, f.Cost, f.Measured, f.Action)
	}
	for _, t := range n.Tables() {
		if err := t.text(out); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// HTML writes the report as a page that stands alone.
func (n *AWRNodes) HTML(w io.Writer) error {
	return nodesPage.Execute(w, sideBySide{"Workload of " + strings.Join(n.Names(), ", "), n.About(), true, n.Findings(), nothing, n.Tables()})
}
