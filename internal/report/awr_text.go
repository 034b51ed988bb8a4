package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// about is the head of the report: names and values.
func (a *AWR) about() (out [][2]string) {
	out = [][2]string{
		{"node", fmt.Sprintf("%s (Redoubt %s, %.0f processors)", a.Node, a.Version, a.CPUs)},
		{"snapshots", fmt.Sprintf("%d (%s) to %d (%s), %d in all", a.Begin.ID, a.Begin.Reason, a.End.ID, a.End.Reason, a.Snapshots)},
		{"time", fmt.Sprintf("%s to %s UTC", a.Begin.Time.Format(timeLayout), a.End.Time.Format(timeLayout))},
		{"SCNs", fmt.Sprintf("%d to %d", a.Begin.SCN, a.End.SCN)},
		{"database time", fmt.Sprintf("%.1f s in %.1f s: %.2f active sessions on average", a.DBTime, a.Elapsed, ratio(a.DBTime, a.Elapsed))},
	}
	if a.Restarts > 0 {
		out = append(out, [2]string{"note", fmt.Sprintf("the node started %d times in between; what it did after its last snapshot before a crash is not known", a.Restarts)})
	}
	for _, n := range a.Notes {
		out = append(out, [2]string{"note", n})
	}
	return out
}

// nothingFound says why there are no findings.
func (a *AWR) nothingFound() string {
	if a.DBTime < dbTimeMin {
		return fmt.Sprintf("None: sessions were active for less than %.0f s, which says nothing.", dbTimeMin)
	}
	return "None: nothing that the rules know took enough of the database time."
}

// Text writes the report as text.
func (a *AWR) Text(w io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "Workload between two snapshots\n\n")
	for _, x := range a.about() {
		fmt.Fprintf(out, "%-14s %s\n", x[0], x[1])
	}
	fmt.Fprintf(out, "\nFindings\n")
	if len(a.Findings) == 0 {
		fmt.Fprintf(out, "  %s\n", a.nothingFound())
	}
	for i, f := range a.Findings {
		fmt.Fprintf(out, "  %d. %s: %s\n     measured  %s\n     do        %s\n", i+1, f.Rule, f.Cost, f.Measured, f.Action)
	}
	fmt.Fprintf(out, "\nActive sessions over time (%s)\n", strings.Join(a.legend(), ", "))
	for _, b := range a.Intervals {
		line := fmt.Sprintf("  %s  %6.2f  %s", b.To.Format(timeLayout), b.Total, bar(b.Active, a.Classes, a.Peak))
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	for _, t := range a.tables() {
		if err := t.text(out); err != nil {
			return err
		}
	}
	for _, c := range a.Changes[:min(len(a.Changes), topRows)] {
		fmt.Fprintf(out, "\nPlans of %s, the old one and the new one\n%s\n\n%s\n", c.ID, indented(c.OldPlan), indented(c.NewPlan))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (a *AWR) legend() (out []string) {
	for _, class := range a.Classes {
		out = append(out, fmt.Sprintf("%c %s", glyphs[class], class))
	}
	return out
}

func indented(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

func (t *table) text(out *strings.Builder) error {
	fmt.Fprintf(out, "\n%s\n", t.Title)
	shared := slices.ContainsFunc(t.Rows, func(r tableRow) bool { return r.Share >= 0 })
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if head := strings.Join(t.Columns, "\t"); strings.Trim(head, "\t") != "" {
		if shared {
			head = "share\t" + head
		}
		fmt.Fprintf(w, "  %s\n", head)
	}
	for _, r := range t.Rows {
		cells := slices.Clone(r.Cells)
		last := len(cells) - 1
		cells[last] = shortened(cells[last], textWidth)
		line := strings.Join(cells, "\t")
		if shared {
			line = fmt.Sprintf("%.1f %%\t", 100*r.Share) + line
		}
		fmt.Fprintf(w, "  %s\n", line)
	}
	return w.Flush()
}
