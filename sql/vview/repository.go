package vview

import (
	"context"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
)

// RepositoryBackup is a backup in a repository.
type RepositoryBackup struct {
	Repository, ID, Kind, Base string
	Incarnation                scn.Incarnation
	SCN                        scn.SCN
	Time                       time.Time // of the commit; zero if it is not known, as the others
	State, Problem, Keep, Tag  string
	Files                      int
	Bytes                      int64
	StateHash                  string
	Started, Finished          time.Time
	Node                       string
}

// Reach is SCNs of an incarnation that a recovery reaches alike, or not at all.
type Reach struct {
	Repository  string
	Incarnation scn.Incarnation
	SCNs        scn.Range
	Reachable   bool
	Backup      string // that it begins from; empty: the first commit
	From        scn.SCN
	Bytes       int64         // of state and log, for the last of them
	Predicted   time.Duration // so
	By          string        // how that is predicted
	Promised    string        // by which rule of the policy; empty: by none
	Gap         string
}

// Backups is V$BACKUP: the backups in the repositories that the log goes to.
func Backups(list func(context.Context) ([]RepositoryBackup, error)) *View {
	columns := []Column{
		{"repository", textType, "address of the repository"},
		{"backup_id", textType, "name of the backup"},
		{"kind", textType, "full, incremental or differential"},
		{"base", textType, "backup that it is based on; NULL for none"},
		{"incarnation", numberType, "number of the incarnation of the database"},
		{"scn", numberType, "SCN that it holds"},
		{"time", timeType, "time of that SCN's commit, UTC"},
		{"state", textType, "whether it can be used"},
		{"problem", textType, "why not"},
		{"keep", textType, "how long it is kept beyond the policy; NULL: as the policy says"},
		{"tag", textType, "name that was given to it"},
		{"files", numberType, "files that it consists of"},
		{"bytes", numberType, "bytes it takes"},
		{"state_hash", textType, "hash of all rows: two copies of the database with the same one hold the same"},
		{"started", timeType, "when it began, UTC"},
		{"finished", timeType, "when it ended, UTC; NULL if it has not"},
		{"node", textType, "node that made it; NULL: none did, it was made in the repository, or that is not known"},
	}
	return New("V$BACKUP", "backups in the repositories that the log goes to", columns, func(ctx *gsql.Context) ([]gsql.Row, error) {
		backups, err := list(ctx)
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for i := range backups {
			b := &backups[i]
			rows = append(rows, gsql.Row{
				b.Repository, b.ID, textOrNull(b.Kind), textOrNull(b.Base), uint64(b.Incarnation), uint64(b.SCN), timeOrNull(b.Time), b.State, textOrNull(b.Problem),
				textOrNull(b.Keep), textOrNull(b.Tag), uint64(b.Files), uint64(b.Bytes), textOrNull(b.StateHash), timeOrNull(b.Started), timeOrNull(b.Finished), textOrNull(b.Node),
			})
		}
		return rows, nil
	})
}

// Recoverability is V$RECOVERABILITY: which SCNs can be reached from the repositories, by what way, and how long that would take.
func Recoverability(list func(context.Context) ([]Reach, error)) *View {
	columns := []Column{
		{"repository", textType, "address of the repository"},
		{"incarnation", numberType, "number of the incarnation of the database"},
		{"first_scn", numberType, "first SCN of the stretch"},
		{"last_scn", numberType, "last SCN of the stretch"},
		{"reachable", textType, "whether a recovery reaches all of it"},
		{"from_backup", textType, "backup that a recovery would begin from; NULL: the log alone"},
		{"from_scn", numberType, "SCN of that backup"},
		{"bytes", numberType, "bytes that a recovery would read"},
		{"predicted_milliseconds", numberType, "how long it would take"},
		{"predicted_by", textType, "from what that was concluded"},
		{"promised", textType, "whether the retention policy promises it"},
		{"gap", textType, "what is missing, if it cannot be reached"},
	}
	return New("V$RECOVERABILITY", "SCNs that can be recovered, by what way, and how long it would take", columns, func(ctx *gsql.Context) ([]gsql.Row, error) {
		reaches, err := list(ctx)
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for i := range reaches {
			r := &reaches[i]
			row := gsql.Row{
				r.Repository, uint64(r.Incarnation), uint64(r.SCNs.After + 1), uint64(r.SCNs.To), "NO", nil, nil, nil, nil, nil, textOrNull(r.Promised), textOrNull(r.Gap),
			}
			if r.Reachable {
				row[4], row[5], row[6], row[7] = "YES", textOrNull(r.Backup), uint64(r.From), uint64(r.Bytes)
				row[8], row[9] = uint64(r.Predicted.Milliseconds()), r.By
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}
