package report

import (
	"fmt"
	"html/template"
	"io"
	"time"
)

// letter is a class in a bar that is large enough to have its name in it, so that it can be told without colour.
type letter struct {
	X, Y float64
	Text string
}

// Sizes, in units of the chart, from which a bar has its letter.
const (
	letterWidth  = 12
	letterHeight = 20
)

// bars draws active sessions between snapshots, each as wide as the time between them.
func (a *AWR) bars() (bars []rect, letters []letter) {
	span := a.End.Time.Sub(a.Begin.Time).Seconds()
	if span <= 0 || a.Peak == 0 {
		return nil, nil
	}
	for _, b := range a.Intervals {
		x := b.From.Sub(a.Begin.Time).Seconds() / span * chartWidth
		width := b.To.Sub(b.From).Seconds() / span * chartWidth
		y := float64(chartHeight)
		for _, class := range a.Classes {
			h := b.Active[class] / a.Peak * chartHeight
			if h <= 0 {
				continue
			}
			y -= h
			bars = append(bars, rect{x, y, max(width-1, 0.5), h, colors[class], fmt.Sprintf("%s to %s %s: %.2f of %.2f", b.From.Format(timeLayout), b.To.Format(timeLayout), class, b.Active[class], b.Total)})
			if width >= letterWidth && h >= letterHeight {
				letters = append(letters, letter{x + width/2, y + h/2 + 6, string(glyphs[class])})
			}
		}
	}
	return bars, letters
}

var awrFunctions = template.FuncMap{
	"percent": func(f float64) string { return fmt.Sprintf("%.1f %%", 100*f) },
	"two":     func(f float64) string { return fmt.Sprintf("%.2f", f) },
	"color":   func(class string) template.CSS { return template.CSS("background:" + colors[class]) },
	"width":   func(f float64) template.CSS { return template.CSS(fmt.Sprintf("width:%.1f%%", 100*min(f, 1))) },
	"glyph":   func(class string) string { return string(glyphs[class]) },
	"numeric": isNumber,
	"column":  func(t table, i int) bool { return t.NumberColumn(i) },
	"clock":   func(t time.Time) string { return t.Format(timeLayout) },
}

// awrStyle is the style of reports on workload, beside pageStyle.
const awrStyle = `svg text{font:700 16px system-ui,sans-serif;fill:#fff;stroke:#000;stroke-width:2px;paint-order:stroke;text-anchor:middle}
ol.findings{padding-left:1.2rem}ol.findings>li{border-left:4px solid var(--ink);padding:.2rem .8rem;margin:.6rem 0}
ol.findings b{font-weight:600}ol.findings p{margin:.2rem 0}.note{color:var(--soft);margin:.2rem 0}
body{max-width:1200px}td:last-child:not(.n){min-width:16rem}th.n{text-align:right}.axis{display:flex;justify-content:space-between}
.scroll{overflow-x:auto}pre{overflow-x:auto;border:1px solid var(--line);padding:.6rem;font-size:13px}`

// awrTables are the Tables of such a report.
const awrTables = `{{range .Tables}}<h2>{{.Title}}</h2>
{{if .Note}}<p class="note">{{.Note}}</p>{{end}}<div class="scroll"><table><thead><tr>{{if ge (index .Rows 0).Share 0.0}}<th>share</th><th></th>{{end}}{{$t := .}}{{range $i, $c := .Columns}}<th{{if column $t $i}} class="n"{{end}}>{{$c}}</th>{{end}}</tr></thead><tbody>
{{range .Rows}}<tr>{{if ge .Share 0.0}}<td class="n">{{percent .Share}}</td><td class="bar"><div style="{{width .Share}}"></div></td>{{end}}{{range .Cells}}<td{{if numeric .}} class="n"{{end}}>{{.}}</td>{{end}}</tr>
{{end}}</tbody></table></div>
{{end}}`

// awrHead begins a page with a title and what it is about.
const awrHead = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
` + pageStyle + awrStyle + `
</style></head><body>
<h1>{{.Title}}</h1>
<dl>{{range .About}}<dt>{{index . 0}}</dt><dd>{{index . 1}}</dd>
{{end}}</dl>
`

var awrPage = template.Must(template.New("awr").Funcs(awrFunctions).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Workload of {{.Node}}, snapshots {{.Begin.ID}} to {{.End.ID}}</title>
<style>
` + pageStyle + awrStyle + `
</style></head><body>
<h1>Workload of {{.Node}}, snapshots {{.Begin.ID}} to {{.End.ID}}</h1>
<dl>{{range .About}}<dt>{{index . 0}}</dt><dd>{{index . 1}}</dd>
{{end}}</dl>
<h2>Findings</h2>
{{if .Findings}}<ol class="findings">{{range .Findings}}<li><b>{{.Rule}}</b>: {{.Cost}}<p>{{.Measured}}</p><p><b>Do:</b> {{.Action}}</p></li>
{{end}}</ol>{{else}}<p>{{.Nothing}}</p>{{end}}
<h2>Active sessions over time</h2>
<svg viewBox="0 0 {{.Width}} {{.Height}}" role="img" aria-label="Average active sessions by wait class between snapshots, at most {{two .Peak}}">
{{range .Bars}}<rect x="{{.X}}" y="{{.Y}}" width="{{.W}}" height="{{.H}}" fill="{{.Color}}"><title>{{.Tip}}</title></rect>
{{end}}{{range .Letters}}<text x="{{.X}}" y="{{.Y}}">{{.Text}}</text>
{{end}}</svg>
<p class="note axis"><span>{{clock .Begin.Time}}</span><span>highest {{two .Peak}}</span><span>{{clock .End.Time}} UTC</span></p>
<p class="legend">{{range .Classes}}<span><i style="{{color .}}"></i>{{glyph .}} {{.}}</span>{{end}}</p>
<details><summary>The same as numbers</summary><div class="scroll"><table><thead><tr><th>until</th><th class="n">all</th>{{range .Classes}}<th class="n">{{.}}</th>{{end}}</tr></thead><tbody>
{{$classes := .Classes}}{{range .Intervals}}{{$b := .}}<tr><td>{{clock .To}}</td><td class="n">{{two .Total}}</td>{{range $classes}}<td class="n">{{two (index $b.Active .)}}</td>{{end}}</tr>
{{end}}</tbody></table></div></details>
` + awrTables + `{{range .Plans}}<h2>Plans of {{.ID}}</h2><p class="note">the old one</p><pre>{{.OldPlan}}</pre><p class="note">the new one</p><pre>{{.NewPlan}}</pre>
{{end}}</body></html>
`))

// HTML writes the report as a page that stands alone.
func (a *AWR) HTML(w io.Writer) error {
	bars, letters := a.bars()
	return awrPage.Execute(w, struct {
		*AWR
		About         [][2]string
		Nothing       string
		Bars          []rect
		Letters       []letter
		Width, Height int
		Tables        []table
		Plans         []PlanChange
	}{a, a.about(), a.nothingFound(), bars, letters, chartWidth, chartHeight, a.tables(), a.Changes[:min(len(a.Changes), topRows)]})
}
