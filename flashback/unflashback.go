package flashback

import (
	"context"
	"slices"
	"strings"

	"redoubt/engine/catalog"
)

// Undo takes back the last flashback of the database, of a schema or of tables: all is as it was right before it. What was
// done since then goes.
func (m *Manager) Undo(ctx context.Context, r Request) (Result, error) {
	r, err := m.Undoing(r)
	if err != nil {
		return Result{}, err
	}
	result, err := m.Run(ctx, r)
	result.Operation = "UNFLASHBACK " + string(r.Kind)
	return result, err
}

// Undoing gives the request that takes back the last flashback of what a request names.
func (m *Manager) Undoing(r Request) (Request, error) {
	all, err := m.Flashbacks()
	if err != nil {
		return r, err
	}
	last := catalog.Flashback{}
	for _, f := range all {
		if f.At > last.At && undoes(r, &f) {
			last = f
		}
	}
	if last.At == 0 {
		return r, &Error{Kind: NoFlashback, Object: objectOf(r)}
	}
	r.To, r.Undo = last.At-1, true
	return r, nil
}

func objectOf(r Request) string {
	if len(r.Names) == 0 {
		return "the database"
	}
	names := make([]string, len(r.Names))
	for i, n := range r.Names {
		names[i] = n.String()
	}
	return strings.Join(names, ", ")
}

// undoes tells whether a flashback is one that a request undoes: of the same kind, with all that it names.
func undoes(r Request, f *catalog.Flashback) bool {
	switch r.Kind {
	case catalog.FlashbackDatabase:
		return f.Kind == catalog.FlashbackDatabase
	case catalog.FlashbackSchema:
		return f.Kind != catalog.FlashbackDatabase && len(f.Scope) == 1 && f.Scope[0].Table == "" && strings.EqualFold(f.Scope[0].Schema, r.Names[0].Schema)
	}
	for _, n := range r.Names {
		if !slices.ContainsFunc(f.Scope, func(s catalog.Scope) bool {
			return strings.EqualFold(s.Schema, n.Schema) && strings.EqualFold(s.Table, n.Table)
		}) {
			return false
		}
	}
	return true
}
