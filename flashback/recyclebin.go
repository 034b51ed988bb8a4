package flashback

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
)

// Recycle puts a table that a transaction drops into the recycle bin.
func Recycle(t *txn.Txn, table *catalog.Table) error {
	owner, ok := t.Catalog().SchemaByID(table.Schema)
	if !ok {
		return &Error{Kind: NoSchema, Object: table.Name}
	}
	return t.PutRecycled(catalog.Recycled{ID: table.ID, SchemaID: owner.ID, SchemaName: owner.Name, Name: table.Name})
}

// RecycleSchema puts a schema that a transaction drops into the recycle bin; its tables come back with it.
func RecycleSchema(t *txn.Txn, schema *catalog.Schema) error {
	return t.PutRecycled(catalog.Recycled{ID: schema.ID, IsSchema: true, SchemaID: schema.ID, SchemaName: schema.Name})
}

// Bin lists what lies in the recycle bin, the last dropped first.
func (m *Manager) Bin() ([]catalog.Recycled, error) {
	t := m.engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	return bin(t)
}

func bin(t *txn.Txn) ([]catalog.Recycled, error) {
	list, err := t.Recycled()
	slices.SortFunc(list, func(a, b catalog.Recycled) int {
		return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

// fromBin finds what the request names in the recycle bin, by its own name or by the one it has there, and sets the plan
// to the moment before it was dropped.
func (m *Manager) fromBin(t *txn.Txn, p *plan) error {
	entries, err := bin(t)
	if err != nil {
		return err
	}
	name := p.request.Names[0]
	i := slices.IndexFunc(entries, func(r catalog.Recycled) bool { return matches(&r, name) })
	if i < 0 {
		return &Error{Kind: NotInBin, Object: name.String()}
	}
	entry := entries[i]
	p.recycled = append(p.recycled, entry)
	p.to = entry.At - 1
	if entry.IsSchema {
		p.request.Names = []Name{{Schema: entry.SchemaName}}
		return nil
	}
	if owner, ok := p.before.SchemaByID(entry.SchemaID); ok {
		entry.SchemaName = owner.Name
	}
	p.request.Names = []Name{{entry.SchemaName, entry.Name}}
	return nil
}

// emptyBin takes out of the recycle bin what is there again.
func (p *plan) emptyBin(t *txn.Txn) error {
	entries, err := t.Recycled()
	for i := range entries {
		_, back := t.Catalog().TableByID(entries[i].ID)
		if entries[i].IsSchema {
			_, back = t.Catalog().SchemaByID(entries[i].ID)
		}
		if back {
			err = errors.Join(err, t.DropRecycled(entries[i].ID))
		}
	}
	return err
}

func matches(r *catalog.Recycled, name Name) bool {
	if r.IsSchema != (name.Table == "") {
		return false
	}
	if r.IsSchema {
		return strings.EqualFold(r.SchemaName, name.Schema) || strings.EqualFold(r.BinName(), name.Schema)
	}
	return strings.EqualFold(r.SchemaName, name.Schema) && strings.EqualFold(r.Name, name.Table) || strings.EqualFold(r.BinName(), name.Table)
}

// Purge takes entries out of the recycle bin, the ones that pick says; what they were can be read until its history is no
// longer kept. It tells how many went.
func (m *Manager) Purge(ctx context.Context, by Author, pick func(r *catalog.Recycled) bool) (int, error) {
	for {
		t := m.begin(by)
		entries, err := bin(t)
		n := 0
		for i := range entries {
			if err == nil && pick(&entries[i]) {
				n++
				err = t.DropRecycled(entries[i].ID)
			}
		}
		if err != nil || n == 0 {
			t.Rollback()
			return 0, err
		}
		if _, err = t.Commit(ctx); isConflict(err) && ctx.Err() == nil {
			continue
		}
		return n, err
	}
}

// PurgeExpired takes out of the recycle bin what was dropped before a time, microseconds since 1970-01-01 UTC, and what is more
// than a number of entries, the oldest first. The node that leads calls it from time to time.
func (m *Manager) PurgeExpired(ctx context.Context, beforeMicros int64, entriesMax int) (int, error) {
	entries, err := m.Bin()
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	expired := map[catalog.Recycled]bool{}
	for i, r := range entries {
		micros, err := m.engine.SCNToTime(r.At)
		if err != nil {
			return 0, err
		}
		if i >= entriesMax || micros < beforeMicros {
			expired[r] = true
		}
	}
	if len(expired) == 0 {
		return 0, nil
	}
	return m.Purge(ctx, Author{}, func(r *catalog.Recycled) bool { return expired[*r] })
}

// PurgeOldest gives a pick for Purge: the entry of a name that was dropped first.
func PurgeOldest(entries []catalog.Recycled, name Name) func(r *catalog.Recycled) bool {
	for i := len(entries) - 1; i >= 0; i-- {
		if matches(&entries[i], name) {
			id := entries[i].ID
			return func(r *catalog.Recycled) bool { return r.ID == id }
		}
	}
	return nil
}
