// Package durable replaces small files so that a crash leaves the old content or the new one, whole.
package durable

import (
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Replace gives a file new content: first durable under the file's name with .new behind it, then renamed, then its directory is synced.
// An error, of the file system, leaves the old content unless only the last step failed.
func Replace(fs vfs.FS, path string, content []byte) error {
	next := path + ".new"
	f, err := fs.Create(next, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(next, path); err != nil {
		return err
	}
	dir, err := fs.OpenDir(fs.PathDir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
