package redosql

import (
	"errors"
	"fmt"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// Change is one row inserted, updated or deleted, as the log has it.
type Change struct {
	Op       redo.Op
	Identity redo.Row // of an update: the primary key's columns
	Before   redo.Row // of an update: the changed columns; of a deletion: the whole row
	After    redo.Row // of an update: the changed columns; of an insertion: the whole row
	// Whole is the row after an update of a table without primary key; elsewhere it is not looked at.
	Whole redo.Row
}

// Of gives the change of a record of the log.
func Of(c *redo.Change) Change {
	return Change{Op: c.Op, Identity: c.Identity, Before: c.Before, After: c.After}
}

// inverse gives the change that takes this one back.
func (c Change) inverse() Change {
	switch c.Op {
	case redo.Insert:
		c.Op = redo.Delete
	case redo.Delete:
		c.Op = redo.Insert
	}
	c.Before, c.After = c.After, c.Before
	return c
}

// ErrWhole is returned for an update of a table without primary key whose whole row is not given.
var ErrWhole = errors.New("a row of a table without primary key is told by all its columns")

// Table writes SQL about the rows of one table, by its definition as at the changes.
type Table struct {
	Schema string
	Shape  *datatype.Shape
	name   string // qualified and quoted
	binary []bool // by position: compared byte by byte, which its collation would not do
	args   *[]any // of the statement that Prepare writes; nil: values are written as literals
}

// NewTable makes the Table of a definition.
func NewTable(schema string, def *catalog.Table) (*Table, error) {
	shape, err := datatype.NewShape(def)
	if err != nil {
		return nil, err
	}
	t := &Table{Schema: schema, Shape: shape, binary: make([]bool, len(shape.Fields))}
	t.name = string(AppendName(append(AppendName(nil, schema), '.'), def.Name))
	for i := range shape.Fields {
		c := shape.Fields[i].Column
		t.binary[i] = c.Kind == redo.String && !strings.HasSuffix(c.Collation, "_bin") && c.Collation != "binary"
	}
	return t, nil
}

// Redo writes the statement that does a change again.
func (t *Table) Redo(c Change) (string, error) {
	if c.Op == redo.Update && c.Whole != nil {
		c.Whole = redo.Merge(c.Whole, c.Before) // the row as the change found it
	}
	return t.Write(c)
}

// Undo writes the statement that takes a change back.
func (t *Table) Undo(c Change) (string, error) { return t.Write(c.inverse()) }

// Write writes the statement that makes a change. Whole is the row as the change finds it.
func (t *Table) Write(c Change) (text string, err error) {
	var dst []byte
	switch c.Op {
	case redo.Insert:
		dst, err = t.insert(c.After)
	case redo.Delete:
		dst, err = t.delete(c.Before)
	case redo.Update:
		dst, err = t.update(c)
	default:
		err = fmt.Errorf("unknown operation %d", c.Op)
	}
	if err != nil {
		return "", fmt.Errorf("SQL for table %s: %w", t.name, err)
	}
	return string(dst), nil
}

func (t *Table) insert(row redo.Row) ([]byte, error) {
	names := append(append([]byte("INSERT INTO "), t.name...), " ("...)
	values := []byte(") VALUES (")
	first := true
	for i := range t.Shape.Fields {
		f := &t.Shape.Fields[i]
		if f.Column.Generated != "" {
			continue
		}
		if !first {
			names, values = append(names, ", "...), append(values, ", "...)
		}
		first = false
		names = AppendName(names, f.Column.Name)
		var err error
		if values, err = t.value(values, f, f.Column.Of(row)); err != nil {
			return nil, err
		}
	}
	return append(append(names, values...), ')'), nil
}

func (t *Table) delete(row redo.Row) ([]byte, error) {
	w := where{table: t, dst: append([]byte("DELETE FROM "), t.name...)}
	w.key(row)
	w.rest(row, t.isKey)
	return w.end()
}

func (t *Table) update(c Change) ([]byte, error) {
	dst := append(append([]byte("UPDATE "), t.name...), " SET "...)
	start := len(dst)
	for i := range t.Shape.Fields {
		f := &t.Shape.Fields[i]
		if f.Column.Generated != "" {
			continue
		}
		v, changed := c.value(f.Column)
		if !changed && f.Column.OnUpdate == "" {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ", "...)
		}
		dst = append(AppendName(dst, f.Column.Name), " = "...)
		var err error
		if !changed {
			dst = AppendName(dst, f.Column.Name)
		} else if dst, err = t.value(dst, f, v); err != nil {
			return nil, err
		}
	}
	if len(dst) == start {
		return nil, errors.New("only generated columns are changed")
	}
	w := where{table: t, dst: dst}
	if len(t.Shape.Table.PrimaryKey) == 0 {
		if c.Whole == nil {
			return nil, ErrWhole
		}
		w.rest(c.Whole, func(*catalog.Column) bool { return false })
		return w.end()
	}
	w.key(redo.Merge(c.Identity, c.Before))
	w.rest(c.Before, func(column *catalog.Column) bool {
		_, changed := c.value(column)
		return !changed || t.isKey(column) || column.OnUpdate != ""
	})
	return w.end()
}

// value is what an update makes of a column, and whether it changes it. A column that only one image has was added between
// the row's versions: the other has what such rows have.
func (c *Change) value(column *catalog.Column) (redo.Value, bool) {
	if v, ok := c.After.Get(column.ID); ok {
		return v, true
	}
	if _, ok := c.Before.Get(column.ID); ok {
		return column.Of(nil), true
	}
	return redo.Value{}, false
}

func (t *Table) isKey(c *catalog.Column) bool {
	for _, p := range t.Shape.Table.PrimaryKey {
		if p.Column == c.ID {
			return true
		}
	}
	return false
}

// where writes the condition of a statement.
type where struct {
	table *Table
	dst   []byte
	begun bool
	err   error
}

// key asks for the primary key of a row.
func (w *where) key(row redo.Row) {
	for _, p := range w.table.Shape.Table.PrimaryKey {
		f := &w.table.Shape.Fields[w.table.Shape.IndexOfID(p.Column)]
		w.and()
		w.dst = append(AppendName(w.dst, f.Column.Name), " = "...)
		w.literal(f, f.Column.Of(row))
	}
}

// rest asks for the other columns of a row, but for those that are left out and generated ones.
func (w *where) rest(row redo.Row, leave func(*catalog.Column) bool) {
	for i := range w.table.Shape.Fields {
		f := &w.table.Shape.Fields[i]
		if f.Column.Generated != "" || leave(f.Column) {
			continue
		}
		w.and()
		v := f.Column.Of(row)
		if v.IsNull() {
			w.dst = append(AppendName(w.dst, f.Column.Name), " IS NULL"...)
			continue
		}
		w.dst = append(AppendName(w.dst, f.Column.Name), " <=> "...)
		if w.literal(f, v); w.table.binary[i] {
			w.dst = append(w.dst, " COLLATE utf8mb4_0900_bin"...)
		}
	}
}

func (w *where) and() {
	if w.begun {
		w.dst = append(w.dst, " AND "...)
	} else {
		w.dst = append(w.dst, " WHERE "...)
	}
	w.begun = true
}

func (w *where) literal(f *datatype.Field, v redo.Value) {
	if w.err == nil {
		w.dst, w.err = w.table.value(w.dst, f, v)
	}
}

func (w *where) end() ([]byte, error) {
	if len(w.table.Shape.Table.PrimaryKey) == 0 {
		w.dst = append(w.dst, " LIMIT 1"...)
	}
	return w.dst, w.err
}
