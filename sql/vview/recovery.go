package vview

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// RecoveryProgress is how far a RECOVER statement has come.
type RecoveryProgress struct {
	Object, As, Repository, Target string
	Step                           string
	Done, Of                       uint64 // SCNs, pieces, bytes or rows, as the step has them
	Started                        time.Time
}

// RecoveriesUnderway is V$RECOVERY_PROGRESS.
func RecoveriesUnderway(list func() []RecoveryProgress) *View {
	columns := []Column{
		{"object", textType, "table or schema of the past"},
		{"recovered_as", textType, "its name in this server"},
		{"repository", textType, "where it comes from"},
		{"target", textType, "the point"},
		{"step", textType, "what is being done"},
		{"done", numberType, "how much of the step, in SCNs, pieces, bytes or rows"},
		{"total", numberType, "how much there is of it"},
		{"started", timeType, "when the statement began, UTC"},
	}
	return New("V$RECOVERY_PROGRESS", "how far the RECOVER statement has come that is running", columns, func(*gsql.Context) (rows []gsql.Row, err error) {
		for _, p := range list() {
			rows = append(rows, gsql.Row{p.Object, p.As, p.Repository, p.Target, p.Step, p.Done, p.Of, p.Started.UTC()})
		}
		return rows, nil
	})
}
