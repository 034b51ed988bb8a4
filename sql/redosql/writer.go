package redosql

import (
	"redoubt/engine/catalog"
)

// Writer keeps the Tables of one scan. Definitions never change once they are in a catalog, so each is made once.
type Writer struct{ tables map[*catalog.Table]*Table }

// tablesMax bounds the Tables kept: a scan of a long range may meet many definitions.
const tablesMax = 1024

// Table gives the Table of a definition in a catalog.
func (w *Writer) Table(dictionary *catalog.Snapshot, def *catalog.Table) (*Table, error) {
	schema := ""
	if s, ok := dictionary.SchemaByID(def.Schema); ok {
		schema = s.Name
	}
	return w.Of(schema, def)
}

// Of gives the Table of a definition in a schema.
func (w *Writer) Of(schema string, def *catalog.Table) (*Table, error) {
	if t, ok := w.tables[def]; ok && t.Schema == schema {
		return t, nil
	}
	t, err := NewTable(schema, def)
	if err != nil {
		return nil, err
	}
	if w.tables == nil || len(w.tables) >= tablesMax {
		w.tables = map[*catalog.Table]*Table{}
	}
	w.tables[def] = t
	return t, nil
}
