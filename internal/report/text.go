package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// heaviest gives the names, those with most first.
func heaviest(by map[string]float64) (names []string) {
	for name := range by {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(by[b], by[a]), cmp.Compare(a, b)) })
	return names
}

// glyphs draw wait classes so that they can be told apart without colour.
var glyphs = map[string]rune{
	"CPU": '#', "User I/O": 'u', "System I/O": 's', "Commit": 'c', "Concurrency": '%', "Application": 'a', "Configuration": 'g',
	"Administrative": 'd', "Network": 'n', "Scheduler": 'h', "Cluster": 'l', "Queueing": 'q', "Idle": '.', "Other": 'o',
}

const (
	barWidth  = 50
	textWidth = 60
)

// bar draws active sessions by class, one glyph for each part of the peak.
func bar(active map[string]float64, classes []string, peak float64) string {
	if peak == 0 {
		return ""
	}
	var b strings.Builder
	drawn, sum := 0, 0.0
	for _, class := range classes {
		sum += active[class]
		for ; drawn < int(sum/peak*barWidth+0.5); drawn++ {
			b.WriteRune(glyphs[class])
		}
	}
	return b.String()
}

// Text writes the report as text.
func (a *ASH) Text(w io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "Active sessions, %s\n\n", a.Window)
	fmt.Fprintf(out, "node                     %s (Redoubt %s, %d processors)\n", a.Node, a.Version, a.CPUs)
	fmt.Fprintf(out, "samples                  %d, of each %s (%s)\n", a.Samples, a.Period, a.Source)
	fmt.Fprintf(out, "database time            %.1f s\n", a.Seconds)
	fmt.Fprintf(out, "average active sessions  %.2f, at most %.2f\n", a.Average(), a.Peak)
	if a.LastSCN.Int64 > 0 {
		fmt.Fprintf(out, "SCNs                     %d to %d\n", a.FirstSCN.Int64, a.LastSCN.Int64)
	}
	if !a.NothingBefore.IsZero() {
		fmt.Fprintf(out, "note                     there are no samples before %s\n", a.NothingBefore.Format(timeLayout))
	}
	fmt.Fprintf(out, "\nActive sessions over time (")
	for i, class := range a.Classes {
		if i > 0 {
			out.WriteString(", ")
		}
		fmt.Fprintf(out, "%c %s", glyphs[class], class)
	}
	out.WriteString(")\n")
	for _, b := range a.Timeline {
		line := fmt.Sprintf("  %s  %6.2f  %s", b.From.Format(timeLayout), b.Total, bar(b.Active, a.Classes, a.Peak))
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	for _, s := range a.Sections {
		fmt.Fprintf(out, "\n%s\n", s.Title)
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "  share\tseconds\tsessions\t%s\n", strings.Join(s.Columns, "\t"))
		for _, r := range s.Rows {
			cells := slices.Clone(r.Cells)
			last := len(cells) - 1
			cells[last] = shortened(cells[last], textWidth)
			fmt.Fprintf(table, "  %.1f %%\t%.1f\t%.2f\t%s\n", 100*r.Share, r.Seconds, r.Active, strings.Join(cells, "\t"))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func shortened(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
