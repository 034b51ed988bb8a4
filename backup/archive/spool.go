package archive

import "github.com/cockroachdb/pebble/v2/vfs"

// unsynced is a file system for the spool: what lies there is sent, or made anew after a crash, so that nothing has to last. Who takes
// it makes it last.
type unsynced struct{ vfs.FS }

type unsyncedFile struct{ vfs.File }

// Sync implements vfs.File.
func (unsyncedFile) Sync() error { return nil }

// OpenReadWrite implements vfs.FS.
func (u unsynced) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := u.FS.OpenReadWrite(name, category, opts...)
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

// OpenDir implements vfs.FS.
func (u unsynced) OpenDir(name string) (vfs.File, error) {
	f, err := u.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}
