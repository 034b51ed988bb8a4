package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Dir is a Store in a local directory. An object is a file; one that is being written lies in the folder incoming, which List
// passes over.
type Dir struct{ root string }

var _ Store = (*Dir)(nil)

const incoming = "incoming"

// copyBytes is how much of an object is read and written at once.
const copyBytes = 1 << 20

// OpenDir opens a Store in a directory, making it if it is not there.
func OpenDir(root string) (*Dir, error) {
	if err := os.MkdirAll(filepath.Join(root, incoming), 0o700); err != nil {
		return nil, fmt.Errorf("open repository: %w", err)
	}
	return &Dir{root}, nil
}

// String implements Store.
func (d *Dir) String() string { return "file://" + d.root }

func (d *Dir) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// Put implements Store.
func (d *Dir) Put(ctx context.Context, name string, r io.Reader) (err error) {
	if err := checkName(name); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Join(d.root, incoming), "put-")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s to %s: %w", name, d, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	if _, err = io.CopyBuffer(struct{ io.Writer }{f}, reader{ctx, r}, make([]byte, copyBytes)); err != nil {
		return errors.Join(err, f.Close())
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	folder := filepath.Dir(d.path(name))
	if err = d.makeFolder(folder); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), d.path(name)); err != nil {
		return err
	}
	return syncFolder(folder)
}

// makeFolder makes a folder durably, with those above it.
func (d *Dir) makeFolder(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for folder != d.root {
		folder = filepath.Dir(folder)
		if err := syncFolder(folder); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// ReaderOf reads as r does, and ends with its context.
func ReaderOf(ctx context.Context, r io.Reader) io.Reader { return reader{ctx, r} }

type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// Get implements Store.
func (d *Dir) Get(_ context.Context, name string) (io.ReadCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	f, err := os.Open(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s from %s: %w", name, d, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s from %s: %w", name, d, err)
	}
	return f, nil
}

// List implements Store.
func (d *Dir) List(ctx context.Context, prefix string) (out []Object, err error) {
	start := d.path(prefix[:strings.LastIndexByte(prefix, '/')+1])
	err = filepath.WalkDir(start, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		relative, err := filepath.Rel(d.root, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if e.IsDir() {
			if name == incoming {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasPrefix(name, prefix) || checkName(name) != nil {
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was deleted meanwhile
		}
		if err != nil {
			return err
		}
		out = append(out, Object{name, info.Size()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", d, err)
	}
	slices.SortFunc(out, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Delete implements Store.
func (d *Dir) Delete(_ context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := os.Remove(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s from %s: %w", name, d, err)
	}
	return syncIfThere(filepath.Dir(d.path(name)))
}

func syncIfThere(folder string) error {
	err := syncFolder(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
