package shell

import (
	"database/sql"
	"fmt"
	"io"
)

// Column names a column of Rows. Numbers stand at the right in a table.
type Column struct {
	Name   string
	Number bool
}

// Rows writes rows that no statement has returned in the forms of those that one did.
type Rows struct{ renderer renderer }

// NewRows begins. Nothing is painted.
func NewRows(f Format, w io.Writer, columns []Column) (*Rows, error) {
	r := &Rows{newRenderer(f, w, false)}
	list := make([]column, len(columns))
	for i, c := range columns {
		list[i].name = c.Name
		if c.Number {
			list[i].kind = "BIGINT"
		}
	}
	return r, r.renderer.begin(list)
}

// Row writes a row. A value is what fmt prints of it, bytes are text; nil is NULL.
func (r *Rows) Row(values ...any) error {
	row := make([]sql.RawBytes, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
		case []byte:
			row[i] = v
		default:
			row[i] = fmt.Append([]byte{}, v)
		}
	}
	return r.renderer.row(row)
}

// End writes what is left.
func (r *Rows) End() error { return r.renderer.end() }
