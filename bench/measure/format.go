package measure

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// List names the figures, in one line.
func List(f Figures) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		parts = append(parts, name+" "+Number(f[name]))
	}
	return strings.Join(parts, ", ")
}

// Number writes a figure with three significant digits, or all before the point; a figure that is not there is a dash.
func Number(v float64) string {
	switch abs := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case abs >= 100 || abs == 0:
		return fmt.Sprintf("%.0f", v)
	case abs >= 10:
		return fmt.Sprintf("%.1f", v)
	case abs >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// Table is a table of Markdown.
type Table struct {
	Title  string
	Header []string
	Rows   [][]string
	Note   string // below the table
}

// Markdown writes the table; bars in cells are escaped.
func (t *Table) Markdown() string {
	var b strings.Builder
	if t.Title != "" {
		fmt.Fprintf(&b, "### %s\n\n", t.Title)
	}
	line := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(&b, "| %s ", strings.ReplaceAll(strings.ReplaceAll(c, "|", `\|`), "\n", " "))
		}
		b.WriteString("|\n")
	}
	line(t.Header)
	b.WriteString(strings.Repeat("|---", len(t.Header)) + "|\n")
	for _, row := range t.Rows {
		line(row)
	}
	if t.Note != "" {
		fmt.Fprintf(&b, "\n%s\n", t.Note)
	}
	return b.String()
}

// Column is one figure in a table that compares sides.
type Column struct {
	Figure string
	Title  string
	Spread bool // also the least and the greatest of the rounds
	Ratio  bool // also how many times that of the first side
}

// Compare makes a table with a row for each side and the medians of the columns.
func Compare(title string, s *Samples, sides []Side, columns []Column) Table {
	t := Table{Title: title, Header: []string{""}}
	for _, c := range columns {
		t.Header = append(t.Header, c.Title)
		if c.Spread {
			t.Header = append(t.Header, "min–max")
		}
		if c.Ratio {
			t.Header = append(t.Header, sides[0].Name+" ÷ this")
		}
	}
	for _, side := range sides {
		if _, absent := s.Absent[side.Name]; absent {
			continue
		}
		t.Rows = append(t.Rows, compareRow(s, sides[0].Name, side.Name, columns))
	}
	return t
}

func compareRow(s *Samples, first, side string, columns []Column) []string {
	row := []string{side}
	for _, c := range columns {
		values := s.Values(side, c.Figure)
		row = append(row, Number(Median(values)))
		if c.Spread && len(values) > 0 {
			row = append(row, Number(slices.Min(values))+"–"+Number(slices.Max(values)))
		} else if c.Spread {
			row = append(row, "–")
		}
		if c.Ratio {
			row = append(row, Number(s.Ratio(first, side, c.Figure))+"×")
		}
	}
	return row
}
