package segments

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/zstd"

	"redoubt/scn"
)

// Reader reads one segment. It may be used from any goroutine.
type Reader struct {
	file    vfs.File
	header  fileHeader
	trailer trailer
	info    Info
	salt    uint32
	blocks  []block
	// decoder is made when the first block is read: most readers of a catalog never do.
	decoderOnce sync.Once
	decoder     *zstd.Decoder
	decoderErr  error

	closeOnce sync.Once
	closeErr  error
}

// Open reads header, trailer and index of a segment, and checks them and the name. The
// blocks are checked when they are read, or by Verify.
func Open(fsys vfs.FS, path string) (*Reader, error) {
	file, err := fsys.Open(path)
	if err != nil {
		return nil, fmt.Errorf("segments: open: %w", err)
	}
	r := &Reader{file: file}
	if err := r.load(fsys, path); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

func (r *Reader) load(fsys vfs.FS, path string) error {
	stat, err := r.file.Stat()
	if err != nil {
		return fmt.Errorf("segments: open: %w", err)
	}
	b := make([]byte, headerBytes)
	if err := readFull(r.file, b, 0); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("segments: open: %w", err)
	}
	if r.header, err = decodeHeader(b); err != nil {
		return asCorruption(path, 0, 0, err)
	}
	h := &r.header
	if stat.Size() != h.fileBytes {
		return &CorruptionError{
			File: path, Offset: min(stat.Size(), h.fileBytes), SCN: h.first,
			Err: fmt.Errorf("%w: %d bytes of %d", ErrLength, stat.Size(), h.fileBytes),
		}
	}
	if want := segmentName(h.Incarnation, h.first, h.last); fsys.PathBase(path) != want {
		return &CorruptionError{File: path, SCN: h.first, Err: fmt.Errorf("%w: it is %s", ErrMisplaced, want)}
	}
	t := b[:trailerBytes]
	if err := readFull(r.file, t, h.fileBytes-trailerBytes); err != nil {
		return fmt.Errorf("segments: open: %w", err)
	}
	if r.trailer, err = decodeTrailer(t, h); err != nil {
		return &CorruptionError{File: path, Offset: h.fileBytes - trailerBytes, SCN: h.first, Err: err}
	}
	index := make([]byte, r.trailer.indexBytes)
	if err := readFull(r.file, index, r.trailer.indexOffset); err != nil {
		return fmt.Errorf("segments: open: %w", err)
	}
	if r.blocks, err = decodeIndex(index, h, &r.trailer); err != nil {
		return &CorruptionError{File: path, Offset: r.trailer.indexOffset, SCN: h.first, Err: err}
	}
	r.salt = h.salt()
	r.info = makeInfo(path, h, &r.trailer)
	return nil
}

// asCorruption makes damage of what a header decoder found, but for another version.
func asCorruption(path string, offset int64, s scn.SCN, err error) error {
	if errors.Is(err, ErrVersion) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return &CorruptionError{File: path, Offset: offset, SCN: s, Err: err}
}

// readFull fills b from offset; a file that ends before gives io.ErrUnexpectedEOF.
func readFull(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Info describes the segment.
func (r *Reader) Info() Info { return r.info }

// Close lets the file go. Iterators must not be used after it.
func (r *Reader) Close() error {
	r.closeOnce.Do(func() {
		r.decoderOnce.Do(func() { r.decoderErr = ErrClosed })
		if r.decoder != nil {
			r.decoder.Close()
		}
		if err := r.file.Close(); err != nil {
			r.closeErr = fmt.Errorf("segments: close: %w", err)
		}
	})
	return r.closeErr
}

func (r *Reader) corruption(offset int64, s scn.SCN, err error) error {
	return &CorruptionError{File: r.info.Path, Offset: offset, SCN: s, Err: err}
}

// buffers are what reading a block needs, kept from one block to the next.
type buffers struct {
	stored []byte
	raw    []byte
}

// readBlock reads and checks a block; the result is valid until the buffers are used
// again.
func (r *Reader) readBlock(bl *block, buf *buffers) ([]byte, error) {
	buf.stored = slices.Grow(buf.stored[:0], int(bl.bytes))[:bl.bytes]
	if err := readFull(r.file, buf.stored, bl.offset); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, r.corruption(bl.offset, bl.first, err)
		}
		return nil, fmt.Errorf("segments: read %s at %d: %w", r.info.Path, bl.offset, err)
	}
	h, err := decodeBlockHeader(buf.stored)
	if err != nil {
		return nil, r.corruption(bl.offset, bl.first, err)
	}
	if h.checksum != crc32.Update(r.salt^uint32(bl.offset), castagnoli, buf.stored[8:]) {
		return nil, r.corruption(bl.offset, bl.first, fmt.Errorf("%w: block", ErrChecksum))
	}
	if int64(h.storedBytes) != bl.bytes-blockHeaderBytes || int64(h.rawBytes) != bl.rawBytes ||
		uint64(h.count) != bl.count || h.first != bl.first {
		return nil, r.corruption(bl.offset, bl.first, fmt.Errorf("%w: block of %d records from SCN %d", ErrContent, h.count, h.first))
	}
	r.decoderOnce.Do(func() { r.decoder, r.decoderErr = newZstdDecoder() })
	if r.decoderErr != nil {
		return nil, fmt.Errorf("segments: read %s: %w", r.info.Path, r.decoderErr)
	}
	raw, err := decompress(r.decoder, &h, buf)
	if err != nil {
		return nil, r.corruption(bl.offset, bl.first, err)
	}
	return raw, nil
}

// roomMax bounds what is made ready for a block that says how long it is when decompressed: it may be damaged, and more
// is made as there is more.
const roomMax = 1 << 20

// decompress gives the records of the block whose header and stored bytes are in buf.
func decompress(decoder *zstd.Decoder, h *blockHeader, buf *buffers) (_ []byte, err error) {
	stored := buf.stored[blockHeaderBytes:]
	if h.coding == codingPlain {
		if h.rawBytes != h.storedBytes {
			return nil, fmt.Errorf("%w: plain block of %d and %d bytes", ErrContent, h.rawBytes, h.storedBytes)
		}
		return stored, nil
	}
	if h.coding == codingS2 {
		buf.raw, err = decompressS2(buf.raw[:0], stored, int(h.rawBytes))
	} else {
		buf.raw, err = decoder.DecodeAll(stored, slices.Grow(buf.raw[:0], min(int(h.rawBytes), roomMax)))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrContent, err)
	}
	if len(buf.raw) != int(h.rawBytes) {
		return nil, fmt.Errorf("%w: block decompresses to %d bytes, not %d", ErrContent, len(buf.raw), h.rawBytes)
	}
	return buf.raw, nil
}

// records takes the records of a block off its decompressed bytes.
type records struct {
	d    decoder
	next scn.SCN
	left uint64
	time int64
	// tables is used again for each record.
	tables []uint64
}

func newRecords(raw []byte, first scn.SCN, count uint64, tables []uint64) records {
	return records{d: decoder{b: raw}, next: first, left: count, tables: tables}
}

// take returns the next record; it shares memory with the block and with the next one.
func (r *records) take() (Record, error) {
	r.time += r.d.varint()
	r.tables = r.d.tables(r.tables, r.d.uvarint(TablesMax))
	payload := r.d.bytes(r.d.uvarint(PayloadBytesMax))
	r.left--
	if r.d.bad || r.left == 0 && len(r.d.b) > 0 {
		return Record{}, fmt.Errorf("%w: record %d does not decode", ErrContent, r.next)
	}
	rec := Record{SCN: r.next, TimeMicros: r.time, Tables: r.tables, Payload: payload}
	r.next++
	return rec, nil
}

// Verify reads the whole segment and checks every rule of its format: the blocks, what
// the index says of them, and the hash of the content.
func (r *Reader) Verify() error {
	hash := newContentHash()
	hash.begin(&r.header)
	var buf buffers
	var tables []uint64
	for i := range r.blocks {
		bl := &r.blocks[i]
		raw, err := r.readBlock(bl, &buf)
		if err != nil {
			return err
		}
		found := block{first: bl.first}
		recs := newRecords(raw, bl.first, bl.count, tables)
		for recs.left > 0 {
			rec, err := recs.take()
			if err != nil {
				return r.corruption(bl.offset, recs.next, err)
			}
			hash.add(rec.SCN, rec.TimeMicros, rec.Tables, rec.Payload)
			if found.count == 0 {
				found.minTime, found.maxTime = rec.TimeMicros, rec.TimeMicros
			}
			found.count++
			found.minTime, found.maxTime = min(found.minTime, rec.TimeMicros), max(found.maxTime, rec.TimeMicros)
			found.touch(rec.Tables)
		}
		tables = recs.tables
		if found.minTime != bl.minTime || found.maxTime != bl.maxTime || found.anyTable != bl.anyTable || !slices.Equal(found.tables, bl.tables) {
			return r.corruption(bl.offset, bl.first, fmt.Errorf("%w: times or tables of the block", ErrContent))
		}
	}
	if hash.sum() != r.trailer.hash {
		return r.corruption(r.header.fileBytes-trailerBytes, r.header.first, fmt.Errorf("%w: hash of the segment", ErrContent))
	}
	return nil
}
