package replication

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"redoubt/wal"
)

// logStore is raft's LogStore over a LogFile.
//
// Raft's main goroutine stores, raft's snapshot goroutine and ReleaseLog truncate the front, and everybody reads.
// After a failed write no other is tried: what the failed one left behind is unknown until the log is opened again.
type logStore struct {
	file   LogFile
	cache  *entryCache
	guard  *guard
	retain func() uint64
	// durable is told of what has been stored; nil: nobody wants to know.
	durable func([]*raft.Log)
	// discard is given entries that were never committed before they go; nil: nobody wants them.
	discard func([]EntryInfo) error

	batch []wal.Entry // reused by StoreLogs
	buf   []byte      // reused by StoreLogs

	storing underway      // raft's main goroutine waits for the disk
	stored  chan struct{} // poked when it no longer does

	appended   atomic.Uint64 // bytes of payload since opening
	snapshotAt atomic.Uint64 // index of the last durable snapshot
	scanning   atomic.Pointer[scan]

	mu   sync.Mutex // guards what follows; held while the front is truncated
	drop uint64     // raft no longer needs entries below this
}

// scan answers raft's look for configurations at start from what recovery has just read, see recover.go. It is over with the last entry
// of that look: raft may be applying before NewRaft has returned, and entries without what is in them would be skipped on this node alone.
type scan struct {
	first, last uint64
	configs     map[uint64]raft.Log
}

const (
	storeBytesMax = 64 << 20 // of entries made durable by one call, unless one alone is larger
	bufferKeepMax = 16 << 20 // a larger encoding buffer is not kept
)

func newLogStore(file LogFile, g *guard, retain func() uint64) *logStore {
	return &logStore{
		file: file, cache: newEntryCache(cacheEntries, cacheBytesMax), guard: g, retain: retain,
		stored: make(chan struct{}, 1),
	}
}

// bounds gives the first and last index, 0 and 0 for an empty log.
func (s *logStore) bounds() (first, last uint64) {
	// Two looks, between which the log may become empty or stop being so; then it counts as empty.
	first, last = s.file.FirstIndex(), s.file.LastIndex()
	if first == 0 || first > last {
		return 0, 0
	}
	return first, last
}

// FirstIndex is the first entry's index, 0 if there is none.
func (s *logStore) FirstIndex() (uint64, error) {
	first, _ := s.bounds()
	return first, nil
}

// LastIndex is the last entry's index, 0 if there is none.
func (s *logStore) LastIndex() (uint64, error) {
	_, last := s.bounds()
	return last, nil
}

// IsMonotonic tells raft that there are no gaps: it then empties the log when it installs a snapshot.
func (s *logStore) IsMonotonic() bool { return true }

// GetLog gives one entry, or raft.ErrLogNotFound. An entry that is there but cannot be read ends the node.
//
// Raft panics if that happens to an entry which it is about to apply. There, and only there, it is given a no-op to go
// on with until the node has shut it down: nothing is applied or stored any more, and what processLogs reads is sent
// to nobody.
func (s *logStore) GetLog(index uint64, l *raft.Log) error {
	if sc := s.scanning.Load(); sc != nil && sc.get(index, l) {
		if index == sc.last { // raft looks in order, once
			s.scanning.Store(nil)
		}
		return nil
	}
	err := s.read(index, l)
	if err == nil || errors.Is(err, raft.ErrLogNotFound) {
		return err
	}
	s.guard.fail(err)
	if inProcessLogs() {
		*l = raft.Log{Index: index, Type: raft.LogNoop}
		return nil
	}
	return err
}

// read gives one entry, or raft.ErrLogNotFound, without ending anything.
func (s *logStore) read(index uint64, l *raft.Log) error {
	if s.cache.get(index, l) {
		return nil
	}
	if first, last := s.bounds(); index < first || index > last || index == 0 {
		return raft.ErrLogNotFound
	}
	payload, err := s.file.Get(index, nil)
	if err != nil {
		if first, last := s.bounds(); index < first || index > last {
			return raft.ErrLogNotFound // truncated meanwhile
		}
		return fmt.Errorf("read log entry %d: %w", index, err)
	}
	return decodeEntry(payload, index, l)
}

// StoreLog stores one entry.
func (s *logStore) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs makes consecutive entries durable. The first error is for ever, and ends the node.
func (s *logStore) StoreLogs(logs []*raft.Log) error {
	if err := s.guard.failure(); err != nil {
		return err
	}
	s.storing.begin()
	defer s.endStoring()
	for len(logs) > 0 {
		stored, err := s.append(logs)
		if err != nil {
			err = fmt.Errorf("append log entries %d to %d: %w", logs[0].Index, logs[len(logs)-1].Index, err)
			s.guard.fail(err)
			return err
		}
		s.cache.put(logs[:stored])
		if s.durable != nil {
			s.durable(logs[:stored])
		}
		logs = logs[stored:]
	}
	return nil
}

func (s *logStore) endStoring() {
	s.storing.end()
	select {
	case s.stored <- struct{}{}:
	default:
	}
}

// append makes as many entries durable at once as storeBytesMax allows, and one at least, and tells how many.
func (s *logStore) append(logs []*raft.Log) (stored int, err error) {
	size := 0
	for stored < len(logs) && (stored == 0 || size < storeBytesMax) {
		size += entryHeaderMax + len(logs[stored].Extensions) + len(logs[stored].Data)
		stored++
	}
	if cap(s.buf) < size {
		s.buf = make([]byte, 0, size)
	}
	s.buf, s.batch = s.buf[:0], s.batch[:0]
	for _, l := range logs[:stored] {
		start := len(s.buf)
		s.buf = appendEntry(s.buf, l)
		s.batch = append(s.batch, wal.Entry{Index: l.Index, Payload: s.buf[start:len(s.buf):len(s.buf)]})
	}
	err = s.file.Append(s.batch)
	s.appended.Add(uint64(len(s.buf)))
	clear(s.batch)
	if cap(s.buf) > bufferKeepMax {
		s.buf = nil
	}
	return stored, err
}

// DeleteRange drops a prefix or a suffix, both ends included. Entries that Options.Retain needs stay for now when a
// prefix goes. A suffix goes at once: it was never committed.
func (s *logStore) DeleteRange(low, high uint64) error {
	first, last := s.bounds()
	switch {
	case last == 0 || high < first || low > last || low > high:
		return nil
	case high <= s.snapshotAt.Load() && low <= first:
		return s.dropFront(high + 1)
	case high >= last && low > s.snapshotAt.Load():
		return s.dropBack(low)
	}
	err := fmt.Errorf("delete log entries %d to %d of %d to %d: neither below the snapshot at %d nor the end",
		low, high, first, last, s.snapshotAt.Load())
	s.guard.fail(err)
	return err
}

// dropBack removes entries from index low on. A failure ends the node: raft would go on with a wrong last index.
func (s *logStore) dropBack(low uint64) error {
	if err := s.guard.failure(); err != nil {
		return err
	}
	if err := s.handOver(low); err != nil {
		err = fmt.Errorf("keep a copy of log entries from %d on, which the leader does not have: %w", low, err)
		s.guard.fail(err)
		return err
	}
	s.cache.truncateBack(low)
	err := s.file.TruncateBack(low - 1)
	if err != nil {
		err = fmt.Errorf("cut the log from index %d on: %w", low, err)
		s.guard.fail(err)
	}
	return err
}

// handOver gives the entries from index low on to whoever keeps a copy.
func (s *logStore) handOver(low uint64) error {
	if s.discard == nil {
		return nil
	}
	_, last := s.bounds()
	var entries []EntryInfo
	for i := low; i <= last; i++ {
		payload, err := s.file.Get(i, nil)
		if err != nil {
			return err
		}
		entry, err := InspectEntry(i, payload)
		if err != nil {
			return err
		}
		entries = append(entries, entry)
	}
	return s.discard(entries)
}

// dropFront remembers that entries below keepFrom may go, and lets go what nobody retains.
func (s *logStore) dropFront(keepFrom uint64) error {
	s.mu.Lock()
	s.drop = max(s.drop, keepFrom)
	s.mu.Unlock()
	return s.releaseFront()
}

// releaseFront truncates what raft no longer needs and nobody retains.
func (s *logStore) releaseFront() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	keepFrom := s.drop
	if floor := s.retain(); floor != 0 {
		keepFrom = min(keepFrom, floor)
	}
	first, last := s.bounds()
	if last == 0 || keepFrom <= first {
		return nil
	}
	if err := s.guard.failure(); err != nil {
		return err
	}
	// The last entry stays, so that the log always knows where it ends.
	err := s.file.TruncateFront(min(keepFrom, last))
	if err != nil {
		err = fmt.Errorf("drop log entries below %d: %w", keepFrom, err)
		s.guard.fail(err)
	}
	return err
}

func (c *scan) get(index uint64, l *raft.Log) bool {
	if index < c.first || index > c.last {
		return false
	}
	config, ok := c.configs[index]
	if !ok {
		config = raft.Log{Index: index, Type: raft.LogNoop}
	}
	*l = config
	return true
}

var (
	_ raft.LogStore          = (*logStore)(nil)
	_ raft.MonotonicLogStore = (*logStore)(nil)
)
