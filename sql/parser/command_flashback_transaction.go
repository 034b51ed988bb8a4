package parser

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// FlashbackTransaction is [EXPLAIN] FLASHBACK TRANSACTION xid[, xid …] [NOCASCADE | CASCADE | NOCASCADE_FORCE |
// NONCONFLICT_ONLY].
type FlashbackTransaction struct {
	Explain bool
	XIDs    []uint64 // once bound
	Mode    string   // in upper case; NOCASCADE if none is written

	xids []string // their expressions
}

// flashbackModes are the words that say what becomes of dependents.
var flashbackModes = []string{"NOCASCADE", "CASCADE", "NOCASCADE_FORCE", "NONCONFLICT_ONLY"}

// CommandName implements Statement.
func (s *FlashbackTransaction) CommandName() string {
	if s.Explain {
		return "EXPLAIN FLASHBACK TRANSACTION"
	}
	return "FLASHBACK TRANSACTION"
}

// Schema implements Statement: one row for each transaction that was taken back or, of EXPLAIN, for each transaction that
// would be, each that depends on them, and each row that they changed.
func (s *FlashbackTransaction) Schema() sql.Schema {
	nullable := func(name string, t sql.Type) *sql.Column { return &sql.Column{Name: name, Type: t, Nullable: true} }
	if s.Explain {
		return sql.Schema{
			column("step", types.Text), column("xid", types.Uint64), nullable("scn", types.Uint64), nullable("object", types.LongText),
			nullable("row_key", types.LongText), column("action", types.Text), nullable("detail", types.LongText), nullable("undo_sql", types.LongText),
		}
	}
	return sql.Schema{
		column("operation", types.Text), column("xid", types.Uint64), column("xid_scn", types.Uint64), column("rows_changed", types.Uint64),
		column("rows_restored", types.Uint64), column("rows_left", types.Uint64), nullable("new_xid", types.Uint64), nullable("scn", types.Uint64),
		nullable("dependents", types.LongText), nullable("undo", types.LongText), nullable("note", types.LongText),
	}
}

// IsReadOnly implements Statement.
func (s *FlashbackTransaction) IsReadOnly() bool { return s.Explain }

// Expressions implements Statement.
func (s *FlashbackTransaction) Expressions() []string { return s.xids }

// Bind implements Statement.
func (s *FlashbackTransaction) Bind(values []any) (Statement, error) {
	bound := *s
	bound.XIDs = make([]uint64, len(values))
	for i, v := range values {
		var err error
		if bound.XIDs[i], err = toSCN(v); err != nil {
			return nil, sqlcode.CommandArgument("FLASHBACK TRANSACTION takes ids of transactions, not " + show(v))
		}
	}
	return &bound, nil
}

func flashbackTransactionCommands() []Command {
	return []Command{
		{"FLASHBACK TRANSACTION", []string{"FLASHBACK", "TRANSACTION"}, parseFlashbackTransaction},
		{"EXPLAIN FLASHBACK TRANSACTION", []string{"EXPLAIN|DESCRIBE|DESC", "FLASHBACK", "TRANSACTION"}, parseFlashbackTransaction},
	}
}

func parseFlashbackTransaction(t *Tokens) (Statement, error) {
	s := &FlashbackTransaction{Mode: flashbackModes[0]}
	s.Explain = !t.Next().Is("FLASHBACK")
	if s.Explain {
		t.Next()
	}
	for t.Next(); ; {
		xid := t.Expression()
		if xid == "" {
			return nil, unexpected(t)
		}
		if s.xids = append(s.xids, xid); !t.AcceptOp(",") {
			break
		}
	}
	for _, mode := range flashbackModes {
		if t.Accept(mode) {
			s.Mode = mode
			break
		}
	}
	return s, nil
}
