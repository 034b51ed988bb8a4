// Package storetest is what every Store must do.
//
// The nouns: Conforms, the suite; Failing, a source that breaks. Life of a test: (1) it says how its Store is opened, on an empty
// place; (2) Conforms puts, gets, lists, replaces and deletes, with good names and bad ones, and opens it again. It is for tests only,
// and belongs to the goroutine of the test.
package storetest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"redoubt/backup/store"
)

var ctx = context.Background()

// Read gives the content of an object.
func Read(t *testing.T, s store.Store, name string) string {
	t.Helper()
	r, err := s.Get(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Names lists objects, with spaces between.
func Names(t *testing.T, s store.Store, prefix string) string {
	t.Helper()
	list, err := s.List(ctx, prefix)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range list {
		out = append(out, o.Name)
	}
	return strings.Join(out, " ")
}

// Failing gives some bytes and then an error.
type Failing struct{ given bool }

// Read implements io.Reader.
func (f *Failing) Read(b []byte) (int, error) {
	if f.given {
		return 0, errors.New("the source broke")
	}
	f.given = true
	return copy(b, "half of it"), nil
}

// Conforms is what every Store must do.
func Conforms(t *testing.T, open func() store.Store) {
	t.Helper()
	s := open()
	if got := Names(t, s, ""); got != "" {
		t.Fatalf("a new store has %s", got)
	}
	texts := map[string]string{"log/a-1": "one", "log/a-2": "", "log/b/c": strings.Repeat("x", 1<<20), "repository.json": "{}"}
	for name, text := range texts {
		if err := s.Put(ctx, name, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if got := Read(t, s, name); got != text {
			t.Fatalf("%s has %d bytes, want %d", name, len(got), len(text))
		}
	}
	for prefix, want := range map[string]string{"": "log/a-1 log/a-2 log/b/c repository.json", "log/": "log/a-1 log/a-2 log/b/c", "log/a": "log/a-1 log/a-2", "log/b/": "log/b/c", "no/": ""} {
		if got := Names(t, s, prefix); got != want {
			t.Errorf("objects %q: %s, want %s", prefix, got, want)
		}
	}
	all, err := s.List(ctx, "")
	if err != nil || len(all) != len(texts) {
		t.Fatalf("%d objects, %v", len(all), err)
	}
	for _, o := range all {
		if o.Bytes != int64(len(texts[o.Name])) {
			t.Errorf("%s is listed with %d bytes, it has %d", o.Name, o.Bytes, len(texts[o.Name]))
		}
	}
	if err := s.Put(ctx, "log/a-1", strings.NewReader("replaced")); err != nil || Read(t, s, "log/a-1") != "replaced" {
		t.Errorf("replaced: %v", err)
	}
	if err := s.Put(ctx, "log/a-1", &Failing{}); err == nil || Read(t, s, "log/a-1") != "replaced" {
		t.Errorf("a Put that failed left something else: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Put(cancelled, "log/late", strings.NewReader("x")); err == nil || Names(t, s, "log/late") != "" {
		t.Errorf("a cancelled Put: %v", err)
	}
	if _, err := s.Get(ctx, "log/none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an object that is not there: %v", err)
	}
	for range 2 {
		if err := s.Delete(ctx, "log/a-2"); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "/x", "x/", "../x", "a/../b", ".hidden", "a b", "x\x00"} {
		if err := s.Put(ctx, bad, strings.NewReader("x")); err == nil {
			t.Errorf("%q was taken for a name", bad)
		}
	}
	if got := Names(t, open(), ""); got != "log/a-1 log/b/c repository.json" {
		t.Errorf("opened again it has %s", got)
	}
}
