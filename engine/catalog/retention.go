package catalog

import (
	"fmt"
	"time"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// RetentionKind is what a retention counts.
type RetentionKind string

// Kinds of retention.
const (
	RetainAge      RetentionKind = "age"
	RetainVersions RetentionKind = "versions"
	RetainAll      RetentionKind = "all"
)

// Retention is a row of the retention table: how much history is kept of the database, a schema or a table. What is now is
// always kept.
type Retention struct {
	Space  scn.Space // of a schema or a table; 0: the database
	Kind   RetentionKind
	Amount uint64 // microseconds, or versions of each row
}

// RetentionDefault is what holds for a database that nobody has set another for.
var RetentionDefault = Retention{Kind: RetainAge, Amount: uint64(7 * 24 * time.Hour / time.Microsecond)}

// String is the retention as SQL has it.
func (r Retention) String() string {
	switch r.Kind {
	case RetainAll:
		return "ALL"
	case RetainVersions:
		if r.Amount == 1 {
			return "1 VERSION"
		}
		return fmt.Sprintf("%d VERSIONS", r.Amount)
	}
	for _, u := range []struct {
		name string
		span time.Duration
	}{{"DAY", 24 * time.Hour}, {"HOUR", time.Hour}, {"MINUTE", time.Minute}, {"SECOND", time.Second}} {
		if micros := uint64(u.span / time.Microsecond); r.Amount >= micros && r.Amount%micros == 0 {
			return fmt.Sprintf("%d %s", r.Amount/micros, u.name)
		}
	}
	return fmt.Sprintf("%d MICROSECOND", r.Amount)
}

// RetentionRow gives the row of the retention table for r.
func RetentionRow(r Retention) redo.Row {
	return rowOf(redo.UintValue(uint64(r.Space)), text(string(r.Kind)), redo.UintValue(r.Amount))
}

// RetentionOf reads a row of the retention table.
func RetentionOf(row redo.Row) Retention {
	return Retention{scn.Space(field(row, 1).Uint()), RetentionKind(field(row, 2).Data()), field(row, 3).Uint()}
}

// Floor is a row of the floors table: the lowest SCN at which a table may still be read. It never goes down.
type Floor struct {
	Table      scn.Space // 0: all that have no row of their own
	SCN        scn.SCN
	TimeMicros int64  // commit time of SCN
	By         string // what keeps it from being higher: a retention, or a hold
}

// FloorRow gives the row of the floors table for f.
func FloorRow(f Floor) redo.Row {
	return rowOf(redo.UintValue(uint64(f.Table)), redo.UintValue(uint64(f.SCN)), redo.IntValue(f.TimeMicros), text(f.By))
}

// FloorOf reads a row of the floors table.
func FloorOf(row redo.Row) Floor {
	return Floor{scn.Space(field(row, 1).Uint()), scn.SCN(field(row, 2).Uint()), field(row, 3).Int(), string(field(row, 4).Data())}
}
