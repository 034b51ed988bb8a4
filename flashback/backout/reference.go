package backout

import "redoubt/engine/catalog"

// reference is a foreign key with both its ends, as they are now.
type reference struct {
	id            int
	key           *catalog.ForeignKey
	child, parent *catalog.Table
	childName     string
	parentName    string
}

// references lists the foreign keys that hold.
func references(dictionary *catalog.Snapshot) (out []*reference) {
	for _, child := range dictionary.AllTables() {
		for i := range child.ForeignKeys {
			fk := &child.ForeignKeys[i]
			parent, ok := dictionary.Table(fk.ParentSchema, fk.ParentTable)
			if !ok || fk.Extra["unresolved"] != "" {
				continue // it never held
			}
			out = append(out, &reference{len(out), fk, child, parent, qualified(dictionary, child.ID), qualified(dictionary, parent.ID)})
		}
	}
	return out
}
