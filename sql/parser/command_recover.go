package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// Recover is RECOVER {TABLE t | SCHEMA s} TO point [FROM 'repository'] [ENCRYPT KEY 'file'] [AS name] [PREVIEW]; EXPLAIN before it
// is the same as PREVIEW behind it. A point is SCN n, TIMESTAMP t, RESTORE POINT p, TRANSACTION id, BEFORE {TRANSACTION | STATEMENT}
// id or LATEST.
type Recover struct {
	Of         TableName // Table is empty for a schema, whose name is Database
	As         TableName // so; empty: the same
	Moment     *Moment   // nil: Transaction, Before or LATEST
	XID        uint64    // of TRANSACTION and BEFORE, once bound
	Before     bool      // the commit right before the transaction's
	Repository string    // empty: the one that the log is archived to
	Key        string    // path of a key file on the node; empty: what its settings say
	Preview    bool

	xid, repository, key string // their expressions
}

// CommandName implements Statement.
func (s *Recover) CommandName() string {
	if s.Of.Table == "" {
		return "RECOVER SCHEMA"
	}
	return "RECOVER TABLE"
}

// Schema implements Statement: one row for all of it. A preview tells nothing of tables and rows, and the time that it would take.
func (*Recover) Schema() sql.Schema {
	nullable := func(name string, t sql.Type) *sql.Column { return &sql.Column{Name: name, Type: t, Nullable: true} }
	return sql.Schema{
		column("operation", types.Text), column("object", types.LongText), column("recovered_as", types.LongText), column("repository", types.LongText),
		column("scn", types.Uint64), nullable("time", types.DatetimeMaxPrecision), nullable("from_backup", types.Text), nullable("from_scn", types.Uint64),
		column("log_pieces", types.Uint64), column("log_bytes", types.Uint64), nullable("tables", types.Uint64), nullable("rows", types.Uint64),
		nullable("checksum", types.Text), column("milliseconds", types.Uint64), nullable("note", types.LongText),
	}
}

// IsReadOnly implements Statement.
func (s *Recover) IsReadOnly() bool { return s.Preview }

// Expressions implements Statement.
func (s *Recover) Expressions() (texts []string) {
	if s.Moment != nil {
		texts = append(texts, s.Moment.call)
	}
	for _, text := range []string{s.xid, s.repository, s.key} {
		texts = append(texts, given(text)...)
	}
	return texts
}

// Bind implements Statement.
func (s *Recover) Bind(values []any) (_ Statement, err error) {
	bound := *s
	if s.Moment != nil {
		if bound.Moment, err = s.Moment.bind(values[0]); err != nil {
			return nil, err
		}
		values = values[1:]
	}
	if s.xid != "" {
		if bound.XID, err = toSCN(values[0]); err != nil || bound.XID == 0 {
			return nil, sqlcode.CommandArgument("TRANSACTION takes the id of a transaction, not " + show(values[0]))
		}
		values = values[1:]
	}
	for _, part := range []struct {
		expression, what string
		into             *string
	}{{s.repository, "repository of RECOVER", &bound.Repository}, {s.key, "key file of RECOVER", &bound.Key}} {
		if part.expression == "" {
			continue
		}
		if *part.into, err = textOf(part.what, values[0]); err != nil {
			return nil, err
		}
		values = values[1:]
	}
	return &bound, nil
}

func recoverCommands() []Command {
	return []Command{
		{"RECOVER", []string{"RECOVER"}, parseRecover},
		{"EXPLAIN RECOVER", []string{"EXPLAIN|DESCRIBE|DESC", "RECOVER", "TABLE|SCHEMA|DATABASE"}, parseExplainRecover},
	}
}

func parseExplainRecover(t *Tokens) (Statement, error) {
	t.Next()
	s, err := parseRecover(t)
	if err != nil {
		return nil, err
	}
	s.(*Recover).Preview = true
	return s, nil
}

func parseRecover(t *Tokens) (_ Statement, err error) {
	t.Accept("RECOVER")
	s := &Recover{}
	table := t.Accept("TABLE")
	if !table && !t.Accept("SCHEMA") && !t.Accept("DATABASE") {
		return nil, unexpected(t)
	}
	if s.Of, err = cloneName(t, table); err != nil {
		return nil, err
	}
	if !t.Accept("TO") {
		return nil, unexpected(t)
	}
	if err := parseRecoverPoint(t, s); err != nil {
		return nil, err
	}
	return s, parseRecoverOptions(t, s, table)
}

func parseRecoverPoint(t *Tokens, s *Recover) (err error) {
	switch {
	case t.Accept("LATEST"):
		return nil
	case t.Accept("BEFORE", "TRANSACTION"), t.Accept("BEFORE", "STATEMENT"):
		s.Before = true
	case t.Accept("TRANSACTION"):
	case t.Peek().IsAny("SCN", "TIMESTAMP") || t.Peek().Is("RESTORE") && t.PeekAt(1).Is("POINT"):
		s.Moment, err = parseMoment(t)
		return err
	default:
		return unexpected(t)
	}
	if s.xid = t.Expression(); s.xid == "" {
		return unexpected(t)
	}
	return nil
}

// parseRecoverOptions reads the options, each at most once, in any order.
func parseRecoverOptions(t *Tokens, s *Recover, table bool) (err error) {
	for !t.Done() {
		switch {
		case s.repository == "" && t.Accept("FROM"):
			if s.repository = t.Expression(); s.repository == "" {
				return unexpected(t)
			}
		case s.key == "" && t.Accept("ENCRYPT", "KEY"):
			if s.key = t.Expression(); s.key == "" {
				return unexpected(t)
			}
		case s.As == (TableName{}) && t.Accept("AS"):
			if s.As, err = cloneName(t, table); err != nil {
				return err
			}
		case !s.Preview && t.Accept("PREVIEW"):
			s.Preview = true
		default:
			return unexpected(t)
		}
	}
	return nil
}
