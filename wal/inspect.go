package wal

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// IsLogFile says whether a name is that of a file which Inspect can print.
func IsLogFile(name string) bool {
	_, log := parseName(name, logPrefix)
	_, spare := parseName(name, sparePrefix)
	return log || spare || name == controlName
}

// Files lists the log files of a directory, in order, without spares.
func Files(fs vfs.FS, dir string) ([]string, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, log := parseName(name, logPrefix)
		return !log
	})
	slices.Sort(names)
	return names, nil
}

// Inspect prints a log file, a spare or a control file, for people. It never writes,
// and reads past damage, which it prints where it is; when all is printed, a
// CorruptionError says where the first of it was. Other errors are those of the file
// system and of w. What lies after the last complete batch of a tail may be a batch
// that was never acknowledged: it is shown, but only Open can tell whether it is damage.
//
// describe, if it is not nil, gives a line on the payload of an entry; it must not keep
// the payload.
func Inspect(fs vfs.FS, path string, w io.Writer, describe func(index uint64, payload []byte) string) error {
	file, err := fs.Open(path)
	if err != nil {
		return fmt.Errorf("wal: inspect: %w", err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return fmt.Errorf("wal: inspect: %w", err)
	}
	p := &printer{w: w, file: file, path: path, size: stat.Size(), describe: describe}
	p.printf("file %s, %d bytes\n", fs.PathBase(path), stat.Size())
	if err := p.print(); err != nil {
		return fmt.Errorf("wal: inspect %s: %w", path, err)
	}
	if p.err != nil {
		return p.err
	}
	return p.damage
}

// printer is one run of Inspect. It keeps the first error of w, and the first damage.
type printer struct {
	w        io.Writer
	file     vfs.File
	path     string
	size     int64
	describe func(index uint64, payload []byte) string
	last     uint64 // last index printed before any damage
	err      error
	damage   error
}

// damaged prints damage and remembers the first. Nobody relies on what a spare holds.
func (p *printer) damaged(offset int64, err error) {
	p.printf("%10d  DAMAGED: %v\n", offset, err)
	if _, spare := parseName(path.Base(p.path), sparePrefix); p.damage == nil && !spare {
		p.damage = &CorruptionError{File: p.path, Offset: offset, LastGoodIndex: p.last, Err: err}
	}
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) print() error {
	b := make([]byte, headerBytes)
	if err := readFull(p.file, b, 0); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if string(b[:8]) == controlMagic {
		p.control(b)
		return nil
	}
	h, err := decodeFileHeader(b)
	if err != nil {
		if allZero(b) {
			p.printf("         0  zeros instead of a header: a spare that was never used, unless it has the name of a log file\n")
			if name := path.Base(p.path); strings.HasPrefix(name, logPrefix) || name == controlName {
				p.damaged(0, err)
			}
			return nil
		}
		p.damaged(0, err)
		if string(b[:8]) != fileMagic {
			return nil
		}
		// What the fields say may still be right: the frames will show it.
		h, err = decodeDamagedHeader(b, p.size)
		if err != nil {
			p.printf("frames cannot be read: %v\n", err)
			return nil
		}
	}
	p.printf("header: format %d, database %x, sequence %d, file id %016x, length %d, prepared %v\n",
		formatVersion, h.databaseID, h.seq, h.fileID, h.fileBytes, h.prepared)
	p.printf("        next index %d, first batch %d, chain %08x, key %d, checksum %08x\n",
		h.nextIndex, h.firstBatch, h.chain, h.keyID, h.checksum)
	if p.size < h.fileBytes {
		p.short(&h)
	}
	end, err := p.frames(&h)
	if err != nil {
		return err
	}
	return p.footer(&h, end)
}

// short is for a file that ends before its header says. A file that was not written
// before grows up to its length.
func (p *printer) short(h *fileHeader) {
	text := fmt.Sprintf("the file ends at %d, %d bytes before its header says", p.size, h.fileBytes-p.size)
	if h.prepared {
		p.damaged(p.size, fmt.Errorf("%w: %s", ErrAcknowledgedDamage, text))
	} else {
		p.printf("%10d  %s\n", p.size, text)
	}
}

// decodeDamagedHeader gives the fields of a header whose checksum is wrong, as far as
// they can be used.
func decodeDamagedHeader(b []byte, size int64) (fileHeader, error) {
	fixed := append([]byte(nil), b...)
	sum := checksumWithHole(fixed, 12, 0)
	fixed[8], fixed[9], fixed[10], fixed[11] = formatVersion, 0, 0, 0
	putChecksum(fixed)
	h, err := decodeFileHeader(fixed)
	if err != nil {
		return fileHeader{}, err
	}
	h.checksum = sum
	h.fileBytes = min(h.fileBytes, max(size&^(frameAlign-1), headerBytes+trailerBytes))
	return h, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func (p *printer) control(b []byte) {
	c, err := decodeControl(b)
	if err != nil {
		p.damaged(0, err)
		return
	}
	p.printf("control: format %d, database %x, log begins with file %d; when written: tail %d, batch %d durable, last index %d\n",
		formatVersion, c.databaseID, c.firstSeq, c.tailSeq, c.batch, c.lastIndex)
}

// frames prints every intact frame, in order of offset, and says where the chain of
// valid frames breaks. It returns where the log of the file ends.
func (p *printer) frames(h *fileHeader) (end int64, err error) {
	limit := min(p.size, h.fileBytes)
	r := newFrameReader(p.file, h, limit)
	s := &scanned{clip: noClip, end: headerBytes, chain: h.checksum, lastBatch: h.firstBatch - 1}
	var batch openBatch
	chain, valid := s.chain, true
	for offset := int64(headerBytes); offset < limit; {
		f, ok, err := r.intact(offset)
		if err != nil {
			return 0, err
		}
		if !ok {
			next, err := p.gap(r, s, offset, h.firstBatch-1)
			if err != nil || next < 0 {
				return s.end, err
			}
			offset, valid = next, false
			continue
		}
		note := ""
		if err := s.follows(&f, offset, chain, &batch); valid && err != nil {
			valid, note = false, "  not valid: "+err.Error()
			if offset == s.end && int64(f.batchOffset) == offset {
				p.damaged(offset, err)
			}
		} else if !valid {
			note = "  not valid: after a break"
		}
		if err := p.frame(offset, &f, note); err != nil {
			return 0, err
		}
		if valid {
			s.take(&f, offset, &batch)
		}
		chain = f.checksum
		offset += framedBytes(int(f.length))
		if valid && f.last() {
			s.end, s.chain, s.lastBatch = offset, chain, f.batch
		}
	}
	return s.end, nil
}

// gap is for an offset at which no intact frame lies. It returns where the next one is,
// -1 if there is none.
func (p *printer) gap(r *frameReader, s *scanned, offset int64, batch uint64) (next int64, err error) {
	next, err = r.seek(offset+frameAlign, headerBytes-1, batch)
	if err != nil {
		return -1, err
	}
	if next < 0 {
		p.printf("%10d  end: no intact frame after this\n", offset)
		return -1, nil
	}
	// The remains of a batch that was cut look the same, but began no later than the cut.
	later, err := r.seek(offset+frameAlign, s.end, s.lastBatch+1)
	if err != nil {
		return -1, err
	}
	lost := fmt.Errorf("%w: no intact frame for %d bytes", ErrChecksum, next-offset)
	if later >= 0 {
		p.damaged(offset, lost)
	} else {
		p.printf("%10d  remains of a batch that was cut: %v\n", offset, lost)
	}
	return next, nil
}

func (p *printer) frame(offset int64, f *frame, note string) error {
	end := ""
	if f.last() {
		end = ", last of batch"
	}
	if f.kind == kindTruncation {
		p.printf("%10d  truncation, keeps up to %d, batch %d%s, checksum %08x%s\n",
			offset, f.index, f.batch, end, f.checksum, note)
		return nil
	}
	p.printf("%10d  entry %d, %d bytes, batch %d%s, checksum %08x%s\n",
		offset, f.index, f.length, f.batch, end, f.checksum, note)
	if p.damage == nil {
		p.last = f.index
	}
	if p.describe == nil {
		return nil
	}
	payload := make([]byte, f.length)
	if err := readFull(p.file, payload, offset+frameBytes); err != nil {
		return err
	}
	p.printf("            %s\n", p.describe(f.index, payload))
	return nil
}

// footer prints the footer, which knows where the frames, up to end, have to end.
func (p *printer) footer(h *fileHeader, end int64) error {
	b := make([]byte, trailerBytes)
	at := h.fileBytes - trailerBytes
	if err := readFull(p.file, b, at); errors.Is(err, io.ErrUnexpectedEOF) {
		p.printf("%10d  no footer: the file ends before\n", at)
		return nil
	} else if err != nil {
		return err
	}
	t, err := decodeTrailer(b, h)
	if err != nil {
		p.printf("%10d  no footer of this life of the file: %v\n", at, err)
		return nil
	}
	clip := "none"
	if t.clip != noClip {
		clip = fmt.Sprint(t.clip)
	}
	p.printf("%10d  footer: %d entries from index %d, lowest truncation %s, last batch %d, frames end at %d, chain %08x\n",
		h.fileBytes-footerBytes(t.count), t.count, t.firstIndex, clip, t.lastBatch, t.endOffset, t.chain)
	if end != int64(t.endOffset) {
		p.damaged(end, fmt.Errorf("%w: the footer says that frames go on up to %d", ErrAcknowledgedDamage, t.endOffset))
	}
	table := make([]byte, footerBytes(t.count)-trailerBytes)
	if err := readFull(p.file, table, h.fileBytes-footerBytes(t.count)); err != nil {
		return err
	}
	if _, err := decodeOffsets(table, &t, h.salt()); err != nil {
		p.damaged(h.fileBytes-footerBytes(t.count), err)
	}
	return nil
}
