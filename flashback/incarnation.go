package flashback

import (
	"cmp"
	"slices"

	"redoubt/engine/catalog"
	"redoubt/scn"
)

// First is the incarnation that a new database is in.
const First = 1

// Incarnation is the part of history that began with a flashback of the database, or with the database itself.
type Incarnation struct {
	ID, Parent uint64  // Parent is 0 for the first
	Branch     scn.SCN // of the parent, up to which history is shared
	Began      scn.SCN // the flashback's own commit; 0 for the first
	Status     string  // CURRENT; PARENT: the current one goes on from it; ORPHAN: abandoned
	User       string
}

// Incarnations lists the incarnations by id, from what was taken back so far.
func Incarnations(all []catalog.Flashback) []Incarnation {
	list := []Incarnation{{ID: First, Status: "ORPHAN"}}
	for _, f := range all {
		if f.Incarnation > 0 {
			list = append(list, Incarnation{ID: f.Incarnation, Parent: f.Parent, Branch: f.To, Began: f.At, Status: "ORPHAN", User: f.User})
		}
	}
	slices.SortFunc(list, func(a, b Incarnation) int { return cmp.Compare(a.ID, b.ID) })
	status := "CURRENT"
	for id := Current(all); id > 0; status = "PARENT" {
		i, found := slices.BinarySearchFunc(list, id, func(x Incarnation, id uint64) int { return cmp.Compare(x.ID, id) })
		if !found {
			break
		}
		list[i].Status = status
		id = list[i].Parent
	}
	return list
}

// Current is the incarnation that the database is in.
func Current(all []catalog.Flashback) uint64 { return At(all, scn.Max) }

// At is the incarnation that a commit is part of.
func At(all []catalog.Flashback, at scn.SCN) uint64 {
	id, began := uint64(First), scn.SCN(0)
	for _, f := range all {
		if f.Incarnation > 0 && f.At <= at && f.At >= began {
			id, began = f.Incarnation, f.At
		}
	}
	return id
}

func highest(all []catalog.Flashback) uint64 {
	id := uint64(First)
	for _, f := range all {
		id = max(id, f.Incarnation)
	}
	return id
}
