package vview

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/txn"
)

// RestorePoints is V$RESTORE_POINT: every restore point. redo_bytes is the sealed redo since then, about what the history
// takes that a guarantee keeps.
func RestorePoints(e *engine.Engine, since RedoSince) *View {
	columns := []Column{
		{"name", textType, "its name"},
		{"scn", numberType, "SCN that it stands for"},
		{"time", timeType, "time of that SCN's commit, UTC"},
		{"description", textType, "what was said about it"},
		{"created", timeType, "when it was made, UTC"},
		{"created_by", textType, "user who made it"},
		{"guarantee_flashback_database", boolType, "1 if all history since is kept"},
		{"redo_bytes", numberType, "bytes of sealed log since then"},
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
				time.UnixMicro(p.CreatedMicros).UTC(), p.CreatedBy, yesNo(p.Guarantee), since.bytes(p.SCN),
			})
		}
		return rows, nil
	})
}
