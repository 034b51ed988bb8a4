package measure

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Target is a figure to reach.
type Target struct {
	ID    string  // of the list of targets
	What  string  // what is compared, in words
	Value float64 // measured; NaN if it was not
	Limit float64
	Most  bool // the limit is the most allowed, else the least
	Unit  string
}

// Reached tells whether the figure was measured and is good enough.
func (t Target) Reached() bool {
	if t.Most {
		return t.Value <= t.Limit
	}
	return t.Value >= t.Limit
}

func (t Target) row() []string {
	sign, verdict := "≥", "not reached"
	if t.Most {
		sign = "≤"
	}
	if math.IsNaN(t.Value) {
		verdict = "not measured"
	} else if t.Reached() {
		verdict = "reached"
	}
	return []string{t.ID, t.What, sign + " " + Number(t.Limit) + t.Unit, Number(t.Value) + t.Unit, verdict}
}

// Version is what was measured.
type Version struct{ Name, Version string }

// Report is the file about one subject.
type Report struct {
	Title    string
	Command  string // that wrote the file
	How      []string
	Machine  Machine
	Versions []Version
	Tables   []Table
	Targets  []Target
	Absent   map[string]string // sides left out, with the reason
	Commands []string          // one measurement each
	Begun    time.Time
	Took     time.Duration
}

// Leave adds the sides that a comparison had to leave out.
func (r *Report) Leave(absent map[string]string) {
	if r.Absent == nil {
		r.Absent = map[string]string{}
	}
	maps.Copy(r.Absent, absent)
}

// Markdown is the text of the file.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nWritten by `%s`, %s, in %s.\n", r.Title, r.Command, r.Begun.UTC().Format("2006-01-02 15:04 MST"),
		r.Took.Round(time.Second))
	for _, line := range r.How {
		fmt.Fprintf(&b, "\n%s\n", line)
	}
	r.targets(&b)
	b.WriteString("\n## Figures\n")
	for i := range r.Tables {
		fmt.Fprintf(&b, "\n%s", r.Tables[i].Markdown())
	}
	if len(r.Absent) > 0 {
		b.WriteString("\n## Left out\n\n")
		for _, name := range slices.Sorted(maps.Keys(r.Absent)) {
			fmt.Fprintf(&b, "- %s: %s\n", name, strings.ReplaceAll(r.Absent[name], "\n", " "))
		}
	}
	machine := r.Machine.table()
	fmt.Fprintf(&b, "\n## Machine\n\n%s", machine.Markdown())
	versions := Table{Header: []string{"", "version"}}
	for _, v := range r.Versions {
		versions.Rows = append(versions.Rows, []string{v.Name, v.Version})
	}
	fmt.Fprintf(&b, "\n## Versions\n\n%s", versions.Markdown())
	if len(r.Commands) > 0 {
		fmt.Fprintf(&b, "\n## Commands\n\nEach of these is one measurement; the sides took turns.\n\n```\n%s\n```\n", strings.Join(r.Commands, "\n"))
	}
	return b.String()
}

func (r *Report) targets(b *strings.Builder) {
	if len(r.Targets) == 0 {
		return
	}
	t := Table{Header: []string{"target", "", "wanted", "measured", ""}}
	for _, target := range r.Targets {
		t.Rows = append(t.Rows, target.row())
	}
	fmt.Fprintf(b, "\n## Targets\n\n%s", t.Markdown())
}

// Write puts the file into dir, which is made if it is missing.
func (r *Report) Write(dir, name string) (path string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make directory of the report: %w", err)
	}
	path = filepath.Join(dir, name+".md")
	if err := os.WriteFile(path, []byte(r.Markdown()), 0o644); err != nil {
		return "", fmt.Errorf("write report: %w", err)
	}
	return path, nil
}
