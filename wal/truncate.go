package wal

import (
	"fmt"
	"slices"
)

// TruncateBack drops the entries after keepTo and returns when that is durable. A
// keepTo at or past LastIndex does nothing; one before FirstIndex empties the log.
// The dropped indexes may then be appended again; what they held never comes back.
func (l *Log) TruncateBack(keepTo uint64) error {
	l.writeMu.Lock()
	defer l.writeMu.Unlock()
	if err := l.writable(); err != nil {
		return err
	}
	l.mu.RLock()
	first, last := l.firstLocked(), l.lastLocked()
	l.mu.RUnlock()
	if keepTo >= last {
		return nil
	}
	if keepTo < first {
		return l.reset(keepTo + 1)
	}
	size := framedBytes(0)
	tail, err := l.roomFor(size, 0)
	if err != nil {
		return err
	}
	chain := putFrame(l.buffer(tail, size), frame{
		previous: tail.chain, kind: kindTruncation, flags: flagLast, batch: tail.lastBatch + 1,
		batchOffset: uint32(tail.end), index: keepTo,
	}, nil, tail.salt, uint32(tail.end))
	if err := l.writeBatch(tail, size); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	tail.clip = min(tail.clip, keepTo)
	switch {
	case tail.count == 0 || keepTo < tail.first:
		tail.first, tail.count, tail.tailOffsets = 0, 0, tail.tailOffsets[:0]
	case keepTo < tail.last():
		tail.count = keepTo - tail.first + 1
		tail.tailOffsets = tail.tailOffsets[:tail.count]
	}
	l.relinkLocked()
	l.publishLocked(tail, size, chain)
	return nil
}

// TruncateFront drops entries before keepFrom, as far as whole files can go:
// FirstIndex may stay below keepFrom. Files that go become spares. It may run beside
// Append, which it does not hold up.
func (l *Log) TruncateFront(keepFrom uint64) error {
	if l.o.ReadOnly {
		return ErrReadOnly
	}
	l.controlMu.Lock()
	defer l.controlMu.Unlock()
	l.mu.RLock()
	stopped, keep := l.stopped, 0
	for keep < len(l.files)-1 && l.files[keep].lastLive < keepFrom {
		keep++
	}
	l.mu.RUnlock()
	if stopped != nil {
		return stopped
	}
	if keep == 0 {
		return nil
	}
	return l.dropFront(keep)
}

// Reset drops everything and returns when that is durable. The next append may begin
// anywhere; nextIndex, 0 if unknown, is where it is expected to, and is recorded for
// the reader of the file.
func (l *Log) Reset(nextIndex uint64) error {
	l.writeMu.Lock()
	defer l.writeMu.Unlock()
	if err := l.writable(); err != nil {
		return err
	}
	return l.reset(nextIndex)
}

// reset begins a new file and then lets the log begin with it. A crash before the
// control file says so leaves the log as it was, with an empty file at its end.
func (l *Log) reset(nextIndex uint64) error {
	tail := l.tail()
	next, err := l.beginFile(tail, l.o.SegmentBytes, nextIndex)
	if err != nil {
		return err
	}
	l.controlMu.Lock()
	defer l.controlMu.Unlock()
	l.mu.Lock()
	l.files = append(l.files, next)
	keep := len(l.files) - 1
	l.mu.Unlock()
	return l.dropFront(keep)
}

// dropFront makes files[keep] the first of the log and recycles those before it. The
// caller holds controlMu.
func (l *Log) dropFront(keep int) error {
	l.mu.RLock()
	first := l.files[keep].seq
	l.mu.RUnlock()
	if err := l.writeControl(first); err != nil {
		return l.fail("move the beginning of the log", err)
	}
	l.mu.Lock()
	dropped := slices.Clone(l.files[:keep])
	l.files = slices.Clone(l.files[keep:])
	l.relinkLocked()
	l.mu.Unlock()

	for _, lf := range dropped {
		lf.readers.Wait()
		l.footers.drop(lf)
		if err := lf.file.Close(); err != nil {
			return l.fail("close "+lf.path, err)
		}
	}
	if err := l.recycle(dropped); err != nil {
		return l.fail("recycle", err)
	}
	return nil
}

// writeControl replaces the control file: the log begins with file firstSeq, and is
// durable up to here. The batch it names stays in the log for ever, since
// truncations are batches too; so the file need not be kept up to date.
func (l *Log) writeControl(firstSeq uint64) error {
	c := control{databaseID: l.o.DatabaseID, firstSeq: firstSeq}
	l.mu.RLock()
	tail := l.files[len(l.files)-1]
	c.tailSeq, c.batch, c.lastIndex = tail.seq, tail.lastBatch, l.lastLocked()
	l.mu.RUnlock()

	path, tmp := l.path(controlName), l.path(controlName+tmpSuffix)
	file, err := l.o.FS.Create(tmp, writeCategory)
	if err != nil {
		return fmt.Errorf("write control: %w", err)
	}
	_, err = file.Write(c.encode())
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = l.o.FS.Rename(tmp, path)
	}
	if err == nil {
		err = l.syncDir()
	}
	if err != nil {
		return fmt.Errorf("write control: %w", err)
	}
	return nil
}
