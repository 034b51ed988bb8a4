package flashback

import (
	"fmt"
	"slices"
	"strings"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// violationsMax bounds how many rows without a parent an error names.
const violationsMax = 5

// constraints looks for rows that a flashback would leave without the parent that a foreign key wants.
//
// Foreign keys held then and hold now. So between two tables that go back together nothing can break, and between one that
// goes back and one that stays only where a parent differs between then and now: just those parents are looked at.
type constraints struct {
	engine  *engine.Engine
	plan    *plan
	t       *txn.Txn
	outcome *txn.Txn // what the flashback leaves
	found   []string
}

// reference is a foreign key of the outcome, with both its ends.
type reference struct {
	key           *catalog.ForeignKey
	child, parent *catalog.Table // parent is nil if it is gone
	names         [2]string      // of child and parent
}

// checkConstraints refuses a plan, written into t, that would break foreign keys.
func (m *Manager) checkConstraints(t *txn.Txn, p *plan) error {
	if p.request.Check == NoValidate {
		return nil
	}
	found, err := m.violations(t, p)
	if err == nil && len(found) > 0 {
		err = &Error{Kind: Constraint, Object: p.object(), At: p.to, Rows: found}
	}
	return err
}

// violations lists some of the rows that would have no parent, in words.
func (m *Manager) violations(t *txn.Txn, p *plan) ([]string, error) {
	c := &constraints{engine: m.engine, plan: p, t: t, outcome: m.engine.Outcome(t)}
	defer c.outcome.Rollback()
	for _, r := range c.references() {
		if err := c.check(r); err != nil {
			return nil, fmt.Errorf("foreign key %s of %s: %w", r.key.Name, r.names[0], err)
		}
		if len(c.found) >= violationsMax {
			break
		}
	}
	return c.found, nil
}

// references lists the foreign keys that have a table of the plan at one end.
func (c *constraints) references() (out []reference) {
	after := c.t.Catalog()
	for _, child := range after.AllTables() {
		owner, ok := after.SchemaByID(child.Schema)
		if !ok {
			continue
		}
		for i := range child.ForeignKeys {
			fk := &child.ForeignKeys[i]
			if fk.Extra["unresolved"] != "" {
				continue // it never held
			}
			parent, exists := after.Table(fk.ParentSchema, fk.ParentTable)
			if !exists {
				parent = nil
			}
			if c.change(child) != nil || c.change(parent) != nil || parent == nil {
				names := [2]string{Name{owner.Name, child.Name}.String(), Name{fk.ParentSchema, fk.ParentTable}.String()}
				out = append(out, reference{fk, child, parent, names})
			}
		}
	}
	return out
}

// change is what the plan does to a table of the outcome; nil if nothing.
func (c *constraints) change(t *catalog.Table) *tableChange {
	if t == nil {
		return nil
	}
	for _, x := range c.plan.tables {
		if x.result != nil && x.result.ID == t.ID && x.changes() {
			return x
		}
	}
	return nil
}

func (c *constraints) check(r reference) error {
	child, parent := c.change(r.child), c.change(r.parent)
	switch {
	case child != nil && parent != nil && child.rewind && parent.rewind && c.heldThen(r):
		return nil
	case r.parent == nil:
		return c.checkAll(r)
	case child == nil: // the parent goes back: those that are there only now will be gone
		c.relyOn(r.child)
		if parent.now == nil || parent.now.ID != parent.result.ID {
			return c.checkAll(r)
		}
		return c.checkLost(r, c.plan.before.Lineage(r.parent.ID, c.t.Snapshot()), c.t.Catalog().Lineage(r.parent.ID, c.t.Snapshot()))
	case parent == nil: // the child goes back: those that were there only then are missing
		c.relyOn(r.parent)
		if was, ok := c.plan.then.TableByID(r.parent.ID); !ok || was.Name != r.parent.Name {
			return c.checkAll(r)
		}
		return c.checkLost(r, c.plan.then.Lineage(r.parent.ID, c.plan.to), c.plan.before.Lineage(r.parent.ID, c.t.Snapshot()))
	}
	return c.checkAll(r)
}

// relyOn says that a table that stays must not change until the flashback is committed.
func (c *constraints) relyOn(t *catalog.Table) {
	c.t.ClaimContent(t)
	c.plan.linked = append(c.plan.linked, t.ID)
}

// heldThen tells whether the foreign key was there then, between the same tables.
func (c *constraints) heldThen(r reference) bool {
	child, ok := c.plan.then.TableByID(r.child.ID)
	if !ok {
		return false
	}
	parent, ok := c.plan.then.TableByID(r.parent.ID)
	return ok && slices.ContainsFunc(child.ForeignKeys, func(fk catalog.ForeignKey) bool {
		of, found := c.plan.then.Table(fk.ParentSchema, fk.ParentTable)
		return fk.Name == r.key.Name && found && of.ID == parent.ID
	})
}

// checkLost looks for children of the parents that one point has and another does not.
func (c *constraints) checkLost(r reference, before, after scn.Lineage) error {
	d, err := c.engine.Diff(before, after, txn.Range{})
	if err != nil {
		return err
	}
	defer d.Close()
	for d.Next() && len(c.found) < violationsMax {
		row, _, err := d.Before()
		if err != nil {
			return err
		}
		if row == nil {
			continue
		}
		values, ok := txn.ValuesOf(r.parent, r.key.ParentColumns, row)
		if !ok {
			continue // no child can refer to NULL
		}
		if err := c.checkParent(r, values); err != nil {
			return err
		}
	}
	return d.Err()
}

// checkParent looks for children of a parent with some values, if there is no such parent in the outcome.
func (c *constraints) checkParent(r reference, values []redo.Value) error {
	exists, err := c.hasParent(r, values)
	if err != nil || exists {
		return err
	}
	return c.outcome.Matching(r.child, r.key.Columns, values, func(_ []byte, row redo.Row) bool {
		c.violation(r, row, values)
		return len(c.found) < violationsMax
	})
}

func (c *constraints) hasParent(r reference, values []redo.Value) (exists bool, err error) {
	if r.parent == nil {
		return false, nil
	}
	err = c.outcome.Matching(r.parent, r.key.ParentColumns, values, func([]byte, redo.Row) bool {
		exists = true
		return false
	})
	return exists, err
}

// checkAll looks for the parent of every child.
func (c *constraints) checkAll(r reference) error {
	rows := c.outcome.Scan(r.child, txn.Range{})
	defer rows.Close()
	for rows.Next() && len(c.found) < violationsMax {
		values, ok := txn.ValuesOf(r.child, r.key.Columns, rows.Row())
		if !ok {
			continue
		}
		exists, err := c.hasParent(r, values)
		if err != nil {
			return err
		}
		if !exists {
			c.violation(r, rows.Row(), values)
		}
	}
	return rows.Err()
}

func (c *constraints) violation(r reference, row redo.Row, values []redo.Value) {
	what := "would be gone"
	if r.parent == nil {
		what = "would have no table"
	}
	c.found = append(c.found, fmt.Sprintf("%s %s refers to %s (%s), which %s", r.names[0], keyText(r.child, row), r.names[1], list(r.key.ParentColumns, values), what))
}

// keyText shows the primary key of a row, or all of a row without one.
func keyText(t *catalog.Table, row redo.Row) string {
	var names []string
	var values []redo.Value
	for _, part := range t.PrimaryKey {
		if column, ok := t.ColumnByID(part.Column); ok {
			names, values = append(names, column.Name), append(values, column.Of(row))
		}
	}
	if len(names) == 0 {
		for i := range t.Columns {
			names, values = append(names, t.Columns[i].Name), append(values, t.Columns[i].Of(row))
		}
	}
	return "(" + list(names, values) + ")"
}

func list(names []string, values []redo.Value) string {
	parts := make([]string, len(names))
	for i := range names {
		parts[i] = names[i] + "=" + values[i].String()
	}
	return strings.Join(parts, ", ")
}
