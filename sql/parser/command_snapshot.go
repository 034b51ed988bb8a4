package parser

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// CreateSnapshot is CREATE SNAPSHOT name [DESCRIPTION 'text'].
type CreateSnapshot struct {
	Name, Description string

	description string // its expression
}

// CommandName implements Statement.
func (*CreateSnapshot) CommandName() string { return "CREATE SNAPSHOT" }

// Schema implements Statement.
func (*CreateSnapshot) Schema() sql.Schema {
	return sql.Schema{
		column("snapshot", types.Text), column("scn", types.Uint64), column("time", types.DatetimeMaxPrecision), column("state_hash", types.Text),
	}
}

// IsReadOnly implements Statement.
func (*CreateSnapshot) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (s *CreateSnapshot) Expressions() []string { return given(s.description) }

// Bind implements Statement.
func (s *CreateSnapshot) Bind(values []any) (Statement, error) {
	bound := *s
	if s.description == "" {
		return &bound, nil
	}
	var err error
	bound.Description, err = textOf("DESCRIPTION of a snapshot", values[0])
	return &bound, err
}

// CreateClone is CREATE CLONE DATABASE name {FROM SNAPSHOT s | AS OF moment} [PURPOSE 'text'] [EXPIRES IN n {MINUTE|HOUR|DAY}].
type CreateClone struct {
	Name     string
	Snapshot string
	Moment   *Moment // nil: that of the snapshot
	Purpose  string
	Expires  time.Duration // 0: never

	purpose string // its expression
}

// CommandName implements Statement.
func (*CreateClone) CommandName() string { return "CREATE CLONE DATABASE" }

// Schema implements Statement.
func (*CreateClone) Schema() sql.Schema {
	return sql.Schema{
		column("clone", types.Text), column("scn", types.Uint64), column("time", types.DatetimeMaxPrecision), column("state_hash", types.Text),
		column("expires", types.DatetimeMaxPrecision), column("data", types.LongText),
	}
}

// IsReadOnly implements Statement.
func (*CreateClone) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (s *CreateClone) Expressions() (texts []string) {
	if s.Moment != nil {
		texts = append(texts, s.Moment.call)
	}
	return append(texts, given(s.purpose)...)
}

// Bind implements Statement.
func (s *CreateClone) Bind(values []any) (_ Statement, err error) {
	bound := *s
	if s.Moment != nil {
		if bound.Moment, err = s.Moment.bind(values[0]); err != nil {
			return nil, err
		}
		values = values[1:]
	}
	if s.purpose != "" {
		bound.Purpose, err = textOf("PURPOSE of a clone", values[0])
	}
	return &bound, err
}

// DropShelved is DROP SNAPSHOT [IF EXISTS] name and DROP CLONE DATABASE [IF EXISTS] name.
type DropShelved struct {
	Name     string
	Clone    bool
	IfExists bool
}

// CommandName implements Statement.
func (s *DropShelved) CommandName() string {
	if s.Clone {
		return "DROP CLONE DATABASE"
	}
	return "DROP SNAPSHOT"
}

// Schema implements Statement.
func (*DropShelved) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*DropShelved) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*DropShelved) Expressions() []string { return nil }

// Bind implements Statement.
func (s *DropShelved) Bind([]any) (Statement, error) { return s, nil }

func given(expression string) []string {
	if expression == "" {
		return nil
	}
	return []string{expression}
}

func textOf(what string, value any) (string, error) {
	text, ok := asText(value)
	if !ok {
		return "", sqlcode.CommandArgument(fmt.Sprintf("The %s is a string, not %s", what, show(value)))
	}
	return text, nil
}

func snapshotCommands() []Command {
	return []Command{
		{"CREATE SNAPSHOT", []string{"CREATE", "SNAPSHOT"}, parseCreateSnapshot},
		{"DROP SNAPSHOT", []string{"DROP", "SNAPSHOT"}, parseDropShelved},
		{"CREATE CLONE DATABASE", []string{"CREATE", "CLONE", "DATABASE"}, parseCreateClone},
		{"DROP CLONE DATABASE", []string{"DROP", "CLONE", "DATABASE"}, parseDropShelved},
	}
}

func shelvedName(t *Tokens) (string, error) {
	name, ok := t.Next().Ident()
	if !ok {
		t.pos--
		return "", unexpected(t)
	}
	return name, nil
}

func parseCreateSnapshot(t *Tokens) (_ Statement, err error) {
	t.Accept("CREATE", "SNAPSHOT")
	s := &CreateSnapshot{}
	if s.Name, err = shelvedName(t); err != nil {
		return nil, err
	}
	if t.Accept("DESCRIPTION") {
		if s.description = t.Expression(); s.description == "" {
			return nil, unexpected(t)
		}
	}
	return s, nil
}

func parseDropShelved(t *Tokens) (_ Statement, err error) {
	s := &DropShelved{}
	t.Accept("DROP")
	if s.Clone = t.Accept("CLONE", "DATABASE"); !s.Clone {
		t.Accept("SNAPSHOT")
	}
	s.IfExists = t.Accept("IF", "EXISTS")
	s.Name, err = shelvedName(t)
	return s, err
}

func parseCreateClone(t *Tokens) (_ Statement, err error) {
	t.Accept("CREATE", "CLONE", "DATABASE")
	s := &CreateClone{}
	if s.Name, err = shelvedName(t); err != nil {
		return nil, err
	}
	switch {
	case t.Accept("FROM", "SNAPSHOT"):
		s.Snapshot, err = shelvedName(t)
	case t.Accept("AS", "OF"):
		s.Moment, err = parseMoment(t)
	default:
		err = unexpected(t)
	}
	if err != nil {
		return nil, err
	}
	if t.Accept("PURPOSE") {
		if s.purpose = t.Expression(); s.purpose == "" {
			return nil, unexpected(t)
		}
	}
	if t.Accept("EXPIRES", "IN") {
		s.Expires, err = parseSpan(t)
	}
	return s, err
}

// parseSpan reads a number of minutes, hours or days.
func parseSpan(t *Tokens) (time.Duration, error) {
	token := t.Peek()
	n, err := strconv.ParseInt(t.text[token.Start:token.End], 10, 32)
	if err != nil || n < 1 {
		return 0, unexpected(t)
	}
	t.Next()
	for _, unit := range []struct {
		word string
		span time.Duration
	}{{"MINUTE", time.Minute}, {"HOUR", time.Hour}, {"DAY", 24 * time.Hour}} {
		if t.Accept(unit.word) {
			return time.Duration(n) * unit.span, nil
		}
	}
	return 0, unexpected(t)
}
