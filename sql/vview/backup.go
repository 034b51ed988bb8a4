package vview

import (
	"context"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
)

// BackupProgress is how far a backup has come that is being made.
type BackupProgress struct {
	Kind, Repository, Tag string
	SCN                   scn.SCN // 0: not known yet
	Step                  string
	Done, Of              int64 // bytes of the step
	Files, FilesOf        int   // so
	Sent                  int64 // bytes, since it began
	Limit                 int64 // bytes in a second; 0: none
	Started, StepFrom     time.Time
}

// BackupsUnderway is V$BACKUP_PROGRESS.
func BackupsUnderway(list func() []BackupProgress) *View {
	columns := []Column{
		{"kind", textType, "full, incremental, differential or archivelog"},
		{"repository", textType, "address of the repository"},
		{"tag", textType, "name that was given to it"},
		{"scn", numberType, "SCN that the backup will hold"},
		{"step", textType, "what it does now"},
		{"bytes_done", numberType, "bytes of this step that are done"},
		{"bytes_total", numberType, "bytes of this step"},
		{"files_done", numberType, "files of this step that are done"},
		{"files_total", numberType, "files of this step"},
		{"bytes_sent", numberType, "bytes that went to the repository; what it had already is not sent"},
		{"limit_bytes_per_second", numberType, "limit of what is sent; NULL: none"},
		{"started", timeType, "when the backup began, UTC"},
		{"step_started", timeType, "when the step began, UTC"},
	}
	return New("V$BACKUP_PROGRESS", "how far the backup has come that is being made", columns, func(*gsql.Context) (rows []gsql.Row, err error) {
		for _, p := range list() {
			rows = append(rows, gsql.Row{
				p.Kind, p.Repository, orNull(p.Tag), positive(uint64(p.SCN)), p.Step, uint64(p.Done), uint64(p.Of), uint64(p.Files), uint64(p.FilesOf), uint64(p.Sent),
				positive(uint64(p.Limit)), p.Started.UTC(), p.StepFrom.UTC(),
			})
		}
		return rows, nil
	})
}

// ChangeTracking is what the next incremental backup to a repository would be made of.
type ChangeTracking struct {
	Repository string
	Base       string  // the backup that it would be relative to; empty: there is none
	BaseSCN    scn.SCN // of that
	SCN        scn.SCN // now
	LogBytes   int64   // about, of the log since then
	LogLacking int64   // of the log, that the repository lacks
	Files      int     // of the state, that the repository lacks
	FileBytes  int64   // of those, and of what is not in files yet
}

// Way is what the backup would be made of.
func (c *ChangeTracking) Way() string {
	switch {
	case c.Base == "":
		return "full"
	case c.LogBytes <= c.FileBytes:
		return "log"
	}
	return "files"
}

// ChangesTracked is V$BLOCK_CHANGE_TRACKING.
func ChangesTracked(list func(context.Context) ([]ChangeTracking, error)) *View {
	columns := []Column{
		{"repository", textType, "address of the repository"},
		{"since_backup", textType, "backup that the next incremental one would be based on; NULL if there is none"},
		{"since_scn", numberType, "SCN of that backup"},
		{"current_scn", numberType, "SCN of the newest commit that this node has applied"},
		{"log_bytes", numberType, "bytes of log since then"},
		{"log_bytes_lacking", numberType, "those that the repository does not have"},
		{"files_lacking", numberType, "files of the state that the repository does not have"},
		{"file_bytes_lacking", numberType, "bytes of these"},
		{"next_incremental", textType, "of what the next incremental backup would be made: log or files"},
	}
	return New("V$BLOCK_CHANGE_TRACKING", "what the next incremental backup would be made of", columns, func(ctx *gsql.Context) ([]gsql.Row, error) {
		changes, err := list(ctx)
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, c := range changes {
			row := gsql.Row{c.Repository, nil, nil, uint64(c.SCN), nil, nil, nil, nil, c.Way()}
			if c.Base != "" {
				row = gsql.Row{
					c.Repository, c.Base, uint64(c.BaseSCN), uint64(c.SCN), uint64(c.LogBytes), uint64(c.LogLacking), uint64(c.Files), uint64(c.FileBytes), c.Way(),
				}
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}

// ArchivedPiece is a piece of the archived log.
type ArchivedPiece struct {
	Name, Destination       string
	Incarnation             scn.Incarnation
	First, Last             scn.SCN
	FirstMicros, LastMicros int64 // commit times; 0: of another history than this node's
	Bytes                   int64
	Sealed                  bool
}

// ArchivedLog is V$ARCHIVED_LOG: the pieces of the log in the repositories that it goes to.
func ArchivedLog(list func(context.Context) ([]ArchivedPiece, error)) *View {
	columns := []Column{
		{"destination", textType, "repository, as the setting archive names it"},
		{"name", textType, "object in the repository"},
		{"incarnation", numberType, "number of the incarnation of the database"},
		{"first_scn", numberType, "first SCN in it"},
		{"last_scn", numberType, "last SCN in it"},
		{"first_time", timeType, "time of its first commit, UTC"},
		{"last_time", timeType, "time of its last commit, UTC"},
		{"bytes", numberType, "bytes it takes"},
		{"kind", textType, "log that follows all the time, or of a backup"},
	}
	return New("V$ARCHIVED_LOG", "pieces of the log in the repositories that it goes to", columns, func(ctx *gsql.Context) ([]gsql.Row, error) {
		pieces, err := list(ctx)
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, p := range pieces {
			kind := "TAIL"
			if p.Sealed {
				kind = "SEALED"
			}
			rows = append(rows, gsql.Row{
				p.Destination, p.Name, uint64(p.Incarnation), uint64(p.First), uint64(p.Last), instant(p.FirstMicros), instant(p.LastMicros), uint64(p.Bytes), kind,
			})
		}
		return rows, nil
	})
}
