package parser

import (
	"fmt"
	"math"
	"strconv"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// ShowErrors is SHOW ERRORS [LIMIT [offset,] count].
type ShowErrors struct {
	Offset, Count uint64

	offset, count string // their expressions
}

// CommandName implements Statement.
func (*ShowErrors) CommandName() string { return "SHOW ERRORS" }

// Schema implements Statement.
func (*ShowErrors) Schema() sql.Schema { return plan.ShowWarnings{}.Schema() }

// IsReadOnly implements Statement.
func (*ShowErrors) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (s *ShowErrors) Expressions() []string { return []string{s.offset, s.count} }

// Bind implements Statement.
func (s *ShowErrors) Bind(values []any) (Statement, error) {
	bound := *s
	for i, into := range []*uint64{&bound.Offset, &bound.Count} {
		n, err := strconv.ParseUint(fmt.Sprint(values[i]), 10, 64)
		if err != nil {
			return nil, sqlcode.CommandArgument("A LIMIT is a whole number, not " + show(values[i]))
		}
		*into = n
	}
	return &bound, nil
}

// CountWarnings is SHOW COUNT(*) {WARNINGS | ERRORS}.
type CountWarnings struct{ Errors bool }

// CommandName implements Statement.
func (s *CountWarnings) CommandName() string {
	if s.Errors {
		return "SHOW COUNT(*) ERRORS"
	}
	return "SHOW COUNT(*) WARNINGS"
}

// Schema implements Statement.
func (s *CountWarnings) Schema() sql.Schema {
	if s.Errors {
		return sql.Schema{column("@@session.error_count", types.Uint64)}
	}
	return sql.Schema{column("@@session.warning_count", types.Uint64)}
}

// IsReadOnly implements Statement.
func (*CountWarnings) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*CountWarnings) Expressions() []string { return nil }

// Bind implements Statement.
func (s *CountWarnings) Bind([]any) (Statement, error) { return s, nil }

// diagnosticsCommands ask for what went wrong. SHOW WARNINGS is the engine's.
func diagnosticsCommands() []Command {
	return []Command{
		{"SHOW ERRORS", []string{"SHOW", "ERRORS"}, parseShowErrors},
		{"SHOW COUNT(*)", []string{"SHOW", "COUNT"}, parseCountWarnings},
	}
}

func parseShowErrors(t *Tokens) (Statement, error) {
	t.Accept("SHOW", "ERRORS")
	s := &ShowErrors{offset: "0", count: strconv.FormatUint(math.MaxUint64, 10)}
	if !t.Accept("LIMIT") {
		return s, nil
	}
	var err error
	if s.count, err = limitNumber(t); err != nil {
		return nil, err
	}
	switch {
	case t.AcceptOp(","):
		s.offset = s.count
		s.count, err = limitNumber(t)
	case t.Accept("OFFSET"):
		s.offset, err = limitNumber(t)
	}
	return s, err
}

// limitNumber reads a number of rows, or its parameter.
func limitNumber(t *Tokens) (string, error) {
	if k := t.Peek().Kind; k != Number && k != Param {
		return "", unexpected(t)
	}
	return t.Next().Text, nil
}

func parseCountWarnings(t *Tokens) (Statement, error) {
	t.Accept("SHOW", "COUNT")
	if !t.AcceptOp("(") || !t.AcceptOp("*") || !t.AcceptOp(")") {
		return nil, unexpected(t)
	}
	switch {
	case t.Accept("WARNINGS"):
		return &CountWarnings{}, nil
	case t.Accept("ERRORS"):
		return &CountWarnings{Errors: true}, nil
	}
	return nil, unexpected(t)
}
