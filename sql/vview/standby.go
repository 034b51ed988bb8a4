package vview

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// Standby is a node that only follows, as the one that leads sees it.
type Standby struct {
	ID         string
	Protection string // async, semi-sync or sync
	Status     string // ASYNC, SYNCHRONIZED or DEGRADED
	Index, Lag uint64 // log entries that it has, and lacks
	Answered   time.Time
}

// Standbys is V$STANDBY: the standbys and how they protect commits. It has rows on the node that leads.
func Standbys(list func() []Standby) *View {
	columns := []Column{
		{"node", textType, "name of the standby"},
		{"protection", textType, "what commits wait for: async, semi-sync or sync"},
		{"status", textType, "ASYNC: nothing waits; SYNCHRONIZED: commits wait for it; DEGRADED: it must catch up first"},
		{"log_index", numberType, "log entry up to which it has the log on disk"},
		{"lag_entries", numberType, "log entries that it lacks"},
		{"answered", timeType, "when it last said where it is, UTC"},
	}
	return New("V$STANDBY", "standbys and how they protect commits; on the node that leads", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		for _, s := range list() {
			var answered any
			if !s.Answered.IsZero() {
				answered = s.Answered.UTC()
			}
			rows = append(rows, gsql.Row{s.ID, s.Protection, s.Status, s.Index, s.Lag, answered})
		}
		return rows, nil
	})
}
