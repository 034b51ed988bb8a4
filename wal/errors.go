package wal

import (
	"errors"
	"fmt"
)

// Errors of an operation on an open log.
var (
	// ErrNotFound: the index is outside FirstIndex to LastIndex.
	ErrNotFound = errors.New("wal: entry not found")
	// ErrOutOfOrder: the indexes of a batch do not follow the log, or one another.
	ErrOutOfOrder = errors.New("wal: index out of order")
	// ErrTooLarge: a payload is over PayloadBytesMax, or a batch over BatchBytesMax.
	ErrTooLarge = errors.New("wal: too large")
	// ErrClosed: the log was closed.
	ErrClosed = errors.New("wal: log is closed")
	// ErrReadOnly: the log was opened with ReadOnly.
	ErrReadOnly = errors.New("wal: log is read-only")
	// ErrFailed: a write or a sync failed earlier. What the log holds on disk is
	// then unknown until it is opened again, so it refuses everything.
	ErrFailed = errors.New("wal: log failed, open it again")
	// ErrNoSpace: the next file could not be made. Nothing was written; the same
	// call may be made again.
	ErrNoSpace = errors.New("wal: no room for the next file")
)

// Errors of a header, each found on its own. They come wrapped in a
// CorruptionError, but for ErrVersion and ErrOtherDatabase, which are no damage.
var (
	// ErrBadMagic: the file is not of this kind at all.
	ErrBadMagic = errors.New("wal: bad magic")
	// ErrVersion: an intact header of a format version that this program does not know.
	ErrVersion = errors.New("wal: other format version")
	// ErrChecksum: the bytes are not those that were written.
	ErrChecksum = errors.New("wal: checksum mismatch")
	// ErrOtherDatabase: an intact header of another database.
	ErrOtherDatabase = errors.New("wal: file of another database")
	// ErrMisplaced: an intact header under the name of another file.
	ErrMisplaced = errors.New("wal: file under the wrong name")
)

// Errors of the log as a whole. They come wrapped in a CorruptionError.
var (
	// ErrMissingFile: a file that must be there is not.
	ErrMissingFile = errors.New("wal: file is missing")
	// ErrBrokenChain: intact pieces that do not follow one another.
	ErrBrokenChain = errors.New("wal: chain is broken")
	// ErrAcknowledgedDamage: the log ends early, and something proves that it went on.
	ErrAcknowledgedDamage = errors.New("wal: damage inside the acknowledged log")
)

// CorruptionError says that acknowledged log cannot be read, and where.
type CorruptionError struct {
	// File is the path of the damaged or missing file.
	File string
	// Offset is the byte in File at which reading failed.
	Offset int64
	// LastGoodIndex is the last index before the damage; 0 if there is none, or if
	// the damage was met before any entry was read.
	LastGoodIndex uint64
	// Err is the reason: one of the errors above, or that of the file system.
	Err error
}

func (e *CorruptionError) Error() string {
	return fmt.Sprintf("wal: corruption in %s at offset %d, last good index %d: %v",
		e.File, e.Offset, e.LastGoodIndex, e.Err)
}

// Unwrap returns the reason.
func (e *CorruptionError) Unwrap() error { return e.Err }
