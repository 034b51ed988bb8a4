package storage

import (
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/sql/datatype"
	"redoubt/sql/parser"
)

// A direct statement goes past the SQL engine: what the engine does around a statement is done here, in its order, so
// that the session is the same whichever way a statement goes. A direct statement that finds it cannot go on before it
// has changed anything may still be given to the engine, which goes on in the transaction that was begun.

// TakesDirect tells whether the session is in a state in which the text of a statement says all of it: nothing is set
// that makes texts mean something else, and no temporary table hides another.
func (s *Session) TakesDirect() bool {
	return s.settings().plain && len(s.temporary) == 0 && !s.detached && !s.store.engine.TablesLocked()
}

// Dictionary is the dictionary that the open transaction sees; nil if none is open.
func (s *Session) Dictionary() *catalog.Snapshot {
	if s.current == nil {
		return nil
	}
	return s.current.inner.Catalog()
}

// MayWriteDirect tells whether the open transaction, if any, takes changes.
func (s *Session) MayWriteDirect() bool {
	return !s.ReadOnly() && (s.current == nil || s.current.options.At == 0)
}

// BeginDirect begins a statement in the session's transaction, or in one of its own.
func (s *Session) BeginDirect(ctx *gsql.Context, info StatementInfo) (*txn.Txn, error) {
	s.direct = &info
	if err := s.ValidateSession(ctx); err != nil {
		return nil, err
	}
	if s.GetTransaction() == nil {
		t, err := s.StartTransaction(ctx, gsql.ReadWrite)
		if err != nil {
			return nil, err
		}
		s.SetTransaction(t)
	}
	s.ClearWarnings()
	return s.current.inner, nil
}

// EndDirect ends a statement that succeeded: one that ran alone is committed.
func (s *Session) EndDirect(ctx *gsql.Context) error {
	if s.current == nil || !s.isLeftover() {
		return nil
	}
	if err := s.CommitTransaction(ctx, s.current); err != nil {
		return err
	}
	s.SetTransaction(nil)
	return nil
}

// UndoDirect takes back what the running statement has changed, before it goes the full way after all.
func (s *Session) UndoDirect() {
	if s.current != nil {
		s.current.rollbackStatement()
	}
}

// Transition begins or ends a transaction.
type Transition int

// The transitions, as SQL calls them.
const (
	BeginTransition Transition = iota + 1
	CommitTransition
	RollbackTransition
)

// TransitDirect is BEGIN, COMMIT or ROLLBACK.
func (s *Session) TransitDirect(ctx *gsql.Context, info StatementInfo, to Transition) error {
	s.direct, s.running = &info, true
	s.ClearWarnings()
	if s.current != nil {
		end := s.CommitTransaction
		if to == RollbackTransition {
			end = s.Rollback
		}
		if err := end(ctx, s.current); err != nil {
			return err
		}
		s.SetTransaction(nil)
	}
	s.SetIgnoreAutoCommit(false)
	if to != BeginTransition {
		return nil
	}
	t, err := s.StartTransaction(ctx, gsql.ReadWrite)
	if err != nil {
		return err
	}
	s.SetTransaction(t)
	s.SetIgnoreAutoCommit(true)
	return nil
}

// Autocommits tells whether a statement outside of a transaction is committed by itself.
func (s *Session) Autocommits() bool { return s.settings().autocommit }

// PastDirect gives the database as of an SCN, for the length of the statement.
func (s *Session) PastDirect(ctx *gsql.Context, number uint64) (*txn.Txn, error) {
	at, err := s.Resolve(ctx, parser.AsOf{Kind: parser.AtSCN, SCN: number})
	if err != nil {
		return nil, err
	}
	return s.pastTxn(at)
}

// LockWait is how long the session waits for a lock.
func (s *Session) LockWait() time.Duration { return s.settings().lockWait }

// Shape gives how the rows of a table look to the SQL engine.
func (s *Store) Shape(t *catalog.Table) (*datatype.Shape, error) { return s.shape(t) }

// ReferredColumns gives the columns of a table that foreign keys refer to.
func (s *Store) ReferredColumns(snapshot *catalog.Snapshot, database, table string) (out []string) {
	for _, l := range s.linksTo(snapshot, database, table) {
		out = append(out, l.key.ParentColumns...)
	}
	return out
}

// HasTriggers tells whether a table has triggers. If a definition cannot be read, it has.
func (s *Store) HasTriggers(snapshot *catalog.Snapshot, database, table string) bool {
	for _, o := range snapshot.Objects(catalog.Trigger, database) {
		var definition gsql.TriggerDefinition
		if err := decodeObject(o, &definition); err != nil {
			return true
		}
		if name, err := TriggeredTable(&definition); err != nil || strings.EqualFold(name, table) {
			return true
		}
	}
	return false
}

// EngineError gives an error of the engine the number by which MySQL clients know it.
func EngineError(err error) error { return engineError(err) }

// DuplicateText is MySQL's text of a duplicate key.
func DuplicateText(def *catalog.Table, d *txn.DuplicateKeyError) string {
	columns := def.PrimaryKey
	if d.Index != primaryName {
		if index, ok := def.Index(d.Index); ok {
			columns = index.Columns
		}
	}
	return duplicateText(def, d.Index, columns, d.Key, d.Existing)
}
