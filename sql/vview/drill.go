package vview

import (
	"context"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
)

// Drill is a loss of the database that was rehearsed.
type Drill struct {
	Repository, ID, Node string
	Started, Finished    time.Time
	Backup               string // that it began from; empty: the first commit
	Incarnation          scn.Incarnation
	SCN                  scn.SCN
	Time                 time.Time // of its commit; zero: nothing was reached
	Newest               scn.SCN   // of the live database when it began
	LostSCNs             uint64
	Lost, Took           time.Duration
	StateHash, LiveHash  string
	Problem              string // empty: it succeeded
}

// Drills is V$DRILL.
func Drills(list func(context.Context) ([]Drill, error)) *View {
	columns := []Column{
		{"repository", textType, "address of the repository"},
		{"drill", textType, "name of the drill"},
		{"node", textType, "node that made it"},
		{"started", timeType, "when it began, UTC"},
		{"finished", timeType, "when it ended, UTC"},
		{"status", textType, "OK or FAILED"},
		{"problem", textType, "why it failed"},
		{"from_backup", textType, "backup that the recovery began from; NULL: the log alone"},
		{"incarnation", numberType, "incarnation that it reached"},
		{"scn", numberType, "SCN that it reached"},
		{"time", timeType, "time of that SCN's commit, UTC"},
		{"newest_scn", numberType, "newest commit of the live database when the drill began"},
		{"rpo_scn", numberType, "commits that a loss would have cost then"},
		{"rpo_milliseconds", numberType, "age that the oldest of them had"},
		{"rto_milliseconds", numberType, "time that the recovery took"},
		{"state_hash", textType, "hash of all rows that were recovered"},
		{"live_hash", textType, "that of the live database as of the same SCN"},
	}
	return New("V$DRILL", "recoveries that were rehearsed: what a loss of the database would have cost", columns, func(ctx *gsql.Context) (rows []gsql.Row, err error) {
		all, err := list(ctx)
		for i := range all {
			d := &all[i]
			row := gsql.Row{
				d.Repository, d.ID, orNull(d.Node), timeOrNull(d.Started), timeOrNull(d.Finished), "OK", nil, nil, nil, nil, nil, uint64(d.Newest), nil, nil, nil,
				orNull(d.StateHash), orNull(d.LiveHash),
			}
			if d.Problem != "" {
				row[5], row[6] = "FAILED", d.Problem
			}
			if !d.Time.IsZero() {
				row[7], row[8], row[9], row[10] = orNull(d.Backup), uint64(d.Incarnation), uint64(d.SCN), d.Time.UTC()
				row[12], row[13], row[14] = d.LostSCNs, uint64(d.Lost.Milliseconds()), uint64(d.Took.Milliseconds())
			}
			rows = append(rows, row)
		}
		return rows, err
	})
}
