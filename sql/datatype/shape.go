package datatype

import (
	"context"
	"fmt"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/wal/redo"
)

// Shape is how the rows of one table definition look to the SQL engine: its fields in ordinal order.
type Shape struct {
	Table  *catalog.Table
	Fields []Field
	slots  []int32 // position in a SQL row by column id; -1 for none
	added  []any   // by position: what rows older than the column have
}

// NewShape makes the shape of a table.
func NewShape(t *catalog.Table) (*Shape, error) {
	s := &Shape{Table: t, Fields: make([]Field, len(t.Columns)), added: make([]any, len(t.Columns))}
	for i := range t.Columns {
		f, err := NewField(&t.Columns[i])
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", t.Name, err)
		}
		s.Fields[i] = f
		if f.Column.HasAdded {
			if s.added[i], err = f.Decode(f.Column.Added); err != nil {
				return nil, fmt.Errorf("table %s: %w", t.Name, err)
			}
		}
		for uint32(len(s.slots)) <= f.Column.ID {
			s.slots = append(s.slots, -1)
		}
		s.slots[f.Column.ID] = int32(i)
	}
	return s, nil
}

// IndexOf gives the position of a column by name, or -1.
func (s *Shape) IndexOf(name string) int {
	c, ok := s.Table.Column(name)
	if !ok {
		return -1
	}
	return int(s.slots[c.ID])
}

// IndexOfID gives the position of a column by id, or -1.
func (s *Shape) IndexOfID(id uint32) int {
	if int(id) >= len(s.slots) {
		return -1
	}
	return int(s.slots[id])
}

// Encode makes the stored form of a whole SQL row, without the hidden row id.
func (s *Shape) Encode(ctx context.Context, row gsql.Row) (redo.Row, error) {
	if len(row) != len(s.Fields) {
		return nil, fmt.Errorf("table %s: row of %d values for %d columns", s.Table.Name, len(row), len(s.Fields))
	}
	out := make(redo.Row, 0, len(row)+1)
	for id, slot := range s.slots {
		if slot < 0 {
			continue
		}
		v, err := s.Fields[slot].Encode(ctx, row[slot])
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", s.Table.Name, err)
		}
		out = append(out, redo.Column{ID: uint32(id), Value: v})
	}
	return out, nil
}

// Decode makes the whole SQL row of a stored one.
func (s *Shape) Decode(row redo.Row) (gsql.Row, error) {
	out := make(gsql.Row, len(s.Fields))
	copy(out, s.added)
	for _, c := range row {
		if int(c.ID) >= len(s.slots) || s.slots[c.ID] < 0 {
			continue
		}
		slot := s.slots[c.ID]
		v, err := s.Fields[slot].Decode(c.Value)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", s.Table.Name, err)
		}
		out[slot] = v
	}
	return out, nil
}

// Projection decodes some columns of a stored row.
type Projection struct {
	shape *Shape
	slots []int32 // position in the result by column id; -1 for columns that are not asked for
	added []any
}

// Project makes a projection onto columns by their positions in the shape, in the order given.
func (s *Shape) Project(positions []int) *Projection {
	p := &Projection{shape: s, slots: make([]int32, len(s.slots)), added: make([]any, len(positions))}
	for i := range p.slots {
		p.slots[i] = -1
	}
	for i, position := range positions {
		p.slots[s.Fields[position].Column.ID] = int32(i)
		p.added[i] = s.added[position]
	}
	return p
}

// Decode makes the projected SQL row of a stored one.
func (p *Projection) Decode(row redo.Row) (gsql.Row, error) {
	out := make(gsql.Row, len(p.added))
	copy(out, p.added)
	for _, c := range row {
		if int(c.ID) >= len(p.slots) || p.slots[c.ID] < 0 {
			continue
		}
		v, err := p.shape.Fields[p.shape.slots[c.ID]].Decode(c.Value)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", p.shape.Table.Name, err)
		}
		out[p.slots[c.ID]] = v
	}
	return out, nil
}
