package logmine

import (
	"cmp"
	"context"
	"slices"

	"redoubt/engine"
	"redoubt/flashback/redolog"
	"redoubt/scn"
)

// dictionariesMax bounds how many dictionaries are looked at to find the ids of tables by name. If more were made in the
// range, all of the log in it is read.
const dictionariesMax = 256

// ByTables finds the ids of the tables that are asked for by name, which they may have had for a part of the range only.
// Without wanted it is any table.
func ByTables(e *engine.Engine, r scn.Range, wanted func(schema, table string) (bool, error)) ([]redolog.Filter, error) {
	f := redolog.Filter{SCNs: r}
	if r.Empty() {
		return nil, nil
	}
	defined := e.DefiningSCNs(r)
	if wanted == nil || len(defined) > dictionariesMax {
		return []redolog.Filter{f}, nil
	}
	for _, at := range append([]scn.SCN{r.After}, defined...) {
		dictionary, err := e.CatalogAt(at)
		if err != nil {
			return nil, err
		}
		for _, schema := range dictionary.Schemas() {
			for _, table := range dictionary.Tables(schema.Name) {
				is, err := wanted(schema.Name, table.Name)
				if err != nil {
					return nil, err
				}
				if is && !slices.Contains(f.Tables, table.ID) {
					f.Tables = append(f.Tables, table.ID)
				}
			}
		}
	}
	if len(f.Tables) == 0 {
		return nil, nil
	}
	return []redolog.Filter{f}, nil
}

// ByXIDs finds where in a range transactions were committed.
func ByXIDs(ctx context.Context, e *engine.Engine, r scn.Range, xids []uint64) (out []redolog.Filter, err error) {
	slices.Sort(xids)
	for _, xid := range slices.Compact(xids) {
		c, found, err := e.CommitOfXID(ctx, xid)
		if err != nil {
			return nil, err
		}
		if found && r.Contains(c.SCN) {
			out = append(out, redolog.Filter{SCNs: scn.Range{After: c.SCN - 1, To: c.SCN}})
		}
	}
	slices.SortFunc(out, func(a, b redolog.Filter) int { return cmp.Compare(a.SCNs.To, b.SCNs.To) })
	return out, nil
}

// ByTimes makes a range fit commit times from the first to the last, both included, in microseconds since 1970-01-01 UTC;
// nil for none.
func ByTimes(e *engine.Engine, r scn.Range, first, last *int64) (scn.Range, error) {
	if first != nil {
		at, err := e.TimeToSCN(*first - 1)
		if err != nil {
			return r, err
		}
		r.After = max(r.After, at)
	}
	if last != nil {
		at, err := e.TimeToSCN(*last)
		if err != nil {
			return r, err
		}
		r.To = min(r.To, at)
	}
	return r, nil
}
