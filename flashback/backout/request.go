package backout

import (
	"context"
	"time"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Mode says what happens when others depend on what is taken back. The words are Oracle's.
type Mode int

// Modes.
const (
	NoCascade       Mode = iota // refused, and the dependents are named
	Cascade                     // the dependents are taken back first
	NoCascadeForce              // what dependents wrote over is written over, as far as constraints allow
	NonconflictOnly             // rows that others depend on are left, the rest is taken back
)

// String is the mode in SQL.
func (m Mode) String() string {
	return [...]string{"NOCASCADE", "CASCADE", "NOCASCADE_FORCE", "NONCONFLICT_ONLY"}[m]
}

// Request is one statement.
type Request struct {
	XIDs []uint64
	Mode Mode
	// Options and Digest are for the redo of the transaction that takes back; the level of isolation is the package's own.
	Options  txn.Options
	Digest   uint64
	LockWait time.Duration
	// May refuses tables that the user must not change. It is asked for each table of a member.
	May func(schema, table string) error
	// See tells whether the user may read a table: else its rows are not named in reasons. nil: all may be read.
	See func(schema, table string) bool
	// Lock is asked before a table is changed, and may wait for those who have locked it; nil: nobody has.
	Lock func(t *txn.Txn, table *catalog.Table) error
}

// Rules is what only SQL knows of a row. It is used from one goroutine at a time, by one statement.
type Rules interface {
	// Complete computes the generated columns of a row, in place or in a copy, and looks whether it keeps the CHECKs of its
	// table: broken is the name of one that it does not.
	Complete(ctx context.Context, table *catalog.Table, row redo.Row) (complete redo.Row, broken string, err error)
}

// Kind says why a transaction depends on one before it.
type Kind int

// Kinds of dependency.
const (
	SameRow    Kind = iota + 1 // it changed what the other had written
	SameKey                    // it used a primary or unique key that the other had freed
	ForeignKey                 // its row refers to one that the other made, or it took one away that the other had let go
)

// String names the kind.
func (k Kind) String() string { return [...]string{"", "row", "key", "foreign key"}[k] }

// Dependency is one reason why a transaction depends on another.
type Dependency struct {
	On    uint64 // transaction
	Kind  Kind
	Table string // qualified
	Row   string // of the dependent, in words
	Via   string // columns, index or foreign key
}

// Dependent is a transaction that depends on a member, or on another dependent, with its first reasons.
type Dependent struct {
	XID     uint64
	SCN     scn.SCN
	User    string
	Reasons []Dependency
	// Defines tells that it changed definitions, so that it cannot be taken back.
	Defines bool
}

// Outcome is what happens to one row.
type Outcome struct {
	XIDs []uint64 // members that changed it
	// Table is the table as it is now, Schema the name of its schema.
	Schema        string
	Table         *catalog.Table
	Key           []byte
	Identity      redo.Row // has the columns of the primary key
	Before, After redo.Row // nil: there is no row
	Conflict      string   // why it is left as it is; empty: it is not
	Note          string   // what else should be known
}

// Changes tells whether the row becomes another.
func (o *Outcome) Changes() bool {
	if o.Conflict != "" {
		return false
	}
	if o.Before == nil || o.After == nil {
		return (o.Before == nil) != (o.After == nil)
	}
	return !o.Table.Same(o.Before, o.After)
}

// Member is a transaction that was, or would be, taken back.
type Member struct {
	XID      uint64
	SCN      scn.SCN
	User     string
	Asked    bool // by the request; else it came by CASCADE
	Changes  int  // rows that it changed
	Restored int  // of these, that are now as they were before it
	Left     int  // of these, that stay as they are: conflicts, or taken back by a flashback already
	Gone     int  // of those that are left, that a flashback or TRUNCATE has taken back already
}

// Result tells what was done, or would be.
type Result struct {
	XID        uint64  // of the transaction that took back; 0: nothing was to be done, or it is a preview
	SCN        scn.SCN // of its commit
	Members    []Member
	Dependents []Dependent // of the members: by NoCascadeForce and NonconflictOnly they stay; in a preview, all there are
	Outcomes   []Outcome
}
