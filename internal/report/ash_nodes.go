package report

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ASHNodes is what active sessions did on several nodes, in one window: a column for each, and their sums.
type ASHNodes struct {
	Reports []*ASH
	Missing []Missing
}

// partRows is how many rows of each section a node gives for a report of several; what has less time on a node is missing from a sum.
const partRows = 100

// CollectASHPart asks a node about a window, for ASHNodes: there it may have no sample.
func CollectASHPart(ctx context.Context, c *sql.Conn, w Window) (*ASH, error) {
	return collectASH(ctx, c, &ASH{Window: w, part: true})
}

// Names lists the nodes that answered.
func (n *ASHNodes) Names() (out []string) {
	for _, a := range n.Reports {
		out = append(out, a.Node)
	}
	return out
}

// About is the head of the report.
func (n *ASHNodes) About() (out [][2]string) {
	var seconds, active float64
	for _, a := range n.Reports {
		seconds += a.Seconds
		active += a.Average()
	}
	out = append(out, [2]string{"database time", fmt.Sprintf("%.1f s on %d nodes: %.2f active sessions on average", seconds, len(n.Reports), active)})
	out = append(out, missingOf(n.Missing)...)
	for _, a := range n.Reports {
		text := fmt.Sprintf("%d samples, of each %s (%s); %.1f s of database time, %.2f active sessions on average, at most %.2f", a.Samples, a.Period, a.Source, a.Seconds, a.Average(), a.Peak)
		if !a.NothingBefore.IsZero() {
			text += "; there are no samples before " + a.NothingBefore.Format(timeLayout)
		}
		out = append(out, [2]string{a.Node, text})
	}
	if !n.even() {
		out = append(out, [2]string{"note", "load over time is left out: samples of some nodes are of each second, of others of ten"})
	}
	return out
}

// even tells whether all nodes cut the window into the same stretches.
func (n *ASHNodes) even() bool {
	return !slices.ContainsFunc(n.Reports, func(a *ASH) bool { return a.Period != n.Reports[0].Period })
}

// ofANode are sections whose rows are a node's own.
var ofANode = []string{"Sessions", "Who blocked whom"}

// Tables gives the parts of the report that have something to say.
func (n *ASHNodes) Tables() (out []table) {
	if n.even() {
		times := spreads(n.Reports, func(a *ASH, add func(string, string, float64)) {
			for _, b := range a.Timeline {
				add(b.From.Format(timeLayout), "", b.Total)
			}
		})
		slices.SortFunc(times, func(x, y *spread) int { return strings.Compare(x.key, y.key) }) // one node may have begun before the others
		out = append(out, beside(n.Names(), "Active sessions over time", "", []string{"from"}, nil, times, 0, func(f float64) string { return fmt.Sprintf("%.2f", f) }))
	}
	titles, columns := []string{}, map[string][]string{}
	for _, a := range n.Reports {
		for _, s := range a.Sections {
			if columns[s.Title] == nil {
				titles, columns[s.Title] = append(titles, s.Title), s.Columns
			}
		}
	}
	for _, title := range titles {
		if slices.Contains(ofANode, title) {
			out = append(out, n.own(title, columns[title]))
			continue
		}
		list := spreads(n.Reports, func(a *ASH, add func(string, string, float64)) {
			for _, r := range a.rows(title) {
				add(strings.Join(r.Cells[:min(len(r.Cells), 3)], ", "), strings.Join(r.Cells[min(len(r.Cells), 3):], ""), r.Seconds)
			}
		})
		last := columns[title][min(len(columns[title]), 3):]
		out = append(out, beside(n.Names(), title+", seconds", "share of the database time", []string{strings.Join(columns[title][:min(len(columns[title]), 3)], ", ")}, last, list, topRows,
			func(f float64) string { return fmt.Sprintf("%.1f", f) }))
	}
	return out
}

func (a *ASH) rows(title string) []Row {
	for _, s := range a.Sections {
		if s.Title == title {
			return s.Rows
		}
	}
	return nil
}

// own is a section whose rows are of one node each.
func (n *ASHNodes) own(title string, columns []string) table {
	t := table{Title: title, Note: "share of the database time of all", Columns: append([]string{"seconds", "node"}, columns...)}
	whole := 0.0
	for _, a := range n.Reports {
		whole += a.Seconds
	}
	for _, a := range n.Reports {
		for _, r := range a.rows(title) {
			t.add(ratio(r.Seconds, whole), append([]string{fmt.Sprintf("%.1f", r.Seconds), a.Node}, r.Cells...)...)
		}
	}
	slices.SortStableFunc(t.Rows, func(x, y tableRow) int { return descending(x.Share, y.Share, "", "") })
	t.Rows = t.Rows[:min(len(t.Rows), topRows)]
	return t
}

// title says what the report is of.
func (n *ASHNodes) title() string {
	return fmt.Sprintf("Active sessions of %s, %s", strings.Join(n.Names(), ", "), n.Reports[0].Window)
}

// Text writes the report as text.
func (n *ASHNodes) Text(w io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "%s\n\n", n.title())
	for _, x := range n.About() {
		fmt.Fprintf(out, "%-14s %s\n", x[0], x[1])
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
func (n *ASHNodes) HTML(w io.Writer) error {
	return nodesPage.Execute(w, sideBySide{Title: n.title(), About: n.About(), Tables: n.Tables()})
}
