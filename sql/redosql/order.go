package redosql

import (
	"cmp"
	"slices"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// undoOrder numbers the changes of a transaction in an order in which they can be taken back one by one: what it inserted
// goes, children before parents, then updates, then what it deleted comes, parents before children. A transaction that
// moved a unique key or a child between rows that it changed too may have no such order; FLASHBACK TRANSACTION, which takes
// all changes back at once, needs none.
func undoOrder(t *redo.Transaction, dictionary *catalog.Snapshot) []int {
	depths := map[scn.Space]int{}
	phase := [...]int{redo.Insert: 0, redo.Update: 1, redo.Delete: 2}
	order := make([]int, 0, len(t.Changes))
	for i := range t.Changes {
		if id := t.Changes[i].Table; id >= catalog.FirstUserSpace {
			order = append(order, i)
			depth(depths, dictionary, id)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &t.Changes[a], &t.Changes[b]
		if c := cmp.Compare(phase[x.Op], phase[y.Op]); c != 0 {
			return c
		}
		if x.Op == redo.Delete {
			return cmp.Compare(depths[x.Table], depths[y.Table])
		}
		return cmp.Compare(depths[y.Table], depths[x.Table])
	})
	numbers := make([]int, len(t.Changes))
	for number, i := range order {
		numbers[i] = number + 1
	}
	return numbers
}

// depth is how many parents stand above a table, on the longest way. Circles are cut.
func depth(known map[scn.Space]int, dictionary *catalog.Snapshot, id scn.Space) int {
	if d, ok := known[id]; ok {
		return d
	}
	known[id] = 0
	table, ok := dictionary.TableByID(id)
	if !ok {
		return 0
	}
	deepest := 0
	for i := range table.ForeignKeys {
		fk := &table.ForeignKeys[i]
		if parent, ok := dictionary.Table(fk.ParentSchema, fk.ParentTable); ok && parent.ID != id {
			deepest = max(deepest, depth(known, dictionary, parent.ID)+1)
		}
	}
	known[id] = deepest
	return deepest
}
