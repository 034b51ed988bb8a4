package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Leftovers is what a Store may implement in which an interrupted Put leaves something that List does not show.
type Leftovers interface {
	// Leftovers lists what was begun so long ago, by the storage's own clock, that nobody can be at it any more.
	Leftovers(ctx context.Context, age time.Duration) ([]Object, error)
	// RemoveLeftovers removes those.
	RemoveLeftovers(ctx context.Context, age time.Duration) error
}

var _ Leftovers = (*Dir)(nil)

// Leftovers implements the interface: files that are being written, or were when somebody died.
func (d *Dir) Leftovers(ctx context.Context, age time.Duration) (out []Object, err error) {
	now, err := d.now()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(d.root, incoming))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", d, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if now.Sub(info.ModTime()) >= age {
			out = append(out, Object{incoming + "/" + e.Name(), info.Size()})
		}
	}
	return out, nil
}

// now is the time by the clock of the file system, which may be another machine's.
func (d *Dir) now() (now time.Time, err error) {
	f, err := os.CreateTemp(filepath.Join(d.root, incoming), "now-")
	if err != nil {
		return now, err
	}
	info, err := f.Stat()
	if err == nil {
		now = info.ModTime()
	}
	return now, errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// RemoveLeftovers implements Leftovers.
func (d *Dir) RemoveLeftovers(ctx context.Context, age time.Duration) error {
	list, err := d.Leftovers(ctx, age)
	for _, o := range list {
		if e := os.Remove(d.path(o.Name)); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
