package backout

import (
	"fmt"
	"strings"

	"redoubt/scn"
)

// ErrorKind says why transactions cannot be taken back.
type ErrorKind int

// Kinds of Error.
const (
	Unknown     ErrorKind = iota + 1 // there is no such transaction
	NotKept                          // its redo is gone
	Definitions                      // it changed definitions
	NoRows                           // it changed no rows of tables
	TableGone                        // a table that it changed is not there any more
	Dependents                       // others depend on it
	Conflict                         // rows do not hold what it wrote
	Constraint                       // a constraint would be broken
	TooMany                          // too many transactions depend on it
)

// Error tells why transactions cannot be taken back. Nothing was changed.
type Error struct {
	Kind       ErrorKind
	XID        uint64
	SCN        scn.SCN
	Object     string      // a table
	Dependents []Dependent // with Dependents, and with Definitions if it is one that depends
	Details    []string    // rows, some of them
	More       int         // further ones
	Err        error
}

// Error implements error.
func (e *Error) Error() string {
	who := fmt.Sprintf("transaction %d (SCN %d)", e.XID, e.SCN)
	switch e.Kind {
	case Unknown:
		return fmt.Sprintf("transaction %d was never committed", e.XID)
	case NotKept:
		return fmt.Sprintf("the redo of %s, or of what came after it, is no longer kept: %v", who, e.Err)
	case Definitions:
		if len(e.Dependents) > 0 {
			return fmt.Sprintf("definitions were changed in dependence on what would be taken back: %s", describe(e.Dependents))
		}
		return who + " changed definitions"
	case NoRows:
		return who + " changed no rows of tables"
	case TableGone:
		return fmt.Sprintf("%s changed table %s, which was dropped or made anew since", who, e.Object)
	case Dependents:
		return fmt.Sprintf("later transactions depend on what would be taken back: %s", describe(e.Dependents))
	case Conflict:
		return "rows do not hold any more what was written: " + e.list()
	case Constraint:
		return "a constraint would be broken: " + e.list()
	case TooMany:
		return fmt.Sprintf("more than %d transactions depend on what would be taken back", dependentsMax)
	}
	return "transaction flashback failed"
}

// Unwrap gives the error underneath, if any.
func (e *Error) Unwrap() error { return e.Err }

func (e *Error) list() string {
	text := strings.Join(e.Details, "; ")
	if e.More > 0 {
		text += fmt.Sprintf("; and %d more", e.More)
	}
	return text
}

// namedMax bounds how many rows or transactions an error names.
const namedMax = 5

func describe(list []Dependent) string {
	var parts []string
	for i, d := range list {
		if i == namedMax {
			parts = append(parts, fmt.Sprintf("and %d more", len(list)-namedMax))
			break
		}
		text := fmt.Sprintf("%d (SCN %d", d.XID, d.SCN)
		if d.User != "" {
			text += " by " + d.User
		}
		if len(d.Reasons) > 0 {
			text += ", " + d.Reasons[0].String()
		}
		parts = append(parts, text+")")
	}
	return strings.Join(parts, "; ")
}

// String tells the reason in words.
func (d Dependency) String() string {
	row := d.Table
	if d.Row != "" {
		row += " " + d.Row
	}
	switch d.Kind {
	case SameKey:
		return fmt.Sprintf("%s uses a value of key %s that %d freed", row, d.Via, d.On)
	case ForeignKey:
		return fmt.Sprintf("%s relies on %d by foreign key %s", row, d.On, d.Via)
	}
	return fmt.Sprintf("%s: %s, written by %d before", row, d.Via, d.On)
}
