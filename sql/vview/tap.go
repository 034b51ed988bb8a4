package vview

import (
	"encoding/hex"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
)

// RedoRate is what was committed in a second.
type RedoRate struct {
	Time                                        time.Time
	SCN                                         scn.SCN
	Transactions, Read, Changes, Bytes, Largest uint64
	LargestSCN                                  scn.SCN
}

// Written is what was written to a table, to a row, or by somebody.
type Written struct {
	Table                                                           scn.Space
	Key                                                             []byte
	User, Program                                                   string
	Changes, Excess, Transactions, Inserts, Updates, Deletes, Bytes uint64
}

// Tap is what the tail of the log tells. It is safe for concurrent use.
type Tap interface {
	Rates() []RedoRate
	Tables() []Written
	Keys() []Written
	Writers() []Written
}

// RedoRates is V$REDO_RATE: what was committed, second by second.
func RedoRates(t Tap) *View {
	columns := []Column{
		{"time", timeType, "end of the second, UTC"},
		{"scn", numberType, "SCN of its last commit"},
		{"transactions", numberType, "commits, exact"},
		{"transactions_read", numberType, "of these, that the tap had time to read; what follows is of them"},
		{"changes", numberType, "rows that they inserted, changed or deleted"},
		{"redo_bytes", numberType, "bytes of redo"},
		{"largest_bytes", numberType, "redo of the largest transaction"},
		{"largest_scn", numberType, "SCN of that"},
	}
	return New("V$REDO_RATE", "what was committed in each second of the last ten minutes", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		for _, r := range t.Rates() {
			rows = append(rows, gsql.Row{r.Time.UTC(), uint64(r.SCN), r.Transactions, r.Read, r.Changes, r.Bytes, r.Largest, number(r.LargestSCN)})
		}
		return rows, nil
	})
}

// writtenColumns are what views of the tap have in common.
func writtenColumns(first ...Column) []Column {
	return append(first,
		Column{"changes", numberType, "rows inserted, changed and deleted in the last ten minutes; at most error_max too many"},
		Column{"error_max", numberType, "by how much changes may be too high: only so many are counted at a time"},
		Column{"transactions", numberType, "commits that did so"},
		Column{"inserts", numberType, "rows inserted"},
		Column{"updates", numberType, "rows changed"},
		Column{"deletes", numberType, "rows deleted"},
		Column{"redo_bytes", numberType, "bytes of redo; of a transaction on several rows, its share"},
	)
}

func (w *Written) row(first ...any) gsql.Row {
	return append(gsql.Row(first), w.Changes, w.Excess, w.Transactions, w.Inserts, w.Updates, w.Deletes, w.Bytes)
}

// HotTables is V$HOT_TABLE: tables with most changes.
func HotTables(a *Activity, t Tap) *View {
	columns := writtenColumns(Column{"object_id", numberType, "id of the table"}, Column{"object", textType, "its name, as it is called now; NULL if it was dropped"})
	return New("V$HOT_TABLE", "tables with most changes in the last ten minutes, from the log", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		names := &objectNames{engine: a.Engine}
		for _, w := range t.Tables() {
			rows = append(rows, w.row(uint64(w.Table), names.of(uint64(w.Table))))
		}
		return rows, nil
	})
}

// HotKeys is V$HOT_KEY: rows with most changes.
func HotKeys(a *Activity, t Tap) *View {
	columns := writtenColumns(
		Column{"object_id", numberType, "id of the table"}, Column{"object", textType, "its name, as it is called now"},
		Column{"row_key", textType, "key of the row, in hexadecimal, as V$LOCK.LOCK_KEY has it; cut at 64 bytes"},
	)
	return New("V$HOT_KEY", "rows with most changes in the last ten minutes, from the log", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		names := &objectNames{engine: a.Engine}
		for _, w := range t.Keys() {
			rows = append(rows, w.row(uint64(w.Table), names.of(uint64(w.Table)), hex.EncodeToString(w.Key)))
		}
		return rows, nil
	})
}

// TopWriters is V$TOP_WRITER: who changes most.
func TopWriters(t Tap) *View {
	columns := writtenColumns(Column{"user_name", textType, "user of the database"}, Column{"program", textType, "what the client says it is"})
	return New("V$TOP_WRITER", "users and programs with most changes in the last ten minutes, from the log", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		for _, w := range t.Writers() {
			rows = append(rows, w.row(orNull(w.User), orNull(w.Program)))
		}
		return rows, nil
	})
}
