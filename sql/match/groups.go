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
	found.set.add(values)
	return nil
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
		if err != nil || same {
			return candidate, hash, err
		}
	}
	return nil, hash, nil
}

// equalAll compares two rows without NULL.
func equalAll(ctx *gsql.Context, comparisons []*Comparison, a, b []any) (bool, error) {
	for i, c := range comparisons {
		if same, err := c.Equal(ctx, a[i], b[i]); err != nil || same != true {
			return false, err
		}
	}
	return true, nil
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
