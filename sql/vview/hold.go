package vview

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// RedoSince gives the bytes of sealed redo after an SCN. It may be nil: then they are not known.
type RedoSince func(after scn.SCN) uint64

func (f RedoSince) bytes(after scn.SCN) any {
	if f == nil {
		return nil
	}
	return f(after)
}

// Holds is V$HOLD: what keeps history, and the log, from being dropped, the lowest first. log gives what keeps the log and
// may be nil.
func Holds(e *engine.Engine, log func() []engine.Hold) *View {
	columns := []Column{
		{"kind", textType, "what holds: guarantee, recycle bin, transaction, checkpoint, sealing …"},
		{"name", textType, "its name, if it has one"},
		{"scn", numberType, "nothing after this SCN is dropped"},
		{"time", timeType, "time of that SCN's commit, UTC"},
		{"object", textType, "database, schema or table that it is about; NULL is the whole database"},
		{"owner", textType, "who made it"},
		{"since", timeType, "since when it holds, UTC"},
		{"pins", textType, "what it keeps: history, log, or sealed log"},
		{"this_node_only", boolType, "1 if other nodes do not hold it"},
		{"bytes", numberType, "what would be free without it, if that is known"},
	}
	return New("V$HOLD", "what keeps history and the log", columns, func(*gsql.Context) ([]gsql.Row, error) {
		holds, err := e.Holds()
		if err != nil {
			return nil, err
		}
		if log != nil {
			holds = append(holds, log()...)
		}
		var rows []gsql.Row
		for _, h := range holds {
			micros, err := e.SCNToTime(h.SCN)
			if err != nil {
				return nil, err
			}
			rows = append(rows, gsql.Row{
				h.Kind, orNull(h.Name), uint64(h.SCN), instant(micros), objectOf(e.Catalog(), h.Table), orNull(h.Owner),
				instant(h.SinceMicros), h.Pins, yesNo(h.Local), positive(h.Bytes),
			})
		}
		return rows, nil
	})
}

// objectOf names a table or a schema; NULL for none, and for one that is no more.
func objectOf(dictionary *catalog.Snapshot, space scn.Space) any {
	if s, ok := dictionary.SchemaByID(space); ok {
		return s.Name
	}
	t, ok := dictionary.TableByID(space)
	if !ok {
		return nil
	}
	if s, ok := dictionary.SchemaByID(t.Schema); ok {
		return s.Name + "." + t.Name
	}
	return t.Name
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func positive(n uint64) any {
	if n == 0 {
		return nil
	}
	return n
}

func instant(micros int64) any {
	if micros == 0 {
		return nil
	}
	return time.UnixMicro(micros).UTC()
}

// FlashbackLog is V$FLASHBACK_DATABASE_LOG: how far back one can go, and why. The first row is of the database, the others are
// of what differs from it.
func FlashbackLog(e *engine.Engine, since RedoSince) *View {
	columns := []Column{
		{"object", textType, "database, schema or table that it is about; NULL is the whole database"},
		{"oldest_flashback_scn", numberType, "SCN up to which one can go back"},
		{"oldest_flashback_time", timeType, "time of that, UTC"},
		{"kept_by", textType, "why history before was dropped"},
		{"retention_target", textType, "what SET FLASHBACK RETENTION says"},
		{"redo_bytes", numberType, "bytes of sealed log since then"},
		{"state_bytes", numberType, "bytes that it takes in the state, all versions included"},
	}
	return New("V$FLASHBACK_DATABASE_LOG", "how far back one can go, and why", columns, func(*gsql.Context) ([]gsql.Row, error) {
		t := e.Begin(txn.Options{ReadOnly: true})
		defer t.Rollback()
		said, err := t.Retentions()
		if err != nil {
			return nil, err
		}
		targets := map[scn.Space]catalog.Retention{0: e.DefaultRetention()}
		for _, r := range said {
			targets[r.Space] = r
		}
		bytes := e.StoreMetrics().DiskSpaceUsage()
		rows := []gsql.Row{oldest(nil, e.Floor(0), targets[0], since, bytes)}
		for _, table := range t.Catalog().AllTables() {
			target, own := targets[table.ID]
			if !own {
				if target, own = targets[table.Schema]; !own {
					target = targets[0]
				}
			}
			if f := e.Floor(table.ID); own || f.Table == table.ID {
				if bytes, err = e.SpaceBytes(table.ID); err != nil {
					return nil, err
				}
				rows = append(rows, oldest(objectOf(t.Catalog(), table.ID), f, target, since, bytes))
			}
		}
		return rows, nil
	})
}

// oldest is a row of V$FLASHBACK_DATABASE_LOG. The redo is that of all tables.
func oldest(object any, f catalog.Floor, target catalog.Retention, since RedoSince, bytes uint64) gsql.Row {
	by := "nothing was dropped yet"
	if f.SCN > 0 {
		by = f.By
	}
	return gsql.Row{object, uint64(f.SCN), instant(f.TimeMicros), by, target.String(), since.bytes(f.SCN), bytes}
}
