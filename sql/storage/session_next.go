package storage

import (
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/txn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// next is what SET TRANSACTION has said of the next transaction; what is not said is the session's.
type next struct {
	isolation *txn.Isolation
	access    parser.Access
}

// apply overrides what the session's variables say.
func (n next) apply(o *txn.Options) {
	if n.isolation != nil {
		o.Isolation = *n.isolation
	}
	if n.access != parser.DefaultAccess {
		o.ReadOnly = n.access == parser.ReadOnly
	}
}

// allow says what kind of access it has, if that is said.
func (n *next) allow(access parser.Access) {
	if access != parser.DefaultAccess {
		n.access = access
	}
}

// over uses up what was said of a transaction that has ended. One that was only begun around a statement which stands outside is not
// the one that was meant.
func (s *Session) over(t *Transaction) {
	if !t.outside || s.GetIgnoreAutoCommit() {
		s.next = next{}
	}
}

// SetNext is SET TRANSACTION. What it does not name stays as an earlier one said.
func (s *Session) SetNext(n *parser.SetTransaction) error {
	if s.InTransaction() && (s.current == nil || !s.current.first) {
		return sqlcode.New(sqlcode.IDTransactionOpen)
	}
	if n.Isolation != "" {
		s.next.isolation = new(isolationOf(n.Isolation))
	}
	s.next.allow(n.Access)
	return nil
}

// Start begins an explicit transaction.
func (s *Session) Start(ctx *gsql.Context, access parser.Access) error {
	if err := s.Commit(ctx); err != nil {
		return err
	}
	s.next.allow(access)
	t, err := s.StartTransaction(ctx, gsql.ReadWrite)
	if err != nil {
		return err
	}
	ctx.SetTransaction(t)
	ctx.SetIgnoreAutoCommit(true)
	return nil
}

// Chain is COMMIT or ROLLBACK AND CHAIN.
func (s *Session) Chain(ctx *gsql.Context, rollback bool) error {
	t := s.current
	if rollback && t != nil {
		if err := s.Rollback(ctx, t); err != nil {
			return err
		}
	} else if err := s.Commit(ctx); err != nil {
		return err
	}
	if t != nil {
		s.next = next{isolation: &t.options.Isolation, access: parser.ReadWrite}
		if t.options.ReadOnly {
			s.next.access = parser.ReadOnly
		}
	}
	return s.Start(ctx, parser.DefaultAccess)
}

// ReadsOnly tells whether all transactions of the session are to read only, unless they say otherwise.
func (s *Session) ReadsOnly() bool { return s.settings().readOnly }

// ReadOnly tells whether the running statement may change nothing.
func (s *Session) ReadOnly() bool {
	switch {
	case s.current != nil:
		return s.current.options.ReadOnly
	case s.next.access != parser.DefaultAccess:
		return s.next.access == parser.ReadOnly
	}
	return s.settings().readOnly
}

// standsOutside tells whether a statement, by its text, is about the session and reads no table: none such begins a transaction that
// goes on, even with autocommit off, or is what SET TRANSACTION is about.
func standsOutside(first, text string) bool {
	switch first {
	case "show", "use", "begin", "start", "commit", "rollback":
		return true
	case "set":
		return !names(text, "select")
	case "select":
		return !names(text, "from")
	}
	return false
}

// isolationOf reads the name of an isolation level.
func isolationOf(name string) txn.Isolation {
	switch strings.ToUpper(name) {
	case "REPEATABLE-READ":
		return txn.RepeatableRead
	case "SERIALIZABLE":
		return txn.Serializable
	}
	return txn.ReadCommitted
}
