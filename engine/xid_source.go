package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	iofs "io/fs"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/internal/durable"
)

// xidSource gives transaction ids: 52 bits of time in microseconds, never going back, and 12 of the node.
//
// An id is given once, whatever the clock says, before and after a crash: else the outcome of one transaction would be told of another. Ids
// run ahead of a clock that was set back, or that is behind that of the leader, which stamps commits; and most of those that were given
// leave no trace that a node could find when it starts again. So before any is given, it is on disk up to where they may be.
//
// That is done ahead of need: once half of what is on disk is used, more is kept in the background, so that nobody waits for a disk while
// it keeps up. Who needs an id that is not yet on disk waits, and hears what went wrong.
type xidSource struct {
	ordinal uint64
	now     func() time.Time
	keep    func(upTo int64) error // durable on return; nil: nobody needs it
	failed  func(error)            // told if an id was needed that could not be kept; may be nil
	running sync.WaitGroup         // of what keeps more

	mu      sync.Mutex // never held while something is kept
	last    int64
	upTo    int64       // of what is on disk
	keeping *xidKeeping // what is under way; nil: nothing
}

// xidKeeping is one write of up to where ids may be.
type xidKeeping struct {
	done chan struct{} // closed at the end
	err  error         // set before
}

// xidsAhead is how much time is kept at once. A node that starts again begins so much ahead of its clock, at most.
const xidsAhead = int64(10 * time.Second / time.Microsecond)

// next gives an id that nobody had. With an error it is not on disk that it was given, and must not get into the log.
func (s *xidSource) next() (xid uint64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, s.now().UnixMicro())
	at := s.last
	xid = uint64(at)<<xidNodeBits | s.ordinal
	if s.keep == nil {
		return xid, nil
	}
	if s.upTo-at < xidsAhead/2 {
		s.keepMore()
	}
	for at > s.upTo {
		k := s.keepMore()
		s.mu.Unlock()
		<-k.done
		s.mu.Lock()
		if k.err != nil && at > s.upTo {
			if s.failed != nil {
				s.failed(k.err)
			}
			return xid, k.err
		}
	}
	return xid, nil
}

// keepMore lets more ids be kept, if that is not under way. The caller has mu.
func (s *xidSource) keepMore() *xidKeeping {
	if s.keeping != nil {
		return s.keeping
	}
	k, upTo := &xidKeeping{done: make(chan struct{})}, s.last+xidsAhead
	s.keeping = k
	s.running.Go(func() {
		k.err = s.keep(upTo)
		s.mu.Lock()
		defer s.mu.Unlock()
		if k.err == nil {
			s.upTo = upTo
		}
		s.keeping = nil
		close(k.done)
	})
	return k
}

// close waits for what is under way. Nobody asks for an id any more.
func (s *xidSource) close() { s.running.Wait() }

// openXIDs makes the source of a state that is at a commit time.
func (e *Engine) openXIDs(at int64) error {
	o := &e.options
	e.xids.ordinal, e.xids.now, e.xids.failed, e.xids.last = uint64(o.NodeOrdinal), o.Now, o.OnStoreError, at
	if o.XIDFile == "" {
		return nil
	}
	upTo, err := readXIDFile(o.FS, o.XIDFile)
	if err != nil {
		return err
	}
	e.xids.last = max(at, upTo)
	e.xids.upTo = upTo
	e.xids.keep = func(upTo int64) error { return writeXIDFile(o.FS, o.XIDFile, upTo) }
	return nil
}

// The file has 12 bytes: microseconds, big-endian, and their CRC-32C.
const xidFileBytes = 12

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// readXIDFile gives 0 if there is none.
func readXIDFile(fs vfs.FS, path string) (upTo int64, err error) {
	f, err := fs.Open(path)
	if errors.Is(err, iofs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read up to where transaction ids were given: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return 0, fmt.Errorf("read up to where transaction ids were given from %s: %w", path, err)
	}
	if len(b) != xidFileBytes || binary.BigEndian.Uint32(b[8:]) != crc32.Checksum(b[:8], castagnoli) {
		return 0, fmt.Errorf("%s is damaged, which says up to where this node has given transaction ids: remove it if the machine's clock is right", path)
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// InspectXIDFile prints what is in the file.
func InspectXIDFile(path string, w io.Writer) error {
	upTo, err := readXIDFile(vfs.Default, path)
	if err == nil {
		_, err = fmt.Fprintf(w, "transaction ids were given up to %d at most, %s\n", upTo, time.UnixMicro(upTo).UTC().Format(time.RFC3339Nano))
	}
	return err
}

// writeXIDFile replaces it as a whole, durably.
func writeXIDFile(fs vfs.FS, path string, upTo int64) error {
	b := binary.BigEndian.AppendUint64(nil, uint64(upTo))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if err := durable.Replace(fs, path, b); err != nil {
		return fmt.Errorf("keep up to where transaction ids are given in %s: %w", path, err)
	}
	return nil
}
