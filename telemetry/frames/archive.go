package frames

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Archive is a history on disk: files PREFIXN, of which the one with the highest number is written to.
type Archive struct {
	kind     *Kind
	dir      string
	max      int64 // bytes of all files
	fileMax  int64
	mu       sync.Mutex
	files    []*file  // by number
	open     *os.File // the last of files; nil: none is written to
	dropped  uint64
	damaged  uint64
	failures uint64
}

// file is a file, and where in it the frames are.
type file struct {
	number int
	bytes  int64
	frames []frame
}

type frame struct {
	micros int64
	at     int64
	bytes  int32 // with its head
}

const (
	fileParts   = 8 // the limit is shared by so many files
	fileMinimum = 64 << 10
)

// Open reads what is there. Files that are damaged lose what is damaged, and are not written to any more.
func Open(dir string, kind *Kind, bytesMax int64) (*Archive, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory of %s: %w", kind.What, err)
	}
	a := &Archive{kind: kind, dir: dir, max: bytesMax, fileMax: max(bytesMax/fileParts, fileMinimum)}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read directory of %s: %w", kind.What, err)
	}
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Name(), kind.Prefix)
		if n, err := strconv.Atoi(text); ok && err == nil && n > 0 {
			a.files = append(a.files, &file{number: n})
		}
	}
	slices.SortFunc(a.files, func(x, y *file) int { return x.number - y.number })
	damagedLast := false
	for _, f := range a.files {
		damaged, err := f.scan(kind, a.path(f.number))
		if err != nil {
			return nil, err
		}
		a.damaged += damaged
		damagedLast = damaged > 0
	}
	if n := len(a.files); n > 0 && !damagedLast && a.files[n-1].bytes < a.fileMax {
		if a.open, err = os.OpenFile(a.path(a.files[n-1].number), os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
			return nil, fmt.Errorf("open %s: %w", kind.What, err)
		}
	}
	return a, a.shrink()
}

func (a *Archive) path(number int) string {
	return filepath.Join(a.dir, a.kind.Prefix+strconv.Itoa(number))
}

// scan finds the whole frames of a file, and tells how many bytes belong to none.
func (f *file) scan(kind *Kind, path string) (damaged uint64, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", kind.What, err)
	}
	f.bytes = int64(len(b))
	at := len(kind.Header)
	if !strings.HasPrefix(string(b[:min(at, len(b))]), kind.Header) {
		if len(b) >= at && string(b[:at-1]) == kind.Header[:at-1] {
			return uint64(len(b)), nil // of a version that this one does not know: nothing in it is read
		}
		at = 0
	}
	for at < len(b) {
		micros, _, size, err := kind.At(b[at:])
		if err == nil {
			f.frames = append(f.frames, frame{micros, int64(at), int32(size)})
			at += size
			continue
		}
		next := kind.next(b[at:])
		damaged += uint64(next)
		at += next
	}
	return damaged, nil
}

// Append writes a frame. After an error the file is left as it is, and another begun.
func (a *Archive) Append(micros int64, body func(b []byte) []byte) (err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() {
		if err != nil {
			a.failures++
			err = fmt.Errorf("write %s: %w", a.kind.What, err)
		}
	}()
	b := a.kind.Append(nil, micros, body)
	if len(b) > FrameBytesMax {
		return fmt.Errorf("%d bytes of one moment", len(b))
	}
	if a.open == nil || a.files[len(a.files)-1].bytes+int64(len(b)) > a.fileMax {
		if err := a.begin(); err != nil {
			return err
		}
	}
	f := a.files[len(a.files)-1]
	n, err := a.open.Write(b)
	at := f.bytes
	f.bytes += int64(n)
	if err != nil {
		return errors.Join(err, a.stop())
	}
	f.frames = append(f.frames, frame{micros, at, int32(len(b))})
	return a.shrink()
}

// begin begins another file.
func (a *Archive) begin() error {
	number := 1
	if n := len(a.files); n > 0 {
		number = a.files[n-1].number + 1
	}
	if err := a.stop(); err != nil {
		return err
	}
	made, err := os.OpenFile(a.path(number), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if _, err := made.WriteString(a.kind.Header); err != nil {
		return errors.Join(err, made.Close(), os.Remove(made.Name()))
	}
	a.open = made
	a.files = append(a.files, &file{number: number, bytes: int64(len(a.kind.Header))})
	return nil
}

func (a *Archive) stop() error {
	if a.open == nil {
		return nil
	}
	err := a.open.Close()
	a.open = nil
	return err
}

// shrink drops the oldest files until the limit is kept.
func (a *Archive) shrink() error {
	total := int64(0)
	for _, f := range a.files {
		total += f.bytes
	}
	for total > a.max && len(a.files) > 1 {
		total -= a.files[0].bytes
		if err := a.drop(); err != nil {
			return err
		}
	}
	return nil
}

// drop drops the oldest file.
func (a *Archive) drop() error {
	if err := os.Remove(a.path(a.files[0].number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	a.files = a.files[1:]
	a.dropped++
	return nil
}

// Expire drops the files that have nothing of a moment or later; the one that is written to stays.
func (a *Archive) Expire(micros int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.files) > 1 && !slices.ContainsFunc(a.files[0].frames, func(f frame) bool { return f.micros >= micros }) {
		if err := a.drop(); err != nil {
			return fmt.Errorf("shorten %s: %w", a.kind.What, err)
		}
	}
	return nil
}

// Read gives the frames of [from, to), those that were written first first, until yield wants no more. A frame that can no longer be read, or that
// yield finds damaged, is passed over and counted. yield must not keep the body.
func (a *Archive) Read(from, to int64, yield func(micros int64, body []byte) (more bool, err error)) error {
	type place struct {
		number int
		frames []frame
	}
	a.mu.Lock()
	var places []place
	for _, f := range a.files {
		p := place{number: f.number}
		for _, x := range f.frames {
			if x.micros >= from && x.micros < to {
				p.frames = append(p.frames, x)
			}
		}
		if len(p.frames) > 0 {
			places = append(places, p)
		}
	}
	a.mu.Unlock()
	for _, p := range places {
		more, err := a.readFile(p.number, p.frames, yield)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// readFile gives some frames of a file; of a file that went meanwhile, none.
func (a *Archive) readFile(number int, frames []frame, yield func(int64, []byte) (bool, error)) (more bool, err error) {
	in, err := os.Open(a.path(number))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", a.kind.What, err)
	}
	defer in.Close()
	var buf []byte
	for _, x := range frames {
		buf = slices.Grow(buf[:0], int(x.bytes))[:x.bytes]
		if _, err := in.ReadAt(buf, x.at); err != nil {
			return false, fmt.Errorf("read %s: %w", a.kind.What, err)
		}
		micros, body, _, err := a.kind.At(buf)
		if err == nil {
			more, err = yield(micros, body)
		}
		if err != nil {
			a.mu.Lock()
			a.damaged += uint64(x.bytes)
			a.mu.Unlock()
			continue
		}
		if !more {
			return false, nil
		}
	}
	return true, nil
}

// Stats tells of an Archive.
type Stats struct {
	Bytes    int64
	Files    int
	Oldest   int64  // moment of the oldest frame; 0: there is none
	Dropped  uint64 // files that had to go
	Damaged  uint64 // bytes that could not be read
	Failures uint64 // frames that could not be written
}

// Stats gives its figures.
func (a *Archive) Stats() (out Stats) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.files {
		out.Bytes += f.bytes
		if out.Oldest == 0 && len(f.frames) > 0 {
			out.Oldest = f.frames[0].micros
		}
	}
	out.Files, out.Dropped, out.Damaged, out.Failures = len(a.files), a.dropped, a.damaged, a.failures
	return out
}

// Close ends writing.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stop()
}
