package mvcc

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestInspect shows every kind of file that a store has, and damage in one.
func TestInspect(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{FS: vfs.Default, Dir: dir, CacheBytes: 1 << 20, MemtableBytes: 1 << 20, Logger: quiet{pebble.DefaultLogger}})
	if err != nil {
		t.Fatal(err)
	}
	b := s.NewBatch()
	for i := range byte(200) {
		b.Put(1001, []byte{1, i}, 7, bytes.Repeat([]byte{i}, 100))
	}
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range files {
		if !IsStoreFile(f.Name()) {
			continue
		}
		path := filepath.Join(dir, f.Name())
		before, _ := os.ReadFile(path)
		var out bytes.Buffer
		if err := Inspect(path, &out); err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Fatalf("%s was changed by looking at it", f.Name())
		}
		switch {
		case strings.HasSuffix(f.Name(), ".sst"):
			seen["table"] = true
			if !strings.Contains(out.String(), "1001/0x0163@7") {
				t.Fatalf("%s: no row in:\n%s", f.Name(), out.String())
			}
			before[200] ^= 1
			if err := os.WriteFile(path, before, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := Inspect(path, &out); err == nil {
				t.Fatalf("%s with a flipped bit: no error", f.Name())
			}
		case strings.HasPrefix(f.Name(), "MANIFEST-"):
			seen["manifest"] = strings.Contains(out.String(), "comparer")
		}
	}
	if !seen["table"] || !seen["manifest"] {
		t.Fatalf("looked at %v only, of %v", seen, files)
	}
}
