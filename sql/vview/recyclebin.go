package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/txn"
)

// RecycleBin is DBA_RECYCLEBIN: all that was dropped and can be brought back, whoever may do so.
func RecycleBin(e *engine.Engine) *View {
	columns := []Column{
		{"object_name", textType, "name in the recycle bin"},
		{"original_name", textType, "name that it had"},
		{"owner", textType, "database that it was in"},
		{"type", textType, "TABLE or SCHEMA"},
		{"droptime", timeType, "when it was dropped, UTC"},
		{"dropscn", numberType, "SCN of the drop"},
		{"dropped_by", textType, "user who dropped it"},
		{"row_count", numberType, "rows that it has"},
	}
	return New("DBA_RECYCLEBIN", "what was dropped and can be brought back", columns, func(*gsql.Context) ([]gsql.Row, error) {
		t := e.Begin(txn.Options{ReadOnly: true})
		defer t.Rollback()
		entries, err := t.Recycled()
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for i := range entries {
			r := &entries[i]
			name, kind := r.Name, "TABLE"
			if r.IsSchema {
				name, kind = r.SchemaName, "SCHEMA"
			}
			when, err := timeOf(e, r.At)
			if err != nil {
				return nil, err
			}
			rows = append(rows, gsql.Row{r.BinName(), name, r.SchemaName, kind, when, uint64(r.At), r.User, e.Rows(r.ID)})
		}
		return rows, nil
	})
}
