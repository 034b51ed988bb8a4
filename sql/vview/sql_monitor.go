package vview

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/scn"
	"redoubt/sql/sqlstat"
)

// SQLMonitor is V$SQL_MONITOR: statements that run now, and how far they are.
func SQLMonitor(a *Activity, statistics *sqlstat.Store) *View {
	columns := []Column{
		{"sid", numberType, "number of the connection, for KILL QUERY"},
		{"username", textType, "user of the database"},
		{"sql_id", textType, "digest of the statement"},
		{"sql_text", textType, "its text with literals left out; NULL if it was never seen to end"},
		{"command", textType, "its kind"},
		{"sql_exec_id", numberType, "number of the statement in its session"},
		{"sql_exec_start", timeType, "when it began, UTC"},
		{"elapsed_us", numberType, "microseconds since"},
		{"state", textType, "ON CPU or WAITING"},
		{"event", textType, "what it waits for"},
		{"rows_read", numberType, "rows that it has read from tables so far, in steps of 128"},
		{"rows_sent", numberType, "rows that it has sent to its client so far"},
		{"current_object", textType, "table or index that it touched last"},
		{"object_rows", numberType, "rows that that table has now"},
		{"scanned_ratio", types.Float64, "rows_read by object_rows: of a statement that reads one table whole, how far it is; others may read more rows than there are, or fewer"},
	}
	return New("V$SQL_MONITOR", "statements that run now, and how far they are", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		names, now := &objectNames{engine: a.Engine}, time.Now().UnixMicro()
		dictionary := a.Engine.Catalog()
		all := a.Slots.All()
		for i := range all {
			l := &all[i]
			if !l.Active || l.Who.Background {
				continue
			}
			var text, size, ratio any
			if s, ok := statistics.Get(l.SQL); ok {
				text = s.Text
			}
			if t, ok := dictionary.TableByID(scn.Space(l.Object)); ok {
				if n := a.Engine.TableRows(t.ID); n > 0 {
					size, ratio = n, float64(l.Rows)/float64(n)
				}
			}
			event, _ := eventOrNull(l.Shown())
			rows = append(rows, gsql.Row{
				uint64(l.Who.Session), orNull(l.Who.User), sqlID(l.SQL), text, orNull(l.Kind), l.Call, instant(l.Began), uint64(max(now-l.Began, 0)),
				l.State(), event, l.Rows, l.Sent, names.of(l.Object), size, ratio,
			})
		}
		return rows, nil
	})
}
