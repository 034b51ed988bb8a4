package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
)

// Snapshot is the whole database as of an SCN, kept by hard links.
type Snapshot struct {
	Name          string
	SCN           scn.SCN
	TimeMicros    int64 // of the commit
	Description   string
	StateHash     string
	CreatedMicros int64
	Shared        int64 // bytes of files that something else has, too
	Unique        int64
	Clones        []string // made from it
}

// DatabaseClone is a data directory made from the database as of an SCN, by hard links.
type DatabaseClone struct {
	Name          string
	Snapshot      string // that it was made from; empty: from an SCN
	SCN           scn.SCN
	TimeMicros    int64
	Purpose       string
	StateHash     string // that it began with
	CreatedMicros int64
	ExpiresMicros int64 // 0: never
	Shared        int64
	Unique        int64
	Open          bool // a node runs on it
	Dir           string
}

// Snapshots is V$SNAPSHOT.
func Snapshots(list func() ([]Snapshot, error)) *View {
	columns := []Column{
		{"name", textType, "its name"},
		{"scn", numberType, "SCN that it stands for"},
		{"time", timeType, "time of that SCN's commit, UTC"},
		{"description", textType, "what was said about it"},
		{"state_hash", textType, "hash of all rows: two copies of the database with the same one hold the same"},
		{"created", timeType, "when it was made, UTC"},
		{"bytes_shared", numberType, "bytes of files that it shares with the database or with others"},
		{"bytes_unique", numberType, "bytes of files that it alone has"},
		{"clones", numberType, "clones that were made of it"},
	}
	return New("V$SNAPSHOT", "the whole database as of SCNs, kept by hard links", columns, func(*gsql.Context) ([]gsql.Row, error) {
		snapshots, err := list()
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for i := range snapshots {
			s := &snapshots[i]
			rows = append(rows, gsql.Row{
				s.Name, uint64(s.SCN), instant(s.TimeMicros), orNull(s.Description), s.StateHash, instant(s.CreatedMicros), uint64(s.Shared), uint64(s.Unique), uint64(len(s.Clones)),
			})
		}
		return rows, nil
	})
}

// DatabaseClones is V$CLONE.
func DatabaseClones(list func() ([]DatabaseClone, error)) *View {
	columns := []Column{
		{"name", textType, "its name"},
		{"snapshot", textType, "snapshot that it was made of; NULL if there is none"},
		{"scn", numberType, "SCN at which it left this database"},
		{"time", timeType, "time of that SCN's commit, UTC"},
		{"purpose", textType, "what it was made for"},
		{"created", timeType, "when it was made, UTC"},
		{"expires", timeType, "when it goes by itself, UTC; NULL: never"},
		{"bytes_shared", numberType, "bytes of files that it shares with the database or with others"},
		{"bytes_unique", numberType, "bytes of files that it alone has"},
		{"open", boolType, "1 if a node runs on it"},
		{"data", textType, "its directory"},
	}
	return New("V$CLONE", "databases made from this one by hard links", columns, func(*gsql.Context) ([]gsql.Row, error) {
		clones, err := list()
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for i := range clones {
			c := &clones[i]
			rows = append(rows, gsql.Row{
				c.Name, orNull(c.Snapshot), uint64(c.SCN), instant(c.TimeMicros), orNull(c.Purpose), instant(c.CreatedMicros), instant(c.ExpiresMicros),
				uint64(c.Shared), uint64(c.Unique), yesNo(c.Open), c.Dir,
			})
		}
		return rows, nil
	})
}
