package overlay

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FS is a file system with one directory laid over another.
type FS struct {
	vfs.FS
	lower, upper string

	mu   sync.Mutex
	gone map[string]bool // files of the lower directory that are no longer seen
}

var _ vfs.FS = (*FS)(nil)

// New lays upper, which must be there and empty, over lower.
func New(base vfs.FS, lower, upper string) *FS {
	return &FS{FS: base, lower: strings.TrimSuffix(lower, "/"), upper: upper, gone: map[string]bool{}}
}

// up gives the name of a file in the upper directory.
func (o *FS) up(name string) (string, error) {
	if name == o.lower {
		return o.upper, nil
	}
	rest, ok := strings.CutPrefix(name, o.lower+"/")
	if !ok {
		return "", fmt.Errorf("overlay: %s is not in %s: %w", name, o.lower, fs.ErrPermission)
	}
	return o.PathJoin(o.upper, rest), nil
}

// find gives where a file lies. What is not in the lower directory lies where it is.
func (o *FS) find(name string) (string, error) {
	up, err := o.up(name)
	if err != nil {
		return name, nil
	}
	if _, err := o.FS.Stat(up); !errors.Is(err, fs.ErrNotExist) {
		return up, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone[name] {
		return "", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return name, nil
}

func (o *FS) hide(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gone[name] = true
}

// Create implements vfs.FS.
func (o *FS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	up, err := o.up(name)
	if err != nil {
		return nil, err
	}
	return o.FS.Create(up, category)
}

// Open implements vfs.FS.
func (o *FS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	at, err := o.find(name)
	if err != nil {
		return nil, err
	}
	return o.FS.Open(at, opts...)
}

// OpenReadWrite implements vfs.FS.
func (o *FS) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	up, err := o.raise(name)
	if err != nil {
		return nil, err
	}
	return o.FS.OpenReadWrite(up, category, opts...)
}

// raise makes a file of the lower directory, if there is one, lie in the upper one.
func (o *FS) raise(name string) (up string, err error) {
	if up, err = o.up(name); err != nil {
		return "", err
	}
	at, err := o.find(name)
	if errors.Is(err, fs.ErrNotExist) || at == up {
		return up, nil
	}
	if err == nil {
		err = vfs.Copy(o.FS, at, up)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return up, nil
	}
	return up, err
}

// OpenDir implements vfs.FS. Directories above the lower one may be opened, too: a store syncs the one that it lies in.
func (o *FS) OpenDir(name string) (vfs.File, error) {
	up, err := o.up(name)
	if err != nil {
		return o.FS.OpenDir(name)
	}
	return o.FS.OpenDir(up)
}

// Link implements vfs.FS. A file of the lower directory is copied.
func (o *FS) Link(oldname, newname string) error {
	from, err := o.find(oldname)
	if err != nil {
		return err
	}
	to, err := o.up(newname)
	if err != nil {
		return err
	}
	if from == oldname {
		return vfs.Copy(o.FS, from, to)
	}
	return o.FS.Link(from, to)
}

// Remove implements vfs.FS.
func (o *FS) Remove(name string) error {
	if _, err := o.up(name); err != nil {
		return err
	}
	at, err := o.find(name)
	if err != nil {
		return err
	}
	if at == name {
		_, err = o.FS.Stat(name)
	} else {
		err = o.FS.Remove(at)
	}
	o.hide(name)
	return err
}

// RemoveAll implements vfs.FS, for what the upper directory has alone.
func (o *FS) RemoveAll(name string) error {
	if _, err := o.FS.Stat(name); err == nil {
		return fmt.Errorf("overlay: remove all of %s: %w", name, fs.ErrPermission)
	}
	up, err := o.up(name)
	if err != nil {
		return err
	}
	return o.FS.RemoveAll(up)
}

// Rename implements vfs.FS.
func (o *FS) Rename(oldname, newname string) error {
	from, err := o.raise(oldname)
	if err != nil {
		return err
	}
	to, err := o.up(newname)
	if err != nil {
		return err
	}
	o.hide(oldname)
	return o.FS.Rename(from, to)
}

// ReuseForWrite implements vfs.FS.
func (o *FS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := o.Rename(oldname, newname); err != nil {
		return nil, err
	}
	return o.OpenReadWrite(newname, category)
}

// MkdirAll implements vfs.FS.
func (o *FS) MkdirAll(dir string, perm os.FileMode) error {
	up, err := o.up(dir)
	if err != nil {
		return err
	}
	return o.FS.MkdirAll(up, perm)
}

// Lock implements vfs.FS: who locks the directory locks the upper one.
func (o *FS) Lock(name string) (io.Closer, error) {
	up, err := o.up(name)
	if err != nil {
		return nil, err
	}
	return o.FS.Lock(up)
}

// List implements vfs.FS.
func (o *FS) List(dir string) ([]string, error) {
	up, err := o.up(dir)
	if err != nil {
		return nil, err
	}
	names, upErr := o.FS.List(up)
	below, err := o.FS.List(dir)
	if err != nil && (!errors.Is(err, fs.ErrNotExist) || upErr != nil) {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range below {
		if !o.gone[o.PathJoin(dir, name)] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// Stat implements vfs.FS.
func (o *FS) Stat(name string) (vfs.FileInfo, error) {
	at, err := o.find(name)
	if err != nil {
		return nil, err
	}
	return o.FS.Stat(at)
}

// GetDiskUsage implements vfs.FS.
func (o *FS) GetDiskUsage(string) (vfs.DiskUsage, error) { return o.FS.GetDiskUsage(o.upper) }

// Unwrap implements vfs.FS. The base is another file system than this: it does not have what was written.
func (o *FS) Unwrap() vfs.FS { return nil }
