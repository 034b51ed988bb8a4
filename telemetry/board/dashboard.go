package board

import "encoding/json"

// Dashboard is the Grafana dashboard, as JSON to import.
func Dashboard() (string, error) {
	var panels []any
	row, y, x, id := "", 0, 0, 1
	for _, p := range Panels() {
		if p.Row != row {
			if x > 0 {
				y += panelHeight
			}
			row, x = p.Row, 0
			panels = append(panels, map[string]any{"id": id, "type": "row", "title": row, "collapsed": false, "gridPos": grid(0, y, pageWidth, 1), "panels": []any{}})
			id, y = id+1, y+1
		}
		width := pageWidth / 3
		if p.Wide {
			width = pageWidth
		}
		if x+width > pageWidth {
			x, y = 0, y+panelHeight
		}
		panels = append(panels, p.chart(id, grid(x, y, width, panelHeight)))
		id, x = id+1, x+width
	}
	b, err := json.MarshalIndent(map[string]any{
		"title": "Redoubt", "uid": "redoubt", "tags": []string{"redoubt"}, "timezone": "browser", "schemaVersion": 38, "version": 1,
		"refresh": "10s", "editable": true, "time": map[string]string{"from": "now-1h", "to": "now"},
		"annotations": map[string]any{"list": []any{}},
		"templating": map[string]any{"list": []any{
			map[string]any{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0},
			map[string]any{
				"name": "instance", "label": "Node", "type": "query", "datasource": source(), "query": "label_values(redoubt_scn_applied, instance)",
				"includeAll": true, "multi": true, "current": map[string]any{"text": "All", "value": "$__all"}, "refresh": 2, "sort": 1,
			},
		}},
		"panels": panels,
	}, "", "  ")
	return string(b) + "\n", err
}

const (
	pageWidth   = 24
	panelHeight = 8
)

func grid(x, y, w, h int) map[string]int { return map[string]int{"x": x, "y": y, "w": w, "h": h} }

func source() map[string]string { return map[string]string{"type": "prometheus", "uid": "${source}"} }

// chart is the panel as Grafana has it.
func (p *Panel) chart(id int, place map[string]int) map[string]any {
	var targets []any
	for i, q := range p.Queries {
		targets = append(targets, map[string]any{"refId": string(rune('A' + i)), "datasource": source(), "expr": q.Expression, "legendFormat": q.Legend})
	}
	custom := map[string]any{"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}
	if p.Stacked {
		custom["stacking"], custom["fillOpacity"] = map[string]string{"mode": "normal", "group": "A"}, 60
	}
	return map[string]any{
		"id": id, "type": "timeseries", "title": p.Title, "description": p.Help, "gridPos": place, "datasource": source(), "targets": targets,
		"fieldConfig": map[string]any{"defaults": map[string]any{"unit": p.Unit, "min": 0, "custom": custom}, "overrides": []any{}},
		"options":     map[string]any{"legend": map[string]any{"displayMode": "list", "placement": "bottom"}, "tooltip": map[string]string{"mode": "multi", "sort": "desc"}},
	}
}
