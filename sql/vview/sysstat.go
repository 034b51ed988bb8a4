package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/telemetry"
)

// SysStat is V$SYSSTAT: what all sessions have counted since the start.
func SysStat(a *Activity) *View {
	columns := []Column{
		{"statistic", numberType, "its number"},
		{"name", textType, "what is counted"},
		{"value", numberType, "how much, since the node started"},
		{"description", textType, "what it means"},
	}
	return New("V$SYSSTAT", "what all sessions have counted since the start", columns, func(*gsql.Context) ([]gsql.Row, error) {
		totals := a.Slots.FigureTotals()
		var rows []gsql.Row
		for _, f := range telemetry.Figures() {
			rows = append(rows, gsql.Row{uint64(f), f.String(), totals[f], f.Help()})
		}
		return rows, nil
	})
}

// SesStat is V$SESSTAT: what each session has counted.
func SesStat(a *Activity) *View {
	columns := []Column{
		{"sid", numberType, "number of the connection"},
		{"serial", numberType, "as in V$SESSION"},
		{"statistic", numberType, "number of the figure, as in V$SYSSTAT"},
		{"name", textType, "what is counted"},
		{"value", numberType, "how much, since the session began"},
	}
	return New("V$SESSTAT", "what each session has counted", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		all := a.Slots.All()
		for i := range all {
			if all[i].Who.Background {
				continue
			}
			values := all[i].Figures()
			for _, f := range telemetry.Figures() {
				rows = append(rows, gsql.Row{uint64(all[i].Who.Session), uint64(all[i].Who.Serial), uint64(f), f.String(), values[f]})
			}
		}
		return rows, nil
	})
}
