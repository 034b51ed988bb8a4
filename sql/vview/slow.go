package vview

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// SlowStatement is a statement that took long.
type SlowStatement struct {
	Number                          uint64 // since the start of the server
	Digest                          uint64
	Session                         uint32
	User, Schema, Kind              string
	Text, Plan, Error               string
	Started                         time.Time
	Took                            time.Duration
	RowsRead, RowsSent, RowsChanged uint64
	Short                           bool
}

// Slow is V$SQL_SLOW: the latest statements that took long, with the plans by which they ran.
func Slow(list func() []SlowStatement) *View {
	columns := []Column{
		{"number", numberType, "counts slow statements since the server started"},
		{"started", timeType, "when it began, UTC"},
		{"elapsed_us", numberType, "microseconds that it took"},
		{"sql_id", textType, "digest of the statement, as in V$SQL"},
		{"session_id", numberType, "number of the connection"},
		{"user", textType, "user of the database"},
		{"schema_name", textType, "database that was current"},
		{"kind", textType, "select, insert, update …"},
		{"rows_read", numberType, "rows that it read from tables"},
		{"rows_sent", numberType, "rows sent to the client"},
		{"rows_changed", numberType, "rows inserted, changed or deleted"},
		{"short_path", types.Boolean, "1 if it went past the SQL engine"},
		{"error", textType, "error that it ended with; NULL if it succeeded"},
		{"sql_fulltext", textType, "its text with its literals, cut at 16 KiB"},
		{"plan_text", textType, "plan by which it ran, as EXPLAIN shows it; NULL if it had none, or took the short path"},
	}
	return New("V$SQL_SLOW", "the latest statements that took longer than slow-statement-time, with their plans", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		for _, s := range list() {
			rows = append(rows, gsql.Row{
				s.Number, s.Started.UTC(), uint64(s.Took.Microseconds()), sqlID(s.Digest), uint64(s.Session), s.User, orNull(s.Schema), s.Kind,
				s.RowsRead, s.RowsSent, s.RowsChanged, yesNo(s.Short), orNull(s.Error), s.Text, orNull(s.Plan),
			})
		}
		return rows, nil
	})
}

// sqlID is how the digest of a statement is written, here and in views of the log.
func sqlID(digest uint64) any {
	if digest == 0 {
		return nil
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], digest)
	return hex.EncodeToString(b[:])
}
