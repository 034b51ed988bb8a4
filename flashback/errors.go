package flashback

import (
	"fmt"
	"strings"

	"redoubt/scn"
)

// ErrorKind says why something cannot go back.
type ErrorKind int

// Kinds of Error.
const (
	NoTable     ErrorKind = iota + 1 // there was none of this name
	NoSchema                         // there was none of this name
	Missing                          // the schema that a table belongs to is gone
	NotInBin                         // nothing of this name lies in the recycle bin
	NameTaken                        // something else has the name now
	Renamed                          // the table has another name now, and this name is another's
	Constraint                       // rows would have no parent
	NoFlashback                      // there is none to undo
)

// Error tells why something cannot go back. Nothing was changed.
type Error struct {
	Kind   ErrorKind
	Object string
	At     scn.SCN
	Other  string   // the name in the way
	Rows   []string // that are in the way, some of them
}

// Error implements error.
func (e *Error) Error() string {
	switch e.Kind {
	case NoTable:
		return fmt.Sprintf("there was no table %s at SCN %d", e.Object, e.At)
	case NoSchema:
		return fmt.Sprintf("there was no schema %s at SCN %d", e.Object, e.At)
	case Missing:
		return fmt.Sprintf("schema of table %s does not exist any more", e.Object)
	case NotInBin:
		return fmt.Sprintf("%s is not in the recycle bin", e.Object)
	case NameTaken:
		return fmt.Sprintf("%s exists", e.Other)
	case Renamed:
		return fmt.Sprintf("what was %s at SCN %d is %s now", e.Object, e.At, e.Other)
	case Constraint:
		return fmt.Sprintf("foreign keys of %s would be broken: %s", e.Object, strings.Join(e.Rows, "; "))
	case NoFlashback:
		return fmt.Sprintf("there is no flashback of %s to undo", e.Object)
	}
	return "flashback failed"
}
