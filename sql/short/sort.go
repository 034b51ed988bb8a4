package short

import (
	"bytes"
	"cmp"
	"encoding/binary"

	"redoubt/engine/catalog"
	"redoubt/wal/redo"
)

// sorter compares rows, which have numbers from 0 on, by the columns that they are sorted by.
//
// By a single column, of long texts only the beginning is made into a key at once, since that is nearly always enough: the key of a text
// takes longer to make than all of its comparisons. The whole is kept for those that begin alike.
type sorter struct {
	keys  [][]byte
	arena []byte // the bytes of keys and wholes

	column     *catalog.Column // if there is one only
	descending bool
	wholes     []redo.Value // null: the key is whole
	wholeKeys  map[int32][]byte
}

// keyRunes are the characters of a text, or the bytes of a string of bytes, that are made into a key at once.
const keyRunes = 16

// add takes the next row.
func (s *sorter) add(t *table, order []orderColumn, row redo.Row) error {
	first := len(s.arena)
	var whole redo.Value
	for _, o := range order {
		c := t.columns[o.column].Column
		v := c.Of(row)
		if len(order) == 1 {
			s.column, s.descending = c, o.descending
			v, whole = s.cut(v)
		}
		if err := s.append(c, o.descending, v); err != nil {
			return err
		}
	}
	s.keys = append(s.keys, s.arena[first:len(s.arena):len(s.arena)])
	s.wholes = append(s.wholes, s.copy(whole))
	return nil
}

// append makes a part of a key.
func (s *sorter) append(c *catalog.Column, descending bool, v redo.Value) (err error) {
	start := len(s.arena)
	s.arena, err = catalog.AppendKeyPart(s.arena, c, 0, v, collator)
	if descending {
		turn(s.arena[start:])
	}
	return err
}

// turn makes of a key one that sorts the other way.
func turn(key []byte) {
	for i := range key {
		key[i] = ^key[i]
	}
}

// cut gives the beginning of a long value, characters if that is what is compared and else bytes, and the value itself, which is null if
// it is not long.
func (s *sorter) cut(v redo.Value) (beginning, whole redo.Value) {
	text := v.Data()
	if len(text) <= keyRunes || v.Kind() != redo.String && v.Kind() != redo.Bytes {
		return v, redo.Value{}
	}
	start := text[:keyRunes]
	if v.Kind() == redo.String && collator.ByWeight(s.column.Collation) {
		start = catalog.FirstRunes(text, keyRunes)
	}
	if len(start) == len(text) {
		return v, redo.Value{}
	}
	return v.WithData(start), v
}

// copy makes a value that lives on.
func (s *sorter) copy(v redo.Value) redo.Value {
	start := len(s.arena)
	s.arena = append(s.arena, v.Data()...)
	return v.WithData(s.arena[start:len(s.arena):len(s.arena)])
}

// place is a row's in the order.
type place struct {
	head uint64 // of its key: the first bytes decide nearly always
	row  int32
}

// place gives a row with the head of its key.
func (s *sorter) place(row int32) place {
	if key := s.keys[row]; len(key) >= 8 {
		return place{binary.BigEndian.Uint64(key), row}
	}
	var head [8]byte
	copy(head[:], s.keys[row])
	return place{binary.BigEndian.Uint64(head[:]), row}
}

// compare tells which of two rows comes first.
func (s *sorter) compare(a, b place) int {
	if c := cmp.Compare(a.head, b.head); c != 0 {
		return c
	}
	c := bytes.Compare(s.keys[a.row], s.keys[b.row])
	if c != 0 || s.wholes[a.row].IsNull() && s.wholes[b.row].IsNull() {
		return c
	}
	return bytes.Compare(s.whole(a.row), s.whole(b.row))
}

// whole is the key of all of a row's value.
func (s *sorter) whole(n int32) []byte {
	if s.wholes[n].IsNull() {
		return s.keys[n]
	}
	if key, made := s.wholeKeys[n]; made {
		return key
	}
	// There is no error: there was none with the beginning.
	key, _ := catalog.AppendKeyPart(nil, s.column, 0, s.wholes[n], collator)
	if s.descending {
		turn(key)
	}
	if s.wholeKeys == nil {
		s.wholeKeys = map[int32][]byte{}
	}
	s.wholeKeys[n] = key
	return key
}
