package vview

import (
	"context"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
)

// Verification is what a verification of a repository found: one damaged object, or that there was none.
type Verification struct {
	Repository, ID, Level string
	Started, Finished     time.Time
	Objects, Read         int
	ReadBytes             int64
	Restored              int
	Damaged               bool
	Object, Damage        string // if Damaged
	Block, Offset         int64  // -1: all of it
	First, Last           scn.SCN
	Backups, Detail       string
}

// Verifications is V$BACKUP_VERIFICATION.
func Verifications(list func(context.Context) ([]Verification, error)) *View {
	columns := []Column{
		{"repository", textType, "address of the repository"},
		{"verification", textType, "name of the verification"},
		{"level", textType, "quick, standard, full or restore"},
		{"started", timeType, "when it began, UTC"},
		{"finished", timeType, "when it ended, UTC; NULL if it has not"},
		{"objects", numberType, "objects that were looked at"},
		{"objects_read", numberType, "those that were read whole"},
		{"bytes_read", numberType, "bytes that were read"},
		{"recoveries", numberType, "recoveries that were tried"},
		{"status", textType, "what came out; of an object, whether it is damaged"},
		{"object", textType, "object that is damaged; NULL in the row of the verification itself"},
		{"damage", textType, "kind of damage"},
		{"block", numberType, "block of the object"},
		{"offset", numberType, "place in it"},
		{"first_scn", numberType, "first SCN that the damage concerns"},
		{"last_scn", numberType, "last SCN that the damage concerns"},
		{"backups", textType, "backups that need the object"},
		{"detail", textType, "what was found"},
	}
	return New("V$BACKUP_VERIFICATION", "what verifications of repositories found", columns, func(ctx *gsql.Context) ([]gsql.Row, error) {
		all, err := list(ctx)
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, v := range all {
			row := gsql.Row{
				v.Repository, v.ID, orNull(v.Level), v.Started.UTC(), v.Finished.UTC(), uint64(v.Objects), uint64(v.Read), uint64(v.ReadBytes), uint64(v.Restored),
				"OK", nil, nil, nil, nil, nil, nil, nil, nil,
			}
			if v.Damaged {
				row[9], row[10], row[11], row[12], row[13] = "DAMAGED", v.Object, v.Damage, place(v.Block), place(v.Offset)
				row[14], row[15], row[16], row[17] = positive(uint64(v.First)), positive(uint64(v.Last)), orNull(v.Backups), orNull(v.Detail)
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}

// place is a block or an offset.
func place(at int64) any {
	if at < 0 {
		return nil
	}
	return uint64(at)
}

// VerificationStatus is how the verifications of a repository stand.
type VerificationStatus struct {
	Repository        string
	Level             string        // that the schedule wants
	Every             time.Duration // 0: there is no schedule
	Next              time.Time     // zero: at once, or there is no schedule
	Status            string        // OK, DAMAGED, FAILED, OVERDUE, or NONE: there was none yet
	Problem           string
	Running           bool
	Damaged           int    // objects
	ID, LastLevel     string // of the newest, whoever made it; empty: there is none
	Started, Finished time.Time
	Age               time.Duration // since it started or, without one, since the node did
}

// VerificationSchedule is V$VERIFICATION_SCHEDULE.
func VerificationSchedule(list func(context.Context) ([]VerificationStatus, error)) *View {
	columns := []Column{
		{"repository", textType, "repository of the archive"},
		{"level", textType, "level that the schedule wants"},
		{"every_seconds", numberType, "time between two; NULL: there is no schedule"},
		{"status", textType, "OK, DAMAGED, FAILED, OVERDUE, or NONE: there was none yet"},
		{"problem", textType, "what is wrong, with object and block"},
		{"running", boolType, "whether one is running on this node"},
		{"last_verification", textType, "id of the newest, whoever made it"},
		{"last_level", textType, "its level"},
		{"last_started", timeType, "when it began, UTC"},
		{"last_finished", timeType, "when it ended, UTC"},
		{"age_seconds", numberType, "since it began"},
		{"next", timeType, "when the next one is due, UTC; NULL: at once, or never"},
	}
	return New("V$VERIFICATION_SCHEDULE", "when repositories were last verified, and will be, and what is wrong", columns, func(ctx *gsql.Context) (rows []gsql.Row, err error) {
		all, err := list(ctx)
		for _, s := range all {
			row := gsql.Row{
				s.Repository, s.Level, positive(uint64(s.Every.Seconds())), s.Status, orNull(s.Problem), yesNo(s.Running), orNull(s.ID), orNull(s.LastLevel), nil, nil, nil, nil,
			}
			if s.ID != "" {
				row[8], row[9], row[10] = s.Started.UTC(), s.Finished.UTC(), uint64(max(s.Age, 0).Seconds())
			}
			if !s.Next.IsZero() {
				row[11] = s.Next.UTC()
			}
			rows = append(rows, row)
		}
		return rows, err
	})
}
