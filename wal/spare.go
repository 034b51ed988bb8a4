package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	lockName    = "LOCK"
	controlName = "control"
	logPrefix   = "log-"
	sparePrefix = "spare-"
	logSuffix   = ".wal"
	tmpSuffix   = ".tmp"
)

// writeCategory names the log's writes to a file system that counts them.
const writeCategory = vfs.DiskWriteCategory("redoubt-wal")

func logName(seq uint64) string   { return fmt.Sprintf("%s%012d%s", logPrefix, seq, logSuffix) }
func spareName(seq uint64) string { return fmt.Sprintf("%s%012d%s", sparePrefix, seq, logSuffix) }

// parseName undoes logName and spareName.
func parseName(name, prefix string) (seq uint64, ok bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, logSuffix)
	if !ok || len(digits) < 12 {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	return seq, err == nil && seq > 0
}

func (l *Log) path(name string) string { return l.o.FS.PathJoin(l.o.Dir, name) }

func (l *Log) randomID() (uint64, error) {
	var b [8]byte
	if _, err := io.ReadFull(l.o.Rand, b[:]); err != nil {
		return 0, fmt.Errorf("random file id: %w", err)
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// madeFile is a file that is to become a log file.
type madeFile struct {
	name     string
	file     vfs.File
	prepared bool // all its bytes were written before
}

// takeFile returns a spare, or makes a file if there is none that fits. It changes
// nothing in the log, so its failure is ErrNoSpace and not the end of the log.
func (l *Log) takeFile(fileBytes int64) (madeFile, error) {
	if fileBytes == l.o.SegmentBytes {
		if name := l.popSpare(); name != "" {
			file, err := l.o.FS.OpenReadWrite(l.path(name), writeCategory)
			if err != nil {
				return madeFile{}, fmt.Errorf("%w: open spare: %w", ErrNoSpace, err)
			}
			return madeFile{name: name, file: file, prepared: true}, nil
		}
	}
	l.mu.Lock()
	name := spareName(l.spareNext) + tmpSuffix
	l.spareNext++
	l.stats.SpareMisses++
	l.mu.Unlock()
	file, err := l.preallocate(name, fileBytes)
	if err != nil {
		return madeFile{}, fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return madeFile{name: name, file: file}, nil
}

func (l *Log) popSpare() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.spares)
	if n == 0 {
		return ""
	}
	name := l.spares[n-1]
	l.spares = l.spares[:n-1]
	return name
}

// preallocate makes a file with its blocks reserved but not written.
func (l *Log) preallocate(name string, fileBytes int64) (vfs.File, error) {
	file, err := l.o.FS.Create(l.path(name), writeCategory)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	err = file.Preallocate(0, fileBytes)
	if err == nil || errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		return file, nil
	}
	err = fmt.Errorf("preallocate %s: %w", name, err)
	return nil, errors.Join(err, file.Close(), l.o.FS.Remove(l.path(name)))
}

// fillSpares writes files of zeros until SpareFiles are ready. Only Open calls it: a
// file is never filled beside commits, which it would slow down more than it helps.
// A full disk is not an error: the log works without spares.
func (l *Log) fillSpares() error {
	made := false
	for len(l.spares) < l.o.SpareFiles {
		name, err := l.fillSpare()
		if errors.Is(err, syscall.ENOSPC) {
			l.stats.SparesMissing = l.o.SpareFiles - len(l.spares)
			break
		}
		if err != nil {
			return fmt.Errorf("prepare %s: %w", name, err)
		}
		l.spares = append(l.spares, name)
		made = true
	}
	if !made {
		return nil
	}
	return l.syncDir()
}

func (l *Log) fillSpare() (name string, err error) {
	name = spareName(l.spareNext)
	l.spareNext++
	tmp := l.path(name + tmpSuffix)
	file, err := l.o.FS.Create(tmp, writeCategory)
	if err != nil {
		return name, err
	}
	// vfs lets Write change what it is given, so the zeros are made anew.
	zeros := make([]byte, min(l.o.SegmentBytes, 1<<20))
	for left := l.o.SegmentBytes; left > 0 && err == nil; left -= int64(len(zeros)) {
		zeros = zeros[:min(int64(len(zeros)), left)]
		clear(zeros)
		_, err = file.Write(zeros)
	}
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = l.o.FS.Remove(tmp) // the first error counts; Open removes *.tmp anyway
		return name, err
	}
	return name, l.o.FS.Rename(tmp, l.path(name))
}

// recycle turns files that left the log into spares, as many as are wanted, and
// removes the rest. The renames are durable before a spare is offered: else a crash
// could leave a file under its old name and its new one.
//
// A file is fit if it has the right length for good: it was written before, or sealed.
func (l *Log) recycle(files []*logFile) error {
	var names []string
	l.mu.RLock()
	room := l.o.SpareFilesMax - len(l.spares)
	l.mu.RUnlock()
	for _, lf := range files {
		fit := lf.header.fileBytes == l.o.SegmentBytes && (lf.header.prepared || lf.sealed)
		if len(names) >= room || !fit {
			if err := l.o.FS.Remove(lf.path); err != nil {
				return fmt.Errorf("remove %s: %w", lf.path, err)
			}
			continue
		}
		l.mu.Lock()
		name := spareName(l.spareNext)
		l.spareNext++
		l.mu.Unlock()
		if err := l.o.FS.Rename(lf.path, l.path(name)); err != nil {
			return fmt.Errorf("recycle %s: %w", lf.path, err)
		}
		names = append(names, name)
	}
	if err := l.syncDir(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spares = slices.Concat(l.spares, names)
	l.stats.FilesRecycled += uint64(len(names))
	l.stats.FilesRemoved += uint64(len(files) - len(names))
	return nil
}
