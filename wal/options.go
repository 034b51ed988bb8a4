package wal

import (
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// segmentBytesDefault is the size of a log file unless Options say otherwise.
	segmentBytesDefault = 64 << 20
	// segmentBytesMin leaves room for a header, a footer and a few frames. Files
	// of this size are for tests.
	segmentBytesMin = 4 << 10
	// segmentBytesMax keeps every offset of a file within 32 bits.
	segmentBytesMax      = 2 << 30
	spareFilesDefault    = 2
	spareFilesMaxDefault = 16
)

// NoSpareFiles, as Options.SpareFiles, prepares no file at Open.
const NoSpareFiles = -1

// Options say where a log lives and how its files are made.
type Options struct {
	// FS is the file system. Default: the operating system's.
	FS vfs.FS
	// Dir is the directory of the log, and of nothing else. It is created if it
	// is missing; its parent must be there.
	Dir string
	// SegmentBytes is the size of a log file, 4 KiB to 2 GiB. Default: 64 MiB. A
	// batch that does not fit gets a larger file of its own. It may differ from
	// one Open to the next.
	SegmentBytes int64
	// SpareFiles is how many files Open makes sure are ready, written with zeros
	// if need be, before it returns. Default: 2; NoSpareFiles: none. A file that
	// was written before takes a sync without metadata, which is 1.4 to 3 times as
	// fast; when no spare is left, the next file is only preallocated.
	SpareFiles int
	// SpareFilesMax is how many files that TruncateFront frees are kept as spares;
	// more are removed. Default: 16, or SpareFiles if that is more.
	SpareFilesMax int
	// KeyID names the key under which the caller encrypts payloads, 0 for none. It
	// is recorded in the header of every file begun from now on, and Open begins a
	// new file when the tail has another; the log itself encrypts nothing.
	KeyID uint32
	// DatabaseID is stamped in every header. Open refuses a directory that bears
	// another, with ErrOtherDatabase.
	DatabaseID [16]byte
	// ReadOnly opens an existing log without writing a byte and without the lock:
	// a torn tail is passed over, and everything that would write returns
	// ErrReadOnly.
	ReadOnly bool
	// OnSync, if it is not nil, is told how long the sync of each batch took, on the
	// goroutine that appends.
	OnSync func(took time.Duration)
	// Rand gives the ids that tell two lives of a file apart. Default: crypto/rand.
	Rand io.Reader
}

// Validate reports the first option that cannot be used.
func (o Options) Validate() error {
	o = o.withDefaults()
	switch {
	case o.Dir == "":
		return fmt.Errorf("wal: options: Dir is empty")
	case o.SegmentBytes < segmentBytesMin || o.SegmentBytes > segmentBytesMax:
		return fmt.Errorf("wal: options: SegmentBytes %d is not between %d and %d",
			o.SegmentBytes, segmentBytesMin, segmentBytesMax)
	case o.SegmentBytes%8 != 0:
		return fmt.Errorf("wal: options: SegmentBytes %d is not a multiple of 8", o.SegmentBytes)
	case o.SpareFiles < NoSpareFiles:
		return fmt.Errorf("wal: options: SpareFiles %d", o.SpareFiles)
	case o.SpareFilesMax < 0:
		return fmt.Errorf("wal: options: SpareFilesMax %d", o.SpareFilesMax)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = segmentBytesDefault
	}
	if o.SpareFiles == 0 {
		o.SpareFiles = spareFilesDefault
	}
	if o.SpareFilesMax == 0 {
		o.SpareFilesMax = max(spareFilesMaxDefault, o.SpareFiles)
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return o
}
