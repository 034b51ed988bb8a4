package wal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// readAheadBytesMax is how much Get reads in the hope that it is one frame. Beyond
// it, the frame's header is read first.
const readAheadBytesMax = 64 << 10

// logFile is one file of the log. Fields from first on are those of the tail while
// they change, guarded by Log.mu; they stand still once the file is sealed.
type logFile struct {
	path   string
	seq    uint64
	file   vfs.File
	header fileHeader
	salt   uint32

	first     uint64 // index of offsets[0], 0 if there is none
	count     uint64 // number of offsets
	clip      uint64 // lowest index named by a truncation in this file
	end       int64  // where the next frame goes
	chain     uint32 // checksum of the last frame, or of the header
	lastBatch uint64 // number of the last complete batch in or before this file
	sealed    bool

	// lastLive is the last entry that no later file dropped, 0 if none is left.
	lastLive uint64
	// tailOffsets are the offsets of the tail; nil once sealed.
	tailOffsets []uint32
	// footer holds the offsets of a sealed file while footerCache allows it.
	footer     atomic.Pointer[[]uint32]
	footerUsed atomic.Uint64
	// readers counts the calls of Get that are reading the file. They join under
	// Log.mu while the file is in the log, so once it is taken out, Wait ends.
	readers sync.WaitGroup
}

func newLogFile(path string, seq uint64, file vfs.File, h fileHeader) *logFile {
	return &logFile{
		path: path, seq: seq, file: file, header: h, salt: h.salt(),
		clip: noClip, end: headerBytes, chain: h.checksum, lastBatch: h.firstBatch - 1,
	}
}

// last is the index of the last offset, 0 if there is none.
func (lf *logFile) last() uint64 {
	if lf.count == 0 {
		return 0
	}
	return lf.first + lf.count - 1
}

func (lf *logFile) corruption(offset int64, lastGood uint64, err error) error {
	return &CorruptionError{File: lf.path, Offset: offset, LastGoodIndex: lastGood, Err: err}
}

func (lf *logFile) trailer() trailer {
	return trailer{
		count: lf.count, firstIndex: lf.first, clip: lf.clip, lastBatch: lf.lastBatch,
		endOffset: uint32(lf.end), chain: lf.chain,
	}
}

// adopt takes over what a footer or a scan says of the file.
func (lf *logFile) adopt(t trailer) {
	lf.count, lf.first, lf.clip, lf.lastBatch = t.count, t.firstIndex, t.clip, t.lastBatch
	lf.end, lf.chain = int64(t.endOffset), t.chain
}

// loadFooter returns the offsets of a sealed file, from memory or from its footer.
// If the footer's offsets are damaged they are found again by scanning the frames:
// the trailer says what the scan must come to.
func (lf *logFile) loadFooter(cache *footerCache) ([]uint32, error) {
	lf.footerUsed.Store(cache.tick.Add(1))
	if p := lf.footer.Load(); p != nil {
		return *p, nil
	}
	t := lf.trailer()
	b := make([]byte, footerBytes(lf.count))
	if err := readFull(lf.file, b, lf.header.fileBytes-int64(len(b))); err != nil {
		return nil, err
	}
	fromDisk, err := decodeTrailer(b[len(b)-trailerBytes:], &lf.header)
	if err == nil {
		t.offsetsChecksum = fromDisk.offsetsChecksum
		var offsets []uint32
		if offsets, err = decodeOffsets(b[:len(b)-trailerBytes], &t, lf.salt); err == nil {
			cache.add(lf, offsets)
			return offsets, nil
		}
	}
	s, scanErr := scanFrames(lf.file, &lf.header, int64(t.endOffset))
	if scanErr != nil {
		return nil, scanErr
	}
	if s.damage != nil || s.chain != t.chain || uint64(len(s.offsets)) != t.count {
		return nil, lf.corruption(s.end, s.lastIndex(), err)
	}
	cache.rebuilt.Add(1)
	cache.add(lf, s.offsets)
	return s.offsets, nil
}

// readEntry reads the entry whose frame begins at offset and ends at bound at the
// latest. Its checksum is verified. The payload replaces what is in dst.
func (lf *logFile) readEntry(index uint64, offset, bound int64, dst []byte) ([]byte, error) {
	room := bound - offset
	if room < frameBytes {
		return nil, lf.corruption(offset, index-1, ErrChecksum)
	}
	if room > readAheadBytesMax {
		var head [frameBytes]byte
		if err := readFull(lf.file, head[:], offset); err != nil {
			return nil, lf.readError(index, offset, err)
		}
		f := decodeFrame(head[:])
		if !f.plausible(offset, bound) {
			return nil, lf.corruption(offset, index-1, ErrChecksum)
		}
		room = frameBytes + int64(f.length)
	}
	dst = slices.Grow(dst[:0], int(room))[:room]
	if err := readFull(lf.file, dst, offset); err != nil {
		return nil, lf.readError(index, offset, err)
	}
	f := decodeFrame(dst)
	if !f.plausible(offset, bound) || int64(frameBytes)+int64(f.length) > room ||
		f.checksum != crc32.Update(lf.salt^uint32(offset), castagnoli, dst[4:frameBytes+f.length]) {
		return nil, lf.corruption(offset, index-1, ErrChecksum)
	}
	if f.kind != kindEntry || f.index != index {
		return nil, lf.corruption(offset, index-1, ErrBrokenChain)
	}
	return dst[:copy(dst, dst[frameBytes:frameBytes+f.length])], nil
}

// readError tells a file that ends early, which is damage, from a disk that cannot
// be read.
func (lf *logFile) readError(index uint64, offset int64, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return lf.corruption(offset, index-1, err)
	}
	return fmt.Errorf("wal: read entry %d from %s: %w", index, lf.path, err)
}

// readFull fills b from offset; a file that ends before gives io.ErrUnexpectedEOF.
func readFull(r io.ReaderAt, b []byte, offset int64) error {
	if offset < 0 {
		return io.ErrUnexpectedEOF
	}
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// footerCacheBytes bounds the footers of sealed files kept in memory; one is kept
// whatever its size.
const footerCacheBytes = 32 << 20

// footerCache forgets the footers that were used longest ago.
type footerCache struct {
	tick    atomic.Uint64
	rebuilt atomic.Uint64

	mu     sync.Mutex
	loaded []*logFile
	bytes  int64
}

func (c *footerCache) add(lf *logFile, offsets []uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if lf.footer.Load() != nil {
		return
	}
	lf.footer.Store(&offsets)
	c.loaded = append(c.loaded, lf)
	c.bytes += footerBytes(lf.count)
	for c.bytes > footerCacheBytes && len(c.loaded) > 1 {
		oldest := 0
		for i, other := range c.loaded {
			if other != lf && (c.loaded[oldest] == lf || other.footerUsed.Load() < c.loaded[oldest].footerUsed.Load()) {
				oldest = i
			}
		}
		c.dropLocked(oldest)
	}
}

// drop forgets a file that leaves the log.
func (c *footerCache) drop(lf *logFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.loaded, lf); i >= 0 {
		c.dropLocked(i)
	}
}

func (c *footerCache) dropLocked(i int) {
	lf := c.loaded[i]
	lf.footer.Store(nil)
	c.bytes -= footerBytes(lf.count)
	c.loaded = slices.Delete(c.loaded, i, i+1)
}
