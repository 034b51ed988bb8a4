package shell

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// pageRows is how many rows of a table are laid out together.
const pageRows = 1000

// column is a column of a result; kind is the server's name of its type.
type column struct{ name, kind string }

// renderer writes one set of rows. It must not keep the values of a row.
type renderer interface {
	begin(columns []column) error
	row(values []sql.RawBytes) error
	end() error
}

func newRenderer(f Format, w io.Writer, color bool) renderer {
	switch f {
	case JSON:
		return &jsonRenderer{w: w}
	case CSV:
		return &csvRenderer{w: w}
	case TSV:
		return &tsvRenderer{w: w}
	}
	return &tableRenderer{w: w, color: color}
}

// isNumber reports whether values of the kind are numbers that JSON has.
func (c column) isNumber() bool {
	switch strings.TrimPrefix(c.kind, "UNSIGNED ") {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE", "YEAR":
		return true
	}
	return false
}

// shown returns a value as text: bytes that are no text as 0x….
func shown(v sql.RawBytes) string {
	if !utf8.Valid(v) || bytes.IndexByte(v, 0) >= 0 {
		return "0x" + strings.ToUpper(hex.EncodeToString(v))
	}
	return string(v)
}

type tableRenderer struct {
	w       io.Writer
	color   bool
	columns []column
	page    table.Writer
	rows    int
}

func (r *tableRenderer) begin(columns []column) error {
	r.columns = columns
	r.newPage()
	return nil
}

func (r *tableRenderer) newPage() {
	r.page, r.rows = table.NewWriter(), 0
	r.page.SetStyle(table.StyleLight)
	r.page.Style().Format.Header = text.FormatDefault
	header := make(table.Row, len(r.columns))
	var configs []table.ColumnConfig
	for i, c := range r.columns {
		header[i] = c.name
		if c.isNumber() {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	r.page.AppendHeader(header)
	r.page.SetColumnConfigs(configs)
}

func (r *tableRenderer) row(values []sql.RawBytes) error {
	row := make(table.Row, len(values))
	for i, v := range values {
		switch {
		case v == nil && r.color:
			row[i] = text.Faint.Sprint("<null>")
		case v == nil:
			row[i] = "<null>"
		default:
			row[i] = strings.ReplaceAll(shown(v), "\t", "    ")
		}
	}
	r.page.AppendRow(row)
	if r.rows++; r.rows == pageRows {
		if err := r.flush(); err != nil {
			return err
		}
		r.newPage()
	}
	return nil
}

func (r *tableRenderer) flush() error {
	_, err := fmt.Fprintln(r.w, r.page.Render())
	return err
}

func (r *tableRenderer) end() error {
	if r.rows == 0 && r.page.Length() == 0 && len(r.columns) == 0 {
		return nil
	}
	return r.flush()
}

type jsonRenderer struct {
	w       io.Writer
	columns []column
	keys    [][]byte
	rows    int
}

func (r *jsonRenderer) begin(columns []column) error {
	r.columns = columns
	seen := map[string]int{}
	for _, c := range columns {
		name := c.name
		if seen[c.name]++; seen[c.name] > 1 {
			name = fmt.Sprintf("%s_%d", c.name, seen[c.name]) // an object cannot have a key twice
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		r.keys = append(r.keys, key)
	}
	_, err := io.WriteString(r.w, "[")
	return err
}

func (r *jsonRenderer) row(values []sql.RawBytes) error {
	var b bytes.Buffer
	b.WriteString(map[bool]string{true: "\n", false: ",\n"}[r.rows == 0])
	r.rows++
	for i, v := range values {
		b.WriteString(map[bool]string{true: "  {", false: ", "}[i == 0])
		b.Write(r.keys[i])
		b.WriteString(": ")
		value, err := r.columns[i].json(v)
		if err != nil {
			return err
		}
		b.Write(value)
	}
	b.WriteByte('}')
	_, err := r.w.Write(b.Bytes())
	return err
}

func (c column) json(v sql.RawBytes) ([]byte, error) {
	switch {
	case v == nil:
		return []byte("null"), nil
	case (c.isNumber() || c.kind == "JSON") && json.Valid(v):
		return v, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(shown(v))
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

func (r *jsonRenderer) end() error {
	_, err := io.WriteString(r.w, map[bool]string{true: "]\n", false: "\n]\n"}[r.rows == 0])
	return err
}

// csvRenderer writes its own CSV: the standard library cannot tell an empty string from none.
type csvRenderer struct{ w io.Writer }

func (r *csvRenderer) begin(columns []column) error {
	fields := make([]string, len(columns))
	for i, c := range columns {
		fields[i] = csvField(c.name)
	}
	_, err := fmt.Fprintln(r.w, strings.Join(fields, ","))
	return err
}

func (r *csvRenderer) row(values []sql.RawBytes) error {
	fields := make([]string, len(values))
	for i, v := range values {
		if v != nil {
			fields[i] = csvField(shown(v))
		}
	}
	_, err := fmt.Fprintln(r.w, strings.Join(fields, ","))
	return err
}

func csvField(s string) string {
	if s == "" || strings.ContainsAny(s, ",\"\r\n") || s[0] == ' ' || s[len(s)-1] == ' ' {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func (r *csvRenderer) end() error { return nil }

type tsvRenderer struct{ w io.Writer }

var escapeTSV = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func (r *tsvRenderer) begin(columns []column) error {
	fields := make([]string, len(columns))
	for i, c := range columns {
		fields[i] = escapeTSV.Replace(c.name)
	}
	_, err := fmt.Fprintln(r.w, strings.Join(fields, "\t"))
	return err
}

func (r *tsvRenderer) row(values []sql.RawBytes) error {
	fields := make([]string, len(values))
	for i, v := range values {
		fields[i] = `\N`
		if v != nil {
			fields[i] = escapeTSV.Replace(shown(v))
		}
	}
	_, err := fmt.Fprintln(r.w, strings.Join(fields, "\t"))
	return err
}

func (r *tsvRenderer) end() error { return nil }
