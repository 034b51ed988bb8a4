package short

import (
	"bytes"
	"unicode/utf8"

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

	column     *catalog.Column // nil: the keys are whole
	descending bool
	wholes     []redo.Value // null: the key is whole
	wholeKeys  map[int32][]byte
}

// keyRunes are the characters of a text, or the bytes of a string of bytes, that are made into a key at once.
const keyRunes = 16

// expect makes room.
func (s *sorter) expect(rows, bytes int) {
	s.keys, s.arena = make([][]byte, 0, rows), make([]byte, 0, bytes)
}

// add takes the next row.
func (s *sorter) add(t *table, order []orderColumn, row redo.Row) error {
	first := len(s.arena)
	if len(order) == 1 {
		s.column, s.descending = t.columns[order[0].column].Column, order[0].descending
		v := s.column.Of(row)
		beginning, cut := s.cut(v)
		if err := s.append(s.column, s.descending, beginning); err != nil {
			return err
		}
		s.keys = append(s.keys, s.arena[first:len(s.arena):len(s.arena)])
		var whole redo.Value
		if cut {
			whole = s.copy(v)
		}
		s.wholes = append(s.wholes, whole)
		return nil
	}
	for _, o := range order {
		c := t.columns[o.column].Column
		if err := s.append(c, o.descending, c.Of(row)); err != nil {
			return err
		}
	}
	s.keys = append(s.keys, s.arena[first:len(s.arena):len(s.arena)])
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

// cut gives the beginning of a long value: characters if that is what is compared, else bytes.
func (s *sorter) cut(v redo.Value) (beginning redo.Value, cut bool) {
	text := v.Data()
	if len(text) <= keyRunes || v.Kind() != redo.String && v.Kind() != redo.Bytes {
		return v, false
	}
	end := keyRunes
	if v.Kind() == redo.String && collator.ByWeight(s.column.Collation) {
		end = 0
		for n := 0; n < keyRunes && end < len(text); n++ {
			_, size := utf8.DecodeRune(text[end:])
			end += size
		}
	}
	return v.WithData(text[:end]), end < len(text)
}

// copy makes a value that lives on.
func (s *sorter) copy(v redo.Value) redo.Value {
	start := len(s.arena)
	s.arena = append(s.arena, v.Data()...)
	return v.WithData(s.arena[start:len(s.arena):len(s.arena)])
}

// compare tells which of two rows comes first.
func (s *sorter) compare(a, b int32) int {
	c := bytes.Compare(s.keys[a], s.keys[b])
	if c != 0 || s.column == nil || s.wholes[a].IsNull() && s.wholes[b].IsNull() {
		return c
	}
	return bytes.Compare(s.whole(a), s.whole(b))
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
