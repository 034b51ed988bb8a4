package parser

import (
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// TableName is a table as a statement names it; Database is empty for the session's.
type TableName struct{ Database, Table string }

// CheckTable is CHECK, OPTIMIZE or REPAIR TABLE t[, u …] [options].
type CheckTable struct {
	// Verb is CHECK, OPTIMIZE or REPAIR.
	Verb   string
	Tables []TableName
	// Options are the words behind the tables, e.g. EXTENDED, in upper case.
	Options []string
}

// CommandName implements Statement.
func (s *CheckTable) CommandName() string { return s.Verb + " TABLE" }

// Schema implements Statement.
func (*CheckTable) Schema() sql.Schema {
	return sql.Schema{column("Table", types.Text), column("Op", types.Text), column("Msg_type", types.Text), column("Msg_text", types.LongText)}
}

// IsReadOnly implements Statement.
func (s *CheckTable) IsReadOnly() bool { return s.Verb == "CHECK" }

// Expressions implements Statement.
func (*CheckTable) Expressions() []string { return nil }

// Bind implements Statement.
func (s *CheckTable) Bind([]any) (Statement, error) { return s, nil }

// ChecksumTable is CHECKSUM TABLE t[, u …] [QUICK | EXTENDED].
type ChecksumTable struct{ Tables []TableName }

// CommandName implements Statement.
func (*ChecksumTable) CommandName() string { return "CHECKSUM TABLE" }

// Schema implements Statement: the checksum of a table that does not exist is NULL.
func (*ChecksumTable) Schema() sql.Schema {
	return sql.Schema{column("Table", types.Text), {Name: "Checksum", Type: types.Uint64, Nullable: true}}
}

// IsReadOnly implements Statement.
func (*ChecksumTable) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*ChecksumTable) Expressions() []string { return nil }

// Bind implements Statement.
func (s *ChecksumTable) Bind([]any) (Statement, error) { return s, nil }

// Flush is FLUSH [LOCAL] what …, except FLUSH PRIVILEGES, which is the engine's.
type Flush struct {
	// What is the words behind FLUSH in upper case, e.g. TABLES or BINARY LOGS.
	What string
	// Tables are those named behind TABLES.
	Tables []TableName
	// ReadLock is WITH READ LOCK or FOR EXPORT: the statement promises that nothing is written until UNLOCK TABLES.
	ReadLock bool
}

// CommandName implements Statement.
func (s *Flush) CommandName() string { return "FLUSH " + s.What }

// Schema implements Statement.
func (*Flush) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*Flush) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (*Flush) Expressions() []string { return nil }

// Bind implements Statement.
func (s *Flush) Bind([]any) (Statement, error) { return s, nil }

func maintenanceCommands() []Command {
	return []Command{
		{"CHECK TABLE", []string{"CHECK|OPTIMIZE|REPAIR"}, parseCheckTable},
		{"CHECKSUM TABLE", []string{"CHECKSUM", "TABLE|TABLES"}, parseChecksum},
		{"FLUSH", []string{"FLUSH"}, parseFlush},
	}
}

func parseCheckTable(t *Tokens) (Statement, error) {
	s := &CheckTable{Verb: strings.ToUpper(t.Next().Text)}
	for t.Peek().IsAny("NO_WRITE_TO_BINLOG", "LOCAL") {
		t.Next()
	}
	if !t.Peek().IsAny("TABLE", "TABLES") {
		return nil, nil
	}
	t.Next()
	var err error
	if s.Tables, err = tableNames(t); err != nil {
		return nil, err
	}
	for t.Peek().IsAny("FOR", "UPGRADE", "QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED", "USE_FRM", "FORCE") {
		s.Options = append(s.Options, strings.ToUpper(t.Next().Text))
	}
	return s, nil
}

func parseChecksum(t *Tokens) (Statement, error) {
	t.Next()
	t.Next()
	tables, err := tableNames(t)
	if t.Peek().IsAny("QUICK", "EXTENDED") {
		t.Next()
	}
	return &ChecksumTable{tables}, err
}

func parseFlush(t *Tokens) (Statement, error) {
	t.Next()
	for t.Peek().IsAny("NO_WRITE_TO_BINLOG", "LOCAL") {
		t.Next()
	}
	if t.Peek().Is("PRIVILEGES") {
		return nil, nil
	}
	s := &Flush{}
	if t.Peek().IsAny("TABLE", "TABLES") {
		t.Next()
		s.What = "TABLES"
		if !t.Done() && !t.Peek().IsAny("WITH", "FOR") {
			var err error
			if s.Tables, err = tableNames(t); err != nil {
				return nil, err
			}
		}
		s.ReadLock = t.Accept("WITH", "READ", "LOCK") || t.Accept("FOR", "EXPORT")
		return s, nil
	}
	before := *t
	if s.What = strings.ToUpper(strings.Join(strings.Fields(t.Rest()), " ")); !flushed[s.What] {
		return nil, unexpected(&before)
	}
	return s, nil
}

// flushed are the things that FLUSH knows but for tables and privileges, MySQL's and MariaDB's. There is nothing to do for them here.
var flushed = map[string]bool{
	"BINARY LOGS": true, "ENGINE LOGS": true, "ERROR LOGS": true, "GENERAL LOGS": true, "RELAY LOGS": true, "SLOW LOGS": true, "LOGS": true,
	"HOSTS": true, "OPTIMIZER_COSTS": true, "QUERY CACHE": true, "STATUS": true, "USER_RESOURCES": true, "DES_KEY_FILE": true,
}

// tableNames reads t[, db.u …].
func tableNames(t *Tokens) (names []TableName, err error) {
	for {
		name, err := tableName(t)
		if err != nil {
			return nil, err
		}
		if names = append(names, name); !t.AcceptOp(",") {
			return names, nil
		}
	}
}

// tableName reads t or db.t.
func tableName(t *Tokens) (TableName, error) {
	name, ok := t.Peek().Ident()
	if !ok {
		return TableName{}, unexpected(t)
	}
	t.Next()
	if !t.AcceptOp(".") {
		return TableName{Table: name}, nil
	}
	table, ok := t.Peek().Ident()
	if !ok {
		return TableName{}, unexpected(t)
	}
	t.Next()
	return TableName{Database: name, Table: table}, nil
}
