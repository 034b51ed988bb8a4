package report

import (
	"fmt"
	"html/template"
	"io"
	"strings"
)

const compareTitle = "Workload of two windows"

// about is the head of the comparison: names and values.
func (x *Comparison) about() (out [][2]string) {
	out = [][2]string{{"node", fmt.Sprintf("%s (Redoubt %s, %.0f processors)", x.This.Node, x.This.Version, x.This.CPUs)}}
	for _, side := range []struct {
		name string
		of   *AWR
	}{{"against", x.Against}, {"this", x.This}} {
		for _, line := range side.of.about()[1:] { // the node is the same
			switch line[0] {
			case "note":
				out = append(out, [2]string{"note", side.name + ": " + line[1]})
			case "snapshots":
				out = append(out, [2]string{side.name, line[0] + " " + line[1]})
			default:
				out = append(out, [2]string{"", line[0] + " " + line[1]})
			}
		}
	}
	for _, n := range x.Notes {
		out = append(out, [2]string{"note", n})
	}
	return out
}

// Text writes the comparison as text.
func (x *Comparison) Text(w io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprintf(out, "%s\n\n", compareTitle)
	for _, line := range x.about() {
		fmt.Fprintf(out, "%-8s %s\n", line[0], line[1])
	}
	for _, t := range x.tables() {
		if err := t.text(out); err != nil {
			return err
		}
	}
	for _, s := range x.Replanned[:min(len(x.Replanned), topRows)] {
		fmt.Fprintf(out, "\nPlans of %s, the one against and the one of this window\n%s\n\n%s\n", s.ID, indented(s.Against.Plan), indented(s.This.Plan))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

var comparePage = template.Must(template.New("compare").Funcs(awrFunctions).Parse(awrHead + `` + awrTables + `{{range .Plans}}<h2>Plans of {{.ID}}</h2><p class="note">the one against</p><pre>{{.Against.Plan}}</pre><p class="note">the one of this window</p><pre>{{.This.Plan}}</pre>
{{end}}</body></html>
`))

// HTML writes the comparison as a page that stands alone.
func (x *Comparison) HTML(w io.Writer) error {
	return comparePage.Execute(w, struct {
		Title  string
		About  [][2]string
		Tables []table
		Plans  []ComparedStatement
	}{compareTitle + " of " + x.This.Node, x.about(), x.tables(), x.Replanned[:min(len(x.Replanned), topRows)]})
}
