package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// FlashbackObject is what a FLASHBACK names.
type FlashbackObject uint8

// Kinds of FlashbackObject.
const (
	WholeDatabase FlashbackObject = iota
	OneSchema
	SomeTables
)

// Flashback is FLASHBACK {TABLE t[, u …] | SCHEMA s | DATABASE [s]} TO point [options], and UNFLASHBACK of the same, which
// has no point. A point is [BEFORE] {SCN n | TIMESTAMP t | RESTORE POINT p}, BEFORE {TRANSACTION | STATEMENT} id or BEFORE
// DROP [RENAME TO name].
type Flashback struct {
	Undo       bool // UNFLASHBACK
	Object     FlashbackObject
	Tables     []TableName // SomeTables
	SchemaName string      // OneSchema

	BeforeDrop bool
	Rename     string  // empty: none
	Moment     *Moment // nil: BeforeDrop, BEFORE TRANSACTION or Undo
	Before     bool    // the commit right before the point
	XID        uint64  // of BEFORE TRANSACTION, once bound; 0: none

	NoValidate        bool
	IncludeDependents bool
	AutoIncrement     bool // REWIND AUTO_INCREMENT
	IncludeControl    bool

	xid string // its expression
}

// CommandName implements Statement.
func (s *Flashback) CommandName() string {
	name := "FLASHBACK"
	if s.Undo {
		name = "UNFLASHBACK"
	}
	return name + [...]string{" DATABASE", " SCHEMA", " TABLE"}[s.Object]
}

// flashbackSchema are the columns of what a statement of this family answers.
func flashbackSchema() sql.Schema {
	nullable := func(name string, t sql.Type) *sql.Column { return &sql.Column{Name: name, Type: t, Nullable: true} }
	return sql.Schema{
		column("operation", types.Text), column("object", types.LongText), column("scn", types.Uint64),
		column("to_scn", types.Uint64), nullable("to_time", types.DatetimeMaxPrecision), column("tables", types.Uint64),
		column("rows_before", types.Uint64), column("rows_after", types.Uint64), nullable("transactions_taken_back", types.Uint64),
		column("incarnation", types.Uint64), column("undo", types.LongText), nullable("note", types.LongText),
	}
}

// Schema implements Statement.
func (*Flashback) Schema() sql.Schema { return flashbackSchema() }

// IsReadOnly implements Statement.
func (*Flashback) IsReadOnly() bool { return false }

// Expressions implements Statement.
func (s *Flashback) Expressions() []string {
	switch {
	case s.Moment != nil:
		return []string{s.Moment.call}
	case s.xid != "":
		return []string{s.xid}
	}
	return nil
}

// Bind implements Statement.
func (s *Flashback) Bind(values []any) (Statement, error) {
	bound := *s
	var err error
	switch {
	case s.Moment != nil:
		bound.Moment, err = s.Moment.bind(values[0])
	case s.xid != "":
		if bound.XID, err = toSCN(values[0]); err != nil || bound.XID == 0 {
			err = sqlcode.CommandArgument("BEFORE TRANSACTION takes the id of a transaction, not " + show(values[0]))
		}
	}
	return &bound, err
}

// Clone is CREATE TABLE [IF NOT EXISTS] u CLONE t [AS OF point] and CREATE {DATABASE | SCHEMA} d CLONE [OF] p [AS OF point].
type Clone struct {
	Tables      bool
	Name, Of    TableName // Table is empty for a database, whose name is Database
	IfNotExists bool
	Moment      *Moment // nil: now
}

// CommandName implements Statement.
func (s *Clone) CommandName() string {
	if s.Tables {
		return "CREATE TABLE … CLONE"
	}
	return "CREATE DATABASE … CLONE"
}

// Schema implements Statement.
func (*Clone) Schema() sql.Schema { return flashbackSchema() }

// IsReadOnly implements Statement.
func (*Clone) IsReadOnly() bool { return false }

// Expressions implements Statement.
func (s *Clone) Expressions() []string {
	if s.Moment == nil {
		return nil
	}
	return []string{s.Moment.call}
}

// Bind implements Statement.
func (s *Clone) Bind(values []any) (Statement, error) {
	bound := *s
	var err error
	if s.Moment != nil {
		bound.Moment, err = s.Moment.bind(values[0])
	}
	return &bound, err
}

func flashbackCommands() []Command {
	return []Command{
		{"FLASHBACK", []string{"FLASHBACK"}, parseFlashback},
		{"UNFLASHBACK", []string{"UNFLASHBACK"}, parseUnflashback},
		{"EXPLAIN FLASHBACK", []string{"EXPLAIN|DESCRIBE|DESC", "FLASHBACK|UNFLASHBACK"}, parseExplainFlashback},
		{"CREATE TABLE … CLONE", []string{"CREATE", "TABLE"}, parseClone},
		{"CREATE DATABASE … CLONE", []string{"CREATE", "DATABASE|SCHEMA"}, parseClone},
	}
}

func parseFlashback(t *Tokens) (Statement, error) {
	t.Next()
	if t.Peek().Is("TRANSACTION") {
		return nil, nil // a statement of its own
	}
	s := &Flashback{}
	if err := parseFlashbackObject(t, s); err != nil {
		return nil, err
	}
	if !t.Accept("TO") {
		return nil, unexpected(t)
	}
	if err := parseFlashbackPoint(t, s); err != nil {
		return nil, err
	}
	return s, parseFlashbackOptions(t, s)
}

func parseUnflashback(t *Tokens) (Statement, error) {
	t.Next()
	s := &Flashback{Undo: true}
	if t.Done() {
		return s, nil
	}
	if err := parseFlashbackObject(t, s); err != nil {
		return nil, err
	}
	return s, parseFlashbackOptions(t, s)
}

// ExplainFlashback is EXPLAIN FLASHBACK and EXPLAIN UNFLASHBACK: what the statement would do.
type ExplainFlashback struct{ Flashback }

// CommandName implements Statement.
func (s *ExplainFlashback) CommandName() string { return "EXPLAIN " + s.Flashback.CommandName() }

// Schema implements Statement: one row for all of it, and one for each thing that changes.
func (*ExplainFlashback) Schema() sql.Schema {
	text := func(name string) *sql.Column { return &sql.Column{Name: name, Type: types.LongText, Nullable: true} }
	number := func(name string) *sql.Column { return column(name, types.Uint64) }
	return sql.Schema{
		text("object"), text("action"), number("rows_now"), number("rows_then"), number("rows_returning"), number("rows_changing"),
		number("rows_leaving"), number("transactions"), text("definition"), text("conflicts"),
	}
}

// IsReadOnly implements Statement.
func (*ExplainFlashback) IsReadOnly() bool { return true }

// Bind implements Statement.
func (s *ExplainFlashback) Bind(values []any) (Statement, error) {
	bound, err := s.Flashback.Bind(values)
	if err != nil {
		return nil, err
	}
	return &ExplainFlashback{*bound.(*Flashback)}, nil
}

func parseExplainFlashback(t *Tokens) (Statement, error) {
	t.Next()
	parse := parseFlashback
	if t.Peek().Is("UNFLASHBACK") {
		parse = parseUnflashback
	}
	s, err := parse(t)
	if s == nil || err != nil {
		return nil, err
	}
	return &ExplainFlashback{*s.(*Flashback)}, nil
}

func parseFlashbackObject(t *Tokens, s *Flashback) error {
	switch {
	case t.Accept("TABLE"), t.Accept("TABLES"):
		s.Object = SomeTables
		var err error
		s.Tables, err = tableNames(t)
		return err
	case t.Accept("SCHEMA"), t.Accept("DATABASE"):
		if t.Done() || t.Peek().IsAny("TO", "NOVALIDATE", "VALIDATE", "INCLUDE") && !t.PeekAt(1).Is("TO") {
			return nil
		}
		name, ok := t.Next().Ident()
		if !ok {
			t.pos--
			return unexpected(t)
		}
		s.Object, s.SchemaName = OneSchema, name
		return nil
	}
	return unexpected(t)
}

func parseFlashbackPoint(t *Tokens, s *Flashback) error {
	if t.Accept("BEFORE", "DROP") {
		s.BeforeDrop = true
		if s.Object == WholeDatabase || len(s.Tables) > 1 {
			return sqlcode.Syntax("You have an error in your SQL syntax: BEFORE DROP brings back one table or one schema at a time")
		}
		return parseRename(t, s)
	}
	if s.Before = t.Accept("BEFORE"); s.Before && t.Peek().IsAny("TRANSACTION", "STATEMENT") {
		t.Next()
		if s.xid = t.Expression(); s.xid == "" {
			return unexpected(t)
		}
		return nil
	}
	var err error
	s.Moment, err = parseMoment(t)
	return err
}

func parseRename(t *Tokens, s *Flashback) error {
	if !t.Accept("RENAME", "TO") {
		return nil
	}
	name, ok := t.Next().Ident()
	if !ok {
		t.pos--
		return unexpected(t)
	}
	s.Rename = name
	return nil
}

func parseFlashbackOptions(t *Tokens, s *Flashback) error {
	for !t.Done() {
		switch {
		case t.Accept("VALIDATE"):
			s.NoValidate = false
		case t.Accept("NOVALIDATE"):
			s.NoValidate = true
		case s.Object == SomeTables && t.Accept("INCLUDE", "DEPENDENTS"):
			s.IncludeDependents = true
		case s.Object == WholeDatabase && t.Accept("INCLUDE", "CONTROL"):
			s.IncludeControl = true
		case t.Accept("REWIND", "AUTO_INCREMENT"):
			s.AutoIncrement = true
		default:
			return unexpected(t)
		}
	}
	return nil
}

// parseClone reads CREATE … CLONE; it returns nil for any other CREATE.
func parseClone(t *Tokens) (Statement, error) {
	t.Accept("CREATE")
	s := &Clone{Tables: t.Next().Is("TABLE")}
	s.IfNotExists = t.Accept("IF", "NOT", "EXISTS")
	var err error
	if s.Name, err = cloneName(t, s.Tables); err != nil || !t.Accept("CLONE") {
		return nil, nil
	}
	t.Accept("OF")
	if s.Of, err = cloneName(t, s.Tables); err != nil {
		return nil, err
	}
	if t.Accept("AS", "OF") {
		if s.Moment, err = parseMoment(t); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func cloneName(t *Tokens, table bool) (TableName, error) {
	if table {
		return tableName(t)
	}
	name, ok := t.Peek().Ident()
	if !ok {
		return TableName{}, unexpected(t)
	}
	t.Next()
	return TableName{Database: name}, nil
}
