package reload

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var errBad = errors.New("bad")

// TestFiles: what changes is read again, once; what cannot be read is an error beside what was read before, until it can.
func TestFiles(t *testing.T) {
	path, reads := filepath.Join(t.TempDir(), "f"), 0
	at := time.Now()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	load := func() (string, error) {
		reads++
		b, err := os.ReadFile(path)
		if string(b) == "bad" {
			err = errBad
		}
		return string(b), err
	}
	if _, err := New(load, path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	write("one")
	f, err := New(load, path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(want string, wantErr error) {
		t.Helper()
		if got, err := f.Current(); got != want || !errors.Is(err, wantErr) {
			t.Errorf("%q, %v; want %q, %v", got, err, want, wantErr)
		}
	}
	check("one", nil)
	check("one", nil)
	if reads != 1 {
		t.Errorf("it was read %d times", reads)
	}
	write("two")
	check("two", nil)
	write("bad")
	check("two", errBad)
	check("two", errBad)
	write("three")
	check("three", nil)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check("three", os.ErrNotExist)
}
