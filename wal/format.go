package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// The files of a log directory:
//
//	LOCK                    held by the process that has the log open
//	control                 where the log begins, and how far it was known to be durable
//	log-000000000007.wal    a file of the log; the number is its sequence number
//	spare-000000000003.wal  a file ready to be the next one
//	*.tmp                   a file being made; removed by Open
//
// A log file. All integers are little-endian. Bytes that are not named are zero.
//
//	+--------+-------+-------+-----+-------+----------------+---------+---------+
//	| header | frame | frame | ... | frame | stale or zeros | offsets | trailer |
//	| 512 B  |       |       |     |       |                | 4 B each|  64 B   |
//	+--------+-------+-------+-----+-------+----------------+---------+---------+
//	                                                        |<--- footer ------>|
//	                                        once the file is full and sealed
//
// Header (512 bytes):
//
//	 0   8  magic "RDBT-LOG"
//	 8   4  version
//	12   4  checksum: CRC32C of the header with this field zero
//	16  16  database id
//	32   8  sequence number of the file
//	40   8  file id, random: salts every frame, so that frames of an earlier life fail
//	48   8  length of the file in bytes
//	56   8  index that the next entry was expected to have, 0 if any
//	64   8  number of the first batch
//	72   4  chain: checksum of the last frame of the file before (its header's, if it had none)
//	76   4  key id, 0 for plain payloads
//	80   4  flags: 1 = all bytes were written before, the file never grows
//
// Magic, checksum and version lie where they lie in every version to come.
//
// Frame (32 bytes, the payload, zeros up to a multiple of 8):
//
//	 0   4  checksum: CRC32C of bytes 4 to the end of the payload, starting from
//	        salt XOR offset; salt is the CRC32C of database id and file id
//	 4   4  previous: checksum of the frame before, or of the header
//	 8   4  length of the payload in bytes
//	12   4  offset at which the batch begins
//	16   1  kind: 1 = entry, 2 = truncation
//	17   1  flags: 1 = last frame of its batch
//	18   6  number of the batch
//	24   8  entry: its index; truncation: the last index that stays
//
// A frame is intact if and only if
//
//	(1) it begins at a multiple of 8 and ends before the file does,
//	(2) its kind and flags are known, its batch begins at or before it,
//	(3) its checksum is right for this file, this life of the file and this offset.
//
// A frame is valid if and only if it is intact and
//
//	(4) previous is the checksum of the valid frame, or the header, right before it,
//	(5) it begins a batch numbered one more than the last, if the frame before
//	    ended a batch; else it is of the same batch as that frame,
//	(6) its index is one more than that of the last entry in this file that no
//	    truncation dropped, if there is one; a truncation may name any index.
//
// A batch is part of the log if and only if all its frames are valid and the last
// one says that it is the last. The log of a file ends at X, the end of the last
// such batch. Since a batch is written only when the one before it is durable,
// what follows X is
//
//	damage, if an intact frame lies at X and begins a batch there, but is not valid;
//	damage, if any intact frame after X is of a batch that began after X;
//	damage, if the file has a footer and no file follows it;
//	damage, if a file follows it and names another chain or batch;
//	damage, if the control file knows of a later batch;
//	else a batch that was never acknowledged, and it is cut.
//
// A footer can be told from the frames. If it is damaged, or a crash came before it
// was written, and the frames lead to the chain that the next file (or the trailer)
// names, it is made again.
//
// Footer: for each entry that no truncation in this file dropped, the 4-byte offset
// of its frame, in order of index; zeros up to a multiple of 8; then the trailer,
// which ends where the file ends:
//
//	 0   8  magic "RDBT-LFT"
//	 8   4  checksum: CRC32C of the trailer with this field zero, starting from the salt
//	12   4  checksum of the offsets: CRC32C starting from the salt
//	16   8  number of offsets
//	24   8  index of the first, 0 if there is none
//	32   8  lowest index that a truncation in this file names; all ones if none
//	40   8  number of the last batch
//	48   4  offset at which the frames end
//	52   4  checksum of the last frame, or of the header
//
// Control file (512 bytes), replaced whole by rename:
//
//	 0   8  magic "RDBT-LCT"
//	 8   4  version
//	12   4  checksum: CRC32C of the file with this field zero
//	16  16  database id
//	32   8  sequence number of the first file of the log
//	40   8  sequence number of the tail when this was written
//	48   8  number of a batch known to be durable
//	56   8  last index then, 0 if the log was empty
//	76   4  key id: always 0, the control file holds nothing of the caller's
const (
	formatVersion = 1

	fileMagic    = "RDBT-LOG"
	trailerMagic = "RDBT-LFT"
	controlMagic = "RDBT-LCT"

	headerBytes  = 512
	frameBytes   = 32
	trailerBytes = 64
	controlBytes = 512
	offsetBytes  = 4
	frameAlign   = 8
	// pageBytes is what a write is filled up to: a page that is written whole need
	// not be read first.
	pageBytes = 4096

	// PayloadBytesMax bounds the payload of one entry.
	PayloadBytesMax = 256 << 20
	// BatchBytesMax bounds the frames of one batch, and so the largest file.
	BatchBytesMax = 1 << 30
	// fileBytesMax bounds what a header may claim.
	fileBytesMax = segmentBytesMax + BatchBytesMax
	batchMax     = 1<<48 - 1

	kindEntry      = 1
	kindTruncation = 2
	flagLast       = 1

	headerPrepared = 1
	noClip         = math.MaxUint64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fileHeader is the decoded header of a log file.
type fileHeader struct {
	checksum   uint32
	databaseID [16]byte
	seq        uint64
	fileID     uint64
	fileBytes  int64
	nextIndex  uint64
	firstBatch uint64
	chain      uint32
	keyID      uint32
	prepared   bool
}

// encode writes the header to b, which has headerBytes, and sets h.checksum.
func (h *fileHeader) encode(b []byte) {
	clear(b[:headerBytes])
	copy(b, fileMagic)
	binary.LittleEndian.PutUint32(b[8:], formatVersion)
	copy(b[16:32], h.databaseID[:])
	binary.LittleEndian.PutUint64(b[32:], h.seq)
	binary.LittleEndian.PutUint64(b[40:], h.fileID)
	binary.LittleEndian.PutUint64(b[48:], uint64(h.fileBytes))
	binary.LittleEndian.PutUint64(b[56:], h.nextIndex)
	binary.LittleEndian.PutUint64(b[64:], h.firstBatch)
	binary.LittleEndian.PutUint32(b[72:], h.chain)
	binary.LittleEndian.PutUint32(b[76:], h.keyID)
	if h.prepared {
		binary.LittleEndian.PutUint32(b[80:], headerPrepared)
	}
	h.checksum = checksumWithHole(b[:headerBytes], 12, 0)
	binary.LittleEndian.PutUint32(b[12:], h.checksum)
}

// decodeFileHeader checks magic, checksum and version, in that order, and then
// that the fields are within bounds.
func decodeFileHeader(b []byte) (fileHeader, error) {
	if err := checkPreamble(b, fileMagic, headerBytes); err != nil {
		return fileHeader{}, err
	}
	h := fileHeader{
		checksum:   binary.LittleEndian.Uint32(b[12:]),
		seq:        binary.LittleEndian.Uint64(b[32:]),
		fileID:     binary.LittleEndian.Uint64(b[40:]),
		fileBytes:  int64(binary.LittleEndian.Uint64(b[48:])),
		nextIndex:  binary.LittleEndian.Uint64(b[56:]),
		firstBatch: binary.LittleEndian.Uint64(b[64:]),
		chain:      binary.LittleEndian.Uint32(b[72:]),
		keyID:      binary.LittleEndian.Uint32(b[76:]),
		prepared:   binary.LittleEndian.Uint32(b[80:])&headerPrepared != 0,
	}
	copy(h.databaseID[:], b[16:32])
	if h.fileBytes < headerBytes+trailerBytes || h.fileBytes > fileBytesMax || h.fileBytes%frameAlign != 0 ||
		h.firstBatch == 0 || h.firstBatch > batchMax {
		return fileHeader{}, fmt.Errorf("%w: header fields out of bounds", ErrChecksum)
	}
	return h, nil
}

// salt is what tells the frames of this life of the file from all others.
func (h *fileHeader) salt() uint32 {
	var b [24]byte
	copy(b[:], h.databaseID[:])
	binary.LittleEndian.PutUint64(b[16:], h.fileID)
	return crc32.Checksum(b[:], castagnoli)
}

// checkPreamble checks what all headers have in common.
func checkPreamble(b []byte, magic string, length int) error {
	if len(b) < length {
		return fmt.Errorf("%w: %d bytes of %d", ErrChecksum, len(b), length)
	}
	if string(b[:8]) != magic {
		return fmt.Errorf("%w: %q", ErrBadMagic, b[:8])
	}
	if got, want := binary.LittleEndian.Uint32(b[12:]), checksumWithHole(b[:length], 12, 0); got != want {
		return fmt.Errorf("%w: header has %08x, its bytes give %08x", ErrChecksum, got, want)
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != formatVersion {
		return fmt.Errorf("%w: %d, this program writes %d", ErrVersion, v, formatVersion)
	}
	return nil
}

// putChecksum makes the checksum of a header right.
func putChecksum(b []byte) {
	binary.LittleEndian.PutUint32(b[12:], checksumWithHole(b, 12, 0))
}

// checksumWithHole is the CRC32C of b as if the four bytes at hole were zero.
func checksumWithHole(b []byte, hole int, seed uint32) uint32 {
	var zero [4]byte
	sum := crc32.Update(seed, castagnoli, b[:hole])
	sum = crc32.Update(sum, castagnoli, zero[:])
	return crc32.Update(sum, castagnoli, b[hole+4:])
}

// frame is the decoded header of a frame.
type frame struct {
	checksum    uint32
	previous    uint32
	length      uint32
	batchOffset uint32
	kind        byte
	flags       byte
	batch       uint64
	index       uint64
}

// putFrame writes a frame at b[0:]: its header, its payload and the padding. b has
// framedBytes(len(payload)) bytes; offset is where the frame will lie in the file.
// It returns the frame's checksum.
func putFrame(b []byte, f frame, payload []byte, salt, offset uint32) uint32 {
	binary.LittleEndian.PutUint32(b[4:], f.previous)
	binary.LittleEndian.PutUint32(b[8:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[12:], f.batchOffset)
	binary.LittleEndian.PutUint64(b[16:], f.batch<<16|uint64(f.flags)<<8|uint64(f.kind))
	binary.LittleEndian.PutUint64(b[24:], f.index)
	end := frameBytes + copy(b[frameBytes:], payload)
	clear(b[end:])
	sum := crc32.Update(salt^offset, castagnoli, b[4:end])
	binary.LittleEndian.PutUint32(b, sum)
	return sum
}

// decodeFrame reads the header of a frame without judging it.
func decodeFrame(b []byte) frame {
	word := binary.LittleEndian.Uint64(b[16:])
	return frame{
		checksum:    binary.LittleEndian.Uint32(b),
		previous:    binary.LittleEndian.Uint32(b[4:]),
		length:      binary.LittleEndian.Uint32(b[8:]),
		batchOffset: binary.LittleEndian.Uint32(b[12:]),
		kind:        byte(word),
		flags:       byte(word >> 8),
		batch:       word >> 16,
		index:       binary.LittleEndian.Uint64(b[24:]),
	}
}

// plausible is rules (1) and (2): all that can be said of a frame at offset in a
// file of fileBytes without reading its payload.
func (f *frame) plausible(offset, fileBytes int64) bool {
	return (f.kind == kindEntry || f.kind == kindTruncation && f.length == 0) &&
		f.flags&^flagLast == 0 &&
		f.length <= PayloadBytesMax &&
		f.batchOffset >= headerBytes && int64(f.batchOffset) <= offset && f.batchOffset%frameAlign == 0 &&
		f.batch != 0 && f.index != 0 &&
		offset%frameAlign == 0 && offset+framedBytes(int(f.length)) <= fileBytes
}

func (f *frame) last() bool { return f.flags&flagLast != 0 }

// framedBytes is the room that a payload takes with its frame.
func framedBytes(payloadBytes int) int64 {
	return (int64(frameBytes) + int64(payloadBytes) + frameAlign - 1) &^ (frameAlign - 1)
}

// footerBytes is the room that a footer of n offsets takes.
func footerBytes(n uint64) int64 {
	return trailerBytes + (int64(n)*offsetBytes+frameAlign-1)&^(frameAlign-1)
}

// trailer is the decoded end of a sealed file.
type trailer struct {
	offsetsChecksum uint32
	count           uint64
	firstIndex      uint64
	clip            uint64
	lastBatch       uint64
	endOffset       uint32
	chain           uint32
}

// encodeFooter returns the footer of a file: the offsets and the trailer.
func encodeFooter(t trailer, offsets []uint32, salt uint32) []byte {
	b := make([]byte, footerBytes(uint64(len(offsets))))
	for i, offset := range offsets {
		binary.LittleEndian.PutUint32(b[i*offsetBytes:], offset)
	}
	table := b[:len(b)-trailerBytes]
	t.offsetsChecksum = crc32.Update(salt, castagnoli, table)
	t.encode(b[len(table):], salt)
	return b
}

func (t *trailer) encode(b []byte, salt uint32) {
	copy(b, trailerMagic)
	binary.LittleEndian.PutUint32(b[12:], t.offsetsChecksum)
	binary.LittleEndian.PutUint64(b[16:], t.count)
	binary.LittleEndian.PutUint64(b[24:], t.firstIndex)
	binary.LittleEndian.PutUint64(b[32:], t.clip)
	binary.LittleEndian.PutUint64(b[40:], t.lastBatch)
	binary.LittleEndian.PutUint32(b[48:], t.endOffset)
	binary.LittleEndian.PutUint32(b[52:], t.chain)
	binary.LittleEndian.PutUint32(b[8:], checksumWithHole(b[:trailerBytes], 8, salt))
}

// decodeTrailer reads the last trailerBytes of a file with header h. A file that
// was never sealed, or in an earlier life, gives an error as a damaged one does.
func decodeTrailer(b []byte, h *fileHeader) (trailer, error) {
	if string(b[:8]) != trailerMagic {
		return trailer{}, fmt.Errorf("%w: trailer", ErrBadMagic)
	}
	if binary.LittleEndian.Uint32(b[8:]) != checksumWithHole(b[:trailerBytes], 8, h.salt()) {
		return trailer{}, fmt.Errorf("%w: trailer", ErrChecksum)
	}
	t := trailer{
		offsetsChecksum: binary.LittleEndian.Uint32(b[12:]),
		count:           binary.LittleEndian.Uint64(b[16:]),
		firstIndex:      binary.LittleEndian.Uint64(b[24:]),
		clip:            binary.LittleEndian.Uint64(b[32:]),
		lastBatch:       binary.LittleEndian.Uint64(b[40:]),
		endOffset:       binary.LittleEndian.Uint32(b[48:]),
		chain:           binary.LittleEndian.Uint32(b[52:]),
	}
	if t.count > uint64(h.fileBytes)/frameBytes || t.endOffset < headerBytes ||
		int64(t.endOffset)+footerBytes(t.count) > h.fileBytes || t.lastBatch+1 < h.firstBatch ||
		(t.count == 0) != (t.firstIndex == 0) {
		return trailer{}, fmt.Errorf("%w: trailer fields out of bounds", ErrChecksum)
	}
	return t, nil
}

// decodeOffsets reads the table of a footer; b is the footer without its trailer.
func decodeOffsets(b []byte, t *trailer, salt uint32) ([]uint32, error) {
	if crc32.Update(salt, castagnoli, b) != t.offsetsChecksum {
		return nil, fmt.Errorf("%w: footer", ErrChecksum)
	}
	offsets := make([]uint32, t.count)
	for i := range offsets {
		offsets[i] = binary.LittleEndian.Uint32(b[i*offsetBytes:])
		if offsets[i] < headerBytes || offsets[i] >= t.endOffset {
			return nil, fmt.Errorf("%w: footer offset %d", ErrChecksum, offsets[i])
		}
	}
	return offsets, nil
}

// control is the decoded control file.
type control struct {
	databaseID [16]byte
	firstSeq   uint64
	tailSeq    uint64
	batch      uint64
	lastIndex  uint64
}

func (c *control) encode() []byte {
	b := make([]byte, controlBytes)
	copy(b, controlMagic)
	binary.LittleEndian.PutUint32(b[8:], formatVersion)
	copy(b[16:32], c.databaseID[:])
	binary.LittleEndian.PutUint64(b[32:], c.firstSeq)
	binary.LittleEndian.PutUint64(b[40:], c.tailSeq)
	binary.LittleEndian.PutUint64(b[48:], c.batch)
	binary.LittleEndian.PutUint64(b[56:], c.lastIndex)
	putChecksum(b)
	return b
}

func decodeControl(b []byte) (control, error) {
	if err := checkPreamble(b, controlMagic, controlBytes); err != nil {
		return control{}, err
	}
	c := control{
		firstSeq:  binary.LittleEndian.Uint64(b[32:]),
		tailSeq:   binary.LittleEndian.Uint64(b[40:]),
		batch:     binary.LittleEndian.Uint64(b[48:]),
		lastIndex: binary.LittleEndian.Uint64(b[56:]),
	}
	copy(c.databaseID[:], b[16:32])
	if c.firstSeq == 0 || c.tailSeq < c.firstSeq {
		return control{}, fmt.Errorf("%w: control fields out of bounds", ErrChecksum)
	}
	return c, nil
}
