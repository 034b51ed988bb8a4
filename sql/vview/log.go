package vview

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
)

// LogFile is a file of this node's log.
type LogFile struct {
	Name                    string
	Kind                    LogKind
	First, Last             scn.SCN // 0: it holds no transaction
	FirstMicros, LastMicros int64   // commit times
	Transactions            uint64
	Bytes                   int64
	RedoBytes               int64 // before compression; 0: it is not known
}

// LogKind tells what a file of the log is.
type LogKind string

// Kinds of files.
const (
	LogSegment   LogKind = "segment"   // sealed
	LogLive      LogKind = "log"       // written to
	LogDiscarded LogKind = "discarded" // what this node had written and the cluster never committed
)

// Log is V$LOG: the files of this node's log, sealed ones first.
func Log(list func() ([]LogFile, error)) *View {
	columns := []Column{
		{"file", textType, "name of the file"},
		{"kind", textType, "segment (sealed), log (live), or discarded: written here, and never committed"},
		{"first_scn", numberType, "first SCN in it"},
		{"last_scn", numberType, "last SCN in it"},
		{"first_time", timeType, "time of its first commit, UTC"},
		{"last_time", timeType, "time of its last commit, UTC"},
		{"transactions", numberType, "commits in it"},
		{"bytes", numberType, "bytes it takes"},
		{"redo_bytes", numberType, "bytes of redo in it, not compressed"},
	}
	return New("V$LOG", "files of this node's log", columns, func(*gsql.Context) ([]gsql.Row, error) {
		files, err := list()
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, f := range files {
			row := gsql.Row{f.Name, string(f.Kind), nil, nil, instant(f.FirstMicros), instant(f.LastMicros), f.Transactions, uint64(f.Bytes), nil}
			if f.First > 0 {
				row[2], row[3] = uint64(f.First), uint64(f.Last)
			}
			if f.RedoBytes > 0 {
				row[8] = uint64(f.RedoBytes)
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}
