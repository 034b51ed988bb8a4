package match

import (
	"hash/maphash"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// Groups holds the rows of a subquery by the values that tie it to the query around it.
type Groups struct {
	keys, values []*Comparison
	groups       map[uint64][]*group
	hash         maphash.Hash
}

type group struct {
	key []any
	set *Set
}

// NewGroups makes Groups without rows: keys compare values of the query around with those of the subquery's rows, values
// what is looked for with what the subquery selects.
func NewGroups(keys, values []*Comparison) *Groups {
	return &Groups{keys: keys, values: values, groups: map[uint64][]*group{}}
}

// Add adds a row: what it selects, and its side of the keys. A row with NULL in its key is in no group.
func (g *Groups) Add(ctx *gsql.Context, values, key []any) error {
	found, hash, err := g.find(ctx, key)
	if err != nil || hasNull(key) {
		return err
	}
	if found == nil {
		found = &group{key, NewSet(g.values)}
		g.groups[hash] = append(g.groups[hash], found)
	}
	return found.set.add(ctx, values)
}

// Find gives the rows of a key, nil if there are none.
func (g *Groups) Find(ctx *gsql.Context, key []any) (*Set, error) {
	found, _, err := g.find(ctx, key)
	if err != nil || found == nil {
		return nil, err
	}
	return found.set, nil
}

func (g *Groups) find(ctx *gsql.Context, key []any) (*group, uint64, error) {
	if hasNull(key) {
		return nil, 0, nil
	}
	hash, err := hashOf(ctx, &g.hash, g.keys, key)
	if err != nil {
		return nil, 0, err
	}
	for _, candidate := range g.groups[hash] {
		same, err := equalAll(ctx, g.keys, key, candidate.key)
		if err != nil || same == true {
			return candidate, hash, err
		}
	}
	return nil, hash, nil
}

// Set holds the rows that a subquery selects, for IN to look in.
type Set struct {
	comparisons []*Comparison
	hashed      bool
	byKey       map[uint64][][]any // rows without NULL
	partial     [][]any            // rows with NULL; all rows, if there are no keys
	size        int
	hash        maphash.Hash
}

// NewSet makes a Set without rows.
func NewSet(comparisons []*Comparison) *Set {
	s := &Set{comparisons: comparisons, hashed: len(comparisons) > 0}
	for _, c := range comparisons {
		s.hashed = s.hashed && c.HasKeys()
	}
	return s
}

func (s *Set) add(ctx *gsql.Context, row []any) error {
	s.size++
	if len(s.comparisons) == 0 {
		return nil // what the rows are does not matter
	}
	if !s.hashed || hasNull(row) {
		s.partial = append(s.partial, row)
		return nil
	}
	hash, err := hashOf(ctx, &s.hash, s.comparisons, row)
	if err != nil {
		return err
	}
	for _, other := range s.byKey[hash] {
		if same, err := s.sameRow(ctx, other, row); err != nil || same {
			return err
		}
	}
	if s.byKey == nil {
		s.byKey = map[uint64][][]any{}
	}
	s.byKey[hash] = append(s.byKey[hash], row)
	return nil
}

// sameRow tells whether a row is there already, so that it need not be kept twice: of all types whose equal values are
// equal as Go values, too.
func (s *Set) sameRow(_ *gsql.Context, a, b []any) (bool, error) {
	for i := range a {
		switch s.comparisons[i].kind {
		case integers, numbers, floats, texts, spans:
		default:
			return false, nil
		}
		if !isPlain(a[i]) || !isPlain(b[i]) || a[i] != b[i] {
			return false, nil
		}
	}
	return true, nil
}

func isPlain(v any) bool {
	switch v.(type) {
	case string, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, bool:
		return true
	}
	return false
}

// Size is how many rows were added.
func (s *Set) Size() int {
	if s == nil {
		return 0
	}
	return s.size
}

// Contains tells whether a row is in the set: true, false, or nil if a NULL leaves it open.
func (s *Set) Contains(ctx *gsql.Context, row []any) (any, error) {
	if s == nil || s.size == 0 {
		return false, nil
	}
	var answer any = false
	look := func(rows [][]any) (done bool, err error) {
		for _, candidate := range rows {
			same, err := equalAll(ctx, s.comparisons, row, candidate)
			if err != nil {
				return true, err
			}
			if same == true {
				answer = true
				return true, nil
			}
			if same == nil {
				answer = nil
			}
		}
		return false, nil
	}
	if hasNull(row) {
		for _, rows := range s.byKey {
			if done, err := look(rows); done || answer == nil {
				return answer, err
			}
		}
	} else if s.hashed {
		hash, err := hashOf(ctx, &s.hash, s.comparisons, row)
		if err != nil {
			return nil, err
		}
		if done, err := look(s.byKey[hash]); done {
			return answer, err
		}
	}
	_, err := look(s.partial)
	return answer, err
}

// equalAll compares two rows: false if two values differ, nil if they may be equal but for NULL.
func equalAll(ctx *gsql.Context, comparisons []*Comparison, a, b []any) (any, error) {
	var answer any = true
	for i, c := range comparisons {
		same, err := c.Equal(ctx, a[i], b[i])
		if err != nil || same == false {
			return same, err
		}
		if same == nil {
			answer = nil
		}
	}
	return answer, nil
}

func hashOf(ctx *gsql.Context, h *maphash.Hash, comparisons []*Comparison, row []any) (uint64, error) {
	h.Reset()
	for i, c := range comparisons {
		if err := c.Write(ctx, h, row[i]); err != nil {
			return 0, err
		}
		h.WriteByte(0)
	}
	return h.Sum64(), nil
}

func hasNull(row []any) bool {
	for _, v := range row {
		if v == nil {
			return true
		}
	}
	return false
}
