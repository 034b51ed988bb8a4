package node

import (
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/telemetry"
)

// watchedFiles is the file system of the state store. It times every read of a table file, which is what the cache lacked,
// and every write. Whose read it is the store does not tell; the operating system may have had it in its memory.
func (n *Node) watchedFiles() vfs.FS {
	return watchedFS{FS: vfs.Default, suffix: ".sst", watching: watching{n.slots, nil, telemetry.StoreRead, telemetry.StoreWrite}}
}

// sealedFiles is the file system of sealed segments, whose one writer shows that it writes.
func (n *Node) sealedFiles() vfs.FS {
	slot := n.slots.Background("SEAL", "seals the log into compressed segments")
	return watchedFS{FS: vfs.Default, suffix: "", watching: watching{n.slots, slot, telemetry.OnCPU, telemetry.SegmentWrite}}
}

// watchedFS watches files whose names have an end.
type watchedFS struct {
	vfs.FS
	suffix string
	watching
}

// watching is where it is shown what files are waited for.
type watching struct {
	slots       *telemetry.Slots
	slot        *telemetry.Slot // of the only one that uses the files; nil: there are many
	read, write telemetry.Event // OnCPU: it is not watched
}

func (w watchedFS) watch(f vfs.File, err error, name string) (vfs.File, error) {
	if err != nil || !strings.HasSuffix(name, w.suffix) {
		return f, err
	}
	return &watchedFile{f, w.watching}, nil
}

// wait runs what waits for a file.
func (w *watching) wait(e telemetry.Event, f func() (int, error)) (int, error) {
	if e == telemetry.OnCPU {
		return f()
	}
	w.slot.Begin(e)
	start := time.Now()
	n, err := f()
	w.slots.Measured(e, time.Since(start))
	w.slot.End(e)
	return n, err
}

// Open implements vfs.FS.
func (w watchedFS) Open(name string, o ...vfs.OpenOption) (vfs.File, error) {
	f, err := w.FS.Open(name, o...)
	return w.watch(f, err, name)
}

// Create implements vfs.FS.
func (w watchedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := w.FS.Create(name, c)
	return w.watch(f, err, name)
}

// Unwrap implements vfs.FS.
func (w watchedFS) Unwrap() vfs.FS { return w.FS }

// watchedFile is a file that is watched.
type watchedFile struct {
	vfs.File
	watching
}

// ReadAt implements vfs.File.
func (f *watchedFile) ReadAt(p []byte, at int64) (int, error) {
	return f.wait(f.read, func() (int, error) { return f.File.ReadAt(p, at) })
}

// Write implements vfs.File.
func (f *watchedFile) Write(p []byte) (int, error) {
	return f.wait(f.write, func() (int, error) { return f.File.Write(p) })
}

// Sync implements vfs.File.
func (f *watchedFile) Sync() error {
	_, err := f.wait(f.write, func() (int, error) { return 0, f.File.Sync() })
	return err
}
