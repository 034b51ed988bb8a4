package engine

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"redoubt/engine/txn"
	"redoubt/scn"
)

// Kinds of Hold.
const (
	HoldRestorePoint = "restore point"
	HoldRecycleBin   = "recycle bin"
	HoldTransaction  = "transaction"
	HoldClone        = "clone"
	HoldIndex        = "index"
)

// Hold keeps history from being dropped: everything from an SCN on, of one table or of all.
type Hold struct {
	Kind, Name  string
	Table       scn.Space // 0: all
	SCN         scn.SCN
	Owner       string
	SinceMicros int64 // 0: not known
	Pins        string
	Bytes       uint64 // that it keeps; 0: not known
	Local       bool   // of this node only
}

// Holds lists what keeps history on this node, the lowest first.
func (e *Engine) Holds() ([]Hold, error) {
	t := e.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	logged, err := loggedHolds(t)
	if err != nil {
		return nil, err
	}
	holds := slices.Concat(logged, e.transactionHolds(t.XID()), e.sourceHolds())
	slices.SortStableFunc(holds, func(a, b Hold) int { return cmp.Or(cmp.Compare(a.SCN, b.SCN), cmp.Compare(a.Kind, b.Kind)) })
	return holds, nil
}

// loggedHolds are those that every node knows.
func loggedHolds(t *txn.Txn) (holds []Hold, err error) {
	points, err := t.RestorePoints()
	for _, p := range points {
		if p.Guarantee {
			holds = append(holds, Hold{
				Kind: HoldRestorePoint, Name: p.Name, SCN: p.SCN, Owner: p.CreatedBy, SinceMicros: p.CreatedMicros, Pins: "rows, catalog, log",
			})
		}
	}
	bin, binErr := t.Recycled()
	for _, r := range bin {
		h := Hold{Kind: HoldRecycleBin, Name: r.SchemaName, SCN: r.At - 1, Table: r.ID, Owner: r.User, Pins: "rows, catalog"}
		if !r.IsSchema {
			h.Name += "." + r.Name
		}
		holds = append(holds, h)
	}
	return holds, errors.Join(err, binErr)
}

// transactionHolds are the open transactions of this node but one.
func (e *Engine) transactionHolds(except uint64) (holds []Hold) {
	for _, p := range e.pins.List() {
		if p.XID == except && except != 0 {
			continue
		}
		h := Hold{Kind: HoldTransaction, SCN: p.At, Owner: p.User, SinceMicros: p.Since.UnixMicro(), Pins: "rows", Local: true}
		if p.XID != 0 {
			h.Name = scn.SCN(p.XID).String()
		}
		holds = append(holds, h)
	}
	return holds
}

// sourceHolds are what clones have not yet copied, and what unbuilt indexes still need to read.
func (e *Engine) sourceHolds() (holds []Hold) {
	dictionary := e.Catalog()
	for _, space := range dictionary.RewoundSpaces() {
		table, ok := dictionary.TableByID(space)
		if !ok {
			continue
		}
		for _, r := range waiting(dictionary, space) {
			if r.Source != space {
				holds = append(holds, Hold{Kind: HoldClone, Name: table.Name, Table: r.Source, SCN: r.To, SinceMicros: e.timeOf(r.At), Pins: "rows", Local: true})
			}
		}
	}
	e.sums.RLock()
	defer e.sums.RUnlock()
	for id, state := range e.indexes {
		if !state.Built {
			holds = append(holds, Hold{Kind: HoldIndex, Name: scn.SCN(id).String(), Table: state.Table, SCN: state.Born, Pins: "rows", Local: true})
		}
	}
	return holds
}

// timeOf is the commit time of an SCN, 0 if it is not known.
func (e *Engine) timeOf(at scn.SCN) int64 {
	micros, err := e.SCNToTime(at)
	if err != nil {
		return 0
	}
	return micros
}

// span is a retention's.
func span(micros uint64) time.Duration { return time.Duration(micros) * time.Microsecond }

// SpaceBytes is about how much the rows of a table, or the entries of an index, take on disk with their history.
func (e *Engine) SpaceBytes(space scn.Space) (uint64, error) { return e.store.SpaceBytes(space) }
