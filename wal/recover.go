package wal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Open opens the log in o.Dir, or makes one if there is none. It returns
// ErrOtherDatabase or ErrVersion if the directory is not for this program and
// database, and a CorruptionError if acknowledged log cannot be read; it has then
// changed nothing.
func Open(o Options) (*Log, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	l := &Log{o: o.withDefaults(), spareNext: 1, stop: make(chan struct{})}
	if err := l.open(); err != nil {
		_ = l.release(l.files) // the reason Open failed counts
		return nil, fmt.Errorf("wal: open %s: %w", o.Dir, err)
	}
	return l, nil
}

// open is the list of steps. Nothing on disk changes before the log was found sound.
func (l *Log) open() error {
	if err := l.enterDir(); err != nil {
		return err
	}
	found, err := l.listDir()
	if err != nil {
		return err
	}
	c, err := l.readControl(found)
	if err != nil {
		return err
	}
	if err := l.openFiles(found, c); err != nil {
		return err
	}
	scan, err := l.readFiles()
	if err != nil {
		return err
	}
	if err := l.checkWhole(c); err != nil {
		return err
	}
	if l.o.ReadOnly {
		return nil
	}
	return l.repair(found, c, scan)
}

// repair makes what was found durable and fit to be written to.
func (l *Log) repair(found *directory, c *control, scan *tailScan) error {
	// Names may have been seen that no sync ever covered; what is written from now on
	// relies on them.
	if err := l.syncDir(); err != nil {
		return err
	}
	if err := l.removeLeftovers(found); err != nil {
		return err
	}
	var err error
	if c == nil {
		err = l.initialise()
	} else {
		err = l.makeDurable(scan, c)
	}
	if err != nil {
		return err
	}
	if err := l.fillSpares(); err != nil {
		return err
	}
	return l.beginForKey()
}

func (l *Log) enterDir() error {
	if l.o.ReadOnly {
		return nil
	}
	fsys := l.o.FS
	if err := fsys.MkdirAll(l.o.Dir, 0o755); err != nil {
		return err
	}
	parent, err := fsys.OpenDir(fsys.PathDir(l.o.Dir))
	if err != nil {
		return err
	}
	err = parent.Sync()
	if e := parent.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("sync parent directory: %w", err)
	}
	if l.lock, err = fsys.Lock(l.path(lockName)); err != nil {
		return fmt.Errorf("the log is in use, or cannot be locked: %w", err)
	}
	l.dir, err = fsys.OpenDir(l.o.Dir)
	return err
}

// directory is what Open found.
type directory struct {
	control   bool
	logs      []uint64 // sequence numbers, ascending
	leftovers []string // *.tmp, and log files before the beginning of the log
}

func (l *Log) listDir() (*directory, error) {
	names, err := l.o.FS.List(l.o.Dir)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	d := &directory{}
	for _, name := range names {
		if seq, ok := parseName(name, logPrefix); ok {
			d.logs = append(d.logs, seq)
		} else if seq, ok := parseName(name, sparePrefix); ok {
			l.spareNext = max(l.spareNext, seq+1)
			l.spares = append(l.spares, name)
		} else if name == controlName {
			d.control = true
		} else if strings.HasSuffix(name, tmpSuffix) {
			d.leftovers = append(d.leftovers, name)
		}
	}
	slices.Sort(d.logs)
	return d, nil
}

// readControl returns nil if there is no control file, which is so only before the
// first Open came to its end.
func (l *Log) readControl(d *directory) (*control, error) {
	path := l.path(controlName)
	if !d.control {
		if l.o.ReadOnly && len(d.logs) == 0 {
			return nil, fmt.Errorf("no log here: %w", fs.ErrNotExist)
		}
		if len(d.logs) > 0 && d.logs[len(d.logs)-1] > 1 {
			return nil, &CorruptionError{File: path, Err: ErrMissingFile}
		}
		return nil, nil
	}
	file, err := l.o.FS.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b := make([]byte, controlBytes)
	if err := readFull(file, b, 0); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	c, err := decodeControl(b)
	if err != nil {
		return nil, headerError(path, err)
	}
	if c.databaseID != l.o.DatabaseID {
		return nil, fmt.Errorf("%w: %x, not %x", ErrOtherDatabase, c.databaseID, l.o.DatabaseID)
	}
	return &c, nil
}

// headerError makes damage of what a header decoder found, but for another version.
func headerError(path string, err error) error {
	if errors.Is(err, ErrVersion) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return &CorruptionError{File: path, Err: err}
}

// openFiles opens the files of the log and checks that none is missing.
func (l *Log) openFiles(d *directory, c *control) error {
	first, last := uint64(1), uint64(len(d.logs))
	if c != nil {
		first, last = c.firstSeq, c.tailSeq
	}
	for _, seq := range d.logs {
		if seq < first {
			d.leftovers = append(d.leftovers, logName(seq))
			continue
		}
		if want := first + uint64(len(l.files)); seq != want {
			return &CorruptionError{File: l.path(logName(want)), Err: ErrMissingFile}
		}
		if err := l.openFile(seq); err != nil {
			return err
		}
	}
	if next := first + uint64(len(l.files)); next <= last {
		return &CorruptionError{File: l.path(logName(next)), Err: ErrMissingFile}
	}
	return nil
}

func (l *Log) openFile(seq uint64) error {
	path := l.path(logName(seq))
	var file vfs.File
	var err error
	if l.o.ReadOnly {
		file, err = l.o.FS.Open(path)
	} else {
		file, err = l.o.FS.OpenReadWrite(path, writeCategory)
	}
	if err != nil {
		return err
	}
	b := make([]byte, headerBytes)
	if err = readFull(file, b, 0); errors.Is(err, io.ErrUnexpectedEOF) {
		err = &CorruptionError{File: path, Err: fmt.Errorf("%w: file ends inside its header", ErrChecksum)}
	}
	var h fileHeader
	if err == nil {
		if h, err = decodeFileHeader(b); err != nil {
			err = headerError(path, err)
		}
	}
	if err == nil && h.databaseID != l.o.DatabaseID {
		err = fmt.Errorf("%s: %w: %x, not %x", path, ErrOtherDatabase, h.databaseID, l.o.DatabaseID)
	}
	if err == nil && h.seq != seq {
		err = &CorruptionError{File: path, Err: fmt.Errorf("%w: it is number %d", ErrMisplaced, h.seq)}
	}
	if err != nil {
		_ = file.Close() // what is wrong with the file counts
		return err
	}
	l.files = append(l.files, newLogFile(path, seq, file, h))
	return nil
}

// tailScan is what the scan of the tail left for makeDurable.
type tailScan struct {
	*scanned
	// unsealed are full files whose footer must be written again.
	unsealed []*logFile
}

// readFiles reads footers, scans what has none, and checks that each file goes on
// where the one before it ended.
func (l *Log) readFiles() (*tailScan, error) {
	t := &tailScan{}
	for i, lf := range l.files {
		if i > 0 {
			if err := l.checkJoin(l.files[i-1], lf); err != nil {
				return nil, err
			}
		}
		stat, err := lf.file.Stat()
		if err != nil {
			return nil, err
		}
		sealed, err := l.readTrailer(lf, stat.Size())
		if err != nil {
			return nil, err
		}
		tail := i == len(l.files)-1
		if sealed && tail {
			return nil, &CorruptionError{
				File: l.path(logName(lf.seq + 1)), LastGoodIndex: lf.last(),
				Err: fmt.Errorf("%w: %s has a footer", ErrMissingFile, logName(lf.seq)),
			}
		}
		if sealed {
			continue
		}
		s, err := l.scanFile(lf, stat.Size())
		if err != nil {
			return nil, err
		}
		if tail {
			t.scanned = s
		} else {
			t.unsealed = append(t.unsealed, lf)
			lf.sealed, lf.tailOffsets = true, nil
			l.footers.add(lf, s.offsets)
		}
	}
	return t, nil
}

// checkJoin is for two files that follow each other.
func (l *Log) checkJoin(before, after *logFile) error {
	if after.header.chain == before.chain && after.header.firstBatch == before.lastBatch+1 {
		return nil
	}
	return before.corruption(before.end, before.last(), fmt.Errorf(
		"%w: it ends with batch %d and checksum %08x, %s follows batch %d and checksum %08x", ErrBrokenChain,
		before.lastBatch, before.chain, logName(after.seq), after.header.firstBatch-1, after.header.chain))
}

func (l *Log) readTrailer(lf *logFile, size int64) (sealed bool, err error) {
	b := make([]byte, trailerBytes)
	if size < lf.header.fileBytes {
		return false, nil
	}
	if err := readFull(lf.file, b, lf.header.fileBytes-trailerBytes); err != nil {
		return false, fmt.Errorf("read %s: %w", lf.path, err)
	}
	t, err := decodeTrailer(b, &lf.header)
	if err != nil {
		return false, nil // never sealed, or damaged: the frames tell which
	}
	lf.adopt(t)
	lf.sealed = true
	return true, nil
}

func (l *Log) scanFile(lf *logFile, size int64) (*scanned, error) {
	if lf.header.prepared && size < lf.header.fileBytes {
		return nil, lf.corruption(size, 0, fmt.Errorf("%w: file has %d bytes of %d", ErrAcknowledgedDamage, size, lf.header.fileBytes))
	}
	s, err := scanFrames(lf.file, &lf.header, min(size, lf.header.fileBytes))
	if err != nil {
		return nil, fmt.Errorf("scan %s: %w", lf.path, err)
	}
	l.stats.ScannedBytes += s.end
	lf.adopt(s.trailer())
	lf.tailOffsets = s.offsets
	if s.damage != nil {
		l.relinkLocked()
		return nil, lf.corruption(s.end, l.lastLocked(), s.damage)
	}
	return s, nil
}

// checkWhole checks the log across files: that the live entries are dense, and that
// the log reaches as far as it was known to.
func (l *Log) checkWhole(c *control) error {
	l.relinkLocked()
	for i := 1; i < len(l.live); i++ {
		before, after := l.live[i-1], l.live[i]
		if after.first != before.lastLive+1 {
			return after.corruption(headerBytes, before.lastLive, fmt.Errorf(
				"%w: entry %d after entry %d", ErrBrokenChain, after.first, before.lastLive))
		}
	}
	if c == nil {
		return l.checkUnborn()
	}
	tail := l.files[len(l.files)-1]
	if tail.lastBatch < c.batch {
		return tail.corruption(tail.end, l.lastLocked(), fmt.Errorf(
			"%w: the log ends with batch %d, batch %d (entry %d) was durable",
			ErrAcknowledgedDamage, tail.lastBatch, c.batch, c.lastIndex))
	}
	return nil
}

// checkUnborn is for a directory without a control file: nothing was ever
// acknowledged, so there are no frames.
func (l *Log) checkUnborn() error {
	if len(l.files) > 0 && l.files[0].lastBatch > 0 {
		return &CorruptionError{File: l.path(controlName), LastGoodIndex: l.lastLocked(), Err: ErrMissingFile}
	}
	return nil
}

func (l *Log) removeLeftovers(d *directory) error {
	for _, name := range d.leftovers {
		if err := l.o.FS.Remove(l.path(name)); err != nil {
			return err
		}
	}
	kept := l.spares[:0]
	for _, name := range l.spares {
		info, err := l.o.FS.Stat(l.path(name))
		if err != nil {
			return err
		}
		if info.Size() == l.o.SegmentBytes {
			kept = append(kept, name)
		} else if err := l.o.FS.Remove(l.path(name)); err != nil {
			return err
		}
	}
	l.spares = kept
	return nil
}

// initialise makes the log, the control file last: until it is there, a crash leaves
// a directory that Open begins anew.
func (l *Log) initialise() error {
	if len(l.files) == 0 {
		made, err := l.firstFile()
		if err != nil {
			return err
		}
		first, err := l.nameFile(made, fileHeader{
			databaseID: l.o.DatabaseID, seq: 1, fileBytes: l.o.SegmentBytes, firstBatch: 1,
			keyID: l.o.KeyID, prepared: made.prepared,
		})
		if err != nil {
			return errors.Join(err, made.file.Close())
		}
		l.files = []*logFile{first}
	} else if err := l.rewrite(l.files[0], 0, pageBytes); err != nil {
		return err
	}
	return l.writeControl(1)
}

// firstFile is a spare even if none were asked for: there are no commits yet that
// filling it could slow down.
func (l *Log) firstFile() (madeFile, error) {
	if len(l.spares) == 0 && l.o.SpareFiles != NoSpareFiles {
		name, err := l.fillSpare()
		if err != nil {
			return madeFile{}, err
		}
		l.spares = append(l.spares, name)
	}
	return l.takeFile(l.o.SegmentBytes)
}

// makeDurable makes sure that what was read is on disk, not only in the page cache:
// the log may have stopped because a sync failed, after which the kernel may hold
// pages that look clean and were never written. So what may not have been synced,
// the last batch, the header of its file and the footer before it, is written again
// and synced; with the footers that a crash, or damage, left out.
func (l *Log) makeDurable(t *tailScan, c *control) error {
	l.stats.TornBatch = t.torn
	l.stats.FootersRebuilt = uint64(len(t.unsealed))
	for _, lf := range t.unsealed {
		lf.tailOffsets = *lf.footer.Load()
		err := l.writeFooter(lf)
		lf.tailOffsets = nil
		if err != nil {
			return err
		}
	}
	tail := l.files[len(l.files)-1]
	if tail.lastBatch == c.batch {
		return nil
	}
	if n := len(l.files); n > 1 {
		before := l.files[n-2]
		if err := l.rewrite(before, before.header.fileBytes-footerBytes(before.count), before.header.fileBytes); err != nil {
			return err
		}
	}
	if err := l.rewrite(tail, 0, headerBytes); err != nil {
		return err
	}
	return l.rewrite(tail, t.batchOffset, t.end)
}

// rewrite writes the bytes of a file again as they are, and syncs them.
func (l *Log) rewrite(lf *logFile, from, to int64) error {
	b := make([]byte, min(to-from, scanBufferBytes))
	for from < to {
		b = b[:min(int64(len(b)), to-from)]
		if err := readFull(lf.file, b, from); err != nil {
			return fmt.Errorf("read %s again: %w", lf.path, err)
		}
		if _, err := lf.file.WriteAt(b, from); err != nil {
			return fmt.Errorf("write %s again: %w", lf.path, err)
		}
		from += int64(len(b))
	}
	if err := lf.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", lf.path, err)
	}
	return nil
}

// beginForKey begins a new file if the tail's header names another key than the one
// in use from now on.
func (l *Log) beginForKey() error {
	tail := l.files[len(l.files)-1]
	if tail.header.keyID == l.o.KeyID {
		return nil
	}
	return l.roll(l.o.SegmentBytes)
}
