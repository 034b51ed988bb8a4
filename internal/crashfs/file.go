package crashfs

import (
	"io"
	iofs "io/fs"
	"os"
	"path"
	"slices"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// file is a handle.
type file struct {
	fs          *FS
	node        *node
	path        string
	offset      int64
	read, write bool
	closed      bool
}

var _ vfs.File = (*file)(nil)

// enter checks a handle and asks for a fault. The caller holds the lock of the FS.
func (f *file) enter(op Op) error {
	if f.closed {
		return &os.PathError{Op: op.Kind.String(), Path: f.path, Err: iofs.ErrClosed}
	}
	op.Path = f.path
	return f.fs.fault(op)
}

// Close implements vfs.File. Nothing is synced by it.
func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	err := f.enter(Op{Kind: OpClose})
	f.closed = true
	return err
}

// Read implements vfs.File.
func (f *file) Read(b []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	n, err := f.readAt(b, f.offset)
	f.offset += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// ReadAt implements vfs.File.
func (f *file) ReadAt(b []byte, offset int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.readAt(b, offset)
}

func (f *file) readAt(b []byte, offset int64) (int, error) {
	if err := f.enter(Op{Kind: OpRead, Offset: offset, Bytes: len(b)}); err != nil {
		return 0, err
	}
	if !f.read || f.node.children != nil {
		return 0, &os.PathError{Op: "read", Path: f.path, Err: syscall.EBADF}
	}
	if offset >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.data[offset:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Write implements vfs.File.
func (f *file) Write(b []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	n, err := f.writeAt(b, f.offset)
	f.offset += int64(n)
	return n, err
}

// WriteAt implements vfs.File.
func (f *file) WriteAt(b []byte, offset int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.writeAt(b, offset)
}

func (f *file) writeAt(b []byte, offset int64) (int, error) {
	err := f.enter(Op{Kind: OpWrite, Offset: offset, Bytes: len(b)})
	if f.closed || !f.write || f.node.children != nil {
		return 0, &os.PathError{Op: "write", Path: f.path, Err: syscall.EBADF}
	}
	if err != nil {
		// A failed write may have written any of its sectors.
		f.fs.failed++
		for i, part := 0, int64(0); part < int64(len(b)); i++ {
			n := min(int64(len(b))-part, sectorBytes-(offset+part)%sectorBytes)
			if (f.fs.failed>>(i%8))&1 == 1 {
				f.put(b[part:part+n], offset+part)
			}
			part += n
		}
		return 0, err
	}
	f.put(b, offset)
	return len(b), nil
}

// put changes the file and writes it down.
func (f *file) put(b []byte, offset int64) {
	if len(b) == 0 {
		return
	}
	b = slices.Clone(b)
	if f.node.shared {
		f.node.data, f.node.shared = slices.Clone(f.node.data), false
	}
	f.node.data = overwrite(f.node.data, offset, b)
	f.fs.journal = append(f.fs.journal, record{kind: recordWrite, node: f.node.id, offset: offset, data: b, what: f.path})
}

// Preallocate implements vfs.File. It reserves nothing: space never runs out here.
func (f *file) Preallocate(offset, length int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.enter(Op{Kind: OpPreallocate, Offset: offset, Bytes: int(length)})
}

// Stat implements vfs.File.
func (f *file) Stat() (vfs.FileInfo, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.enter(Op{Kind: OpStat}); err != nil {
		return nil, err
	}
	return f.node.info(f.path), nil
}

// Sync implements vfs.File.
func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	kind := OpSync
	if f.node.children != nil {
		kind = OpSyncDir
	}
	err := f.enter(Op{Kind: kind})
	if f.closed {
		return err
	}
	r := record{kind: recordSync, node: f.node.id, what: f.path}
	if err != nil {
		r.kind = recordSyncFailed
	} else if f.fs.lose != nil && f.fs.lose(f.path) {
		return nil
	}
	f.fs.journal = append(f.fs.journal, r)
	return err
}

// SyncData implements vfs.File: the data, and the length if it grew.
func (f *file) SyncData() error { return f.Sync() }

// SyncTo implements vfs.File. It promises nothing, and does nothing.
func (f *file) SyncTo(int64) (bool, error) { return false, nil }

// Prefetch implements vfs.File.
func (f *file) Prefetch(int64, int64) error { return nil }

// Fd implements vfs.File.
func (f *file) Fd() uintptr { return vfs.InvalidFd }

func (n *node) info(name string) vfs.FileInfo {
	return &info{name: path.Base(name), bytes: int64(len(n.data)), dir: n.children != nil}
}

type info struct {
	name  string
	bytes int64
	dir   bool
}

func (i *info) Name() string           { return i.name }
func (i *info) Size() int64            { return i.bytes }
func (i *info) ModTime() time.Time     { return time.Time{} }
func (i *info) IsDir() bool            { return i.dir }
func (i *info) Sys() any               { return nil }
func (i *info) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
func (i *info) Mode() os.FileMode {
	if i.dir {
		return os.ModeDir | 0o755
	}
	return 0o644
}
