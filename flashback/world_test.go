package flashback_test

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/flashback"
	"redoubt/scn"
)

// world is the naive model: everything there is at one SCN, as a whole copy. It never changes once it is kept.
type world map[string]*space // by the name of the schema

type space struct {
	id     scn.Space
	tables map[string]*sheet
}

type sheet struct {
	id      scn.Space
	name    string
	columns map[uint32]string // by id, without the key
	indexes map[string]uint32 // by name: the column
	rows    map[int64]map[uint32]int64
}

func (w world) copy() world {
	out := world{}
	for name, s := range w {
		c := &space{s.id, map[string]*sheet{}}
		for t, x := range s.tables {
			c.tables[t] = x.copy()
		}
		out[name] = c
	}
	return out
}

func (s *sheet) copy() *sheet {
	c := &sheet{s.id, s.name, maps.Clone(s.columns), maps.Clone(s.indexes), map[int64]map[uint32]int64{}}
	for id, row := range s.rows {
		c.rows[id] = maps.Clone(row)
	}
	return c
}

// byID finds a table by its id.
func (w world) byID(id scn.Space) (schema string, t *sheet) {
	for name, s := range w {
		for _, t := range s.tables {
			if t.id == id {
				return name, t
			}
		}
	}
	return "", nil
}

func (w world) schemaByID(id scn.Space) (string, bool) {
	for name, s := range w {
		if s.id == id {
			return name, true
		}
	}
	return "", false
}

// describe writes down all that can be seen.
func (w world) describe() string {
	var lines []string
	for schema, s := range w {
		lines = append(lines, fmt.Sprintf("schema %s %d", schema, s.id))
		for _, t := range s.tables {
			lines = append(lines, t.lines(schema)...)
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func (s *sheet) lines(schema string) (lines []string) {
	head := schema + "." + s.name
	lines = append(lines, fmt.Sprintf("%s id %d", head, s.id))
	for id, name := range s.columns {
		lines = append(lines, fmt.Sprintf("%s column %d %s", head, id, name))
	}
	for name, column := range s.indexes {
		lines = append(lines, fmt.Sprintf("%s index %s %d", head, name, column))
	}
	for id, row := range s.rows {
		text := fmt.Sprintf("%s row %d", head, id)
		for _, column := range slices.Sorted(maps.Keys(s.columns)) {
			if v, ok := row[column]; ok {
				text += fmt.Sprintf(" %d=%d", column, v)
			}
		}
		lines = append(lines, text)
	}
	return lines
}

// seen writes down what a reader of the database sees, in the same form, and checks each index against the rows.
func seen(view *txn.Txn) (string, error) {
	var lines []string
	for _, schema := range view.Catalog().Schemas() {
		lines = append(lines, fmt.Sprintf("schema %s %d", schema.Name, schema.ID))
		for _, t := range view.Catalog().Tables(schema.Name) {
			s, err := read(view, t)
			if err != nil {
				return "", fmt.Errorf("table %s: %w", t.Name, err)
			}
			lines = append(lines, s.lines(schema.Name)...)
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n"), nil
}

func read(view *txn.Txn, t *catalog.Table) (*sheet, error) {
	s := &sheet{t.ID, t.Name, map[uint32]string{}, map[string]uint32{}, map[int64]map[uint32]int64{}}
	for i := range t.Columns {
		if c := &t.Columns[i]; c.ID != keyColumn {
			s.columns[c.ID] = c.Name
		}
	}
	rows := view.Scan(t, txn.Range{})
	for rows.Next() {
		id, row := valuesOf(t, rows)
		s.rows[id] = row
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	for i := range t.Indexes {
		index := &t.Indexes[i]
		if index.State != catalog.StatePublic {
			continue
		}
		s.indexes[index.Name] = index.Columns[0].Column
		if err := checkIndex(view, t, index, s); err != nil {
			return nil, fmt.Errorf("index %s: %w", index.Name, err)
		}
	}
	return s, nil
}

func valuesOf(t *catalog.Table, rows *txn.Rows) (id int64, row map[uint32]int64) {
	row = map[uint32]int64{}
	for i := range t.Columns {
		c := &t.Columns[i]
		switch v := c.Of(rows.Row()); {
		case c.ID == keyColumn:
			id = v.Int()
		case !v.IsNull():
			row[c.ID] = v.Int()
		}
	}
	return id, row
}

// checkIndex wants the rows that an index leads to: each once, in the order of the indexed column, NULL first.
func checkIndex(view *txn.Txn, t *catalog.Table, index *catalog.Index, s *sheet) error {
	column := index.Columns[0].Column
	var last *int64
	found := 0
	rows := view.ScanIndex(t, index, txn.Range{})
	defer rows.Close()
	for rows.Next() {
		found++
		id, row := valuesOf(t, rows)
		if want, ok := s.rows[id]; !ok || !maps.Equal(row, want) {
			return fmt.Errorf("it leads to row %d %v, the table has %v", id, row, want)
		}
		v, ok := row[column]
		if !ok && last != nil || ok && last != nil && v < *last {
			return fmt.Errorf("row %d is out of order", id)
		}
		if ok {
			last = &v
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if found != len(s.rows) {
		return fmt.Errorf("it has %d rows, the table %d", found, len(s.rows))
	}
	return nil
}

// dropped is an entry of the recycle bin, as the model keeps it.
type dropped struct {
	id     scn.Space
	at     scn.SCN
	schema string
	table  string // empty for a schema
}

// took is a flashback, as the model keeps it.
type took struct {
	at    scn.SCN
	kind  catalog.FlashbackKind
	names []flashback.Name // as they were in the end; none for the database
}
