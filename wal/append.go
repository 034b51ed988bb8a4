package wal

import (
	"fmt"
	"slices"
	"time"
)

// bufferKeepBytes is the largest batch buffer that is kept for the next batch.
const bufferKeepBytes = 8 << 20

// writer is what appending needs from one batch to the next, guarded by writeMu.
type writer struct {
	buf     []byte
	offsets []uint32
}

// Append writes a batch and returns when it is durable. Indexes follow one another
// and the log; an empty log takes any first index but 0. After a crash the batch is
// there whole or not at all. The payloads are not kept.
//
// ErrOutOfOrder, ErrTooLarge and ErrNoSpace change nothing. ErrFailed means that it
// is unknown whether the batch will be there after the next Open.
func (l *Log) Append(batch []Entry) error {
	l.writeMu.Lock()
	defer l.writeMu.Unlock()
	if err := l.writable(); err != nil {
		return err
	}
	if len(batch) == 0 {
		return nil
	}
	batchBytes, err := l.checkBatch(batch)
	if err != nil {
		return err
	}
	tail, err := l.roomFor(batchBytes, len(batch))
	if err != nil {
		return err
	}
	payloadBytes, chain := l.encodeEntries(tail, batch, batchBytes)
	if err := l.writeBatch(tail, batchBytes); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if tail.count == 0 {
		tail.first = batch[0].Index
	}
	tail.tailOffsets = append(tail.tailOffsets, l.writer.offsets...)
	tail.count += uint64(len(batch))
	l.publishLocked(tail, batchBytes, chain)
	l.stats.Entries += uint64(len(batch))
	l.stats.PayloadBytes += payloadBytes
	return nil
}

// checkBatch returns the bytes that the frames of a batch take.
func (l *Log) checkBatch(batch []Entry) (batchBytes int64, err error) {
	next := batch[0].Index
	if last := l.LastIndex(); next == 0 || last != 0 && next != last+1 {
		return 0, fmt.Errorf("%w: append %d, the last is %d", ErrOutOfOrder, next, last)
	}
	for i := range batch {
		if batch[i].Index != next {
			return 0, fmt.Errorf("%w: %d in a batch where %d belongs", ErrOutOfOrder, batch[i].Index, next)
		}
		next++
		if len(batch[i].Payload) > PayloadBytesMax {
			return 0, fmt.Errorf("%w: payload of entry %d has %d bytes, %d are allowed",
				ErrTooLarge, batch[i].Index, len(batch[i].Payload), PayloadBytesMax)
		}
		batchBytes += framedBytes(len(batch[i].Payload))
	}
	if batchBytes > BatchBytesMax {
		return 0, fmt.Errorf("%w: batch of %d bytes, %d are allowed", ErrTooLarge, batchBytes, BatchBytesMax)
	}
	return batchBytes, nil
}

// roomFor returns the tail, a new one if the present one has no room left for a batch
// and for the footer that it will need.
func (l *Log) roomFor(batchBytes int64, entries int) (*logFile, error) {
	tail := l.tail()
	if tail.end+batchBytes+footerBytes(tail.count+uint64(entries)) <= tail.header.fileBytes {
		return tail, nil
	}
	need := (headerBytes + batchBytes + footerBytes(uint64(entries)) + frameAlign - 1) &^ (frameAlign - 1)
	if err := l.roll(max(l.o.SegmentBytes, need)); err != nil {
		return nil, err
	}
	return l.tail(), nil
}

// encodeEntries builds the frames in the writer's buffer and leaves their offsets in
// the writer. It returns the checksum of the last frame.
func (l *Log) encodeEntries(tail *logFile, batch []Entry, batchBytes int64) (payloadBytes uint64, chain uint32) {
	buf := l.buffer(tail, batchBytes)
	l.writer.offsets = l.writer.offsets[:0]
	f := frame{
		previous: tail.chain, kind: kindEntry, batch: tail.lastBatch + 1, batchOffset: uint32(tail.end),
	}
	offset := uint32(tail.end)
	for i := range batch {
		payload := batch[i].Payload
		size := framedBytes(len(payload))
		f.index = batch[i].Index
		if i == len(batch)-1 {
			f.flags = flagLast
		}
		l.writer.offsets = append(l.writer.offsets, offset)
		f.previous = putFrame(buf[:size], f, payload, tail.salt, offset)
		buf = buf[size:]
		offset += uint32(size)
		payloadBytes += uint64(len(payload))
	}
	return payloadBytes, f.previous
}

// buffer makes the writer's buffer as long as the write will be: the frames, and
// zeros to the end of the page as far as the file goes. Of a page written whole
// nothing need be read from disk first, and the zeros leave no stale frame right
// behind the log.
func (l *Log) buffer(tail *logFile, batchBytes int64) []byte {
	end := tail.end + batchBytes
	padded := min((end+pageBytes-1)&^(pageBytes-1), tail.header.fileBytes)
	size := int(padded - tail.end)
	if cap(l.writer.buf) > bufferKeepBytes && size <= bufferKeepBytes {
		l.writer.buf = nil
	}
	l.writer.buf = slices.Grow(l.writer.buf[:0], size)[:size]
	clear(l.writer.buf[batchBytes:])
	return l.writer.buf[:batchBytes]
}

// writeBatch is the commit: one write, one sync.
func (l *Log) writeBatch(tail *logFile, batchBytes int64) error {
	if _, err := tail.file.WriteAt(l.writer.buf, tail.end); err != nil {
		return l.fail(fmt.Sprintf("write %d bytes to %s at %d", batchBytes, tail.path, tail.end), err)
	}
	start := time.Now()
	err := tail.file.SyncData()
	if l.o.OnSync != nil {
		l.o.OnSync(time.Since(start))
	}
	if err != nil {
		return l.fail("sync "+tail.path, err)
	}
	return nil
}

// publishLocked makes a durable batch part of the log.
func (l *Log) publishLocked(tail *logFile, batchBytes int64, chain uint32) {
	tail.end += batchBytes
	tail.chain = chain
	tail.lastBatch++
	if n := len(l.live); n > 0 && l.live[n-1] == tail && tail.count > 0 {
		tail.lastLive = tail.last()
	} else {
		l.relinkLocked()
	}
	l.stats.Batches++
	l.stats.FrameBytes += uint64(batchBytes)
	l.wakeLocked()
}

// tail is for those who hold writeMu: only they change it.
func (l *Log) tail() *logFile {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.files[len(l.files)-1]
}

// roll seals the tail and begins a file of fileBytes. The new file is durable before
// the old one gets its footer: a footer proves that another file follows, and a
// batch in the new file proves that the old one has a footer.
func (l *Log) roll(fileBytes int64) error {
	tail := l.tail()
	var nextIndex uint64
	if last := l.LastIndex(); last > 0 {
		nextIndex = last + 1
	}
	next, err := l.beginFile(tail, fileBytes, nextIndex)
	if err != nil {
		return err
	}
	if err := l.writeFooter(tail); err != nil {
		return l.fail("seal "+tail.path, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sealLocked(tail)
	l.files = append(l.files, next)
	l.relinkLocked()
	l.stats.Rolls++
	return nil
}

// beginFile makes the file that comes after the tail, durably, with its header and
// under its name.
func (l *Log) beginFile(tail *logFile, fileBytes int64, nextIndex uint64) (*logFile, error) {
	made, err := l.takeFile(fileBytes)
	if err != nil {
		return nil, err
	}
	h := fileHeader{
		databaseID: l.o.DatabaseID, seq: 1, fileBytes: fileBytes, nextIndex: nextIndex,
		firstBatch: 1, keyID: l.o.KeyID, prepared: made.prepared,
	}
	if tail != nil {
		h.seq, h.firstBatch, h.chain = tail.seq+1, tail.lastBatch+1, tail.chain
	}
	next, err := l.nameFile(made, h)
	if err != nil {
		_ = made.file.Close() // the log has failed; Open will clean up
		return nil, l.fail("begin "+logName(h.seq), err)
	}
	return next, nil
}

// nameFile writes the header and then gives the file its name, so that a log file is
// never seen without its own header.
func (l *Log) nameFile(made madeFile, h fileHeader) (*logFile, error) {
	fileID, err := l.randomID()
	if err != nil {
		return nil, err
	}
	h.fileID = fileID
	b := make([]byte, min(pageBytes, h.fileBytes))
	h.encode(b)
	if _, err := made.file.WriteAt(b, 0); err != nil {
		return nil, fmt.Errorf("write header: %w", err)
	}
	if err := made.file.Sync(); err != nil {
		return nil, fmt.Errorf("sync header: %w", err)
	}
	path := l.path(logName(h.seq))
	if err := l.o.FS.Rename(l.path(made.name), path); err != nil {
		return nil, err
	}
	if err := l.syncDir(); err != nil {
		return nil, err
	}
	return newLogFile(path, h.seq, made.file, h), nil
}

func (l *Log) writeFooter(lf *logFile) error {
	b := encodeFooter(lf.trailer(), lf.tailOffsets, lf.salt)
	if _, err := lf.file.WriteAt(b, lf.header.fileBytes-int64(len(b))); err != nil {
		return fmt.Errorf("write footer: %w", err)
	}
	if err := lf.file.SyncData(); err != nil {
		return fmt.Errorf("sync footer: %w", err)
	}
	return nil
}

func (l *Log) sealLocked(lf *logFile) {
	offsets := lf.tailOffsets
	lf.sealed, lf.tailOffsets = true, nil
	lf.footerUsed.Store(l.footers.tick.Add(1))
	l.footers.add(lf, offsets)
}
