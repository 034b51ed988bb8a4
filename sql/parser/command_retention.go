package parser

import (
	"fmt"
	"strconv"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// RetentionUnit is what the amount of a retention counts.
type RetentionUnit string

// Units of retention: what is kept by age, by versions of each row, wholly, or as for what it is part of.
const (
	RetainSeconds  RetentionUnit = "SECOND"
	RetainMinutes  RetentionUnit = "MINUTE"
	RetainHours    RetentionUnit = "HOUR"
	RetainDays     RetentionUnit = "DAY"
	RetainWeeks    RetentionUnit = "WEEK"
	RetainVersions RetentionUnit = "VERSION"
	RetainAll      RetentionUnit = "ALL"
	RetainDefault  RetentionUnit = "DEFAULT"
)

// SetRetention is SET FLASHBACK RETENTION {n unit | ALL | DEFAULT} [FOR {TABLE t | SCHEMA s | DATABASE s}].
type SetRetention struct {
	Amount uint64 // 0 for ALL and DEFAULT
	Unit   RetentionUnit
	Of     RetentionScope

	amount string // its expression
}

// RetentionScope is a table, a schema or, if both are empty, everything.
type RetentionScope struct {
	Table  TableName
	Schema string
}

// CommandName implements Statement.
func (*SetRetention) CommandName() string { return "SET FLASHBACK RETENTION" }

// Schema implements Statement.
func (*SetRetention) Schema() sql.Schema { return retentionColumns() }

// IsReadOnly implements Statement.
func (*SetRetention) IsReadOnly() bool { return false }

// Expressions implements Statement.
func (s *SetRetention) Expressions() []string {
	if s.amount == "" {
		return nil
	}
	return []string{s.amount}
}

// retentionMax bounds an amount: a thousand years in seconds.
const retentionMax = 1000 * 366 * 86400

// Bind implements Statement.
func (s *SetRetention) Bind(values []any) (Statement, error) {
	if s.amount == "" {
		return s, nil
	}
	bound := *s
	text := fmt.Sprint(values[0])
	if b, ok := values[0].([]byte); ok {
		text = string(b)
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n < 1 || n > retentionMax {
		return nil, sqlcode.CommandArgument(fmt.Sprintf("A retention is a whole number from 1 to %d, not %s", uint64(retentionMax), show(values[0])))
	}
	bound.Amount = n
	return &bound, nil
}

// ShowRetention is SHOW FLASHBACK RETENTION.
type ShowRetention struct{}

// CommandName implements Statement.
func (*ShowRetention) CommandName() string { return "SHOW FLASHBACK RETENTION" }

// Schema implements Statement.
func (*ShowRetention) Schema() sql.Schema { return retentionColumns() }

// IsReadOnly implements Statement.
func (*ShowRetention) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*ShowRetention) Expressions() []string { return nil }

// Bind implements Statement.
func (s *ShowRetention) Bind([]any) (Statement, error) { return s, nil }

func retentionColumns() sql.Schema {
	return sql.Schema{
		column("scope", types.Text), column("retention", types.Text), column("oldest_scn", types.Uint64),
		{Name: "oldest_time", Type: types.DatetimeMaxPrecision, Nullable: true},
	}
}

func retentionCommands() []Command {
	return []Command{
		{"SET FLASHBACK RETENTION", []string{"SET", "FLASHBACK", "RETENTION"}, parseSetRetention},
		{"SHOW FLASHBACK RETENTION", []string{"SHOW", "FLASHBACK", "RETENTION"}, func(t *Tokens) (Statement, error) {
			t.Accept("SHOW", "FLASHBACK", "RETENTION")
			return &ShowRetention{}, nil
		}},
	}
}

func parseSetRetention(t *Tokens) (Statement, error) {
	t.Accept("SET", "FLASHBACK", "RETENTION")
	s := &SetRetention{}
	switch {
	case t.Accept("ALL"):
		s.Unit = RetainAll
	case t.Accept("DEFAULT"):
		s.Unit = RetainDefault
	default:
		if k := t.Peek().Kind; k != Number && k != Param {
			return nil, unexpected(t)
		}
		s.amount = t.Next().Text
		for _, u := range []RetentionUnit{RetainSeconds, RetainMinutes, RetainHours, RetainDays, RetainWeeks, RetainVersions} {
			if t.Accept(string(u)) || t.Accept(string(u)+"S") {
				s.Unit = u
			}
		}
		if s.Unit == "" {
			return nil, unexpected(t)
		}
	}
	if !t.Accept("FOR") {
		return s, nil
	}
	var err error
	switch {
	case t.Accept("TABLE"):
		s.Of.Table, err = tableName(t)
	case t.Accept("SCHEMA"), t.Accept("DATABASE"):
		var ok bool
		if s.Of.Schema, ok = t.Peek().Ident(); !ok {
			return nil, unexpected(t)
		}
		t.Next()
	default:
		return nil, unexpected(t)
	}
	return s, err
}
