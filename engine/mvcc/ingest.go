package mvcc

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/scn"
)

// tableFileBytes is about how much a file for Ingest gets before the next one begins.
const tableFileBytes = 64 << 20

// TableWriter writes versions that are sorted already into files, which Ingest makes part of the store: that costs less than a
// batch, and much less than what a batch makes of it later. It belongs to one goroutine.
type TableWriter struct {
	fs      vfs.FS
	options sstable.WriterOptions
	name    string // of its files, without number and suffix
	paths   []string
	writer  *sstable.Writer
	bytes   int
	key     []byte
	value   []byte
}

// NewTableWriter begins files whose paths begin with name, on the store's file system.
func (s *Store) NewTableWriter(name string) *TableWriter {
	return &TableWriter{fs: s.options.FS, options: s.options.MakeWriterOptions(0, s.db.TableFormat()), name: name}
}

// Put adds a version: behind the one before it by key, or older than it. The bytes are copied.
func (w *TableWriter) Put(space scn.Space, key []byte, at scn.SCN, value []byte) error {
	w.value = append(append(w.value[:0], valueLive), value...)
	return w.add(space, key, at)
}

// Delete adds the version that ends a key.
func (w *TableWriter) Delete(space scn.Space, key []byte, at scn.SCN) error {
	w.value = append(w.value[:0], valueDeleted)
	return w.add(space, key, at)
}

func (w *TableWriter) add(space scn.Space, key []byte, at scn.SCN) error {
	if w.writer == nil {
		path := fmt.Sprintf("%s-%d.sst", w.name, len(w.paths))
		f, err := w.fs.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return fmt.Errorf("write for the state store: %w", err)
		}
		w.paths = append(w.paths, path)
		w.writer, w.bytes = sstable.NewWriter(objstorageprovider.NewFileWritable(f), w.options), 0
	}
	w.key = appendDataKey(w.key[:0], space, key, at)
	if err := w.writer.Set(w.key, w.value); err != nil {
		return fmt.Errorf("write for the state store: %w", err)
	}
	if w.bytes += len(w.key) + len(w.value); w.bytes >= tableFileBytes {
		return w.closeFile()
	}
	return nil
}

func (w *TableWriter) closeFile() error {
	if w.writer == nil {
		return nil
	}
	err := w.writer.Close()
	w.writer = nil
	if err != nil {
		return fmt.Errorf("write for the state store: %w", err)
	}
	return nil
}

// Finish closes the files and gives their paths. It must be called after an error, too.
func (w *TableWriter) Finish() ([]string, error) { return w.paths, w.closeFile() }

// Ingest makes files part of the store; they are moved there. No two may have keys between each other's.
func (s *Store) Ingest(ctx context.Context, paths []string) error {
	if len(paths) == 0 {
		return nil
	}
	err := s.db.Ingest(ctx, paths)
	s.pages.forget() // not before: a page that is read meanwhile may lack them
	if err != nil {
		return fmt.Errorf("take files into the state store: %w", errors.Join(err, ctx.Err()))
	}
	return nil
}
