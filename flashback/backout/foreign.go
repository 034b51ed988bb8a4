package backout

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"redoubt/wal/redo"
)

// checkReferences looks whether every row that came or changed has its parents, and whether the children of every row that
// went or changed have one still. It sees the rows as they will be.
func (w *writer) checkReferences() (bool, error) {
	return w.each(func(t *target) (string, error) {
		for _, r := range w.g.references {
			conflict, err := "", error(nil)
			if r.child.ID == t.Table.ID {
				conflict, err = w.checkParent(r, t)
			}
			if conflict == "" && err == nil && r.parent.ID == t.Table.ID {
				conflict, err = w.checkChildren(r, t)
			}
			if conflict != "" || err != nil {
				return conflict, err
			}
		}
		return "", nil
	})
}

// checkParent looks for the row that a new or changed child refers to, and keeps it until the commit.
func (w *writer) checkParent(r *reference, t *target) (string, error) {
	values, refers := valuesOf(t.Table, r.key.Columns, t.After)
	if t.After == nil || !refers {
		return "", nil
	}
	if was, referred := valuesOf(t.Table, r.key.Columns, t.Before); t.Before != nil && referred && equal(was, values) {
		return "", nil
	}
	var parent []byte
	err := w.g.t.Matching(r.parent, r.key.ParentColumns, values, func(key []byte, _ redo.Row) bool {
		parent = bytes.Clone(key)
		return false
	})
	if err != nil {
		return "", err
	}
	if parent == nil {
		return fmt.Sprintf("foreign key %s: %s has no row (%s)", r.key.Name, r.parentName, list(r.key.ParentColumns, values)), nil
	}
	if w.preview {
		return "", nil
	}
	return "", w.g.t.LockParent(w.ctx, r.parent, parent)
}

// checkChildren looks for rows that refer to a parent which goes, or changes what they refer to.
func (w *writer) checkChildren(r *reference, t *target) (string, error) {
	was, referable := valuesOf(t.Table, r.key.ParentColumns, t.Before)
	if t.Before == nil || !referable {
		return "", nil
	}
	if is, ok := valuesOf(t.Table, r.key.ParentColumns, t.After); t.After != nil && ok && equal(is, was) {
		return "", nil
	}
	another := false
	err := w.g.t.Matching(r.parent, r.key.ParentColumns, was, func([]byte, redo.Row) bool { another = true; return false })
	if err != nil || another {
		return "", err
	}
	child := ""
	err = w.g.t.Matching(r.child, r.key.Columns, was, func(key []byte, row redo.Row) bool {
		child = keyText(r.child, row, key)
		return false
	})
	if err != nil || child == "" {
		return "", err
	}
	return fmt.Sprintf("foreign key %s: %s %s refers to it", r.key.Name, r.childName, child), nil
}

func equal(a, b []redo.Value) bool { return slices.EqualFunc(a, b, redo.Value.Equal) }

func list(names []string, values []redo.Value) string {
	parts := make([]string, len(names))
	for i := range names {
		parts[i] = names[i] + "=" + values[i].String()
	}
	return strings.Join(parts, ", ")
}
