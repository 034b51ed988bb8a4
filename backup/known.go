package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"redoubt/backup/store"
)

// Known remembers what is in the files of this node's state, so that an incremental backup reads only new ones. Tables of an
// LSM never change: one of the same name, size and time of change has the same content, unless the disk has lost it.
type Known struct {
	path string

	mu    sync.Mutex
	files map[string]knownFile // by name
}

type knownFile struct {
	Modified   int64 `json:"modified"` // nanoseconds since 1970
	BlockBytes int64 `json:"block_bytes"`
	File
}

// tableSuffix is that of files that never change.
const tableSuffix = ".sst"

// OpenKnown reads what was remembered in a file. If it cannot be read, nothing is known, and files are read again.
func OpenKnown(path string) *Known {
	k := &Known{path: path, files: map[string]knownFile{}}
	if b, err := os.ReadFile(path); err != nil || json.Unmarshal(b, &k.files) != nil || k.files == nil {
		k.files = map[string]knownFile{}
	}
	return k
}

// find gives what is remembered of a file.
func (k *Known) find(info os.FileInfo, blockBytes int64) (File, bool) {
	if k == nil || filepath.Ext(info.Name()) != tableSuffix {
		return File{}, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	f, ok := k.files[info.Name()]
	return f.File, ok && f.Bytes == info.Size() && f.Modified == info.ModTime().UnixNano() && f.BlockBytes == blockBytes
}

// learn remembers a file. One that never changes and yet has other content than it had is an error.
func (k *Known) learn(info os.FileInfo, blockBytes int64, f File) error {
	if k == nil || filepath.Ext(f.Name) != tableSuffix {
		return nil
	}
	if was, ok := k.find(info, blockBytes); ok && was != f {
		return fmt.Errorf("file %s of this node's state has changed though it never does: its disk has lost data; recover this node, or take the backup from another", f.Name)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.files[f.Name] = knownFile{info.ModTime().UnixNano(), blockBytes, f}
	return nil
}

// save keeps what is known of the files that there are now.
func (k *Known) save(now []File) error {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := map[string]knownFile{}
	for i := range now {
		if f, ok := k.files[now[i].Name]; ok {
			kept[now[i].Name] = f
		}
	}
	k.files = kept
	b, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	temporary := k.path + ".new"
	if err := os.WriteFile(temporary, b, 0o600); err != nil {
		return fmt.Errorf("remember what was backed up: %w", errors.Join(err, os.Remove(temporary)))
	}
	return os.Rename(temporary, k.path)
}

// Lacking gives the tables in a directory that a repository lacks, with their sizes; those that are not known count as lacking.
func (k *Known) Lacking(ctx context.Context, s store.Store, dir string) (map[string]int64, error) {
	objects, err := s.List(ctx, filesFolder)
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, o := range objects {
		have[o.Name] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != tableSuffix {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is no longer part of the state
		}
		if err != nil {
			return nil, err
		}
		if f, ok := k.find(info, blockBytes); !ok || !have[f.Object()] {
			out[e.Name()] = info.Size()
		}
	}
	return out, nil
}
