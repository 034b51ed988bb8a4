package parser

import (
	"fmt"
	"unicode/utf8"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// Moment is a point in the past that one of our own statements names.
type Moment struct {
	call string // the call of redoubt_asof that gives it
	// At is the point, once the statement is bound.
	At AsOf
}

// String returns the moment as it was computed, or as it will be.
func (m *Moment) String() string {
	if m.At == (AsOf{}) {
		return m.call
	}
	return m.At.Describe()
}

// parseMoment reads `SCN n`, `TIMESTAMP ts`, `RESTORE POINT p` or an expression; AS OF has been read.
func parseMoment(t *Tokens) (*Moment, error) {
	c, ok := parseAsOf(t.list, t.pos)
	if !ok {
		return nil, unexpected(t)
	}
	if c.schemaNow {
		return nil, sqlcode.Syntax("You have an error in your SQL syntax: USING SCHEMA NOW belongs to a table")
	}
	value := t.text[t.list[c.from].Start:t.list[c.to-1].End]
	if c.name != "" {
		value = quoteString(c.name)
	}
	t.pos = c.end
	return &Moment{call: c.call() + value + ")"}, nil
}

// bind returns the moment with its value.
func (m *Moment) bind(value any) (*Moment, error) {
	at, err := DecodeAsOf(value)
	if err != nil {
		return nil, err
	}
	return &Moment{call: m.call, At: at}, nil
}

// CreateRestorePoint is CREATE RESTORE POINT name [AS OF moment] [GUARANTEE FLASHBACK DATABASE] [DESCRIPTION 'text'].
type CreateRestorePoint struct {
	Name string
	// Moment is nil for now.
	Moment      *Moment
	Guarantee   bool
	Description string

	description string // its expression
}

// CommandName implements Statement.
func (*CreateRestorePoint) CommandName() string { return "CREATE RESTORE POINT" }

// Schema implements Statement.
func (*CreateRestorePoint) Schema() sql.Schema {
	return sql.Schema{column("restore_point", types.Text), column("scn", types.Uint64), column("time", types.DatetimeMaxPrecision)}
}

// IsReadOnly implements Statement.
func (*CreateRestorePoint) IsReadOnly() bool { return false }

// Expressions implements Statement.
func (s *CreateRestorePoint) Expressions() (texts []string) {
	if s.Moment != nil {
		texts = append(texts, s.Moment.call)
	}
	if s.description != "" {
		texts = append(texts, s.description)
	}
	return texts
}

// Bind implements Statement.
func (s *CreateRestorePoint) Bind(values []any) (Statement, error) {
	bound := *s
	var err error
	if s.Moment != nil {
		if bound.Moment, err = s.Moment.bind(values[0]); err != nil {
			return nil, err
		}
		values = values[1:]
	}
	if s.description != "" {
		text, ok := asText(values[0])
		if !ok {
			return nil, sqlcode.CommandArgument(fmt.Sprintf("The DESCRIPTION of a restore point is a string, not %s", show(values[0])))
		}
		bound.Description = text
	}
	return &bound, nil
}

// DropRestorePoint is DROP RESTORE POINT [IF EXISTS] name.
type DropRestorePoint struct {
	Name     string
	IfExists bool
}

// CommandName implements Statement.
func (*DropRestorePoint) CommandName() string { return "DROP RESTORE POINT" }

// Schema implements Statement.
func (*DropRestorePoint) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*DropRestorePoint) IsReadOnly() bool { return false }

// Expressions implements Statement.
func (*DropRestorePoint) Expressions() []string { return nil }

// Bind implements Statement.
func (s *DropRestorePoint) Bind([]any) (Statement, error) { return s, nil }

// ShowRestorePoints is SHOW RESTORE POINTS.
type ShowRestorePoints struct{}

// CommandName implements Statement.
func (*ShowRestorePoints) CommandName() string { return "SHOW RESTORE POINTS" }

// Schema implements Statement.
func (*ShowRestorePoints) Schema() sql.Schema {
	description := column("description", types.Text)
	description.Nullable = true
	return sql.Schema{
		column("restore_point", types.Text), column("scn", types.Uint64), column("time", types.DatetimeMaxPrecision),
		column("created", types.DatetimeMaxPrecision), column("guarantee", types.Boolean), description,
	}
}

// IsReadOnly implements Statement.
func (*ShowRestorePoints) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*ShowRestorePoints) Expressions() []string { return nil }

// Bind implements Statement.
func (s *ShowRestorePoints) Bind([]any) (Statement, error) { return s, nil }

func column(name string, t sql.Type) *sql.Column { return &sql.Column{Name: name, Type: t} }

func restorePointCommands() []Command {
	return []Command{
		{"CREATE RESTORE POINT", []string{"CREATE", "RESTORE", "POINT"}, parseCreateRestorePoint},
		{"DROP RESTORE POINT", []string{"DROP", "RESTORE", "POINT"}, parseDropRestorePoint},
		{"SHOW RESTORE POINTS", []string{"SHOW", "RESTORE", "POINTS"}, func(t *Tokens) (Statement, error) {
			t.Accept("SHOW", "RESTORE", "POINTS")
			return &ShowRestorePoints{}, nil
		}},
	}
}

func parseCreateRestorePoint(t *Tokens) (Statement, error) {
	t.Accept("CREATE", "RESTORE", "POINT")
	s := &CreateRestorePoint{}
	var err error
	if s.Name, err = restorePointName(t); err != nil {
		return nil, err
	}
	if err := CheckRestorePointName(s.Name); err != nil {
		return nil, err
	}
	if t.Accept("AS", "OF") {
		if s.Moment, err = parseMoment(t); err != nil {
			return nil, err
		}
	}
	s.Guarantee = t.Accept("GUARANTEE", "FLASHBACK", "DATABASE")
	if t.Accept("DESCRIPTION") {
		if s.description = t.Expression(); s.description == "" {
			return nil, unexpected(t)
		}
	}
	return s, nil
}

func parseDropRestorePoint(t *Tokens) (Statement, error) {
	t.Accept("DROP", "RESTORE", "POINT")
	s := &DropRestorePoint{IfExists: t.Accept("IF", "EXISTS")}
	var err error
	s.Name, err = restorePointName(t)
	return s, err
}

// restorePointName reads a name, as an identifier or as a string.
func restorePointName(t *Tokens) (string, error) {
	token := t.Peek()
	if token.Kind == String {
		t.Next()
		return unquoteString(token.Text), nil
	}
	name, ok := token.Ident()
	if !ok {
		return "", unexpected(t)
	}
	t.Next()
	return name, nil
}

// CheckRestorePointName returns an error of sqlcode if AS OF 'name' could not mean a restore point of that name.
func CheckRestorePointName(name string) error {
	digits := true
	for i := 0; i < len(name); i++ {
		digits = digits && isDigit(name[i])
	}
	if n := utf8.RuneCountInString(name); n < 1 || n > 64 || digits || looksLikeTime(name) || !utf8.ValidString(name) {
		return sqlcode.RestorePointName(name)
	}
	return nil
}

// unquoteString returns what a string literal stands for.
func unquoteString(literal string) string {
	q, body := literal[0], literal[1:len(literal)-1]
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		c := body[i]
		if i+1 < len(body) && (c == '\\' || c == q) {
			i++
			c = escaped(c, body[i])
		}
		out = append(out, c)
	}
	return string(out)
}

// escaped returns the character that lead followed by c stands for in a string literal.
func escaped(lead, c byte) byte {
	if lead != '\\' {
		return c
	}
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case '0':
		return 0
	case 'b':
		return '\b'
	case 'Z':
		return 26
	}
	return c
}
