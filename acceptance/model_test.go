package acceptance

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
)

// The model: databases as plain maps. A state is never changed once it is recorded; changes copy what they touch.

// columnKind is a type that the model knows.
type columnKind uint8

const (
	integer columnKind = iota
	text
	decimal
	columnKinds
)

var (
	columnTypes = [columnKinds]string{"int", "varchar(30)", "decimal(10,2)"}
	widerTypes  = [columnKinds]string{"bigint", "varchar(70)", "decimal(14,2)"}
)

// modelColumn is a column with the default that old rows got when it was added.
type modelColumn struct {
	name    string
	kind    columnKind
	indexed bool
}

// modelTable is a table with an integer primary key id, which is not among the columns.
type modelTable struct {
	columns []modelColumn
	rows    map[int][]string // by id; null is NULL
}

// modelView selects id and one column, or joins two tables by id.
type modelView struct {
	table, column string
	other         string // second table of a join, or empty
	modulus       int    // only ids that it divides
}

// modelState is everything at one SCN.
type modelState struct {
	tables map[string]*modelTable
	views  map[string]modelView
}

// point is a state and where it is: from its SCN until the first commit after it, from its commit until heard.
type point struct {
	scn   uint64
	state *modelState
	heard int64 // when the client had the answer, in microseconds since 1970: the state was there by then
}

func (s *modelState) clone() *modelState {
	return &modelState{maps.Clone(s.tables), maps.Clone(s.views)}
}

// with is the state with a table replaced, or removed if it is nil.
func (s *modelState) with(name string, t *modelTable) *modelState {
	c := s.clone()
	if c.tables[name] = t; t == nil {
		delete(c.tables, name)
	}
	return c
}

func (t *modelTable) clone() *modelTable {
	return &modelTable{slices.Clone(t.columns), maps.Clone(t.rows)}
}

func (t *modelTable) column(name string) int {
	return slices.IndexFunc(t.columns, func(c modelColumn) bool { return c.name == name })
}

func (t *modelTable) ids() []int { return slices.Sorted(maps.Keys(t.rows)) }

// selectAll is SELECT * … ORDER BY id of the rows that are kept.
func (t *modelTable) selectAll(keep func(id int, row []string) bool) [][]string {
	var out [][]string
	for _, id := range t.ids() {
		if row := t.rows[id]; keep(id, row) {
			out = append(out, append([]string{strconv.Itoa(id)}, row...))
		}
	}
	return out
}

// change gives each row that is kept new values, and leaves the table itself as it was.
func (t *modelTable) change(keep func(id int) bool, edit func(row []string)) *modelTable {
	c := t.clone()
	for id, row := range c.rows {
		if keep(id) {
			row = slices.Clone(row)
			edit(row)
			c.rows[id] = row
		}
	}
	return c
}

// selectView is what a view gives, or false if it refers to what is not there.
func (s *modelState) selectView(v modelView) ([][]string, bool) {
	t := s.tables[v.table]
	if t == nil || t.column(v.column) < 0 || v.other != "" && s.tables[v.other] == nil {
		return nil, false
	}
	at := t.column(v.column)
	var out [][]string
	for _, id := range t.ids() {
		if id%v.modulus != 0 {
			continue
		}
		if v.other != "" {
			if _, there := s.tables[v.other].rows[id]; !there {
				continue
			}
		}
		out = append(out, []string{strconv.Itoa(id), t.rows[id][at]})
	}
	return out, true
}

func (v modelView) definition() string {
	if v.other == "" {
		return fmt.Sprintf("SELECT id, %s AS val FROM %s WHERE id %% %d = 0", v.column, v.table, v.modulus)
	}
	return fmt.Sprintf("SELECT a.id, a.%s AS val FROM %s a JOIN %s b ON b.id = a.id WHERE a.id %% %d = 0", v.column, v.table, v.other, v.modulus)
}

// value makes a value of a kind, as its text.
func (k columnKind) value(r *rand.Rand) string {
	if r.IntN(8) == 0 {
		return null
	}
	switch k {
	case integer:
		return strconv.Itoa(r.IntN(200) - 100)
	case text:
		return pick(r, "ant", "bee", "cat", "dög", "emu", "fox 🦊", "gnu's", "hen")
	default:
		n := r.IntN(20000)
		return fmt.Sprintf("%d.%02d", n/100, n%100)
	}
}

// sqlValue is a value as it is written in SQL.
func sqlValue(v string) string {
	if v == null {
		return "NULL"
	}
	return literal(v)
}
