package vview

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/txn"
)

// RestorePoints is V$RESTORE_POINT: every restore point.
func RestorePoints(e *engine.Engine) *View {
	columns := []Column{
		{"name", textType},
		{"scn", numberType},
		{"time", timeType},
		{"description", textType},
		{"created", timeType},
		{"created_by", textType},
	}
	return New("V$RESTORE_POINT", "named points in the past", columns, func(*gsql.Context) ([]gsql.Row, error) {
		t := e.Begin(txn.Options{ReadOnly: true})
		defer t.Rollback()
		points, err := t.RestorePoints()
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, p := range points {
			rows = append(rows, gsql.Row{
				p.Name, uint64(p.SCN), time.UnixMicro(p.TimeMicros).UTC(), p.Description,
				time.UnixMicro(p.CreatedMicros).UTC(), p.CreatedBy,
			})
		}
		return rows, nil
	})
}
