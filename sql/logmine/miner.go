package logmine

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"redoubt/engine"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/sql/redosql"
)

// Filter says what is looked for. Zero values ask for nothing.
type Filter struct {
	FromSCN, ToSCN   uint64    // both included
	FromTime, ToTime time.Time // of the commit, both included
	Schema, Table    string    // names as at the change; without Table, all of the schema
	Key              string    // of the row, as Event.Key has it, blanks aside
	XID              uint64
	User             string // without its host
	Operation        string // INSERT, UPDATE, DELETE or DDL, whatever its case

	Bare bool          // events need no images and no SQL
	Cost *redolog.Cost // if it is not nil, added to by the reading
}

// Miner reads a log.
type Miner struct {
	Engine *engine.Engine // the state that the log makes: it has the dictionary of each SCN
	Log    redolog.Log
}

// Events gives what passes the filter, in order of SCN. It ends at the first error, that of the log if it does not reach back
// to where the filter begins: without FromSCN that is where the log does.
func (m Miner) Events(ctx context.Context, f Filter) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		filters, err := m.filters(ctx, &f)
		if err != nil {
			yield(nil, err)
			return
		}
		want := func(l *redosql.Line) (bool, error) { return f.wants(l), nil }
		for i := range filters {
			filters[i].Cost = f.Cost
			if !m.scan(ctx, filters[i], &f, want, yield) {
				return
			}
		}
	}
}

// scan gives the events of a part of the log, each as soon as it is known whether it is its transaction's last.
func (m Miner) scan(ctx context.Context, part redolog.Filter, f *Filter, want func(*redosql.Line) (bool, error), yield func(*Event, error) bool) bool {
	var held *Event
	for l, err := range redosql.Scan(ctx, m.Log, m.Engine, part, want) {
		var e *Event
		if err == nil {
			e, err = eventOf(l, f.Bare && f.Key == "")
		}
		if err != nil {
			yield(nil, err)
			return false
		}
		if f.Key != "" && !sameJSON(e.Key, f.Key) {
			continue
		}
		if held != nil {
			held.Last = held.SCN != e.SCN
			if !yield(held, nil) {
				return false
			}
		}
		held = e
	}
	if held == nil {
		return true
	}
	held.Last = true
	return yield(held, nil)
}

func (m Miner) filters(ctx context.Context, f *Filter) ([]redolog.Filter, error) {
	r := scn.Range{After: m.Log.Kept(), To: m.Engine.Applied()}
	if f.FromSCN > 0 {
		r.After = scn.SCN(f.FromSCN - 1)
	}
	if f.ToSCN > 0 {
		r.To = min(r.To, scn.SCN(f.ToSCN))
	}
	var first, last *int64
	if !f.FromTime.IsZero() {
		micros := f.FromTime.UnixMicro()
		first = &micros
	}
	if !f.ToTime.IsZero() {
		micros := f.ToTime.UnixMicro()
		last = &micros
	}
	r, err := ByTimes(m.Engine, r, first, last)
	if err != nil {
		return nil, err
	}
	if f.XID != 0 {
		return ByXIDs(ctx, m.Engine, r, []uint64{f.XID})
	}
	if f.Schema == "" {
		return ByTables(m.Engine, r, nil)
	}
	return ByTables(m.Engine, r, func(schema, table string) (bool, error) { return f.wantsTable(schema, table), nil })
}

func (f *Filter) wantsTable(schema, table string) bool {
	return (f.Schema == "" || strings.EqualFold(f.Schema, schema)) && (f.Table == "" || strings.EqualFold(f.Table, table))
}

func (f *Filter) wants(l *redosql.Line) bool {
	switch {
	case f.User != "" && f.User != l.Transaction.User:
		return false
	case f.Operation != "" && !strings.EqualFold(f.Operation, l.Operation()):
		return false
	case l.Defines:
		return f.Schema == "" && f.Key == ""
	}
	return f.wantsTable(l.Table.Schema, l.Table.Shape.Table.Name)
}

// Validate tells what cannot be meant.
func (f *Filter) Validate() error {
	switch strings.ToUpper(f.Operation) {
	case "", "INSERT", "UPDATE", "DELETE", "DDL":
	default:
		return fmt.Errorf("operation %s: INSERT, UPDATE, DELETE and DDL are known", f.Operation)
	}
	if f.ToSCN > 0 && f.FromSCN > f.ToSCN {
		return fmt.Errorf("the range is empty: from SCN %d to %d", f.FromSCN, f.ToSCN)
	}
	if !f.ToTime.IsZero() && f.FromTime.After(f.ToTime) {
		return fmt.Errorf("the range is empty: from %v to %v", f.FromTime, f.ToTime)
	}
	return nil
}
