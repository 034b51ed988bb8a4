package vview

import (
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/flashback"
	"redoubt/scn"
)

// Incarnations is V$DATABASE_INCARNATION: the parts of history that flashbacks of the database have begun.
func Incarnations(e *engine.Engine) *View {
	columns := []Column{
		{"incarnation", numberType, "its number"},
		{"parent", numberType, "incarnation that it branched off; NULL for the first"},
		{"branch_scn", numberType, "SCN at which it branched off"},
		{"branch_time", timeType, "time of that SCN, UTC"},
		{"began_scn", numberType, "SCN of its first commit"},
		{"began_time", timeType, "time of that, UTC"},
		{"status", textType, "CURRENT, or ORPHAN or PARENT for those that were left"},
		{"created_by", textType, "user who made it"},
	}
	return New("V$DATABASE_INCARNATION", "incarnations of the database", columns, func(*gsql.Context) ([]gsql.Row, error) {
		all, err := flashbacks(e)
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, i := range flashback.Incarnations(all) {
			row := gsql.Row{i.ID, nil, nil, nil, uint64(i.Began), nil, i.Status, nil}
			if i.Parent != 0 {
				row[1], row[2], row[7] = i.Parent, uint64(i.Branch), i.User
				if row[3], err = timeOf(e, i.Branch); err != nil {
					return nil, err
				}
				if row[5], err = timeOf(e, i.Began); err != nil {
					return nil, err
				}
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}

// Flashbacks is V$FLASHBACK: everything that was taken back, truncated or cloned.
func Flashbacks(e *engine.Engine) *View {
	columns := []Column{
		{"scn", numberType, "SCN of the statement"},
		{"time", timeType, "when it was committed, UTC"},
		{"xid", numberType, "id of the transaction"},
		{"kind", textType, "what was done: FLASHBACK, TRUNCATE, CLONE …"},
		{"object", textType, "database, schema or table that it is about; NULL is the whole database"},
		{"to_scn", numberType, "SCN to which it went back"},
		{"to_time", timeType, "time of that SCN, UTC"},
		{"incarnation", numberType, "number of the incarnation of the database"},
		{"created_by", textType, "user who did it"},
	}
	return New("V$FLASHBACK", "what was taken back, truncated or cloned", columns, func(*gsql.Context) ([]gsql.Row, error) {
		all, err := flashbacks(e)
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, f := range all {
			row := gsql.Row{uint64(f.At), nil, f.XID, string(f.Kind), objects(f.Scope), uint64(f.To), nil, nil, f.User}
			if row[1], err = timeOf(e, f.At); err != nil {
				return nil, err
			}
			if row[6], err = timeOf(e, f.To); err != nil {
				return nil, err
			}
			if f.Incarnation != 0 {
				row[7] = f.Incarnation
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}

func flashbacks(e *engine.Engine) ([]catalog.Flashback, error) {
	t := e.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	return t.Flashbacks()
}

func objects(scope []catalog.Scope) any {
	if len(scope) == 0 {
		return "DATABASE"
	}
	names := make([]string, len(scope))
	for i, s := range scope {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}

// timeOf is the commit time of an SCN in UTC; nil for 0.
func timeOf(e *engine.Engine, at scn.SCN) (any, error) {
	if at == 0 {
		return nil, nil
	}
	micros, err := e.SCNToTime(at)
	return time.UnixMicro(micros).UTC(), err
}
