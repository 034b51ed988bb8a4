package crypt

import (
	"errors"
	"fmt"

	"redoubt/backup/store"
)

// What can be wrong with an object.
var (
	ErrDamaged   = errors.New("it was changed or damaged")
	ErrTruncated = errors.New("it is cut off, or something was added to it")
	ErrSwapped   = errors.New("it is another object, put in the place of this one")
	ErrPlaintext = errors.New("it is not encrypted, as everything in this repository must be")
	ErrNoKey     = errors.New("the key that it was encrypted with is not there")
)

// Error names an object that cannot be decrypted, and says why. It matches one of the reasons, and store.ErrDamaged unless only
// the key is missing.
type Error struct {
	Object string
	Where  string // the store
	Reason error  // one of the above
	Detail string // where in the object, or what else is known
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s in %s: %v", e.Object, e.Where, e.Reason)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Is implements errors.Is.
func (e *Error) Is(target error) bool {
	switch target {
	case store.ErrDamaged:
		return e.Reason != ErrNoKey
	case store.ErrTorn:
		return e.Reason == ErrTruncated
	case store.ErrSwapped:
		return e.Reason == ErrSwapped
	}
	return target == e.Reason
}
