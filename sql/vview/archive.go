package vview

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
)

// Archive is how far a repository follows the log.
type Archive struct {
	Destination       string
	Status            string // OK, STARTING, LATE, FAILED, or FOLLOWER: another node archives
	Archived, Applied scn.SCN
	Gap               time.Duration // since the oldest commit that is not archived
	Moved             time.Time     // when Archived last moved
	Pieces, Bytes     uint64        // sent since the start
	Error             error
}

// Archives is V$ARCHIVE: the repositories that the log goes to.
func Archives(list func() ([]Archive, error)) *View {
	columns := []Column{
		{"destination", textType, "repository, as the setting archive names it"},
		{"status", textType, "OK, STARTING, LATE or FAILED"},
		{"archived_scn", numberType, "SCN up to which the repository has the log"},
		{"current_scn", numberType, "SCN of the newest commit that this node has applied"},
		{"gap_scn", numberType, "commits that the repository does not have yet"},
		{"gap_milliseconds", numberType, "age of the oldest of them"},
		{"moved", timeType, "when archived_scn moved last, UTC"},
		{"pieces", numberType, "pieces of the log that were sent since the start"},
		{"bytes", numberType, "bytes that were sent since the start"},
		{"error", textType, "what went wrong last; NULL if nothing did"},
	}
	return New("V$ARCHIVE", "repositories that the log goes to", columns, func(*gsql.Context) ([]gsql.Row, error) {
		archives, err := list()
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, a := range archives {
			row := gsql.Row{
				a.Destination, a.Status, uint64(a.Archived), uint64(a.Applied), uint64(a.Applied - min(a.Archived, a.Applied)), uint64(a.Gap.Milliseconds()),
				a.Moved.UTC(), a.Pieces, a.Bytes, nil,
			}
			if a.Error != nil {
				row[9] = a.Error.Error()
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}
