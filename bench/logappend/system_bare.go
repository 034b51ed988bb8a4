package logappend

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const pageBytes = 4096

// Bare is what the disk can do: files that were written before, one pwrite of the payloads up to the end of the page,
// one fdatasync. It has no framing, no checksum, and could not be read back.
func Bare() System { return System{"bare file", openBare} }

type bareLog struct {
	files    []*os.File
	payloads [][]byte
	buf      []byte
	bytes    int64 // of payload in a batch
	file     int
	offset   int64
}

func openBare(c Config, payloads [][]byte) (Log, error) {
	l := &bareLog{payloads: payloads}
	for _, p := range payloads {
		l.bytes += int64(len(p))
	}
	if l.bytes+pageBytes > fileBytes {
		return nil, fmt.Errorf("a batch of %d bytes does not fit a file", l.bytes)
	}
	l.buf = make([]byte, l.bytes+pageBytes)
	zeros := make([]byte, 1<<20)
	for i := range filesFor(c) {
		f, err := writtenFile(filepath.Join(c.Dir, fmt.Sprintf("file-%d", i)), zeros)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.files = append(l.files, f)
	}
	return l, nil
}

// writtenFile makes a file whose bytes are all on disk.
func writtenFile(path string, zeros []byte) (*os.File, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	for written := 0; written < fileBytes && err == nil; written += len(zeros) {
		_, err = f.Write(zeros)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare file: %w", err), f.Close())
	}
	return f, nil
}

func (l *bareLog) Append(uint64) error {
	if l.offset+l.bytes+pageBytes > fileBytes {
		l.file, l.offset = (l.file+1)%len(l.files), 0
	}
	b := l.buf[:0]
	for _, p := range l.payloads {
		b = append(b, p...)
	}
	end := (l.offset + l.bytes + pageBytes - 1) &^ (pageBytes - 1)
	b = b[:end-l.offset]
	clear(b[l.bytes:])
	f := l.files[l.file]
	if _, err := f.WriteAt(b, l.offset); err != nil {
		return err
	}
	l.offset += l.bytes
	return syscall.Fdatasync(int(f.Fd()))
}

func (l *bareLog) Close() error {
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
