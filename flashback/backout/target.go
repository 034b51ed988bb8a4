package backout

import (
	"fmt"
	"slices"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/wal/redo"
)

// target is a row that members changed, and what is to become of it.
type target struct {
	Outcome
	changes []memberChange // oldest first
}

type memberChange struct {
	member *member
	change *redo.Change
}

// targets gives the rows that the members changed, in the order in which they first did.
func (g *graph) targets() ([]*target, error) {
	byID := map[rowID]*target{}
	var out []*target
	for _, m := range g.members {
		for _, c := range m.changes {
			id := rowID{c.Table, string(c.Key)}
			t := byID[id]
			if t == nil {
				t = &target{}
				t.Table, _ = g.dictionary.TableByID(c.Table)
				t.Key, t.Identity = c.Key, identityOf(c)
				if schema, ok := g.dictionary.SchemaByID(t.Table.Schema); ok {
					t.Schema = schema.Name
				}
				byID[id], out = t, append(out, t)
			}
			t.changes = append(t.changes, memberChange{m, c})
			if !slices.Contains(t.XIDs, m.XID) {
				t.XIDs = append(t.XIDs, m.XID)
			}
		}
	}
	for _, t := range out {
		var err error
		if t.Before, _, _, err = g.t.Get(t.Table, t.Key); err != nil {
			return nil, err
		}
		t.Before = t.Before.Clone()
		force := g.request.Mode == NoCascadeForce
		t.undo(force)
		if by := g.overwritten(t.Table, rowID{t.Table.ID, string(t.Key)}); by != 0 && !force && t.Conflict == "" {
			t.After, t.Conflict = t.Before, fmt.Sprintf("transaction %d changed it since", by)
		}
	}
	return out, nil
}

// undo takes the changes of members back, newest first, on what the row is now. What the row must hold is what the member
// wrote; with force it may hold what it will, as long as it is there.
func (t *target) undo(force bool) {
	row := t.Before.Clone()
	for _, mc := range slices.Backward(t.changes) {
		then, ok := mc.member.dictionary.TableByID(t.Table.ID)
		if !ok {
			then = t.Table
		}
		step := undoStep{now: t.Table, then: then, change: mc.change, force: force}
		if row, t.Conflict = step.undo(row); t.Conflict != "" {
			t.After = t.Before
			return
		}
		t.Note = joinNotes(t.Note, step.note)
	}
	t.After = row
}

func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// undoStep takes one change of one row back.
type undoStep struct {
	now, then *catalog.Table
	change    *redo.Change
	force     bool
	note      string
}

func (s *undoStep) undo(row redo.Row) (after redo.Row, conflict string) {
	switch s.change.Op {
	case redo.Insert:
		if row == nil {
			return nil, "the row that it inserted is gone"
		}
		if diff := s.differing(row, s.change.After); len(diff) > 0 && !s.force {
			return nil, "the row that it inserted was changed since: " + strings.Join(diff, ", ")
		}
		return nil, ""
	case redo.Delete:
		if row != nil {
			return nil, "the key of the row that it deleted is used again"
		}
		return s.restored()
	}
	return s.updated(row)
}

// differing names the columns in which a row is not what was written.
func (s *undoStep) differing(row, written redo.Row) (names []string) {
	for i := range s.now.Columns {
		c := &s.now.Columns[i]
		if c.Generated != "" || c.OnUpdate != "" || s.redefined(c) {
			continue
		}
		if !c.Of(row).Equal(c.Of(written)) {
			names = append(names, c.Name)
		}
	}
	return names
}

// redefined tells whether a column has another type than it had when the change was made.
func (s *undoStep) redefined(c *catalog.Column) bool {
	was, ok := s.then.ColumnByID(c.ID)
	return ok && (was.Type != c.Type || was.Kind != c.Kind)
}

// restored gives a deleted row with the columns that the table has now.
func (s *undoStep) restored() (redo.Row, string) {
	var row redo.Row
	for _, column := range s.change.Before {
		if column.ID == catalog.HiddenRowID {
			row = append(row, column)
			continue
		}
		c, ok := s.now.ColumnByID(column.ID)
		if !ok {
			if conflict := s.lost(column.ID); conflict != "" {
				return nil, conflict
			}
			continue
		}
		if s.redefined(c) {
			return nil, fmt.Sprintf("column %s has another type now", c.Name)
		}
		row = append(row, column)
	}
	for i := range s.now.Columns {
		c := &s.now.Columns[i]
		if _, has := row.Get(c.ID); !has && c.Of(row).IsNull() && !c.Nullable && c.Generated == "" {
			return nil, fmt.Sprintf("column %s has come since, and has no value for the row", c.Name)
		}
	}
	return row.Clone(), ""
}

// lost notes that a value cannot come back because its column is gone. Another column of that name is a conflict: a change of
// its type has made it anew.
func (s *undoStep) lost(id uint32) (conflict string) {
	c, ok := s.then.ColumnByID(id)
	if !ok {
		return ""
	}
	if _, renewed := s.now.Column(c.Name); renewed {
		return fmt.Sprintf("column %s has another type now", c.Name)
	}
	s.note = joinNotes(s.note, fmt.Sprintf("column %s is gone, and its value with it", c.Name))
	return ""
}

// updated gives a row with the columns that an update changed as they were.
func (s *undoStep) updated(row redo.Row) (redo.Row, string) {
	if row == nil {
		return nil, "the row that it updated is gone"
	}
	row = row.Clone()
	var others []string
	for i := range s.now.Columns {
		c := &s.now.Columns[i]
		_, was := s.change.Before.Get(c.ID)
		_, is := s.change.After.Get(c.ID)
		if c.Generated != "" || !was && !is {
			continue
		}
		if s.redefined(c) {
			return nil, fmt.Sprintf("column %s has another type now", c.Name)
		}
		written, old := c.Of(s.change.After), c.Of(s.change.Before)
		if written.Equal(old) {
			continue
		}
		if !c.Of(row).Equal(written) {
			if c.OnUpdate != "" {
				continue // it moves with every update: the later one's stays
			}
			if others = append(others, c.Name); !s.force {
				continue
			}
		}
		row = row.With(redo.Column{ID: c.ID, Value: old})
	}
	for i := range s.then.Columns {
		id := s.then.Columns[i].ID
		_, was := s.change.Before.Get(id)
		if _, still := s.now.ColumnByID(id); was && !still {
			if conflict := s.lost(id); conflict != "" {
				return nil, conflict
			}
		}
	}
	if len(others) > 0 && !s.force {
		return nil, "changed since: " + strings.Join(others, ", ")
	}
	if len(others) > 0 {
		s.note = joinNotes(s.note, "written over: "+strings.Join(others, ", "))
	}
	return row, ""
}
