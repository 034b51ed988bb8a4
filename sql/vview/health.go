package vview

import (
	"context"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/telemetry"
)

// Health is V$HEALTH: every check, asked when the view is read.
func Health(run func(context.Context) []telemetry.Result) *View {
	columns := []Column{
		{"name", textType, "name of the check"}, {"healthy", boolType, "1 if all is well"}, {"blocks_ready", boolType, "1 if clients are sent elsewhere while it fails: /readyz then says no"}, {"message", textType, "what is wrong, and what to do; NULL if all is well"}, {"milliseconds", types.Float64, "how long the check took"},
	}
	return New("V$HEALTH", "named checks of this node", columns, func(ctx *gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		for _, r := range run(ctx) {
			var message any
			if r.Err != nil {
				message = r.Err.Error()
			}
			rows = append(rows, gsql.Row{r.Name, yesNo(r.Err == nil), yesNo(r.Ready), message, float64(r.Took.Microseconds()) / 1000})
		}
		return rows, nil
	})
}
