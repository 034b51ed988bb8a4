package segments

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/zstd"

	"redoubt/scn"
)

// Inspect prints a segment or the manifest of a catalog, for people. It never writes,
// and reads past damage, which it prints where it is; when all is printed, a
// CorruptionError says where the first of it was. Other errors are those of the file
// system and of w.
func Inspect(fsys vfs.FS, path string, w io.Writer) error {
	file, err := fsys.Open(path)
	if err != nil {
		return fmt.Errorf("segments: inspect: %w", err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return fmt.Errorf("segments: inspect: %w", err)
	}
	decoder, err := newZstdDecoder()
	if err != nil {
		return fmt.Errorf("segments: inspect: %w", err)
	}
	defer decoder.Close()
	p := &printer{w: w, file: file, path: path, size: stat.Size(), decoder: decoder}
	p.printf("file %s, %d bytes\n", fsys.PathBase(path), stat.Size())
	if err := p.print(fsys.PathBase(path)); err != nil {
		return fmt.Errorf("segments: inspect %s: %w", path, err)
	}
	if p.err != nil {
		return p.err
	}
	return p.damage
}

// printer is one run of Inspect. It keeps the first error of w, and the first damage.
type printer struct {
	w       io.Writer
	file    vfs.File
	path    string
	size    int64
	decoder *zstd.Decoder
	err     error
	damage  error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) damaged(offset int64, s scn.SCN, err error) {
	p.printf("%10d  DAMAGED: %v\n", offset, err)
	if p.damage == nil {
		p.damage = &CorruptionError{File: p.path, Offset: offset, SCN: s, Err: err}
	}
}

func (p *printer) print(name string) error {
	b := make([]byte, headerBytes)
	if err := readFull(p.file, b, 0); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if string(b[:8]) == manifestMagic {
		p.manifest(b)
		return nil
	}
	h, err := decodeHeader(b)
	if err != nil {
		p.damaged(0, 0, err)
		if string(b[:8]) != segmentMagic {
			return nil
		}
		// What the fields say may still be right: the blocks will show it.
		fixed := bytes.Clone(b)
		binary.LittleEndian.PutUint32(fixed[8:], formatVersion)
		putChecksum(fixed)
		if h, err = decodeHeader(fixed); err != nil {
			return nil
		}
		h.checksum = binary.LittleEndian.Uint32(b[12:])
	}
	p.printf("header: format %d, database %x, incarnation %d, SCN %d to %d, length %d, key %d, follows %v\n",
		formatVersion, h.DatabaseID, h.Incarnation, h.first, h.last, h.fileBytes, h.KeyID, h.PrevHash)
	if h.fileBytes != p.size {
		p.damaged(min(p.size, h.fileBytes), h.first, fmt.Errorf("%w: %d bytes of %d", ErrLength, p.size, h.fileBytes))
	}
	if want := segmentName(h.Incarnation, h.first, h.last); name != want {
		p.damaged(0, h.first, fmt.Errorf("%w: it is %s", ErrMisplaced, want))
	}
	t, blocks, err := p.ends(&h)
	if err != nil {
		return err
	}
	end := p.size
	if t != nil {
		end = min(t.indexOffset, p.size)
	}
	if err := p.blocks(&h, end, blocks); err != nil {
		return err
	}
	p.trailer(t)
	return nil
}

func (p *printer) manifest(b []byte) {
	m, err := decodeManifest(b)
	if err != nil {
		p.damaged(0, 0, err)
		return
	}
	p.printf("manifest: format %d, database %x, SCN %d to %d, incarnation %d, begins after %v, ends with %v\n",
		formatVersion, m.databaseID, m.first, m.last, m.incarnation, m.prevHash, m.lastHash)
}

// ends reads trailer and index, as far as they can be read.
func (p *printer) ends(h *fileHeader) (*trailer, []block, error) {
	b := make([]byte, trailerBytes)
	at := p.size - trailerBytes
	if err := readFull(p.file, b, max(at, 0)); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, err
	}
	t, err := decodeTrailer(b, h)
	if err != nil {
		p.damaged(max(at, 0), h.first, err)
		return nil, nil, nil
	}
	if t.indexOffset+t.indexBytes > p.size {
		return &t, nil, nil // the length was reported
	}
	index := make([]byte, t.indexBytes)
	if err := readFull(p.file, index, t.indexOffset); err != nil {
		return nil, nil, err
	}
	blocks, err := decodeIndex(index, h, &t)
	if err != nil {
		p.damaged(t.indexOffset, h.first, err)
	}
	return &t, blocks, nil
}

func (p *printer) trailer(t *trailer) {
	if t == nil {
		return
	}
	p.printf("%10d  index: %d blocks, %d bytes\n", t.indexOffset, t.blocks, t.indexBytes)
	p.printf("%10d  trailer: %d records, times %d to %d, %d bytes decompressed, hash %v\n",
		t.indexOffset+t.indexBytes, t.records, t.firstTime, t.lastTime, t.rawBytes, t.hash)
}

// blocks prints every block that it finds. It walks by the sizes in the block headers,
// and by the index, or byte by byte, where a header is damaged.
func (p *printer) blocks(h *fileHeader, end int64, index []block) error {
	offset := int64(headerBytes)
	for offset+blockHeaderBytes < end {
		bh, raw, err := p.block(h, offset, end)
		if errors.Is(err, errRead) {
			return err
		}
		if err == nil {
			p.records(offset, &bh, raw, index)
			offset += blockHeaderBytes + int64(bh.storedBytes)
			continue
		}
		next, s, seekErr := p.seek(h, offset, end, index)
		if seekErr != nil {
			return seekErr
		}
		p.damaged(offset, s, fmt.Errorf("%w; skipping %d bytes", err, next-offset))
		offset = next
	}
	return nil
}

// errRead tells a disk that cannot be read from damage.
var errRead = errors.New("read")

// block reads one block without the help of the index.
func (p *printer) block(h *fileHeader, offset, end int64) (blockHeader, []byte, error) {
	head := make([]byte, blockHeaderBytes)
	if err := readFull(p.file, head, offset); err != nil {
		return blockHeader{}, nil, fmt.Errorf("%w: %w", errRead, err)
	}
	bh, err := decodeBlockHeader(head)
	if err != nil {
		return bh, nil, err
	}
	if offset+blockHeaderBytes+int64(bh.storedBytes) > end {
		return bh, nil, fmt.Errorf("%w: block of %d bytes goes past %d", ErrChecksum, bh.storedBytes, end)
	}
	buf := buffers{stored: make([]byte, blockHeaderBytes+int64(bh.storedBytes))}
	if err := readFull(p.file, buf.stored, offset); err != nil {
		return bh, nil, fmt.Errorf("%w: %w", errRead, err)
	}
	if crc32.Update(h.salt()^uint32(offset), castagnoli, buf.stored[8:]) != bh.checksum {
		return bh, nil, fmt.Errorf("%w: block", ErrChecksum)
	}
	raw, err := decompress(p.decoder, &bh, &buf)
	return bh, raw, err
}

// seek finds the next intact block after a damaged one, and the SCN that the damaged one
// began with, if the index says it.
func (p *printer) seek(h *fileHeader, offset, end int64, index []block) (next int64, s scn.SCN, err error) {
	for i := range index {
		if index[i].offset == offset {
			return offset + index[i].bytes, index[i].first, nil
		}
	}
	const window = 1 << 20
	b := make([]byte, window)
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], blockMagic)
	for at := offset + 1; at < end; at += window - int64(len(magic)) + 1 {
		n, err := p.file.ReadAt(b[:min(window, end-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, 0, err
		}
		for from := 0; from < n; {
			i := bytes.Index(b[from:n], magic[:])
			if i < 0 {
				break
			}
			if _, _, err := p.block(h, at+int64(from+i), end); err == nil {
				return at + int64(from+i), h.first, nil
			}
			from += i + 1
		}
	}
	return end, h.first, nil
}

// records prints what is in a block.
func (p *printer) records(offset int64, bh *blockHeader, raw []byte, index []block) {
	found := block{first: bh.first}
	recs := newRecords(raw, bh.first, uint64(bh.count), nil)
	payload := 0
	for recs.left > 0 {
		rec, err := recs.take()
		if err != nil {
			p.damaged(offset, recs.next, err)
			return
		}
		if found.count == 0 {
			found.minTime, found.maxTime = rec.TimeMicros, rec.TimeMicros
		}
		found.count++
		found.minTime, found.maxTime = min(found.minTime, rec.TimeMicros), max(found.maxTime, rec.TimeMicros)
		found.touch(rec.Tables)
		payload += len(rec.Payload)
	}
	tables := fmt.Sprint(found.tables)
	if found.anyTable {
		tables = fmt.Sprintf("more than %d", blockTablesMax)
	}
	p.printf("%10d  block: SCN %d to %d, %d bytes, %d decompressed, %d of payload, times %d to %d, tables %s\n",
		offset, found.first, found.last(), bh.storedBytes, bh.rawBytes, payload, found.minTime, found.maxTime, tables)
	for i := range index {
		if index[i].offset == offset && (index[i].first != found.first || index[i].count != found.count) {
			p.damaged(offset, found.first, fmt.Errorf("%w: the index has SCN %d to %d here", ErrContent, index[i].first, index[i].last()))
		}
	}
}
