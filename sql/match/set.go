package match

import (
	"hash/maphash"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// Set holds the rows that a subquery selects, for IN to look in.
type Set struct {
	comparisons []*Comparison
	keyed       columns  // those that have keys
	shapes      []*shape // rows by the columns in which they are not NULL
	size        int
	hash        maphash.Hash
}

// columns is a set of columns, by their bits.
type columns uint64

// ColumnsMax is how many columns the rows of a Set have at most.
const ColumnsMax = 64

// shape holds the rows of a Set that have NULL in the same columns.
type shape struct {
	filled columns // in which the rows are not NULL
	rows   [][]any
	full   bool                           // filled holds all columns
	byKey  map[columns]map[uint64][][]any // rows by the keys of some columns
}

// NewSet makes a Set without rows. Rows of no columns only count.
func NewSet(comparisons []*Comparison) *Set {
	s := &Set{comparisons: comparisons}
	for i, c := range comparisons {
		if c.HasKeys() {
			s.keyed |= 1 << i
		}
	}
	return s
}

func (s *Set) add(row []any) {
	s.size++
	if len(s.comparisons) == 0 {
		return
	}
	filled := filledOf(row)
	for _, sh := range s.shapes {
		if sh.filled == filled {
			sh.rows = append(sh.rows, row)
			return
		}
	}
	full := filled == 1<<len(row)-1
	s.shapes = append(s.shapes, &shape{filled: filled, full: full, rows: [][]any{row}, byKey: map[columns]map[uint64][][]any{}})
}

func filledOf(row []any) (out columns) {
	for i, v := range row {
		if v != nil {
			out |= 1 << i
		}
	}
	return out
}

// Size is how many rows were added.
func (s *Set) Size() int {
	if s == nil {
		return 0
	}
	return s.size
}

// Contains tells whether a row is in the set: true, false, or nil if a NULL leaves it open. All rows are in the set
// before the first question.
func (s *Set) Contains(ctx *gsql.Context, row []any) (any, error) {
	if s.Size() == 0 {
		return false, nil
	}
	var answer any = false
	filled := filledOf(row)
	for _, sh := range s.shapes {
		certain := sh.full && filled == sh.filled
		if !certain && answer == nil {
			continue // it could say no more than that
		}
		found, err := s.find(ctx, sh, row, filled&sh.filled)
		switch {
		case err != nil:
			return nil, err
		case found && certain:
			return true, nil
		case found:
			answer = nil
		}
	}
	return answer, nil
}

// find tells whether a shape has a row that equals another in some columns.
func (s *Set) find(ctx *gsql.Context, sh *shape, row []any, in columns) (bool, error) {
	if in == 0 {
		return true, nil
	}
	candidates := sh.rows
	if by := in & s.keyed; by != 0 {
		if sh.byKey[by] == nil {
			if err := s.index(ctx, sh, by); err != nil {
				return false, err
			}
		}
		key, err := s.key(ctx, row, by)
		if err != nil {
			return false, err
		}
		candidates = sh.byKey[by][key]
	}
	for _, candidate := range candidates {
		same := true
		for i, c := range s.comparisons {
			if in&(1<<i) == 0 {
				continue
			}
			equal, err := c.Equal(ctx, row[i], candidate[i])
			if err != nil {
				return false, err
			}
			if same = equal == true; !same {
				break
			}
		}
		if same {
			return true, nil
		}
	}
	return false, nil
}

// index sorts the rows of a shape by the keys of some columns.
func (s *Set) index(ctx *gsql.Context, sh *shape, by columns) error {
	index := make(map[uint64][][]any, len(sh.rows))
	for _, row := range sh.rows {
		key, err := s.key(ctx, row, by)
		if err != nil {
			return err
		}
		index[key] = append(index[key], row)
	}
	sh.byKey[by] = index
	return nil
}

func (s *Set) key(ctx *gsql.Context, row []any, by columns) (uint64, error) {
	s.hash.Reset()
	for i, c := range s.comparisons {
		if by&(1<<i) == 0 {
			continue
		}
		if err := c.Write(ctx, &s.hash, row[i]); err != nil {
			return 0, err
		}
		s.hash.WriteByte(0)
	}
	return s.hash.Sum64(), nil
}
