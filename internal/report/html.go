package report

import (
	"fmt"
	"html/template"
	"io"
)

// colors of wait classes: chosen to be told apart by those who see few colours; the legend names them and every bar says its numbers.
var colors = map[string]string{
	"CPU": "#2e7d32", "User I/O": "#1565c0", "System I/O": "#64b5f6", "Commit": "#ef6c00", "Concurrency": "#6a1b4d", "Application": "#c62828",
	"Configuration": "#5d4037", "Administrative": "#8d6e63", "Network": "#7e57c2", "Scheduler": "#9ccc65", "Cluster": "#b0a060",
	"Queueing": "#d4a017", "Idle": "#bdbdbd", "Other": "#757575",
}

const (
	chartWidth  = 900
	chartHeight = 220
)

// rect is a part of a stacked bar.
type rect struct {
	X, Y, W, H float64
	Color, Tip string
}

// chart gives the bars of the timeline.
func (a *ASH) chart() (out []rect) {
	if len(a.Timeline) == 0 || a.Peak == 0 {
		return nil
	}
	width := float64(chartWidth) / float64(len(a.Timeline))
	for i, b := range a.Timeline {
		y := float64(chartHeight)
		for _, class := range a.Classes {
			h := b.Active[class] / a.Peak * chartHeight
			if h == 0 {
				continue
			}
			y -= h
			out = append(out, rect{float64(i) * width, y, width - 1, h, colors[class], fmt.Sprintf("%s %s: %.2f of %.2f", b.From.Format(timeLayout), class, b.Active[class], b.Total)})
		}
	}
	return out
}

// pageStyle is the style of all reports, in light and dark.
const pageStyle = `:root{color-scheme:light dark;--ink:#1d1d1f;--soft:#6b6b70;--line:#d9d9de;--paper:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#ececf0;--soft:#9a9aa2;--line:#3a3a40;--paper:#17171a}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:960px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dt{color:var(--soft)}dd{margin:0}
svg{width:100%;height:auto;border-bottom:1px solid var(--line)}
.legend span{display:inline-block;margin-right:1rem;white-space:nowrap}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.3em}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:500}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.bar{width:90px}td.bar div{height:.7em;margin-top:.4em;background:#1565c0}
td:last-child{word-break:break-word}
`

var page = template.Must(template.New("ash").Funcs(template.FuncMap{
	"percent": func(f float64) string { return fmt.Sprintf("%.1f %%", 100*f) },
	"one":     func(f float64) string { return fmt.Sprintf("%.1f", f) },
	"two":     func(f float64) string { return fmt.Sprintf("%.2f", f) },
	"color":   func(class string) template.CSS { return template.CSS("background:" + colors[class]) },
	"width":   func(f float64) template.CSS { return template.CSS(fmt.Sprintf("width:%.1f%%", 100*f)) },
}).Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Active sessions, {{.Window}}</title>
<style>
` + pageStyle + `</style></head><body>
<h1>Active sessions, {{.Window}}</h1>
<dl><dt>node</dt><dd>{{.Node}} (Redoubt {{.Version}}, {{.CPUs}} processors)</dd>
<dt>samples</dt><dd>{{.Samples}}, of each {{.Period}} ({{.Source}})</dd>
<dt>database time</dt><dd>{{one .Seconds}} s</dd>
<dt>average active sessions</dt><dd>{{two .Average}}, at most {{two .Peak}}</dd>
{{if .LastSCN.Int64}}<dt>SCNs</dt><dd>{{.FirstSCN.Int64}} to {{.LastSCN.Int64}}</dd>{{end}}
{{if not .NothingBefore.IsZero}}<dt>note</dt><dd>there are no samples before {{.NothingBefore.Format "2006-01-02 15:04:05"}}</dd>{{end}}</dl>
<h2>Active sessions over time</h2>
<svg viewBox="0 0 {{.Width}} {{.Height}}" role="img" aria-label="Average active sessions by wait class, at most {{two .Peak}}">
{{range .Bars}}<rect x="{{.X}}" y="{{.Y}}" width="{{.W}}" height="{{.H}}" fill="{{.Color}}"><title>{{.Tip}}</title></rect>
{{end}}</svg>
<p class="legend">{{range .Classes}}<span><i style="{{color .}}"></i>{{.}}</span>{{end}}</p>
{{range .Sections}}<h2>{{.Title}}</h2>
<table><thead><tr><th>share</th><th></th><th>seconds</th><th>sessions</th>{{range .Columns}}<th>{{.}}</th>{{end}}</tr></thead><tbody>
{{range .Rows}}<tr><td class="n">{{percent .Share}}</td><td class="bar"><div style="{{width .Share}}"></div></td><td class="n">{{one .Seconds}}</td><td class="n">{{two .Active}}</td>{{range .Cells}}<td>{{.}}</td>{{end}}</tr>
{{end}}</tbody></table>
{{end}}</body></html>
`))

// HTML writes the report as a page that stands alone.
func (a *ASH) HTML(w io.Writer) error {
	return page.Execute(w, struct {
		*ASH
		Bars          []rect
		Width, Height int
	}{a, a.chart(), chartWidth, chartHeight})
}
