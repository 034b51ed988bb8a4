package overlay

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// contents reads every file of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}

// TestStoreGoesOn opens a store over what another left, writes, removes and compacts, and leaves the other as it was.
func TestStoreGoesOn(t *testing.T) {
	lower, upper := t.TempDir(), t.TempDir()
	options := func(base vfs.FS) *pebble.Options {
		return &pebble.Options{FS: base, DisableWAL: true, FormatMajorVersion: pebble.FormatNewest, Logger: quiet{}}
	}
	db, err := pebble.Open(lower, options(vfs.Default))
	if err != nil {
		t.Fatal(err)
	}
	write := func(key, value string) {
		t.Helper()
		if err := errors.Join(db.Set([]byte(key), []byte(value), pebble.NoSync), db.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	write("a", "1")
	write("b", "1")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before := contents(t, lower)

	if db, err = pebble.Open(lower, options(New(vfs.Default, lower, upper))); err != nil {
		t.Fatal(err)
	}
	write("a", "2")
	write("c", "2")
	if err := db.Compact(t.Context(), []byte("a"), []byte("z"), false); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"a": "2", "b": "1", "c": "2"} {
		value, closer, err := db.Get([]byte(key))
		if err != nil || !bytes.Equal(value, []byte(want)) {
			t.Fatalf("%s is %s, %v, want %s", key, value, err, want)
		}
		closer.Close()
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	after := contents(t, lower)
	if len(after) != len(before) {
		t.Fatalf("%d files became %d", len(before), len(after))
	}
	for name, content := range before {
		if after[name] != content {
			t.Errorf("%s has changed", name)
		}
	}
	if len(contents(t, upper)) == 0 {
		t.Error("nothing was written above")
	}
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(string, ...any) {}

// TestFiles looks at each way in which a file can be changed.
func TestFiles(t *testing.T) {
	lower, upper := t.TempDir(), t.TempDir()
	at := func(name string) string { return filepath.Join(lower, name) }
	for _, name := range []string{"kept", "removed", "renamed", "written"} {
		if err := os.WriteFile(at(name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := contents(t, lower)
	o := New(vfs.Default, lower, upper)
	if err := errors.Join(o.Remove(at("removed")), o.Rename(at("renamed"), at("new")), o.Link(at("kept"), at("linked"))); err != nil {
		t.Fatal(err)
	}
	f, err := o.OpenReadWrite(at("written"), vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("W"), 0); err != nil {
		t.Fatal(err)
	}
	f.Close()
	names, err := o.List(lower)
	slices.Sort(names)
	if want := []string{"kept", "linked", "new", "written"}; err != nil || !slices.Equal(names, want) {
		t.Fatalf("files are %v, %v, want %v", names, err, want)
	}
	for _, name := range []string{"removed", "renamed"} {
		if _, err := o.Open(at(name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		if err := o.Remove(at(name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("remove %s once more: %v", name, err)
		}
	}
	if got := contents(t, upper); got["written"] != "Written" || got["new"] != "renamed" || got["linked"] != "kept" {
		t.Errorf("above lies %v", got)
	}
	for name, content := range contents(t, lower) {
		if before[name] != content {
			t.Errorf("%s has changed", name)
		}
	}
	if _, err := o.Create(filepath.Join(t.TempDir(), "elsewhere"), vfs.WriteCategoryUnspecified); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file elsewhere: %v", err)
	}
}
