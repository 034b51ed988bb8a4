package report

import (
	"fmt"
	"html/template"
	"slices"
)

// Missing is a node of which nothing is known.
type Missing struct{ Node, Why string }

func missingOf(list []Missing) (out [][2]string) {
	for _, m := range list {
		out = append(out, [2]string{"missing", fmt.Sprintf("%s, which is in no sum: %s", m.Node, m.Why)})
	}
	return out
}

// spread is what nodes did of one thing.
type spread struct {
	key, text string
	values    []float64 // by node
}

func (s *spread) sum() (out float64) {
	for _, v := range s.values {
		out += v
	}
	return out
}

// spreads gathers what each node did, by key, in the order in which keys are first seen.
func spreads[R any](reports []R, each func(a R, add func(key, text string, value float64))) (out []*spread) {
	by := map[string]*spread{}
	for i, a := range reports {
		each(a, func(key, text string, value float64) {
			s := by[key]
			if s == nil {
				s = &spread{key, text, make([]float64, len(reports))}
				by[key], out = s, append(out, s)
			}
			s.values[i] += value
		})
	}
	return out
}

// beside makes rows of the largest sums, each with a share of all. most of 0 keeps all as they are, without shares.
func beside(names []string, title, note string, first, last []string, list []*spread, most int, write func(float64) string) table {
	t := table{Title: title, Note: note, Columns: slices.Concat(first, names, []string{"all"}, last)}
	whole := 0.0
	for _, s := range list {
		whole += s.sum()
	}
	if most > 0 {
		slices.SortStableFunc(list, func(x, y *spread) int { return descending(x.sum(), y.sum(), x.key, y.key) })
		list = list[:min(len(list), most)]
	}
	for _, s := range list {
		share := -1.0
		if most > 0 {
			if share = ratio(s.sum(), whole); s.sum() == 0 {
				break
			}
		}
		var cells []string
		for _, v := range append(slices.Clone(s.values), s.sum()) {
			cells = append(cells, write(v))
		}
		cells = slices.Insert(cells, 0, s.key)
		if len(last) > 0 {
			cells = append(cells, s.text)
		}
		t.add(share, cells...)
	}
	return t
}

// sideBySide is a report of several nodes as a page.
type sideBySide struct {
	Title    string
	About    [][2]string
	Judged   bool // there are findings, or Nothing says why not
	Findings []NodeFinding
	Nothing  string
	Tables   []table
}

var nodesPage = template.Must(template.New("nodes").Funcs(awrFunctions).Parse(awrHead + `{{if .Judged}}<h2>Findings</h2>
{{if .Findings}}<ol class="findings">{{range .Findings}}<li><b>{{.Rule}}</b> on {{.Node}}: {{.Cost}}<p>{{.Measured}}</p><p><b>Do:</b> {{.Action}}</p></li>
{{end}}</ol>{{else}}<p>{{.Nothing}}</p>{{end}}{{end}}
` + awrTables + `</body></html>
`))
