package wal

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Entry is one numbered payload.
type Entry struct {
	Index   uint64
	Payload []byte
}

// Log is an open log. Its methods may be called from any goroutine; see the package
// comment for which of them exclude one another.
type Log struct {
	o    Options
	lock io.Closer

	// writeMu is held by whatever appends: Append, TruncateBack, Reset, Close.
	writeMu sync.Mutex
	writer  writer

	// controlMu is held by whatever moves the beginning of the log.
	controlMu sync.Mutex

	// dirMu guards the handle through which the directory is synced.
	dirMu sync.Mutex
	dir   vfs.File

	// mu guards all below. It is never held during I/O.
	mu        sync.RWMutex
	files     []*logFile // in order of sequence number; the last is the tail
	live      []*logFile // those that hold live entries, in order of index
	spares    []string   // names of files ready for use
	spareNext uint64     // number of the next spare to be made
	waiters   []*waiter
	stopped   error // ErrClosed, or what made the log fail
	stats     Stats
	stop      chan struct{} // closed when stopped is set

	footers footerCache
}

// waiter is one call of Wait.
type waiter struct {
	index uint64
	ready chan struct{}
}

// FirstIndex returns the index of the first entry, 0 if the log is empty.
func (l *Log) FirstIndex() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.firstLocked()
}

// LastIndex returns the index of the last durable entry, 0 if the log is empty. (Of a
// read-only log: of the last entry that can be read.)
func (l *Log) LastIndex() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.lastLocked()
}

func (l *Log) firstLocked() uint64 {
	if len(l.live) == 0 {
		return 0
	}
	return l.live[0].first
}

func (l *Log) lastLocked() uint64 {
	if len(l.live) == 0 {
		return 0
	}
	return l.live[len(l.live)-1].lastLive
}

// Get returns the payload of an entry, read from its file with its checksum verified.
// The payload is written over dst, which grows if need be; the caller owns the
// result. It returns ErrNotFound outside FirstIndex to LastIndex, and a
// CorruptionError if the entry is damaged.
func (l *Log) Get(index uint64, dst []byte) ([]byte, error) {
	l.mu.RLock()
	if l.stopped != nil {
		defer l.mu.RUnlock()
		return nil, l.stopped
	}
	lf := l.findLocked(index)
	if lf == nil {
		defer l.mu.RUnlock()
		return nil, fmt.Errorf("%w: index %d, the log has %d to %d", ErrNotFound, index, l.firstLocked(), l.lastLocked())
	}
	lf.readers.Add(1)
	offsets, end := lf.tailOffsets, lf.end
	if !lf.sealed {
		// The slots of a tail's offsets are written again after a TruncateBack, so they
		// are read before the lock is let go.
		offset, bound := frameBounds(offsets, index-lf.first, end)
		l.mu.RUnlock()
		defer lf.readers.Done()
		return lf.readEntry(index, offset, bound, dst)
	}
	l.mu.RUnlock()
	defer lf.readers.Done()
	offsets, err := lf.loadFooter(&l.footers)
	if err != nil {
		return nil, fmt.Errorf("wal: load footer of %s: %w", lf.path, err)
	}
	offset, bound := frameBounds(offsets, index-lf.first, end)
	return lf.readEntry(index, offset, bound, dst)
}

// frameBounds returns where frame i begins and where it has ended at the latest.
func frameBounds(offsets []uint32, i uint64, end int64) (offset, bound int64) {
	if i+1 < uint64(len(offsets)) {
		end = int64(offsets[i+1])
	}
	return int64(offsets[i]), end
}

func (l *Log) findLocked(index uint64) *logFile {
	i := sort.Search(len(l.live), func(i int) bool { return l.live[i].lastLive >= index })
	if i == len(l.live) || index < l.live[i].first {
		return nil
	}
	return l.live[i]
}

// relinkLocked works out which entries are live: those that no truncation in the same
// or a later file dropped.
func (l *Log) relinkLocked() {
	l.live = l.live[:0]
	clip := uint64(noClip)
	for _, lf := range slices.Backward(l.files) {
		if lf.count > 0 && lf.first <= clip {
			lf.lastLive = min(lf.last(), clip)
			l.live = append(l.live, lf)
		} else {
			lf.lastLive = 0
		}
		clip = min(clip, lf.clip)
	}
	slices.Reverse(l.live)
}

// Wait returns nil as soon as LastIndex is at least index, the error of ctx when it
// is done, and the log's error when the log closes or fails.
func (l *Log) Wait(ctx context.Context, index uint64) error {
	l.mu.Lock()
	if l.stopped != nil {
		defer l.mu.Unlock()
		return l.stopped
	}
	if l.lastLocked() >= index {
		l.mu.Unlock()
		return nil
	}
	w := &waiter{index: index, ready: make(chan struct{})}
	l.waiters = append(l.waiters, w)
	l.mu.Unlock()

	select {
	case <-w.ready:
		return nil
	case <-l.stop:
		return l.state()
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		if i := slices.Index(l.waiters, w); i >= 0 {
			l.waiters = slices.Delete(l.waiters, i, i+1)
		}
		return ctx.Err()
	}
}

func (l *Log) wakeLocked() {
	if len(l.waiters) == 0 {
		return
	}
	last := l.lastLocked()
	l.waiters = slices.DeleteFunc(l.waiters, func(w *waiter) bool {
		if w.index > last {
			return false
		}
		close(w.ready)
		return true
	})
}

// state is nil while the log works.
func (l *Log) state() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.stopped
}

func (l *Log) writable() error {
	if l.o.ReadOnly {
		return ErrReadOnly
	}
	return l.state()
}

// fail latches the first failed write or sync: nothing is known about the disk after
// it (the kernel may have dropped the dirty pages and call the next sync a success),
// so nothing is tried again.
func (l *Log) fail(operation string, cause error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped == nil {
		l.stopped = fmt.Errorf("%w: %s: %w", ErrFailed, operation, cause)
		l.stats.Failed = true
		close(l.stop)
	}
	return l.stopped
}

// Close writes down how far the log is durable, so that damage to its very end is
// noticed by the next Open, and lets go of all files. It waits for calls of Get. A
// second call does nothing. A log that failed returns that failure.
func (l *Log) Close() error {
	l.writeMu.Lock()
	defer l.writeMu.Unlock()
	l.controlMu.Lock()
	defer l.controlMu.Unlock()
	l.mu.RLock()
	stopped, files := l.stopped, l.files
	l.mu.RUnlock()
	if files == nil {
		return nil
	}
	err := stopped
	if stopped == nil && !l.o.ReadOnly {
		if e := l.writeControl(files[0].seq); e != nil {
			err = fmt.Errorf("wal: close: %w", e)
		}
	}
	l.mu.Lock()
	if l.stopped == nil {
		l.stopped = ErrClosed
		close(l.stop)
	}
	l.files, l.live, l.waiters = nil, nil, nil
	l.mu.Unlock()
	for _, lf := range files {
		lf.readers.Wait()
		l.footers.drop(lf)
	}
	if e := l.release(files); err == nil {
		err = e
	}
	return err
}

// release closes handles; it is what is left to do when Open fails, too.
func (l *Log) release(files []*logFile) error {
	var first error
	note := func(err error) {
		if err != nil && first == nil {
			first = fmt.Errorf("wal: close: %w", err)
		}
	}
	for _, lf := range files {
		note(lf.file.Close())
	}
	if l.dir != nil {
		note(l.dir.Close())
	}
	if l.lock != nil {
		note(l.lock.Close())
	}
	l.dir, l.lock = nil, nil
	return first
}

func (l *Log) syncDir() error {
	l.dirMu.Lock()
	defer l.dirMu.Unlock()
	if err := l.dir.Sync(); err != nil {
		return fmt.Errorf("sync directory %s: %w", l.o.Dir, err)
	}
	return nil
}
