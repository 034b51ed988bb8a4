package acceptance

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

const (
	modelTables = 4  // names that tables may have
	modelViews  = 3  // names that views may have
	columnsMax  = 6  // of a table
	rowsMost    = 60 // of a table; above that more is deleted than inserted
)

// step is statements that are run one after another, the state after them, and the error that the last one must give.
type step struct {
	statements []string
	after      *modelState
	fails      uint16
}

// walk makes random steps.
type walk struct {
	random *rand.Rand
	names  int // of columns so far: each is new
	state  *modelState
}

// next makes a step from the state of the walk.
func (w *walk) next() step {
	name := fmt.Sprintf("t%d", w.random.IntN(modelTables))
	t := w.state.tables[name]
	if t == nil {
		return w.createTable(name)
	}
	switch n := w.random.IntN(1000); {
	case n < 860:
		statement, after, fails := w.dml(w.state, name)
		return step{[]string{statement}, after, fails}
	case n < 930:
		return w.transaction()
	case n < 945:
		return w.addColumn(name, t)
	case n < 955 && len(t.columns) > 1:
		return w.dropColumn(name, t)
	case n < 965:
		return w.renameColumn(name, t)
	case n < 980:
		return w.index(name, t)
	case n < 988:
		return w.view()
	case n < 991:
		return w.renameTable(name, t)
	case n < 994:
		return w.widenColumn(name, t)
	case n < 997:
		return step{[]string{"DROP TABLE " + name}, w.state.with(name, nil), 0}
	default:
		empty := &modelTable{t.columns, map[int][]string{}}
		return step{[]string{"TRUNCATE TABLE " + name}, w.state.with(name, empty), 0}
	}
}

func (w *walk) newColumn() modelColumn {
	w.names++
	return modelColumn{name: fmt.Sprintf("c%d", w.names), kind: columnKind(w.random.IntN(int(columnKinds)))}
}

func (w *walk) createTable(name string) step {
	t := &modelTable{rows: map[int][]string{}}
	definitions := []string{"id int PRIMARY KEY"}
	for range 1 + w.random.IntN(4) {
		c := w.newColumn()
		t.columns = append(t.columns, c)
		definitions = append(definitions, c.name+" "+columnTypes[c.kind])
	}
	return step{[]string{"CREATE TABLE " + name + " (" + strings.Join(definitions, ", ") + ")"}, w.state.with(name, t), 0}
}

// dml makes a statement that changes rows of a table.
func (w *walk) dml(s *modelState, name string) (string, *modelState, uint16) {
	t, r := s.tables[name], w.random
	choice := r.IntN(100)
	if len(t.rows) < 5 {
		choice = 0
	} else if len(t.rows) > rowsMost {
		choice = 70 + r.IntN(15)
	}
	switch {
	case choice < 35:
		return w.insert(s, name, t, "INSERT")
	case choice < 42:
		return w.insert(s, name, t, "REPLACE")
	case choice < 70:
		return w.update(s, name, t)
	case choice < 85:
		low := w.someID(t)
		high := low + r.IntN(4)
		c := t.clone()
		for id := low; id <= high; id++ {
			delete(c.rows, id)
		}
		return fmt.Sprintf("DELETE FROM %s WHERE id BETWEEN %d AND %d", name, low, high), s.with(name, c), 0
	case choice < 92:
		return w.upsert(s, name, t)
	default:
		return w.moveKey(s, name, t)
	}
}

// someID is an id that often is there.
func (w *walk) someID(t *modelTable) int {
	if ids := t.ids(); len(ids) > 0 && w.random.IntN(4) > 0 {
		return ids[w.random.IntN(len(ids))]
	}
	return 1 + w.random.IntN(150)
}

func (w *walk) newRow(t *modelTable) []string {
	row := make([]string, len(t.columns))
	for i, c := range t.columns {
		row[i] = c.kind.value(w.random)
	}
	return row
}

func sqlRow(id int, row []string) string {
	parts := []string{strconv.Itoa(id)}
	for _, v := range row {
		parts = append(parts, sqlValue(v))
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func (w *walk) insert(s *modelState, name string, t *modelTable, verb string) (string, *modelState, uint16) {
	c := t.clone()
	var rows []string
	fails := uint16(0)
	for range 1 + w.random.IntN(3) {
		id, row := 1+w.random.IntN(150), w.newRow(t)
		if _, taken := c.rows[id]; taken && verb == "INSERT" {
			fails = 1062
		}
		c.rows[id] = row
		rows = append(rows, sqlRow(id, row))
	}
	statement := verb + " INTO " + name + " VALUES " + strings.Join(rows, ", ")
	if fails != 0 {
		return statement, s, fails
	}
	return statement, s.with(name, c), 0
}

func (w *walk) update(s *modelState, name string, t *modelTable) (string, *modelState, uint16) {
	at := w.random.IntN(len(t.columns))
	column := t.columns[at]
	low := w.someID(t)
	high := low + w.random.IntN(10)
	keep := func(id int) bool { return id >= low && id <= high }
	where := fmt.Sprintf(" WHERE id BETWEEN %d AND %d", low, high)
	if column.kind == integer && w.random.IntN(2) == 0 {
		c := t.change(keep, func(row []string) {
			if n, err := strconv.Atoi(row[at]); err == nil {
				row[at] = strconv.Itoa(n + 1)
			}
		})
		return fmt.Sprintf("UPDATE %s SET %s = %s + 1%s", name, column.name, column.name, where), s.with(name, c), 0
	}
	v := column.kind.value(w.random)
	c := t.change(keep, func(row []string) { row[at] = v })
	return fmt.Sprintf("UPDATE %s SET %s = %s%s", name, column.name, sqlValue(v), where), s.with(name, c), 0
}

func (w *walk) upsert(s *modelState, name string, t *modelTable) (string, *modelState, uint16) {
	id, row, at := w.someID(t), w.newRow(t), w.random.IntN(len(t.columns))
	v := t.columns[at].kind.value(w.random)
	c := t.clone()
	if old, there := c.rows[id]; there {
		changed := append([]string(nil), old...)
		changed[at] = v
		c.rows[id] = changed
	} else {
		c.rows[id] = row
	}
	return fmt.Sprintf("INSERT INTO %s VALUES %s ON DUPLICATE KEY UPDATE %s = %s", name, sqlRow(id, row), t.columns[at].name, sqlValue(v)), s.with(name, c), 0
}

// moveKey changes a primary key.
func (w *walk) moveKey(s *modelState, name string, t *modelTable) (string, *modelState, uint16) {
	from, to := w.someID(t), 1+w.random.IntN(150)
	statement := fmt.Sprintf("UPDATE %s SET id = %d WHERE id = %d", name, to, from)
	row, there := t.rows[from]
	if _, taken := t.rows[to]; there && taken && from != to {
		return statement, s, 1062
	}
	if !there {
		return statement, s, 0
	}
	c := t.clone()
	delete(c.rows, from)
	c.rows[to] = row
	return statement, s.with(name, c), 0
}

// transaction is several changes at once, which may be taken back, in whole or to a savepoint.
func (w *walk) transaction() step {
	s := w.state
	statements := []string{"START TRANSACTION"}
	change := func(n int) {
		for range n {
			name := fmt.Sprintf("t%d", w.random.IntN(modelTables))
			if s.tables[name] == nil {
				continue
			}
			if statement, after, fails := w.dml(s, name); fails == 0 {
				statements = append(statements, statement)
				s = after
			}
		}
	}
	change(1 + w.random.IntN(3))
	if w.random.IntN(3) == 0 {
		statements = append(statements, "SAVEPOINT here")
		kept := s
		change(1 + w.random.IntN(2))
		if w.random.IntN(2) == 0 {
			statements = append(statements, "ROLLBACK TO SAVEPOINT here")
			s = kept
		}
	}
	if w.random.IntN(4) == 0 {
		return step{append(statements, "ROLLBACK"), w.state, 0}
	}
	return step{append(statements, "COMMIT"), s, 0}
}

func (w *walk) addColumn(name string, t *modelTable) step {
	if len(t.columns) >= columnsMax {
		return w.dropColumn(name, t)
	}
	column, initial := w.newColumn(), null
	statement := fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", name, column.name, columnTypes[column.kind])
	if w.random.IntN(2) == 0 {
		if initial = column.kind.value(w.random); initial != null {
			statement += " DEFAULT " + sqlValue(initial)
		}
	}
	at := len(t.columns)
	if w.random.IntN(3) == 0 {
		after := "id"
		if at = w.random.IntN(len(t.columns)); at > 0 {
			after = t.columns[at-1].name
		}
		statement += " AFTER " + after
	}
	c := &modelTable{rows: map[int][]string{}}
	c.columns = append(append(append(c.columns, t.columns[:at]...), column), t.columns[at:]...)
	for id, row := range t.rows {
		c.rows[id] = append(append(append([]string(nil), row[:at]...), initial), row[at:]...)
	}
	return step{[]string{statement}, w.state.with(name, c), 0}
}

func (w *walk) dropColumn(name string, t *modelTable) step {
	at := w.random.IntN(len(t.columns))
	c := &modelTable{rows: map[int][]string{}}
	c.columns = append(append(c.columns, t.columns[:at]...), t.columns[at+1:]...)
	for id, row := range t.rows {
		c.rows[id] = append(append([]string(nil), row[:at]...), row[at+1:]...)
	}
	return step{[]string{"ALTER TABLE " + name + " DROP COLUMN " + t.columns[at].name}, w.state.with(name, c), 0}
}

func (w *walk) renameColumn(name string, t *modelTable) step {
	at := w.random.IntN(len(t.columns))
	c := t.clone()
	w.names++
	c.columns[at].name = fmt.Sprintf("c%d", w.names)
	return step{[]string{fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", name, t.columns[at].name, c.columns[at].name)}, w.state.with(name, c), 0}
}

// renameTable gives a table a name that is free, or else a new column.
func (w *walk) renameTable(name string, t *modelTable) step {
	for i := range modelTables {
		if to := fmt.Sprintf("t%d", i); w.state.tables[to] == nil {
			return step{[]string{"RENAME TABLE " + name + " TO " + to}, w.state.with(name, nil).with(to, t), 0}
		}
	}
	return w.addColumn(name, t)
}

// widenColumn changes the type of a column to one that holds the same values with the same text.
func (w *walk) widenColumn(name string, t *modelTable) step {
	column := t.columns[w.random.IntN(len(t.columns))]
	return step{[]string{fmt.Sprintf("ALTER TABLE %s MODIFY COLUMN %s %s", name, column.name, widerTypes[column.kind])}, w.state.with(name, t.clone()), 0}
}

// index makes or drops an index on one column.
func (w *walk) index(name string, t *modelTable) step {
	at := w.random.IntN(len(t.columns))
	c := t.clone()
	column := &c.columns[at]
	column.indexed = !column.indexed
	statement := fmt.Sprintf("CREATE INDEX i%d ON %s (%s)", w.names, name, column.name)
	if w.names++; !column.indexed {
		// Its name may be from before a column was renamed, so it is asked for.
		statement = "DROP INDEX OF " + name + " " + column.name
	}
	return step{[]string{statement}, w.state.with(name, c), 0}
}

// view makes or drops a view.
func (w *walk) view() step {
	name := fmt.Sprintf("v%d", w.random.IntN(modelViews))
	after := w.state.clone()
	if _, there := w.state.views[name]; there {
		delete(after.views, name)
		return step{[]string{"DROP VIEW " + name}, after, 0}
	}
	v := modelView{table: fmt.Sprintf("t%d", w.random.IntN(modelTables)), modulus: 1 + w.random.IntN(3)}
	t := w.state.tables[v.table]
	if t == nil {
		return w.createTable(v.table)
	}
	v.column = t.columns[w.random.IntN(len(t.columns))].name
	if other := fmt.Sprintf("t%d", w.random.IntN(modelTables)); w.random.IntN(2) == 0 && other != v.table && w.state.tables[other] != nil {
		v.other = other
	}
	after.views[name] = v
	return step{[]string{"CREATE VIEW " + name + " AS " + v.definition()}, after, 0}
}
