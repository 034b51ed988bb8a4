package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// scanBufferBytes is how much a scan reads at once.
const scanBufferBytes = 1 << 20

// frameReader reads frames of one file through one buffer of fixed size.
type frameReader struct {
	file  io.ReaderAt
	salt  uint32
	limit int64 // where frames must have ended
	buf   []byte
	begin int64 // offset of buf[0]
}

func newFrameReader(file io.ReaderAt, h *fileHeader, limit int64) *frameReader {
	return &frameReader{file: file, salt: h.salt(), limit: limit, buf: make([]byte, 0, min(limit, scanBufferBytes))}
}

// window returns the bytes from offset on that are at hand, at least n of them
// unless limit or the file ends before. n is at most the size of the buffer.
func (r *frameReader) window(offset int64, n int) ([]byte, error) {
	if offset >= r.begin && offset+int64(n) <= r.begin+int64(len(r.buf)) {
		return r.buf[offset-r.begin:], nil
	}
	want := min(int64(cap(r.buf)), r.limit-offset)
	if want <= 0 {
		return nil, nil
	}
	r.begin = offset
	got, err := r.file.ReadAt(r.buf[:want], offset)
	r.buf = r.buf[:got]
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read at offset %d: %w", offset, err)
	}
	return r.buf, nil
}

// intact reads the frame at offset. ok says that rules (1), (2) and (3) of format.go
// hold; an error, that the file could not be read.
func (r *frameReader) intact(offset int64) (f frame, ok bool, err error) {
	b, err := r.window(offset, frameBytes)
	if err != nil || len(b) < frameBytes {
		return frame{}, false, err
	}
	f = decodeFrame(b)
	if !f.plausible(offset, r.limit) {
		return f, false, nil
	}
	sum := crc32.Update(r.salt^uint32(offset), castagnoli, b[4:frameBytes])
	at, left := offset+frameBytes, int64(f.length)
	for left > 0 {
		b, err := r.window(at, int(min(left, int64(cap(r.buf)))))
		if err != nil || len(b) == 0 {
			return f, false, err
		}
		b = b[:min(left, int64(len(b)))]
		sum = crc32.Update(sum, castagnoli, b)
		at, left = at+int64(len(b)), left-int64(len(b))
	}
	return f, sum == f.checksum, nil
}

// seek finds the first offset from `from` on, at a multiple of 8, that holds an
// intact frame whose batch began after `after` and has a number over batch. It
// returns -1 if there is none.
func (r *frameReader) seek(from, after int64, batch uint64) (int64, error) {
	for offset := (from + frameAlign - 1) &^ (frameAlign - 1); offset+frameBytes <= r.limit; {
		b, err := r.window(offset, frameBytes)
		if err != nil {
			return -1, err
		}
		if len(b) < frameBytes {
			return -1, nil
		}
		i := 0
		for ; i+frameBytes <= len(b); i += frameAlign {
			// The cheap half of frame.plausible; a checksum is worth it only then. No
			// batch is shorter than a frame, which bounds its number.
			at := offset + int64(i)
			batchOffset, word := int64(binary.LittleEndian.Uint32(b[i+12:])), binary.LittleEndian.Uint64(b[i+16:])
			if kind := byte(word); kind != kindEntry && kind != kindTruncation ||
				batchOffset <= after || batchOffset > at ||
				word>>16 <= batch || word>>16 > batch+uint64(r.limit/frameBytes) {
				continue
			}
			if _, ok, err := r.intact(at); ok || err != nil {
				return at, err
			}
			if b, err = r.window(offset, frameBytes); err != nil {
				return -1, err
			}
		}
		offset += int64(i)
	}
	return -1, nil
}

// scanned is the log of one file as its frames tell it.
type scanned struct {
	first       uint64
	offsets     []uint32
	clip        uint64
	end         int64  // X of format.go: the end of the last complete batch
	chain       uint32 // checksum of the last frame before end
	lastBatch   uint64
	batchOffset int64 // where the last complete batch begins; end if there is none
	// damage says why what follows end cannot be a batch that was never
	// acknowledged; damageOffset is where the log breaks off.
	damage error
	// torn says that frames of an incomplete batch were found after end.
	torn bool
}

func (s *scanned) lastIndex() uint64 {
	if len(s.offsets) == 0 {
		return 0
	}
	return s.first + uint64(len(s.offsets)) - 1
}

// openBatch is a batch whose last frame has not been met yet.
type openBatch struct {
	offset  int64
	first   uint64
	offsets []uint32
}

// scanFrames reads the frames of a file from its header on, and judges what comes
// after the last complete batch. limit is where frames must have ended: the size of
// the file, or less.
func scanFrames(file io.ReaderAt, h *fileHeader, limit int64) (*scanned, error) {
	r := newFrameReader(file, h, limit)
	s := &scanned{clip: noClip, end: headerBytes, chain: h.checksum, lastBatch: h.firstBatch - 1, batchOffset: headerBytes}
	var batch openBatch
	chain := s.chain
	for offset := int64(headerBytes); ; {
		f, ok, err := r.intact(offset)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if err := s.follows(&f, offset, chain, &batch); err != nil {
			if offset == s.end && int64(f.batchOffset) == offset {
				s.damage = err
			}
			break
		}
		s.take(&f, offset, &batch)
		chain = f.checksum
		offset += framedBytes(int(f.length))
		if f.last() {
			s.end, s.chain, s.lastBatch, s.batchOffset = offset, chain, f.batch, batch.offset
		}
		s.torn = !f.last()
	}
	if s.damage != nil {
		return s, nil
	}
	at, err := r.seek(s.end+frameAlign, s.end, s.lastBatch+1)
	if err != nil {
		return nil, err
	}
	if at >= 0 {
		s.damage = fmt.Errorf("%w: a later batch is intact at offset %d", ErrAcknowledgedDamage, at)
	}
	return s, nil
}

// follows is rules (4), (5) and (6) of format.go for an intact frame.
func (s *scanned) follows(f *frame, offset int64, chain uint32, batch *openBatch) error {
	begins := offset == s.end
	switch {
	case f.previous != chain:
		return fmt.Errorf("%w: frame follows checksum %08x, not %08x", ErrBrokenChain, f.previous, chain)
	case begins && (int64(f.batchOffset) != offset || f.batch != s.lastBatch+1),
		!begins && (int64(f.batchOffset) != batch.offset || f.batch != s.lastBatch+1):
		return fmt.Errorf("%w: batch %d at offset %d after batch %d", ErrBrokenChain, f.batch, f.batchOffset, s.lastBatch)
	case f.kind == kindTruncation:
		if !begins || !f.last() {
			return fmt.Errorf("%w: truncation inside a batch", ErrBrokenChain)
		}
		return nil
	}
	want := s.lastIndex() + 1
	if !begins {
		want = batch.first + uint64(len(batch.offsets))
	} else if len(s.offsets) == 0 {
		return nil
	}
	if f.index != want {
		return fmt.Errorf("%w: entry %d where %d belongs", ErrBrokenChain, f.index, want)
	}
	return nil
}

// take adds a valid frame to its batch, and the batch to the log if it is complete.
func (s *scanned) take(f *frame, offset int64, batch *openBatch) {
	if offset == s.end {
		*batch = openBatch{offset: offset, first: f.index, offsets: batch.offsets[:0]}
	}
	if f.kind == kindTruncation {
		s.truncate(f.index)
		return
	}
	batch.offsets = append(batch.offsets, uint32(offset))
	if !f.last() {
		return
	}
	if len(s.offsets) == 0 {
		s.first = batch.first
	}
	s.offsets = append(s.offsets, batch.offsets...)
}

func (s *scanned) truncate(keepTo uint64) {
	s.clip = min(s.clip, keepTo)
	switch {
	case len(s.offsets) == 0 || keepTo < s.first:
		s.offsets, s.first = s.offsets[:0], 0
	case keepTo < s.lastIndex():
		s.offsets = s.offsets[:keepTo-s.first+1]
	}
}

func (s *scanned) trailer() trailer {
	return trailer{
		count: uint64(len(s.offsets)), firstIndex: s.first, clip: s.clip, lastBatch: s.lastBatch,
		endOffset: uint32(s.end), chain: s.chain,
	}
}
