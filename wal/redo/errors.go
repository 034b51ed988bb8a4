package redo

import (
	"errors"
	"fmt"
)

// Errors of decoding. Every one is wrapped in a *DecodeError that tells the offset.
var (
	ErrTruncated = errors.New("record ends too early")
	ErrMagic     = errors.New("not a redo group")
	ErrVersion   = errors.New("unknown version of the redo format")
	ErrChecksum  = errors.New("checksum of the redo group does not match")
	ErrMalformed = errors.New("malformed record")
)

// DecodeError tells where in the input decoding stopped, and why.
type DecodeError struct {
	What   string // the element being read
	Offset int    // bytes from the start of the input
	Err    error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("redo: %s at byte %d: %v", e.What, e.Offset, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }
