package segments

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"redoubt/scn"
)

// A segment. Integers of fixed width are little-endian; varints are those of
// encoding/binary. Bytes that are not named are zero.
//
//	+--------+-------+-------+-----+-------+---------+
//	| header | block | block | ... | index | trailer |
//	| 512 B  |       |       |     |       |  128 B  |
//	+--------+-------+-------+-----+-------+---------+
//
// Its name is seg-<incarnation>-<first SCN>-<last SCN>.seg, in decimal with leading
// zeros, so that names sort as SCNs do.
//
// Header (512 bytes):
//
//	 0   8  magic "RDBT-SEG"
//	 8   4  version
//	12   4  checksum: CRC32C of the header with this field zero
//	16  16  database id
//	32   8  incarnation
//	40   8  first SCN
//	48   8  last SCN
//	56   8  length of the file in bytes
//	64   4  key id, 0 for plain payloads
//	72  32  hash of the segment before, zeros for the first of a chain
//
// Magic, checksum and version lie where they lie in every version to come.
//
// Block (32 bytes, then the stored bytes):
//
//	 0   4  magic "RBLK"
//	 4   4  checksum: CRC32C of bytes 8 to the end of the block, starting from
//	        salt XOR the lower half of the offset; salt is the CRC32C of database
//	        id, incarnation and hash of the segment before (header bytes 16 to 40
//	        and 72 to 104)
//	 8   4  stored bytes
//	12   4  bytes when decompressed
//	16   1  coding: 0 = as they are, 1 = zstd, 2 = S2
//	20   4  number of records
//	24   8  SCN of the first record
//
// Record, in the decompressed bytes; SCNs are dense, so they are not written:
//
//	varint   time in microseconds, less that of the record before in the block
//	uvarint  number of tables; then, for each in ascending order, a uvarint: the
//	         table's id, less that of the one before
//	uvarint  length of the payload; then the payload
//
// Index, for each block. Offsets follow from the bytes, SCNs from the counts:
//
//	uvarint  bytes of the block with its header
//	uvarint  bytes when decompressed
//	uvarint  number of records
//	varint   lowest time, less that of the block before
//	uvarint  highest time, less the lowest
//	uvarint  0: any table; else one more than the number of tables touched, and then
//	         their ids as in a record
//
// Trailer (128 bytes):
//
//	 0   8  magic "RDBT-SGT"
//	 8   4  checksum: CRC32C of the trailer with this field zero, starting from the
//	        checksum of the header
//	12   4  checksum of the index: CRC32C, starting from the salt
//	16   8  offset of the index
//	24   8  bytes of the index
//	32   8  number of blocks
//	40   8  number of records
//	48   8  lowest time of a record
//	56   8  highest time of a record
//	64   8  decompressed bytes of all blocks
//	72  32  hash: SHA-256 of the content
//
// The content that is hashed: header bytes 16 to 48 and 64 to 104 (identity, first
// SCN, key, chain); then for each record SCN, time, number of tables and length of the
// payload (8 bytes each), the ids of the tables (8 bytes each), the payload. How the
// records are packed into blocks does not matter to it.
//
// A segment is sound if and only if
//
//	(1) header and trailer have their magic, version and checksum, and the file the
//	    length and the name that the header says,
//	(2) the index has its checksum, and its blocks follow one another from the header
//	    to the index, with counts and times that add up to those of the segment,
//	(3) each block has its checksum and decodes to as many records and bytes as the
//	    index says, within the times and tables that the index says,
//	(4) the content has the hash that the trailer says.
//
// Opening checks (1) and (2), reading a block checks (3), Verify all.
//
// Manifest of a catalog (512 bytes), the file "manifest", replaced whole by rename:
//
//	  0   8  magic "RDBT-SGM"
//	  8   4  version
//	 12   4  checksum: CRC32C of the file with this field zero
//	 16  16  database id
//	 32   8  first SCN of the first segment, 0 if there is none
//	 40   8  last SCN of the last segment
//	 48   8  incarnation of the last segment
//	 64   4  key id: always 0, the manifest holds nothing of the caller's
//	 72  32  hash of the segment before the first: what the first one must be chained to
//	104  32  hash of the last segment
const (
	formatVersion = 1

	segmentMagic  = "RDBT-SEG"
	trailerMagic  = "RDBT-SGT"
	manifestMagic = "RDBT-SGM"
	blockMagic    = 'R' | 'B'<<8 | 'L'<<16 | 'K'<<24

	headerBytes      = 512
	trailerBytes     = 128
	manifestBytes    = 512
	blockHeaderBytes = 32

	codingPlain = 0
	codingZstd  = 1
	codingS2    = 2

	// blockBytes is what a block holds before it is compressed, one record at least.
	blockBytes = 32 << 10
	// blockTablesMax is how many tables the index lists for one block; beyond it the
	// block counts as touching any table.
	blockTablesMax = 64

	// PayloadBytesMax bounds the payload of one record.
	PayloadBytesMax = 256 << 20
	// TablesMax bounds the tables that one record touches.
	TablesMax = 1 << 16
	// rawBytesMax bounds a block when decompressed: one more record on a block that is
	// almost full.
	rawBytesMax   = blockBytes + PayloadBytesMax + (TablesMax+3)*binary.MaxVarintLen64
	indexBytesMax = 256 << 20
	// indexEntryBytesMin is the least that the index takes for a block.
	indexEntryBytesMin = 6
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Hash is the SHA-256 of a segment's content.
type Hash [32]byte

// String gives the first bytes, enough to tell hashes apart.
func (h Hash) String() string { return fmt.Sprintf("%x", h[:8]) }

// Header is what a new segment is told about its place.
type Header struct {
	DatabaseID  [16]byte
	Incarnation scn.Incarnation
	// PrevHash is the Hash of the segment before, zero for the first.
	PrevHash Hash
	// KeyID names the key under which the caller encrypted the payloads, 0 for none. It is
	// recorded, nothing here encrypts.
	KeyID uint32
}

// fileHeader is a decoded header.
type fileHeader struct {
	Header
	checksum    uint32
	first, last scn.SCN
	fileBytes   int64
}

func (h *fileHeader) encode() []byte {
	b := make([]byte, headerBytes)
	copy(b, segmentMagic)
	binary.LittleEndian.PutUint32(b[8:], formatVersion)
	copy(b[16:], h.DatabaseID[:])
	binary.LittleEndian.PutUint64(b[32:], uint64(h.Incarnation))
	binary.LittleEndian.PutUint64(b[40:], uint64(h.first))
	binary.LittleEndian.PutUint64(b[48:], uint64(h.last))
	binary.LittleEndian.PutUint64(b[56:], uint64(h.fileBytes))
	binary.LittleEndian.PutUint32(b[64:], h.KeyID)
	copy(b[72:], h.PrevHash[:])
	h.checksum = putChecksum(b)
	return b
}

func decodeHeader(b []byte) (fileHeader, error) {
	if err := checkPreamble(b, segmentMagic, headerBytes); err != nil {
		return fileHeader{}, err
	}
	h := fileHeader{
		checksum:  binary.LittleEndian.Uint32(b[12:]),
		first:     scn.SCN(binary.LittleEndian.Uint64(b[40:])),
		last:      scn.SCN(binary.LittleEndian.Uint64(b[48:])),
		fileBytes: int64(binary.LittleEndian.Uint64(b[56:])),
	}
	h.Incarnation = scn.Incarnation(binary.LittleEndian.Uint64(b[32:]))
	h.KeyID = binary.LittleEndian.Uint32(b[64:])
	copy(h.DatabaseID[:], b[16:])
	copy(h.PrevHash[:], b[72:])
	if h.first == 0 || h.last < h.first || h.fileBytes < headerBytes+trailerBytes {
		return fileHeader{}, fmt.Errorf("%w: header fields out of bounds", ErrChecksum)
	}
	return h, nil
}

// salt ties blocks and index to this place in this chain.
func (h *fileHeader) salt() uint32 {
	b := h.encodeIdentity()
	return crc32.Update(crc32.Checksum(b[:24], castagnoli), castagnoli, b[40:72])
}

// encodeIdentity returns header bytes 16 to 48 and 64 to 104.
func (h *fileHeader) encodeIdentity() []byte {
	b := make([]byte, 72)
	copy(b, h.DatabaseID[:])
	binary.LittleEndian.PutUint64(b[16:], uint64(h.Incarnation))
	binary.LittleEndian.PutUint64(b[24:], uint64(h.first))
	binary.LittleEndian.PutUint32(b[32:], h.KeyID)
	copy(b[40:], h.PrevHash[:])
	return b
}

// checkPreamble checks what header and manifest have in common.
func checkPreamble(b []byte, magic string, length int) error {
	if len(b) < length {
		return fmt.Errorf("%w: %d bytes of a header of %d", ErrLength, len(b), length)
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

func putChecksum(b []byte) uint32 {
	sum := checksumWithHole(b, 12, 0)
	binary.LittleEndian.PutUint32(b[12:], sum)
	return sum
}

// checksumWithHole is the CRC32C of b as if the four bytes at hole were zero.
func checksumWithHole(b []byte, hole int, seed uint32) uint32 {
	var zero [4]byte
	sum := crc32.Update(seed, castagnoli, b[:hole])
	sum = crc32.Update(sum, castagnoli, zero[:])
	return crc32.Update(sum, castagnoli, b[hole+4:])
}

// trailer is a decoded trailer.
type trailer struct {
	indexChecksum uint32
	indexOffset   int64
	indexBytes    int64
	blocks        uint64
	records       uint64
	firstTime     int64
	lastTime      int64
	rawBytes      uint64
	hash          Hash
}

func (t *trailer) encode(headerChecksum uint32) []byte {
	b := make([]byte, trailerBytes)
	copy(b, trailerMagic)
	binary.LittleEndian.PutUint32(b[12:], t.indexChecksum)
	binary.LittleEndian.PutUint64(b[16:], uint64(t.indexOffset))
	binary.LittleEndian.PutUint64(b[24:], uint64(t.indexBytes))
	binary.LittleEndian.PutUint64(b[32:], t.blocks)
	binary.LittleEndian.PutUint64(b[40:], t.records)
	binary.LittleEndian.PutUint64(b[48:], uint64(t.firstTime))
	binary.LittleEndian.PutUint64(b[56:], uint64(t.lastTime))
	binary.LittleEndian.PutUint64(b[64:], t.rawBytes)
	copy(b[72:], t.hash[:])
	binary.LittleEndian.PutUint32(b[8:], checksumWithHole(b, 8, headerChecksum))
	return b
}

// decodeTrailer reads the last trailerBytes of a segment with header h.
func decodeTrailer(b []byte, h *fileHeader) (trailer, error) {
	if string(b[:8]) != trailerMagic {
		return trailer{}, fmt.Errorf("%w: trailer %q", ErrBadMagic, b[:8])
	}
	if binary.LittleEndian.Uint32(b[8:]) != checksumWithHole(b[:trailerBytes], 8, h.checksum) {
		return trailer{}, fmt.Errorf("%w: trailer", ErrChecksum)
	}
	t := trailer{
		indexChecksum: binary.LittleEndian.Uint32(b[12:]),
		indexOffset:   int64(binary.LittleEndian.Uint64(b[16:])),
		indexBytes:    int64(binary.LittleEndian.Uint64(b[24:])),
		blocks:        binary.LittleEndian.Uint64(b[32:]),
		records:       binary.LittleEndian.Uint64(b[40:]),
		firstTime:     int64(binary.LittleEndian.Uint64(b[48:])),
		lastTime:      int64(binary.LittleEndian.Uint64(b[56:])),
		rawBytes:      binary.LittleEndian.Uint64(b[64:]),
	}
	copy(t.hash[:], b[72:])
	if t.indexOffset < headerBytes || t.indexBytes < 0 || t.indexBytes > indexBytesMax ||
		t.indexOffset+t.indexBytes+trailerBytes != h.fileBytes ||
		t.blocks > uint64(t.indexBytes)/indexEntryBytesMin || t.records != uint64(h.last-h.first)+1 {
		return trailer{}, fmt.Errorf("%w: trailer fields out of bounds", ErrChecksum)
	}
	return t, nil
}

// block is what the index says of one block.
type block struct {
	offset   int64
	bytes    int64 // with its header
	rawBytes int64
	count    uint64
	first    scn.SCN
	minTime  int64
	maxTime  int64
	// tables is sorted; anyTable: there were too many to list.
	tables   []uint64
	anyTable bool
}

func (b *block) last() scn.SCN { return b.first + scn.SCN(b.count) - 1 }

func appendTables(dst []byte, tables []uint64) []byte {
	previous := uint64(0)
	for _, id := range tables {
		dst = binary.AppendUvarint(dst, id-previous)
		previous = id
	}
	return dst
}

func encodeIndex(blocks []block) []byte {
	var b []byte
	minTime := int64(0)
	for i := range blocks {
		bl := &blocks[i]
		b = binary.AppendUvarint(b, uint64(bl.bytes))
		b = binary.AppendUvarint(b, uint64(bl.rawBytes))
		b = binary.AppendUvarint(b, bl.count)
		b = binary.AppendVarint(b, bl.minTime-minTime)
		b = binary.AppendUvarint(b, uint64(bl.maxTime-bl.minTime))
		if bl.anyTable {
			b = binary.AppendUvarint(b, 0)
		} else {
			b = binary.AppendUvarint(b, uint64(len(bl.tables))+1)
			b = appendTables(b, bl.tables)
		}
		minTime = bl.minTime
	}
	return b
}

// decodeIndex reads the index and checks rule (2).
func decodeIndex(b []byte, h *fileHeader, t *trailer) ([]block, error) {
	if crc32.Update(h.salt(), castagnoli, b) != t.indexChecksum {
		return nil, fmt.Errorf("%w: index", ErrChecksum)
	}
	blocks := make([]block, 0, min(t.blocks, 1<<12))
	d := decoder{b: b}
	end, minTime, next := int64(headerBytes), int64(0), h.first
	rawBytes := uint64(0)
	lowest, highest := int64(math.MaxInt64), int64(math.MinInt64)
	for range t.blocks {
		bl := block{
			offset:   end,
			bytes:    int64(d.uvarint(uint64(t.indexOffset))),
			rawBytes: int64(d.uvarint(rawBytesMax)),
			count:    d.uvarint(t.records),
			first:    next,
			minTime:  minTime + d.varint(),
		}
		bl.maxTime = bl.minTime + int64(d.uvarint(math.MaxInt64))
		if n := d.uvarint(blockTablesMax + 1); n == 0 {
			bl.anyTable = true
		} else {
			bl.tables = d.tables(nil, n-1)
		}
		end, minTime, next = end+bl.bytes, bl.minTime, next+scn.SCN(bl.count)
		rawBytes += uint64(bl.rawBytes)
		lowest, highest = min(lowest, bl.minTime), max(highest, bl.maxTime)
		if d.bad || bl.count == 0 || bl.bytes <= blockHeaderBytes || bl.maxTime < bl.minTime {
			return nil, fmt.Errorf("%w: index of block %d", ErrContent, len(blocks))
		}
		blocks = append(blocks, bl)
	}
	if len(d.b) > 0 || end != t.indexOffset || next != h.last+1 || rawBytes != t.rawBytes ||
		lowest != t.firstTime || highest != t.lastTime {
		return nil, fmt.Errorf("%w: the index does not add up", ErrContent)
	}
	return blocks, nil
}

// blockHeader is a decoded header of a block.
type blockHeader struct {
	checksum    uint32
	storedBytes uint32
	rawBytes    uint32
	coding      byte
	count       uint32
	first       scn.SCN
}

// seal writes the header of a block into its first bytes; the stored bytes follow.
func (h *blockHeader) seal(b []byte, salt uint32, offset int64) {
	binary.LittleEndian.PutUint32(b, blockMagic)
	binary.LittleEndian.PutUint32(b[8:], h.storedBytes)
	binary.LittleEndian.PutUint32(b[12:], h.rawBytes)
	binary.LittleEndian.PutUint32(b[16:], uint32(h.coding))
	binary.LittleEndian.PutUint32(b[20:], h.count)
	binary.LittleEndian.PutUint64(b[24:], uint64(h.first))
	binary.LittleEndian.PutUint32(b[4:], crc32.Update(salt^uint32(offset), castagnoli, b[8:]))
}

// decodeBlockHeader reads the header of a block and bounds its sizes.
func decodeBlockHeader(b []byte) (blockHeader, error) {
	if binary.LittleEndian.Uint32(b) != blockMagic {
		return blockHeader{}, fmt.Errorf("%w: block %x", ErrBadMagic, b[:4])
	}
	h := blockHeader{
		checksum:    binary.LittleEndian.Uint32(b[4:]),
		storedBytes: binary.LittleEndian.Uint32(b[8:]),
		rawBytes:    binary.LittleEndian.Uint32(b[12:]),
		coding:      b[16],
		count:       binary.LittleEndian.Uint32(b[20:]),
		first:       scn.SCN(binary.LittleEndian.Uint64(b[24:])),
	}
	if h.storedBytes == 0 || h.storedBytes > rawBytesMax || h.rawBytes > rawBytesMax || h.coding > codingS2 || h.count == 0 {
		return blockHeader{}, fmt.Errorf("%w: block header out of bounds", ErrChecksum)
	}
	return h, nil
}

// appendRecord encodes a record; tables are sorted.
func appendRecord(dst []byte, timeMicros int64, previousTime int64, tables []uint64, payload []byte) []byte {
	dst = binary.AppendVarint(dst, timeMicros-previousTime)
	dst = binary.AppendUvarint(dst, uint64(len(tables)))
	dst = appendTables(dst, tables)
	dst = binary.AppendUvarint(dst, uint64(len(payload)))
	return append(dst, payload...)
}

// decoder takes varints off a slice. Once something is out of bounds, it is bad and
// gives zeros.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uvarint(most uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > most {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

// tables reads n ids over dst. Each takes a byte at least, which bounds n.
func (d *decoder) tables(dst []uint64, n uint64) []uint64 {
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	dst = slices.Grow(dst[:0], int(n))
	previous := uint64(0)
	for i := range n {
		delta := d.uvarint(math.MaxUint64 - previous)
		if i > 0 && delta == 0 {
			d.bad = true
		}
		previous += delta
		dst = append(dst, previous)
	}
	return dst
}
