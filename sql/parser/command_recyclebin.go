package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// ShowRecycleBin is SHOW RECYCLEBIN.
type ShowRecycleBin struct{}

// CommandName implements Statement.
func (*ShowRecycleBin) CommandName() string { return "SHOW RECYCLEBIN" }

// Schema implements Statement.
func (*ShowRecycleBin) Schema() sql.Schema {
	return sql.Schema{
		column("original_name", types.Text), column("recyclebin_name", types.Text), column("object_type", types.Text),
		column("drop_time", types.DatetimeMaxPrecision), column("drop_scn", types.Uint64), column("dropped_by", types.Text),
		column("rows", types.Uint64),
	}
}

// IsReadOnly implements Statement.
func (*ShowRecycleBin) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*ShowRecycleBin) Expressions() []string { return nil }

// Bind implements Statement.
func (s *ShowRecycleBin) Bind([]any) (Statement, error) { return s, nil }

// Purge is PURGE TABLE t, PURGE {SCHEMA | DATABASE} s, PURGE RECYCLEBIN and PURGE DBA_RECYCLEBIN.
type Purge struct {
	All        bool      // RECYCLEBIN: all that the user may drop
	Admin      bool      // DBA_RECYCLEBIN: all
	Table      TableName // empty: none
	SchemaName string    // empty: none
}

// CommandName implements Statement.
func (*Purge) CommandName() string { return "PURGE" }

// Schema implements Statement.
func (*Purge) Schema() sql.Schema { return sql.Schema{column("purged", types.Uint64)} }

// IsReadOnly implements Statement.
func (*Purge) IsReadOnly() bool { return false }

// Expressions implements Statement.
func (*Purge) Expressions() []string { return nil }

// Bind implements Statement.
func (s *Purge) Bind([]any) (Statement, error) { return s, nil }

// DropPurge is DROP TABLE … PURGE and DROP {DATABASE | SCHEMA} … PURGE.
type DropPurge struct{ Query string } // without PURGE

// CommandName implements Statement.
func (*DropPurge) CommandName() string { return "DROP … PURGE" }

// Schema implements Statement.
func (*DropPurge) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*DropPurge) IsReadOnly() bool { return false }

// Expressions implements Statement.
func (*DropPurge) Expressions() []string { return nil }

// Bind implements Statement.
func (s *DropPurge) Bind([]any) (Statement, error) { return s, nil }

func recycleBinCommands() []Command {
	return []Command{
		{"SHOW RECYCLEBIN", []string{"SHOW", "RECYCLEBIN"}, func(t *Tokens) (Statement, error) {
			t.Accept("SHOW", "RECYCLEBIN")
			return &ShowRecycleBin{}, nil
		}},
		{"PURGE", []string{"PURGE", "TABLE|SCHEMA|DATABASE|RECYCLEBIN|DBA_RECYCLEBIN"}, parsePurge},
		{"DROP … PURGE", []string{"DROP", "TABLE|DATABASE|SCHEMA"}, parseDropPurge},
	}
}

func parsePurge(t *Tokens) (Statement, error) {
	t.Accept("PURGE")
	switch {
	case t.Accept("RECYCLEBIN"):
		return &Purge{All: true}, nil
	case t.Accept("DBA_RECYCLEBIN"):
		return &Purge{All: true, Admin: true}, nil
	case t.Accept("TABLE"):
		name, err := tableName(t)
		return &Purge{Table: name}, err
	}
	t.Next()
	name, ok := t.Next().Ident()
	if !ok {
		t.pos--
		return nil, unexpected(t)
	}
	return &Purge{SchemaName: name}, nil
}

// parseDropPurge reads a DROP that ends with PURGE; it returns nil for any other.
func parseDropPurge(t *Tokens) (Statement, error) {
	last := len(t.list) - 1
	if last < 3 || !t.list[last].Is("PURGE") || t.list[last-1].IsAny("TABLE", "DATABASE", "SCHEMA", "EXISTS") || t.list[last-1].IsOp(",") || t.list[last-1].IsOp(".") {
		return nil, nil
	}
	query := t.text[:t.list[last-1].End]
	t.pos = len(t.list)
	return &DropPurge{Query: query}, nil
}
