package txn

import (
	"errors"
	"fmt"

	"redoubt/wal/redo"
)

// Errors of statements and commits.
var (
	// ErrConflict is returned when certification refuses: something the transaction read or replaced has changed
	// since. Nothing of it is in the log. Run it again.
	ErrConflict = errors.New("another transaction changed the same data first")
	// ErrReadOnly is returned for a write in a read-only transaction, or into the past.
	ErrReadOnly = errors.New("transaction is read-only")
	// ErrTooLarge is returned when a transaction's changes outgrow the limit for one transaction.
	ErrTooLarge = errors.New("transaction is too large")
	// ErrOutcomeUnknown is returned when the log failed, or the leader was lost, while a commit was under way: it may
	// be committed or not.
	ErrOutcomeUnknown = errors.New("the outcome of the commit is unknown")
	// ErrNoLeader is returned when no node takes commits at the moment. Nothing of the transaction is in the log.
	ErrNoLeader = errors.New("no node leads the cluster at the moment")
	// ErrFuture is returned for a read at an SCN that has not been reached.
	ErrFuture = errors.New("that SCN is in the future")
	// ErrFinished is returned when a transaction is used after commit or rollback.
	ErrFinished = errors.New("transaction is finished")
)

// DuplicateKeyError is returned when a row would have the same unique key as another.
type DuplicateKeyError struct {
	Table    string
	Index    string // PRIMARY for the primary key
	Key      []redo.Value
	Existing redo.Row // the row that has the key
}

func (e *DuplicateKeyError) Error() string {
	return fmt.Sprintf("duplicate entry %v for key %s.%s", e.Key, e.Table, e.Index)
}

// ConflictError tells what certification met. It is an ErrConflict.
type ConflictError struct {
	What  string // row, unique key, parent row, table, snapshot
	Table string // empty if not known
}

func (e *ConflictError) Error() string { return fmt.Sprintf("%v (%s)", ErrConflict, e.Where()) }

// Where names what it met.
func (e *ConflictError) Where() string {
	if e.Table == "" {
		return e.What
	}
	return e.What + " of table " + e.Table
}

// Is makes a ConflictError an ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }
