package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"redoubt/internal/shell"
	"redoubt/sql/logmine"
)

// field is a named value of something that is printed.
type field struct {
	name  string
	value any // nil: there is none
}

// jsonLines is the format of one JSON object a line.
const jsonLines = "json"

// lister prints things that all have the same fields: as a table, as CSV or TSV, or as JSON, one object a line.
type lister struct {
	w      io.Writer
	format string
	rows   *shell.Rows // nil until there is one, and for JSON
}

// begin says the columns before there is a row.
func (l *lister) begin(columns []shell.Column) (err error) {
	if l.format != jsonLines {
		l.rows, err = shell.NewRows(shell.Format(l.format), l.w, columns)
	}
	return err
}

func (l *lister) print(fields []field) error {
	if l.format == jsonLines {
		return printJSON(l.w, fields)
	}
	if l.rows == nil {
		columns := make([]shell.Column, len(fields))
		for i, f := range fields {
			columns[i] = shell.Column{Name: f.name, Number: isNumber(f.value)}
		}
		if err := l.begin(columns); err != nil {
			return err
		}
	}
	values := make([]any, len(fields))
	for i, f := range fields {
		if values[i] = f.value; f.value != nil {
			values[i] = shownValue(f.value)
		}
	}
	return l.rows.Row(values...)
}

func (l *lister) end() error {
	if l.rows == nil {
		return nil
	}
	return l.rows.End()
}

func isNumber(v any) bool {
	switch v.(type) {
	case int, int64, uint64, float64:
		return true
	}
	return false
}

const timeLayout = "2006-01-02 15:04:05.000000"

func shownValue(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(timeLayout)
	case json.RawMessage:
		return []byte(v)
	}
	return v
}

func printJSON(w io.Writer, fields []field) error {
	var b bytes.Buffer
	for i, f := range fields {
		fmt.Fprintf(&b, "%s%q: ", map[bool]string{true: "{", false: ", "}[i == 0], f.name)
		if t, ok := f.value.(time.Time); ok {
			f.value = t.UTC()
		}
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(f.value); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the encoder's newline
	}
	b.WriteString("}\n")
	_, err := w.Write(b.Bytes())
	return err
}

// orNone gives nil for a zero value.
func orNone[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func textOrNone(b json.RawMessage) any {
	if b == nil {
		return nil
	}
	return b
}

// eventFields are the columns of an event.
func eventFields(e *logmine.Event) []field {
	return []field{
		{"scn", e.SCN},
		{"time", e.Time},
		{"xid", e.XID},
		{"user", orNone(e.User)},
		{"operation", e.Operation},
		{"schema", orNone(e.Schema)},
		{"table", orNone(e.Table)},
		{"key", textOrNone(e.Key)},
		{"redo_sql", orNone(e.Redo)},
		{"undo_sql", orNone(e.Undo)},
	}
}
