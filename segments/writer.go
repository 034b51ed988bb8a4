package segments

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/scn"
)

// Record is one committed transaction.
type Record struct {
	SCN scn.SCN
	// TimeMicros is the commit time in microseconds since 1970.
	TimeMicros int64
	// Tables are the ids of the tables it touched, in any order; read back sorted, each
	// once.
	Tables  []uint64
	Payload []byte
}

// Info describes a segment.
type Info struct {
	Path        string
	DatabaseID  [16]byte
	Incarnation scn.Incarnation
	FirstSCN    scn.SCN
	LastSCN     scn.SCN
	// FirstTimeMicros and LastTimeMicros are the lowest and the highest time of a record.
	FirstTimeMicros int64
	LastTimeMicros  int64
	// Count is the number of records, Blocks that of blocks.
	Count  uint64
	Blocks int
	// Bytes is the length of the file, RawBytes what its blocks decompress to.
	Bytes    int64
	RawBytes uint64
	KeyID    uint32
	// Hash is that of the content, PrevHash the one it is chained to.
	Hash     Hash
	PrevHash Hash
}

// SCNs is the range of the segment.
func (i Info) SCNs() scn.Range { return scn.Range{After: i.FirstSCN - 1, To: i.LastSCN} }

const (
	namePrefix = "seg-"
	nameSuffix = ".seg"
	tmpPrefix  = "sealing-"
	tmpSuffix  = ".tmp"
	// writeCategory names the writes to a file system that counts them.
	writeCategory = vfs.DiskWriteCategory("redoubt-segments")
	// writeBytes is how much is gathered for one write.
	writeBytes = 1 << 20
)

func segmentName(i scn.Incarnation, first, last scn.SCN) string {
	return fmt.Sprintf("%s%08d-%020d-%020d%s", namePrefix, i, first, last, nameSuffix)
}

// Writer makes one segment. It belongs to one goroutine, and has another one that
// compresses and writes what is complete. In a directory there may be one Writer for
// each incarnation at a time.
type Writer struct {
	fs     vfs.FS
	dir    string
	tmp    string
	file   vfs.File
	header fileHeader
	blocks *blockWriter

	raw  []byte // records of the open block
	open block
	last int64 // time of the last record in the open block
	t    trailer
	hash *contentHash

	tables []uint64 // scratch of Append
	failed error
}

// Create begins a segment in dir, which must be there. Nothing is seen of it until
// Finish; what an earlier Writer left behind is removed.
func Create(fsys vfs.FS, dir string, h Header, c Compression) (*Writer, error) {
	w := &Writer{
		fs: fsys, dir: dir, header: fileHeader{Header: h}, hash: newContentHash(),
		tmp: fsys.PathJoin(dir, fmt.Sprintf("%s%08d%s", tmpPrefix, h.Incarnation, tmpSuffix)),
	}
	if err := fsys.Remove(w.tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("segments: create: %w", err)
	}
	encoder, err := newCompressor(c)
	if err != nil {
		return nil, fmt.Errorf("segments: create: %w", err)
	}
	// OpenReadWrite, because the header is written last, at the beginning.
	if w.file, err = fsys.OpenReadWrite(w.tmp, writeCategory); err != nil {
		return nil, errors.Join(fmt.Errorf("segments: create: %w", err), encoder.close())
	}
	w.blocks = newBlockWriter(w.file, w.tmp, w.header.salt(), encoder)
	return w, nil
}

// Append adds a record. SCNs follow one another, from any first one. The record is not
// kept.
func (w *Writer) Append(r Record) error {
	if w.failed != nil {
		return w.failed
	}
	if w.t.records > 0 && r.SCN != w.header.last+1 || r.SCN == 0 {
		return fmt.Errorf("%w: record %d after %d", ErrOutOfOrder, r.SCN, w.header.last)
	}
	if len(r.Payload) > PayloadBytesMax || len(r.Tables) > TablesMax {
		return fmt.Errorf("%w: record %d has %d bytes and touches %d tables", ErrTooLarge, r.SCN, len(r.Payload), len(r.Tables))
	}
	if len(w.raw) >= blockBytes {
		if err := w.flushBlock(); err != nil {
			return w.fail(err)
		}
	}
	w.add(r)
	return nil
}

func (w *Writer) add(r Record) {
	w.tables = append(w.tables[:0], r.Tables...)
	slices.Sort(w.tables)
	w.tables = slices.Compact(w.tables)
	if w.t.records == 0 {
		w.header.first, w.t.firstTime, w.t.lastTime = r.SCN, r.TimeMicros, r.TimeMicros
		w.hash.begin(&w.header)
	}
	if w.open.count == 0 {
		w.open = block{first: r.SCN, minTime: r.TimeMicros, maxTime: r.TimeMicros, tables: w.open.tables[:0]}
		w.last = 0
	}
	w.raw = appendRecord(w.raw, r.TimeMicros, w.last, w.tables, r.Payload)
	w.open.count++
	w.open.minTime, w.open.maxTime = min(w.open.minTime, r.TimeMicros), max(w.open.maxTime, r.TimeMicros)
	w.open.touch(w.tables)
	w.last = r.TimeMicros
	w.t.firstTime, w.t.lastTime = min(w.t.firstTime, r.TimeMicros), max(w.t.lastTime, r.TimeMicros)
	w.header.last = r.SCN
	w.t.records++
	w.hash.add(r.SCN, r.TimeMicros, w.tables, r.Payload)
}

// touch adds sorted tables to what the index will say of the block.
func (b *block) touch(tables []uint64) {
	if b.anyTable {
		return
	}
	for _, id := range tables {
		i, found := slices.BinarySearch(b.tables, id)
		if found {
			continue
		}
		if len(b.tables) == blockTablesMax {
			b.anyTable, b.tables = true, b.tables[:0]
			return
		}
		b.tables = slices.Insert(b.tables, i, id)
	}
}

// flushBlock hands the open block on. A block before it that could not be written is an
// error.
func (w *Writer) flushBlock() (err error) {
	if w.open.count == 0 {
		return nil
	}
	done := w.open
	done.tables = slices.Clone(w.open.tables)
	w.t.rawBytes += uint64(len(w.raw))
	w.raw, err = w.blocks.add(done, w.raw)
	w.open = block{tables: w.open.tables[:0]}
	return err
}

// Finish makes the segment durable under its name. The Writer is then closed.
func (w *Writer) Finish() (Info, error) {
	if w.failed != nil {
		return Info{}, w.failed
	}
	if w.t.records == 0 {
		return Info{}, ErrEmpty
	}
	if err := w.finish(); err != nil {
		return Info{}, w.fail(err)
	}
	name := segmentName(w.header.Incarnation, w.header.first, w.header.last)
	info := makeInfo(w.fs.PathJoin(w.dir, name), &w.header, &w.t)
	if err := w.file.Close(); err != nil {
		w.file = nil
		return Info{}, w.fail(fmt.Errorf("close %s: %w", w.tmp, err))
	}
	w.file = nil
	if err := w.fs.Rename(w.tmp, info.Path); err != nil {
		return Info{}, w.fail(err)
	}
	if err := syncDir(w.fs, w.dir); err != nil {
		return Info{}, w.fail(err)
	}
	w.failed = ErrClosed
	return info, nil
}

// finish writes the index, the trailer and the header, and syncs.
func (w *Writer) finish() error {
	if err := w.flushBlock(); err != nil {
		return err
	}
	if err := w.blocks.close(); err != nil {
		return err
	}
	index := encodeIndex(w.blocks.blocks)
	if len(index) > indexBytesMax {
		return fmt.Errorf("%w: index of %d bytes", ErrTooLarge, len(index))
	}
	w.t.indexOffset, w.t.indexBytes, w.t.blocks = w.blocks.end(), int64(len(index)), uint64(len(w.blocks.blocks))
	w.t.indexChecksum = crc32.Update(w.header.salt(), castagnoli, index)
	w.t.hash = w.hash.sum()
	w.header.fileBytes = w.t.indexOffset + w.t.indexBytes + trailerBytes
	header := w.header.encode()
	if err := w.blocks.flush(slices.Concat(index, w.t.encode(w.header.checksum))); err != nil {
		return err
	}
	if _, err := w.file.WriteAt(header, 0); err != nil {
		return fmt.Errorf("write header of %s: %w", w.tmp, err)
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", w.tmp, err)
	}
	return nil
}

func makeInfo(path string, h *fileHeader, t *trailer) Info {
	return Info{
		Path: path, DatabaseID: h.DatabaseID, Incarnation: h.Incarnation, FirstSCN: h.first, LastSCN: h.last,
		FirstTimeMicros: t.firstTime, LastTimeMicros: t.lastTime, Count: t.records, Blocks: int(t.blocks),
		Bytes: h.fileBytes, RawBytes: t.rawBytes, KeyID: h.KeyID, Hash: t.hash, PrevHash: h.PrevHash,
	}
}

// fail remembers the first error: a write or a sync that failed is not tried again.
func (w *Writer) fail(err error) error {
	w.failed = fmt.Errorf("segments: seal: %w", err)
	return w.failed
}

// Close gives an unfinished segment up and removes its file. After Finish it does
// nothing.
func (w *Writer) Close() error {
	if errors.Is(w.failed, ErrClosed) {
		return nil
	}
	w.failed = ErrClosed
	_ = w.blocks.close() // what it wrote is given up
	var err error
	if w.file != nil {
		err = w.file.Close()
	}
	if e := w.fs.Remove(w.tmp); e != nil && !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	if err != nil {
		return fmt.Errorf("segments: give up: %w", err)
	}
	return nil
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return nil
}

// IsSegmentFile says whether a name is that of a file which Inspect can print: a segment
// or the manifest of a catalog.
func IsSegmentFile(name string) bool {
	return IsSegment(name) || name == manifestName
}

// IsSegment says whether a name is that of a segment.
func IsSegment(name string) bool {
	return strings.HasPrefix(name, namePrefix) && strings.HasSuffix(name, nameSuffix)
}
