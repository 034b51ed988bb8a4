package redo

import (
	"encoding/binary"
	"slices"
)

// Column is a value under the stable id of its column. Ids are never reused within a table.
type Column struct {
	ID    uint32
	Value Value
}

// Row is the columns of a row, or the changed ones, in ascending order of id. A column that is absent was added
// to the table after the row was written, and has the default that was recorded when it was added.
type Row []Column

// Get gives the value under a column id.
func (row Row) Get(id uint32) (Value, bool) {
	for i := range row {
		if row[i].ID == id {
			return row[i].Value, true
		}
		if row[i].ID > id {
			break
		}
	}
	return Value{}, false
}

// With gives the row with a column put in its place; the row itself may be changed.
func (row Row) With(c Column) Row {
	i := len(row)
	for i > 0 && row[i-1].ID > c.ID {
		i--
	}
	if i > 0 && row[i-1].ID == c.ID {
		row[i-1] = c
		return row
	}
	return slices.Insert(row, i, c)
}

// Clone gives a row that shares no bytes with this one. Its values share one allocation.
func (row Row) Clone() Row {
	if row == nil {
		return nil
	}
	size := 0
	for i := range row {
		size += len(row[i].Value.data)
	}
	out, data := make(Row, len(row)), make([]byte, 0, size)
	for i, c := range row {
		if c.Value.data != nil {
			start := len(data)
			data = append(data, c.Value.data...)
			c.Value.data = data[start:len(data):len(data)]
		}
		out[i] = c
	}
	return out
}

// Merge gives base with the columns of changed put over it. Both are ascending; base is left as it is.
func Merge(base, changed Row) Row {
	out := make(Row, 0, len(base)+len(changed))
	for len(base) > 0 && len(changed) > 0 {
		switch b, c := base[0], changed[0]; {
		case b.ID < c.ID:
			out, base = append(out, b), base[1:]
		case b.ID > c.ID:
			out, changed = append(out, c), changed[1:]
		default:
			out, base, changed = append(out, c), base[1:], changed[1:]
		}
	}
	return append(append(out, base...), changed...)
}

// Diff gives what changed from before to after: the old values and the new ones of the columns that differ. A
// column absent from one side is absent from that side's result.
func Diff(before, after Row) (old, new Row) {
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0].ID < after[0].ID:
			old, before = append(old, before[0]), before[1:]
		case len(before) == 0 || after[0].ID < before[0].ID:
			new, after = append(new, after[0]), after[1:]
		default:
			if !before[0].Value.Equal(after[0].Value) {
				old, new = append(old, before[0]), append(new, after[0])
			}
			before, after = before[1:], after[1:]
		}
	}
	return old, new
}

// AppendRow encodes a row: the number of columns, then id and value of each.
func AppendRow(dst []byte, row Row) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(row)))
	for _, c := range row {
		dst = binary.AppendUvarint(dst, uint64(c.ID))
		dst = AppendValue(dst, c.Value)
	}
	return dst
}

// row reads a row into the spare capacity of into.
func (r *reader) row(into Row) Row {
	n := r.count("number of columns", 2)
	if cap(into)-len(into) < n {
		into = make(Row, 0, n)
	}
	out := into[len(into):]
	last := int64(-1)
	for range n {
		id := r.uvarint("column id")
		if r.err == nil && (id > 1<<32-1 || int64(id) <= last) {
			r.fail("column id", ErrMalformed)
		}
		if r.err != nil {
			return nil
		}
		last = int64(id)
		out = append(out, Column{uint32(id), r.value()})
	}
	return out
}

// DecodeRow reads one row and tells how many bytes it took. Byte slices point into b; into lends its capacity.
func DecodeRow(b []byte, into Row) (row Row, n int, err error) {
	r := reader{buf: b}
	row = r.row(into[:0])
	return row, r.off, r.err
}

// DecodeColumns reads of a row the columns with some ids, which ascend, and no further than the last of them. Byte slices point into b; into
// lends its capacity.
func DecodeColumns(b []byte, ids []uint32, into Row) (Row, error) {
	r := reader{buf: b}
	out := into[:0]
	for n := r.count("number of columns", 2); n > 0 && len(ids) > 0 && r.err == nil; n-- {
		id := r.uvarint("column id")
		for len(ids) > 0 && uint64(ids[0]) < id {
			ids = ids[1:]
		}
		switch {
		case len(ids) == 0:
		case uint64(ids[0]) == id:
			out = append(out, Column{ids[0], r.value()})
			ids = ids[1:]
		default:
			r.skipValue()
		}
	}
	return out, r.err
}
