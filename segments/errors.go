package segments

import (
	"errors"
	"fmt"

	"redoubt/scn"
)

// Errors of writing.
var (
	// ErrOutOfOrder: the SCN of a record does not follow the one before, or a segment does
	// not follow the chain.
	ErrOutOfOrder = errors.New("segments: out of order")
	// ErrTooLarge: a payload is over PayloadBytesMax, or a record touches more than
	// TablesMax tables.
	ErrTooLarge = errors.New("segments: too large")
	// ErrEmpty: a segment without records cannot be finished.
	ErrEmpty = errors.New("segments: no records")
	// ErrClosed: the Writer, Reader or Catalog was closed, finished, or failed.
	ErrClosed = errors.New("segments: closed")
	// ErrReadOnly: the Catalog was opened with ReadOnly.
	ErrReadOnly = errors.New("segments: catalog is read-only")
)

// ErrGone: a scan asks for SCNs before the first segment.
var ErrGone = errors.New("segments: removed")

// Reasons of damage; each part that can fail has its own. They come wrapped in a
// CorruptionError, but for ErrVersion and ErrOtherDatabase, which are no damage.
var (
	ErrBadMagic      = errors.New("segments: bad magic")
	ErrVersion       = errors.New("segments: other format version")
	ErrLength        = errors.New("segments: file has another length than its header says")
	ErrChecksum      = errors.New("segments: checksum mismatch")
	ErrOtherDatabase = errors.New("segments: file of another database")
	ErrMisplaced     = errors.New("segments: file under the wrong name")
	ErrContent       = errors.New("segments: content and index or hash do not agree")
	ErrBrokenChain   = errors.New("segments: chain is broken")
	ErrMissingFile   = errors.New("segments: segment is missing")
)

// CorruptionError says what cannot be read, and where.
type CorruptionError struct {
	// File is the path of the damaged or missing file.
	File string
	// Offset is the byte in File at which reading failed.
	Offset int64
	// SCN is the first SCN that cannot be read, 0 if that is not known.
	SCN scn.SCN
	// Err is the reason: one of the errors above, or that of the file system.
	Err error
}

func (e *CorruptionError) Error() string {
	return fmt.Sprintf("segments: corruption in %s at offset %d, SCN %d: %v", e.File, e.Offset, e.SCN, e.Err)
}

// Unwrap returns the reason.
func (e *CorruptionError) Unwrap() error { return e.Err }

// HeldError says which hold keeps segments from being removed.
type HeldError struct {
	Hold Hold
	// Wanted is the SCN up to which removal was asked for.
	Wanted scn.SCN
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("segments: cannot remove up to SCN %d: hold %q of %s keeps what came after SCN %d",
		e.Wanted, e.Hold.Name, e.Hold.Owner, e.Hold.SCN)
}
