package sqlcode

import (
	"errors"
	"fmt"
	"strings"
)

// Code is one entry of the table of errors. Its ID, number and state never change once released.
type Code struct {
	ID     string // RD-nnnn
	Errno  int    // the number that MySQL clients know for this, or 1105 if there is none
	State  string // SQLSTATE, five characters
	Text   string // what happened; %s is filled by the constructor
	Cause  string // why it happens
	Action string // what to do
}

// Error is one occurrence of a Code.
type Error struct {
	code   *Code
	detail string
	err    error
}

// New returns an occurrence of the code whose ID is id; args fill its text.
func New(id string, args ...any) *Error { return wrap(id, nil, args...) }

func wrap(id string, err error, args ...any) *Error {
	c, ok := Find(id)
	if !ok {
		panic("sqlcode: no such code: " + id)
	}
	detail := c.Text
	if len(args) > 0 {
		detail = fmt.Sprintf(c.Text, args...)
	}
	return &Error{code: c, detail: detail, err: err}
}

// Error returns the text with the code in brackets at its end, by which Map finds the Code again.
func (e *Error) Error() string { return e.detail + " [" + e.code.ID + "]" }

// Unwrap returns the error underneath, if any.
func (e *Error) Unwrap() error { return e.err }

// Code returns the entry of the table.
func (e *Error) Code() *Code { return e.code }

// Is reports whether target is an Error of the same Code, so that errors.Is(err, sqlcode.New("RD-1101", "")) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.code == e.code
}

// Of returns the Code of an error: by type, or by the code in brackets at the end of its text.
func Of(err error) (*Code, bool) {
	if err == nil {
		return nil, false
	}
	var e *Error
	if errors.As(err, &e) {
		return e.code, true
	}
	return InText(err.Error())
}

// InText returns the Code that a message names as [RD-nnnn].
func InText(message string) (*Code, bool) {
	for i := strings.LastIndex(message, "[RD-"); i >= 0; i = strings.LastIndex(message[:i], "[RD-") {
		if rest := message[i+1:]; len(rest) >= 8 && rest[7] == ']' {
			if c, ok := Find(rest[:7]); ok {
				return c, true
			}
		}
	}
	return nil, false
}

// Find returns the entry with that ID.
func Find(id string) (*Code, bool) {
	for i := range table {
		if table[i].ID == id {
			return &table[i], true
		}
	}
	return nil, false
}

// All returns the table, in the order of the IDs. The caller must not change it.
func All() []Code { return table }

// general names the entries that stand for numbers which several entries have.
var general = map[int]string{1064: IDSyntax, 1146: IDUnknownTable, 1213: IDConflict, 1235: IDUnsupported}

// ByNumber returns the entry that stands for a number of MySQL's, for errors that come without a code of ours.
func ByNumber(errno int) (*Code, bool) {
	if id := general[errno]; id != "" {
		return Find(id)
	}
	var found *Code
	for i := range table {
		if c := &table[i]; c.Errno == errno && errno != 1105 {
			if found != nil {
				return nil, false
			}
			found = c
		}
	}
	return found, found != nil
}
